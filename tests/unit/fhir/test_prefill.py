"""What is filled in ahead: what a form's file says, from where it says, and no outcome."""

from __future__ import annotations

from typing import Any

import pytest

from adapter.fhir.prefill import INITIAL, LAUNCH, VARIABLE, prefilled
from adapter.fhir.questionnaire import build_questionnaire
from adapter.instruments.coherence import check_form
from adapter.instruments.form import Form
from adapter.instruments.mapping import read_mapping
from tests.forms import FORMS, form_of

DEMOGRAPHICS = """
kind: outcome
id: about-you
version: "1.0.0"
title: About you
source: made for the tests
licence: {status: of the trial, wording: shipped}
options:
  gender:
    - {value: 1, code: {system: "http://hl7.org/fhir/administrative-gender", code: female}}
    - {value: 2, code: {system: "http://hl7.org/fhir/administrative-gender", code: male}}
items:
  - {link_id: gender, field: gender, options: gender, prefill: patient-gender}
  - {link_id: born, field: born, type: date, text: Born, prefill: patient-birth-date}
  - {link_id: year, field: year, type: integer, prefill: patient-birth-year}
  - {link_id: drugs, field: drugs, type: text, text: Medicines, prefill: previous}
  - {link_id: today, field: today, type: integer, min: 0, max: 10}
scales:
  - {id: now, title: Now, items: [today], method: sum, range: [0, 10]}
"""
FORM = form_of(DEMOGRAPHICS)
PREVIOUS = {
    "item": [
        {"linkId": "drugs", "answer": [{"valueString": "two of them"}]},
        {"linkId": "today", "answer": [{"valueInteger": 7}]},
    ]
}


def answers(previous: dict[str, Any] | None, patient: dict[str, Any] | None) -> dict[str, Any]:
    return {item["linkId"]: item["answer"] for item in prefilled(FORM, previous, patient)}


def test_what_the_file_says_is_filled_in_and_nothing_else() -> None:
    said = answers(PREVIOUS, {"gender": "male", "birthDate": "1971-05-06"})

    assert list(said) == ["gender", "born", "year", "drugs"]
    assert said["gender"][0]["valueCoding"]["code"] == "male"
    assert said["born"] == [{"valueDate": "1971-05-06"}]
    assert said["year"] == [{"valueInteger": 1971}]
    assert said["drugs"] == [{"valueString": "two of them"}]


@pytest.mark.parametrize(
    ("patient", "known"),
    [(None, []), ({"gender": "other"}, []), ({"birthDate": "1971"}, ["year"])],
    ids=["nobody", "no such option", "a year alone"],
)
def test_what_is_not_known_is_left_to_be_answered(
    patient: dict[str, Any] | None, known: list[str]
) -> None:
    assert list(answers(None, patient)) == known


def test_form_fillers_are_told_what_to_know_first_and_how_to_fill_in() -> None:
    built = build_questionnaire(FORM, "q")

    urls = [each["url"] for each in built["extension"]]
    assert LAUNCH in urls
    (variable,) = (each for each in built["extension"] if each["url"] == VARIABLE)
    assert built["url"] in variable["valueExpression"]["expression"]
    declared = {
        item["linkId"]: each["valueExpression"]["expression"]
        for item in built["item"]
        for each in item.get("extension", ())
        if each["url"] == INITIAL
    }
    assert declared["gender"] == "%patient.gender"
    assert "where(linkId = 'drugs')" in declared["drugs"]
    assert "today" not in declared
    assert LAUNCH not in str(build_questionnaire(FORMS["phq-9"], "q"))


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("field: today, prefill: previous,", "field: today,"),
        ("type: text, text: Born, prefill", "type: date, text: Born, prefill"),
    ],
    ids=["an outcome", "another type"],
)
def test_an_outcome_is_never_filled_in_and_types_must_fit(wrong: str, right: str) -> None:
    form, lines, _ = read_mapping(DEMOGRAPHICS.replace(right, wrong), "form.yaml", Form)
    assert form is not None

    (problem,) = check_form(form, lines)
    assert "prefill" in problem.field
    assert problem.severity == "error"


def test_no_shipped_form_fills_in_what_it_scores() -> None:
    filled = [form.id for form in FORMS.values() if any(item.prefill for item in form.items)]

    assert filled == ["pain-history"]
    assert FORMS["pain-history"].scales == ()
