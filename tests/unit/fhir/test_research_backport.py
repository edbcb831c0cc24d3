"""HL7's profile for clinical research: what claims it keeps it, the rest stays base R4."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from adapter.fhir.check import find_faults
from adapter.fhir.research_backport import as_research_backport
from adapter.fhir.retraction import retract
from adapter.release import as_blinded
from tests.unit.fhir.events import (
    FORM,
    NON_SERIOUS,
    SERIOUS,
    STUDY,
    SUBJECT,
    UNKNOWN,
    event_of,
)
from tests.unit.fhir.research_profile import BASE, breaches

CASES = {
    "serious": SERIOUS,
    "serious, fatal": {**SERIOUS, "ae_grade": "5", "ae_outcome": "5", "ae_criteria___death": "1"},
    "serious, ongoing": {**SERIOUS, "ae_outcome": "3"},
    "non-serious": NON_SERIOUS,
    "non-serious, recovering": {**NON_SERIOUS, "ae_outcome": "2"},
    "least": {"ae_term": "A fall", "ae_serious": "0", "ae_outcome": "1"},
}


def shaped(values: dict[str, str]) -> dict[str, Any]:
    return as_research_backport(event_of(values), SUBJECT)


@pytest.mark.parametrize("values", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("is_blinded", [False, True])
def test_what_is_sent_in_the_profile_s_name_keeps_it(
    values: dict[str, str], *, is_blinded: bool
) -> None:
    event = event_of(values)
    event = as_blinded(event, FORM, STUDY) if is_blinded else event

    told = as_research_backport(event, SUBJECT)

    assert breaches(told) == []
    assert find_faults(told) == ()


@pytest.mark.parametrize("values", CASES.values(), ids=CASES.keys())
def test_what_is_taken_back_says_so_in_the_profile_s_own_status(values: dict[str, str]) -> None:
    gone = retract(shaped(values))

    assert gone is not None
    assert breaches(gone) == []
    assert "ResearchSubject/" not in str(gone)
    assert gone["modifierExtension"] == [{"url": f"{BASE}status", "valueCode": "entered-in-error"}]


@pytest.mark.parametrize(
    "values",
    [
        UNKNOWN,
        {word: said for word, said in NON_SERIOUS.items() if word != "ae_outcome"},
        {word: said for word, said in NON_SERIOUS.items() if word != "ae_serious"},
        {word: said for word, said in NON_SERIOUS.items() if word != "ae_term"},
    ],
    ids=["outcome unknown", "no outcome", "no seriousness", "no term"],
)
def test_what_the_profile_cannot_say_stays_base_r4_and_can_only_be_deleted(
    values: dict[str, str],
) -> None:
    event = event_of(values)

    told = as_research_backport(event, SUBJECT)

    assert told is event
    assert retract(told) is None


def test_a_near_miss_and_a_serious_event_without_criterion_stay_base_r4() -> None:
    event = event_of(SERIOUS)
    near = {**event, "actuality": "potential"}
    bare = {**event, "seriousness": {"coding": event["seriousness"]["coding"][:1]}}

    assert as_research_backport(near, SUBJECT) is near
    assert as_research_backport(bare, SUBJECT) is bare


def test_a_receiver_without_research_subjects_is_told_of_none() -> None:
    said = str(as_research_backport(event_of(SERIOUS), None))

    assert "research-subject-ref" not in said
    assert "research-subject-ref" in str(shaped(SERIOUS))


def test_a_draft_is_in_progress() -> None:
    draft = as_research_backport(event_of(SERIOUS, complete="1"), SUBJECT)

    assert draft["modifierExtension"][0]["valueCode"] == "in-progress"
    assert "adverse-event-status" not in str(draft)


def test_an_event_of_before_there_was_a_status_has_an_unknown_one() -> None:
    event = event_of({"ae_term": "A fall", "ae_serious": "0", "ae_outcome": "1"})
    old = {word: said for word, said in event.items() if word != "extension"}

    told = as_research_backport(old, None)

    assert told["modifierExtension"][0]["valueCode"] == "unknown"
    assert "extension" not in told


SEEDED: list[tuple[str, dict[str, Any], str]] = [
    ("no status", {"modifierExtension": []}, "AE-10"),
    ("a near miss", {"actuality": "potential"}, "AE-11"),
    ("no event", {"event": None}, "AE-11"),
    ("two studies", {"study": [{"reference": "a"}, {"reference": "b"}]}, "AE-11"),
    ("R4's suspect", {"suspectEntity": []}, "AE-12"),
    ("no criterion", {"extension": []}, "AE-13"),
    ("an unknown extension", {"extension": [{"url": f"{BASE}mood", "valueCode": "x"}]}, "AE-15"),
    ("no outcome of research", {"outcome": {"coding": []}}, "AE-11"),
    ("no profile", {"meta": {}}, "the profile"),
]


@pytest.mark.parametrize(
    ("changed", "rule"), [each[1:] for each in SEEDED], ids=[each[0] for each in SEEDED]
)
def test_the_judge_of_these_tests_sees_what_breaks_the_profile(
    changed: dict[str, Any], rule: str
) -> None:
    event = {**copy.deepcopy(shaped(SERIOUS)), **changed}

    assert any(each.startswith(rule) for each in breaches(event))


def test_the_judge_of_these_tests_sees_capital_letters_and_a_wrong_twin() -> None:
    event = shaped(SERIOUS)
    capital = copy.deepcopy(event)
    capital["seriousness"]["coding"][0]["code"] = "Serious"
    twin = copy.deepcopy(event)
    twin["outcome"]["coding"][0]["code"] = "ongoing"

    assert any("small letters" in each for each in breaches(capital))
    assert any("means the same" in each for each in breaches(twin))
