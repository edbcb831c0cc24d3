"""A form and a study without a mistake, and how one is planted; `# <-` marks its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapter.instruments.coherence import check_form, check_study
from adapter.instruments.form import Form
from adapter.instruments.mapping import read_mapping
from adapter.instruments.study import Study
from tests.forms import form_of

if TYPE_CHECKING:
    from adapter.errors import Problem

FORM = """
kind: instrument
id: coherent
version: "1.0.0"
title: Coherent
source: made for the tests
licence: {status: none, wording: shipped}
codes:
  - {system: loinc, code: 44249-1, display: A panel}
options:
  often:
    - {value: 0, display: Never, code: {system: loinc, code: LA6568-5, display: Not at all}}
    - {value: 1}
    - {value: 2}
    - {value: unsure}
  seldom:
    - {value: 7}
    - {value: 8}
items:
  - {link_id: c-1, field: c_1, options: often, text: How often}
  - {link_id: c-2, field: c_2, options: often, codes: [{system: loinc, code: 44250-9}]}
  - {link_id: c-3, field: c_3, type: integer, min: 0, max: 2}
  - {link_id: c-4, field: c_4, type: boolean}
  - {link_id: c-5, field: c_5, type: decimal, min: 0, max: 10}
  - {link_id: c-6, field: c_6, type: text}
scales:
  - id: total
    title: Total
    codes: [{system: snomed, code: "720433000"}]
    items: [c-1 .. c-3]
    method: sum
    reverse: [c-1, c-3]
    range: [0, 6]
    missing: {at_least: 2, fill: mean}
    bands:
      - {id: low, label: low, low: 0, high: 4, codes: [{system: loinc, code: LA6708-7}]}
      - {id: high, label: high, low: 5, high: 6}
    change:
      - {kind: minimal, points: 2, source: nobody}
  - id: t
    title: T
    items: [c-1, c-4]
    method: lookup
    table: {0: 40.5, 1: 50, 2: 55, 3: 60}
    range: [40.5, 60]
    places: 1
    bands:
      - {id: low, label: low, low: 40.5, below: 55}
      - {id: high, label: high, low: 55, high: 60}
  - id: mean
    title: Mean
    items: [c-2, c-5]
    method: mean
    recode:
      c-2: {0: 10, 1: 5, 2: 0}
    missing: {at_least: 1, fill: none}
    range: [0, 10]
  - id: held
    title: Held
    field: c_total
    method: reported
    range: [0, 63]
"""
STUDY = """
kind: study
id: coherent
version: "1.0.0"
title: Coherent
source: made for the tests
base: https://coherent.example.org/fhir
status: active
timezone: Australia/Sydney
record_id: record_id
missing_codes:
  "-99": unknown
timepoints:
  - {id: week-0, title: Baseline, event: week_0}
  - {id: week-9, title: End, event: week_9}
participant: {form: participant}
consents:
  - {id: one, purpose: care, form: c, given: {field: one}, on_withdrawal: keep}
forms:
  - form: coherent
    source_form: coherent
    at: [week-0, week-9]
    fields:
      c_1: mine_1
      c_total: mine_total
"""


def form_findings(text: str) -> list[Problem]:
    form, lines, problems = read_mapping(text, "coherent.yaml", Form)
    assert form is not None, problems
    return [*problems, *check_form(form, lines)]


def study_findings(text: str, form: str = FORM) -> list[Problem]:
    study, lines, problems = read_mapping(text, "study.yaml", Study)
    assert study is not None, problems
    return [*problems, *check_study(study, {"coherent": form_of(form)}, lines)]


def planted(text: str, *changes: str) -> str:
    """The text with each change made, written `old => new`; every old text must be there."""
    for change in changes:
        old, new = change.split(" => ")
        assert old in text, f"nothing to change: {old}"
        text = text.replace(old, new, 1)
    return text


def marked(text: str) -> list[int]:
    """The lines that carry the mark."""
    return [number for number, line in enumerate(text.splitlines(), 1) if line.endswith("# <-")]
