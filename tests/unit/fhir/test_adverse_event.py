"""An adverse event in full: every element that R4 has for it, and the extensions for the rest."""

from __future__ import annotations

import pytest

from adapter.fhir.adverse_event import build_adverse_event
from adapter.fhir.check import find_faults
from adapter.fhir.identity import Identity
from adapter.instruments.response import ResponseStatus, parse_response
from tests.forms import form_of, record_of, study_with
from tests.unit.fhir.events import FORM, IDENTITY, NON_SERIOUS, SERIOUS, event_of, extension_of

NCIT = "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"


def codes(concept: dict[str, list[dict[str, str]]]) -> list[str]:
    return [f"{each['system'].rpartition('/')[2]}#{each['code']}" for each in concept["coding"]]


def test_serious_and_each_criterion_stand_in_one_concept() -> None:
    event = event_of(SERIOUS)

    assert codes(event["seriousness"]) == [
        "adverse-event-seriousness#Serious",
        "adverse-event-seriousness#SeriousResultsInHospitalization",
        "Thesaurus.owl#C82521",
    ]
    assert codes(event_of(NON_SERIOUS)["seriousness"]) == ["adverse-event-seriousness#Non-serious"]


@pytest.mark.parametrize(
    ("grade", "severity", "code"),
    [
        ("1", "mild", "C41338"),
        ("2", "moderate", "C41339"),
        ("3", "severe", "C41340"),
        ("4", "severe", "C41337"),
        ("5", "severe", "C48275"),
    ],
)
def test_a_grade_stands_beside_the_severity_that_r4_has_for_it(
    grade: str, severity: str, code: str
) -> None:
    event = event_of({**SERIOUS, "ae_grade": grade})

    told = extension_of(event, "ae-grade")
    assert codes(event["severity"]) == [f"adverse-event-severity#{severity}"]
    assert told is not None
    assert told["valueCodeableConcept"]["coding"] == [{"system": NCIT, "code": code}]


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ("1", ["adverse-event-outcome#resolved", "Thesaurus.owl#C49498"]),
        ("2", ["adverse-event-outcome#recovering", "Thesaurus.owl#C49496"]),
        ("3", ["adverse-event-outcome#ongoing", "Thesaurus.owl#C49494"]),
        ("4", ["adverse-event-outcome#resolvedWithSequelae", "Thesaurus.owl#C49495"]),
        ("5", ["adverse-event-outcome#fatal", "Thesaurus.owl#C48275"]),
        ("6", ["adverse-event-outcome#unknown"]),
    ],
)
def test_an_outcome_has_r4_s_code_and_that_of_clinical_research(
    outcome: str, expected: list[str]
) -> None:
    assert codes(event_of({**SERIOUS, "ae_outcome": outcome})["outcome"]) == expected


@pytest.mark.parametrize(
    ("related", "expected"),
    [
        ("1", ["Thesaurus.owl#C53256"]),
        ("2", ["Thesaurus.owl#C53257", "adverse-event-causality-assess#Unlikely"]),
        ("3", ["Thesaurus.owl#C53258", "adverse-event-causality-assess#Possible"]),
        ("4", ["Thesaurus.owl#C53260", "adverse-event-causality-assess#Probably-Likely"]),
    ],
)
def test_relatedness_is_told_of_the_therapy_with_both_codes(
    related: str, expected: list[str]
) -> None:
    (suspect,) = event_of({**SERIOUS, "ae_related": related})["suspectEntity"]

    assert suspect["instance"] == {"reference": f"Procedure/{IDENTITY.therapy('1')}"}
    assert codes(suspect["causality"][0]["assessment"]) == expected


def test_a_study_without_a_therapy_suspects_nothing() -> None:
    study = study_with(FORM.id)
    response = parse_response(record_of(FORM.id, SERIOUS), FORM, study, "completed")
    assert response is not None

    event = build_adverse_event(response, Identity(study, b"synthetic people need no secret"))

    assert "suspectEntity" not in event


def test_the_clock_of_a_serious_event_is_told_and_no_hours_are_invented() -> None:
    event = event_of(SERIOUS)

    told = {each["url"].rpartition("/")[2]: each for each in event["extension"]}
    assert told["adverse-event-awareness"]["valueDateTime"] == "2024-02-04T10:00:00+11:00"
    assert told["adverse-event-reported"]["valueDateTime"] == "2024-02-04T16:45:00+11:00"
    assert told["caused-subject-to-discontinue-study"]["valueBoolean"] is True
    assert told["note"]["valueAnnotation"] == {"text": "It began at home."}
    assert len(told) == len(event["extension"]) == 6


@pytest.mark.parametrize(
    ("status", "complete", "expected"),
    [
        ("completed", "2", "completed"),
        ("amended", "2", "completed"),
        ("completed", "1", "in-progress"),
        ("in-progress", "0", "in-progress"),
        ("stopped", "0", "in-progress"),
    ],
)
def test_a_row_that_is_open_or_not_looked_over_is_a_draft(
    status: ResponseStatus, complete: str, expected: str
) -> None:
    event = event_of(SERIOUS, status=status, complete=complete)

    told = extension_of(event, "adverse-event-status")
    assert told is not None
    assert told["valueCode"] == expected


@pytest.mark.parametrize("values", [SERIOUS, NON_SERIOUS, {"ae_term": "A fall"}])
def test_an_event_is_r4_and_says_no_modifier(values: dict[str, str]) -> None:
    event = event_of(values)

    assert find_faults(event) == ()
    assert "modifierExtension" not in event


OWN = """
kind: adverse-event
id: own
version: "1.0.0"
title: Own log
source: made up
licence: {status: ours, wording: shipped}
options:
  what: [{value: fall, display: A fall}]
  near:
    - {value: 1, code: {system: "http://hl7.org/fhir/adverse-event-actuality", code: potential}}
  grade: [{value: 1}, {value: 2}, {value: 3}, {value: 4}, {value: 5}]
items:
  - {link_id: number, field: number, type: string, element: identifier}
  - {link_id: what, field: what, options: what, element: event}
  - {link_id: near, field: near, options: near, element: actuality}
  - {link_id: grade, field: grade, options: grade, element: grade}
"""


def test_a_form_may_give_number_event_near_miss_and_grade_as_choices() -> None:
    form, study = form_of(OWN), study_with("own")
    values = {"number": "AE-7", "what": "fall", "near": "1", "grade": "4"}
    response = parse_response(record_of("own", values), form, study, "completed")
    assert response is not None

    event = build_adverse_event(response, IDENTITY)

    assert event["identifier"]["value"] == "AE-7"
    assert event["event"]["coding"][0]["code"] == "own-what-fall"
    assert event["actuality"] == "potential"
    assert codes(event["severity"]) == ["adverse-event-severity#severe"]
    assert find_faults(event) == ()
