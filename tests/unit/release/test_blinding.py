"""What an adverse event and its Provenance tell of the arm, and what remains of them without it."""

from __future__ import annotations

from typing import Any

import pytest

from adapter.fhir.check import find_faults
from adapter.fhir.provenance import Derivation, build_provenance
from adapter.instruments.study import Study
from adapter.release import as_blinded, as_published
from adapter.release.blinding import THERAPY, as_whole, blinded_cells
from tests.forms import FORMS, record_of
from tests.unit.fhir.events import (
    CONCEALING,
    FORM,
    IDENTITY,
    NON_SERIOUS,
    SERIOUS,
    STUDY,
    event_of,
    extension_of,
)

Resource = dict[str, Any]
TELLING = [option.value for option in FORM.options["category"] if option.blinded_as]


def provenance_of(values: dict[str, str], study: Study = STUDY) -> Resource:
    record = record_of(FORM.id, values)
    blinded = blinded_cells(record, FORM, study)
    assert blinded is not None
    hashes = IDENTITY.source_hash(record), IDENTITY.source_hash(blinded)
    derivation = Derivation(record, hashes[0], FORM, "CREATE", hashes[1])
    targets = [("AdverseEvent", "a")]
    return build_provenance(derivation, targets, IDENTITY, "2024-03-01T00:00:00Z", "1.0.0")


def columns_of(provenance: Resource) -> set[str]:
    (cells,) = provenance["entity"][0]["extension"]
    return {each["valueString"] for each in cells["extension"] if each["url"] == "field"}


@pytest.mark.parametrize("category", TELLING)
def test_a_category_that_only_the_therapy_can_have_is_told_as_other(category: str) -> None:
    event = event_of({**SERIOUS, "ae_category": category})
    other = event_of({**SERIOUS, "ae_category": "other"})

    told = as_blinded(event, FORM, STUDY)

    assert told == as_blinded(other, FORM, STUDY)
    assert category not in str(told)
    assert find_faults(told) == ()


def test_who_got_the_therapy_cannot_be_told_from_who_did_not() -> None:
    without = {word: said for word, said in SERIOUS.items() if word != "ae_related"}

    told = as_blinded(event_of(SERIOUS), FORM, STUDY)

    assert told == as_blinded(event_of(without), FORM, STUDY)
    assert "Procedure" not in str(told)


def test_any_other_category_is_told_as_it_is() -> None:
    told = as_blinded(event_of(NON_SERIOUS), FORM, STUDY)

    assert told["category"] == event_of(NON_SERIOUS)["category"]


@pytest.mark.parametrize(("study", "is_told"), [(STUDY, True), (CONCEALING, False)])
def test_the_note_is_told_unless_the_study_conceals_it(study: Study, *, is_told: bool) -> None:
    told = as_blinded(event_of(SERIOUS), FORM, study)

    assert (extension_of(told, "note") is not None) is is_told
    assert extension_of(told, "ae-grade") is not None


def test_the_columns_that_tell_are_not_named_in_the_provenance() -> None:
    provenance = provenance_of(SERIOUS)

    assert columns_of(as_blinded(provenance, FORM, STUDY)) == set(SERIOUS) - {"ae_related"}
    assert columns_of(as_blinded(provenance, FORM, CONCEALING)) == set(SERIOUS) - {
        "ae_related",
        "ae_note",
    }


def test_a_column_that_nobody_mapped_is_not_named_though_an_earlier_adapter_named_it() -> None:
    provenance = provenance_of({**SERIOUS, "incident_session": "3"})
    assert "incident_session" in columns_of(provenance)

    told = as_blinded(provenance, FORM, STUDY)

    assert columns_of(told) == set(SERIOUS) - {"ae_related"}


@pytest.mark.parametrize(
    "otherwise",
    [
        pytest.param({"ae_related": "1"}, id="not put down to the therapy"),
        pytest.param({"ae_related": ""}, id="nobody said whether"),
        pytest.param({"ae_category": "other"}, id="a category that everybody may know"),
        pytest.param({"ae_category": "other", "ae_related": "1"}, id="both"),
    ],
)
def test_nothing_in_a_blinded_provenance_follows_from_cells_that_tell(
    otherwise: dict[str, str],
) -> None:
    other = {word: said for word, said in {**SERIOUS, **otherwise}.items() if said}

    mine, theirs = provenance_of(SERIOUS), provenance_of(other)

    assert mine != theirs
    assert as_blinded(mine, FORM, STUDY) == as_blinded(theirs, FORM, STUDY)
    assert find_faults(as_blinded(mine, FORM, STUDY)) == ()


