"""What must not be known yet waits for a day, or for a moment of a person's own time."""

from __future__ import annotations

import pytest

from adapter.instruments.participant import ConsentState, Participant
from adapter.instruments.study import Embargo
from adapter.release import PARTICIPATION, Reader, Subject, decide
from tests.forms import STUDY_TEXT, study_of

CONSENTED = """
consents:
  - {id: share, purpose: care, form: c, given: {field: share}, on_withdrawal: keep}
forms:
  - {form: phq-9, source_form: phq9, at: [week-0]}
"""
BASE = study_of(STUDY_TEXT + CONSENTED)
PHQ = Subject("1", "phq-9")
PERSON = Participant(
    "1", enrolled="2026-01-05", ended="2026-06-30", consents={"share": ConsentState("given")}
)
POINT = next(point for point in BASE.timepoints if point.week is not None)


def rule(embargo: Embargo, today: str, subject: Subject = PHQ, **said: object) -> str:
    point = POINT.model_copy(update={"week": 4, "closes_days": 7})
    study = BASE.model_copy(update={"embargoes": (embargo,), "timepoints": (point,)})
    person = said.get("person", PERSON)
    assert person is None or isinstance(person, Participant)
    clinic = str(said.get("clinic", "north"))
    return decide(subject, study, Reader("care", clinic), person, today).rule


@pytest.mark.parametrize(
    ("embargo", "last_day_held", "first_day_free"),
    [
        pytest.param(Embargo(until="2026-03-01"), "2026-02-28", "2026-03-01", id="a day"),
        # 5 January, four weeks and the seven days of the window: 9 February is the last.
        pytest.param(Embargo(after=POINT.id), "2026-02-09", "2026-02-10", id="a timepoint"),
        pytest.param(Embargo(after="off-study"), "2026-06-29", "2026-06-30", id="off study"),
    ],
)
def test_it_ends_on_its_day(embargo: Embargo, last_day_held: str, first_day_free: str) -> None:
    assert rule(embargo, last_day_held) == "embargo"
    assert rule(embargo, first_day_free) == "released"


@pytest.mark.parametrize("after", [POINT.id, "off-study"])
def test_a_time_that_is_not_known_is_not_over(after: str) -> None:
    person = Participant("1", consents=PERSON.consents)

    assert rule(Embargo(after=after), "2099-01-01", person=person) == "embargo"


def test_who_withdrew_from_the_research_on_an_unknown_day_is_off_study() -> None:
    said = BASE.consents[0].model_copy(update={"id": "research", "purpose": "research"})
    study = BASE.model_copy(
        update={"consents": (*BASE.consents, said), "embargoes": (Embargo(after="off-study"),)}
    )
    consents = PERSON.consents | {"research": ConsentState("withdrawn")}
    person = Participant("1", "2026-01-05", consents=consents)

    assert decide(PHQ, study, Reader("care", "north"), person, "2026-02-01").rule == "released"


@pytest.mark.parametrize(
    "narrowed",
    [{"forms": ("other",)}, {"purposes": ("research",)}, {"clinics": ("south",)}],
    ids=["forms", "purposes", "clinics"],
)
def test_it_is_about_what_it_names_alone(narrowed: dict[str, tuple[str, ...]]) -> None:
    embargo = Embargo.model_validate({"until": "2099-01-01", **narrowed})

    assert rule(embargo, "2026-03-01") == "released"


def test_neither_a_retraction_nor_what_is_nobodys_waits() -> None:
    embargo = Embargo(until="2099-01-01")

    taken_back = Subject("1", "phq-9", is_retraction=True)
    assert rule(embargo, "2026-03-01", taken_back) == "retraction"
    assert rule(embargo, "2026-03-01", Subject("", "phq-9")) == "released"


def test_consent_comes_first_and_a_notice_of_withdrawal_does_not_wait() -> None:
    withdrawn = Participant("1", consents={"share": ConsentState("withdrawn")})
    embargo, notice = Embargo(until="2099-01-01"), Subject("1", PARTICIPATION, is_known_there=True)

    assert rule(embargo, "2026-03-01", person=withdrawn) == "consent-withdrawn"
    assert rule(embargo, "2026-03-01", notice, person=withdrawn) == "withdrawal-notice"


@pytest.mark.parametrize("said", [{}, {"until": "2026-03-01", "after": "off-study"}])
def test_it_has_one_end(said: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="either `until` or `after`"):
        Embargo.model_validate(said)
