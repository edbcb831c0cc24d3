"""The shipped forms, and a study that asks every one of them: from raw text to a response."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from adapter.errors import Origin
from adapter.instruments.form import Form
from adapter.instruments.mapping import read_mapping
from adapter.instruments.response import Record, Response, parse_response
from adapter.instruments.study import Study

if TYPE_CHECKING:
    from collections.abc import Mapping

MAPPINGS = Path(__file__).parents[1] / "mappings"
STUDY_TEXT = """
kind: study
id: every-form
version: "1.0.0"
title: A study that asks everything
source: made for the tests
base: https://every-form.example.org/fhir
status: active
timezone: Australia/Sydney
record_id: record_id
missing_codes: {"-97": asked-declined, "-98": not-applicable, "-99": unknown}
timepoints: [{id: week-0, title: Baseline, week: 0, event: week_0_arm_1}]
participant: {form: participant}
"""


def form_of(text: str) -> Form:
    """The form that a declaration describes; the test fails where it describes none."""
    form, _, problems = read_mapping(text, "form.yaml", Form)
    assert form is not None, problems
    return form


def study_of(text: str) -> Study:
    """The study that a declaration describes; the test fails where it describes none."""
    study, _, problems = read_mapping(text, "study.yaml", Study)
    assert study is not None, problems
    return study


@functools.cache
def study_with(*forms: str) -> Study:
    """A study that asks these forms at its only timepoint; each has the same name in the source."""
    placed = ", ".join(f"{{form: {form}, source_form: {form}, at: [week-0]}}" for form in forms)
    return study_of(f"{STUDY_TEXT}forms: [{placed}]\n")


def record_of(form: str, values: Mapping[str, str]) -> Record:
    """One form instance of participant 1 as the source holds it: blank fields left out."""
    return Record(
        participant="1",
        event="week_0_arm_1",
        form=form,
        repeat=None,
        values={field: raw for field, raw in values.items() if raw},
        origin=Origin("records.csv", 2, "1", "week_0_arm_1"),
        complete="2",
    )


def respond(form: Form, values: Mapping[str, str]) -> Response | None:
    """What a completed form says, None where nobody answered anything."""
    return parse_response(record_of(form.id, values), form, study_with(form.id), "completed")


FORMS = {
    path.stem: form_of(path.read_text("utf-8"))
    for path in sorted((MAPPINGS / "instruments").glob("*.yaml"))
}
