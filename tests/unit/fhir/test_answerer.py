"""Who answered is said as the form declares it, and read back whoever wrote it."""

from __future__ import annotations

import pytest

from adapter.fhir.check import find_faults
from adapter.fhir.identity import Identity
from adapter.fhir.observation import build_observations
from adapter.fhir.questionnaire_response import build_questionnaire_response
from adapter.fhir.reading import read_response
from adapter.instruments.form import AnsweredBy
from tests.forms import respond, study_with
from tests.unit.fhir.extraction.observed import FORM, INTAKE, OCCASION, entries, of_type
from tests.unit.fhir.extraction.observed import response as sent_by_a_clinic

IDENTITY = Identity(study_with("observed"), b"synthetic people need no secret")
PATIENT = {"reference": f"Patient/{IDENTITY.patient('1')}"}


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("participant", PATIENT),
        ("staff", {"type": "Practitioner", "display": "the trial's staff"}),
        ("clinician", {"type": "Practitioner", "display": "a clinician"}),
    ],
)
def test_source_and_performer_are_who_fills_in_the_form(
    word: AnsweredBy, said: dict[str, str]
) -> None:
    response = respond(FORM.model_copy(update={"answered_by": word}), {"a": "1", "b": "2"})
    assert response is not None

    built = build_questionnaire_response(response, IDENTITY)
    observed = [draft.whole for draft in build_observations(response, (), IDENTITY)]

    assert not find_faults(built)
    assert (built["subject"], built["source"]) == (PATIENT, said)
    performers = [each["performer"] for each in observed if "performer" in each]
    assert performers == [[said], [said]]
    assert not [fault for each in observed for fault in find_faults(each)]


def test_what_staff_answered_is_read_back_and_extracted() -> None:
    response = respond(FORM.model_copy(update={"answered_by": "staff"}), {"a": "1", "b": "2"})
    assert response is not None
    built = build_questionnaire_response(response, IDENTITY)
    theirs = {**built, "subject": {"reference": "Patient/theirs-41"}}

    read = read_response(theirs, INTAKE.forms, INTAKE.participants, OCCASION)
    sent = sent_by_a_clinic(source=built["source"])
    observed = of_type(entries(sent), "Observation")

    assert read.answers == response.answers
    performers = [each["performer"] for each in observed if "performer" in each]
    assert performers == [[built["source"]]] * 5
