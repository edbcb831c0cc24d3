"""A form is held against what the source says of its fields before the first answer is read."""

from __future__ import annotations

import pytest

from adapter.errors import Problem
from adapter.ingest.fit import fact_misfits, form_misfits
from adapter.instruments.form import Form
from adapter.sources.source import FieldShape, FieldType, FormShape
from tests.forms import form_of
from tests.unit.ingest.project import study

FORM = """
kind: instrument
id: mood
version: "1.0.0"
title: Mood
source: made for the tests
licence: {status: none, wording: shipped}
options:
  often: [{value: 0, display: Never}, {value: 1, display: Often}, {value: 2, display: Always}]
items:
  - {link_id: mood-1, field: mood_1, options: often}
  - {link_id: where, field: where, options: often, repeats: true}
  - {link_id: whole, field: whole, type: integer, min: 0, max: 10}
  - {link_id: number, field: number, type: decimal}
  - {link_id: attended, field: attended, type: boolean}
  - {link_id: day, field: day, type: date}
  - {link_id: moment, field: moment, type: dateTime}
  - {link_id: hour, field: hour, type: time}
  - {link_id: note, field: note, type: text}
scales:
  - {id: total, title: Total, items: [whole], method: sum, range: [0, 10]}
  - {id: held, title: Held, field: held, method: reported, range: [0, 10]}
"""
COUNTED = FORM.replace("items: [whole]", "items: [mood-1]").replace(
    "[0, 10]}\n  - {id: held", "[0, 2]}\n  - {id: held"
)
OFTEN = {"0": "Never", "1": "Often", "2": "Always"}


def misfits(
    name: str, kind: FieldType, choices: dict[str, str] | None = None, text: str = FORM
) -> list[Problem]:
    told = study()
    form: Form = form_of(text)
    shape = FormShape("mood", {name: FieldShape(name, kind, "", choices or {})}, "dictionary.csv")
    placement = told.placement_of("mood")
    assert placement is not None
    return form_misfits(form, placement, told, shape)


@pytest.mark.parametrize(
    ("name", "kind", "choices"),
    [
        ("mood_1", "choice", OFTEN),
        ("mood_1", "choice", {"0": "NEVER", "1": "<i>often</i>", "2": "Immer"}),
        ("mood_1", "choice", {**OFTEN, "-97": "Declined"}),
        ("mood_1", "choice", {"0": "Never", "1": ""}),
        ("mood_1", "integer", {}),
        ("mood_1", "text", {}),
        ("where", "choices", OFTEN),
        ("whole", "integer", {}),
        ("whole", "choice", {str(number): "" for number in range(11)}),
        ("whole", "text", {}),
        ("number", "decimal", {}),
        ("attended", "choice", {"1": "Yes", "0": "No"}),
        ("day", "date", {}),
        ("moment", "date", {}),
        ("moment", "dateTime", {}),
        ("hour", "time", {}),
        ("note", "text", {}),
        ("note", "choice", OFTEN),
        ("held", "decimal", {}),
        ("elsewhere", "file", {}),
    ],
)
def test_what_fits_is_not_told(name: str, kind: FieldType, choices: dict[str, str]) -> None:
    assert misfits(name, kind, choices) == []


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("mood_1", "choices", "a field of type choice or decimal or integer or text"),
        ("mood_1", "date", "a field of type choice or decimal or integer or text"),
        ("where", "choice", "a field of type choices"),
        ("whole", "date", "a field of type choice or decimal or integer or text"),
        ("day", "integer", "a field of type date or text"),
        ("day", "dateTime", "a field of type date or text"),
        ("moment", "time", "a field of type date or dateTime or text"),
        ("hour", "date", "a field of type text or time"),
        ("note", "file", "a field of type choice or date"),
        ("attended", "date", "a field of type choice or integer or text"),
        ("held", "date", "a field of type choice or decimal or integer or text"),
    ],
)
def test_a_field_of_a_type_that_cannot_be_read_is_told(
    name: str, kind: FieldType, expected: str
) -> None:
    (problem,) = misfits(name, kind)

    assert problem.expected.startswith(expected)
    assert (problem.origin.file, problem.field) == ("dictionary.csv", name)
    assert problem.found == f"type {kind}"


@pytest.mark.parametrize(
    ("name", "kind", "choices", "expected", "found"),
    [
        pytest.param(
            "mood_1",
            "choice",
            {**OFTEN, "3": "Day and night"},
            "the form's codes 0, 1, 2 alone",
            "also 3 Day and night",
            id="a code too many",
        ),
        pytest.param(
            "where",
            "choices",
            {**OFTEN, "3": "Day and night"},
            "the form's codes 0, 1, 2 alone",
            "also 3 Day and night",
            id="a box too many",
        ),
        pytest.param(
            "whole",
            "choice",
            {"0": "None", "10": "Worst", "11": "Worse", "x": "Else"},
            "choices that the form reads as integer",
            "11 Worse | x Else",
            id="choices that are no numbers in range",
        ),
        pytest.param(
            "attended",
            "choice",
            {"1": "Yes", "2": "No"},
            "choices that the form reads as boolean",
            "2 No",
            id="no by another code",
        ),
    ],
)
def test_a_choice_that_the_form_does_not_have_is_told(
    name: str, kind: FieldType, choices: dict[str, str], expected: str, found: str
) -> None:
    (problem,) = misfits(name, kind, choices)

    assert (problem.expected, problem.found) == (expected, found)


def test_a_label_by_another_code_is_told_each_time() -> None:
    first, second = misfits("mood_1", "choice", {"0": "Always", "1": "Often", "2": "Never"})

    assert first.expected == "`Always` by the code 2, as the form declares it"
    assert first.found == "the code 0"
    assert second.expected == "`Never` by the code 0, as the form declares it"


def test_an_answer_fewer_is_told_where_a_scale_counts_it() -> None:
    few = {"0": "Never", "1": "Often"}

    (problem,) = misfits("mood_1", "choice", few, COUNTED)

    assert misfits("mood_1", "choice", few) == []
    assert problem.found == "all but 2"


@pytest.mark.parametrize(
    ("choices", "found"),
    [
        pytest.param({"1": "Yes", "0": "No"}, [], id="the value is there"),
        pytest.param({}, [], id="no list of choices"),
        pytest.param({"y": "Yes", "n": "No"}, ["y Yes | n No"], id="the value is not there"),
    ],
)
def test_the_value_that_says_yes_must_be_a_choice(
    choices: dict[str, str], found: list[str]
) -> None:
    fields = {
        "agree_share": FieldShape("agree_share", "choice", "", choices),
        "agree_date": FieldShape("agree_date", "date", "", {}),
    }

    problems = fact_misfits(study(), FormShape("consent", fields, "dictionary.csv"))

    assert [problem.found for problem in problems] == found
    assert {problem.field for problem in problems} <= {"agree_share"}