def test_a_note_that_is_concealed_is_no_part_of_the_hash() -> None:
    other = {**SERIOUS, "ae_note": "In the first session."}

    mine, theirs = provenance_of(SERIOUS, CONCEALING), provenance_of(other, CONCEALING)

    assert as_blinded(mine, FORM, CONCEALING) == as_blinded(theirs, FORM, CONCEALING)
    assert provenance_of(SERIOUS)["id"] != provenance_of(other)["id"]


@pytest.mark.parametrize("field", ["ae_term", "ae_onset", "ae_grade", "ae_note"])
def test_any_other_cell_makes_another_provenance(field: str) -> None:
    other = {**SERIOUS, field: "2" if field == "ae_grade" else f"{SERIOUS[field]}."}

    mine, theirs = provenance_of(SERIOUS), provenance_of(other)

    assert as_blinded(mine, FORM, STUDY)["id"] != as_blinded(theirs, FORM, STUDY)["id"]


def test_a_questionnaire_has_no_cells_that_tell() -> None:
    record = record_of("phq-9", {})

    assert blinded_cells(record, FORMS["phq-9"], STUDY) is None


def test_of_a_form_that_nobody_declares_any_more_nothing_is_taken_for_harmless() -> None:
    event, provenance = event_of(SERIOUS), provenance_of(SERIOUS)

    told = as_blinded(event, None, STUDY)

    assert "category" not in told
    assert "suspectEntity" not in told
    assert extension_of(told, "note") is None
    assert columns_of(as_blinded(provenance, None, STUDY)) == set()


@pytest.mark.parametrize("cells", [SERIOUS, {"ae_term": "A fall"}], ids=["told of", "nothing"])
def test_every_event_is_labelled_as_redacted_whether_or_not_something_was_taken_out(
    cells: dict[str, str],
) -> None:
    for whole in (event_of(cells), provenance_of(cells)):
        told, known = as_blinded(whole, FORM, STUDY), as_whole(whole, FORM.id, STUDY)

        labels = [each["code"] for each in told["meta"]["security"]]
        assert labels == ["R", "REDACTED", "arm-concealed"]
        assert [each["code"] for each in known["meta"]["security"]] == ["V"]
        assert find_faults(told) == find_faults(known) == ()


def test_of_an_event_whose_form_was_taken_out_of_the_study_no_more_is_told() -> None:
    without = STUDY.model_copy(update={"forms": ()})
    event, provenance = event_of(SERIOUS), provenance_of(SERIOUS)

    assert as_blinded(event, FORM, without) == as_blinded(event, FORM, CONCEALING)
    assert columns_of(as_blinded(provenance, FORM, without)) == set()


def test_what_tells_nothing_stays_the_very_same() -> None:
    observation = {"resourceType": "Observation"}

    assert as_blinded(observation, FORM, STUDY) is observation
    assert as_blinded(provenance_of(SERIOUS), FORMS["phq-9"], STUDY) == provenance_of(SERIOUS)
    other = {**provenance_of(SERIOUS), "target": [{"reference": "Observation/a"}]}
    assert as_blinded(other, None, STUDY) is other  # of a questionnaire that is no longer declared


def test_what_tells_nothing_is_not_labelled_for_who_may_know_the_arm() -> None:
    questionnaire: Resource = {"resourceType": "Questionnaire", "status": "active"}
    scored = {"resourceType": "Provenance", "target": [{"reference": "Observation/a"}]}

    for resource in (questionnaire, scored):
        assert as_whole(resource, FORM.id, STUDY) is resource
    assert as_whole(questionnaire, THERAPY, STUDY) != questionnaire  # which tells the arm


def test_no_published_list_names_what_only_the_therapy_can_have() -> None:
    published = as_published(FORM)

    assert [each.value for each in FORM.options["category"] if each.value not in TELLING] == [
        each.value for each in published.options["category"]
    ]
    assert as_published(FORMS["phq-9"]) is FORMS["phq-9"]


def test_of_a_category_that_the_form_offers_no_more_nothing_is_told() -> None:
    event = event_of({**SERIOUS, "ae_category": "other"})
    kept = tuple(each for each in FORM.options["category"] if each.value != "other")
    newer = FORM.model_copy(update={"options": {**FORM.options, "category": kept}})

    assert "category" in as_blinded(event, FORM, STUDY)
    assert "category" not in as_blinded(event, newer, STUDY)
