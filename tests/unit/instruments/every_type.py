"""A form with an item of every type, a study that asks it, and how its answers are read."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapter.errors import AnswerError
from adapter.instruments.form import Form, Option
from adapter.instruments.response import Record, Response, parse_response
from tests.forms import form_of, record_of, study_with

if TYPE_CHECKING:
    from adapter.instruments.study import Study

EVERY_TYPE = """
kind: outcome
id: every-type
version: "1.0.0"
title: An item of every type
source: made for the tests
licence: {status: none, wording: shipped}
options:
  colour: [{value: 1, weight: 2.5}, {value: 2}, {value: b-3}]
items:
  - {link_id: colour, field: colour, options: colour}
  - {link_id: boxes, field: boxes, options: colour, repeats: true}
  - {link_id: attended, field: yes_no, type: boolean}
  - {link_id: whole, field: whole, type: integer, min: 0, max: 10}
  - {link_id: at-least, field: at_least, type: integer, min: 3}
  - {link_id: at-most, field: at_most, type: decimal, max: 1.5}
  - {link_id: number, field: number, type: decimal}
  - {link_id: day, field: day, type: date}
  - {link_id: moment, field: moment, type: dateTime}
  - {link_id: hour, field: hour, type: time}
  - {link_id: line, field: line, type: string}
  - {link_id: lines, field: lines, type: text}
scales:
  - {id: total, title: A total, field: total, method: reported, range: [-5, 63.5], places: 1}
"""
COLOURS = (
    Option(value="1", weight=Decimal("2.5")),
    Option(value="2"),
    Option(value="b-3"),
)
PLACED = """
kind: study
id: placed
version: "1.0.0"
title: A study with two timepoints
source: made for the tests
base: https://placed.example.org/fhir
status: active
timezone: Europe/Berlin
record_id: record_id
timepoints:
  - {id: week-0, title: Baseline, week: 0, event: start}
  - {id: week-9, title: End, week: 9, event: end}
  - {id: never, title: Never, event: never}
participant: {form: participant}
forms:
  - form: every-type
    source_form: mine
    at: [week-0, week-9]
    completed_at: done
    fields: {whole: my_whole, boxes: my_boxes, total: my_total}
"""
FORM = form_of(EVERY_TYPE)
STUDY = study_with("every-type")


def answered(values: dict[str, str], form: Form = FORM) -> Response:
    """The response of values that fit."""
    response = parse_response(record_of("every-type", values), form, STUDY, "completed")
    assert response is not None
    return response


def refusal(record: Record, study: Study = STUDY) -> AnswerError:
    """Why a record is refused."""
    with pytest.raises(AnswerError) as caught:
        parse_response(record, FORM, study, "completed")
    return caught.value
