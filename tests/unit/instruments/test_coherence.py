"""What must hold between the words of a form, and between a study and its forms.

Each mistake is planted into a declaration that has none; `# <-` marks the line that must be told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapter.instruments.coherence import check_form, check_study
from adapter.instruments.form import Form
from adapter.instruments.items import bounds_of
from adapter.instruments.mapping import read_mapping
from adapter.instruments.study import Study
from tests.forms import FORMS, MAPPINGS, form_of

if TYPE_CHECKING:
    from decimal import Decimal

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
  - {link_id: c-3, field: c_3, type: integer, min: 0, max: 10}
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
    range: [0, 14]
    missing: {at_least: 2, fill: mean}
    bands:
      - {id: low, label: low, low: 0, high: 4, codes: [{system: loinc, code: LA6708-7}]}
      - {id: high, label: high, low: 5, high: 14}
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


def test_a_coherent_form_has_no_findings() -> None:
    problems = form_findings(FORM)

    assert problems == []


@pytest.mark.parametrize("name", FORMS)
def test_a_shipped_form_has_no_findings(name: str) -> None:
    text = (MAPPINGS / "instruments" / f"{name}.yaml").read_text("utf-8")

    problems = form_findings(text)

    assert problems == []


@pytest.mark.parametrize(
    ("change", "place", "expected"),
    [
        pytest.param(
            "c_6, type: text} => c_6, type: text}\n  - {link_id: c-6, field: c_7, type: text} # <-",
            "items.6.link_id",
            "each link_id once",
            id="two items of one name",
        ),
        pytest.param(
            "c_6, type: text} => c_5, type: text} # <-",
            "items.5.field",
            "each field once",
            id="two items of one column",
        ),
        pytest.param(
            "type: text} => type: text, options: never} # <-",
            "items.5.options",
            "a list declared in `options`",
            id="a list of answers that there is not",
        ),
        pytest.param(
            "c_6, type: text} => c_6} # <-",
            "items.5",
            "`options` for a choice",
            id="a choice of nothing",
        ),
        pytest.param(
            "type: text} => type: integer, min: 5, max: 4} # <-",
            "items.5.min",
            "min not above max",
            id="bounds the wrong way round",
        ),
        pytest.param(
            "options:\n => options:\n  none: [] # <-\n",
            "options.none",
            "answers to choose from",
            id="an empty list of answers",
        ),
        pytest.param(
            "{value: 8} => {value: 7} # <-",
            "options.seldom.1.value",
            "each value once",
            id="an answer that stands twice",
        ),
        pytest.param(
            "44249-1, display: A panel} => 44249-2, display: A panel} # <-",
            "codes.0.code",
            "a loinc code whose check digit holds",
            id="the form's code mistyped",
        ),
        pytest.param(
            "code: 44250-9}]} => code: 44250-8}]} # <-",
            "items.1.codes.0.code",
            "check digit",
            id="an item's code mistyped",
        ),
        pytest.param(
            "code: LA6568-5, display: Not at all}} => code: LA6568-6}} # <-",
            "options.often.0.code.code",
            "check digit",
            id="an answer's code mistyped",
        ),
        pytest.param(
            '[{system: snomed, code: "720433000"}] => [{system: snomed, code: "720433001"}] # <-',
            "scales.0.codes.0.code",
            "a snomed code whose check digit holds",
            id="a score's code mistyped",
        ),
        pytest.param(
            "code: LA6708-7}]} => code: LA6708-8}]} # <-",
            "scales.0.bands.0.codes.0.code",
            "check digit",
            id="a band's code mistyped",
        ),
        pytest.param(
            "id: held => id: mean # <-",
            "scales.3.id",
            "each id once",
            id="two scales of one name",
        ),
        pytest.param(
            "- id: held\n    title: Held\n    field: c_total\n    method: reported"
            " => - id: held # <-\n    title: Held\n    method: sum",
            "scales.3",
            "either `items` or `field`",
            id="a scale of nothing",
        ),
        pytest.param(
            "- id: held\n => - id: held # <-\n    items: [c-1]\n",
            "scales.3",
            "either `items` or `field`",
            id="a scale of two sources",
        ),
        pytest.param(
            "method: reported => method: sum # <-",
            "scales.3.method",
            "`reported` exactly when the scale has a `field`",
            id="a total that is summed",
        ),
        pytest.param(
            "items: [c-1 .. c-3] => items: [c-1 .. c-3, c-9] # <-",
            "scales.0.items",
            "link ids of this form",
            id="an item that there is not",
        ),
        pytest.param(
            "items: [c-1, c-4] => items: [c-1, c-4, c-3 .. c-2] # <-",
            "scales.1.items",
            "link ids of this form",
            id="a stretch that runs backwards",
        ),
        pytest.param(
            "items: [c-1 .. c-3] => items: [c-1 .. c-3, c-1] # <-",
            "scales.0.items",
            "each item once",
            id="an item that is counted twice",
        ),
        pytest.param(
            "items: [c-1, c-4]\n => items: [c-1, c-4]\n    reverse: [c-2] # <-\n",
            "scales.1.reverse",
            "items of this scale",
            id="another scale's item reversed",
        ),
        pytest.param(
            "recode:\n => recode: # <-\n      c-1: {0: 0, 1: 1, 2: 2}\n",
            "scales.2.recode",
            "items of this scale",
            id="another scale's item recoded",
        ),
        pytest.param(
            "recode:\n      c-2: {0: 10, 1: 5, 2: 0} => recode: # <-\n      c-2: {0: 10, 1: 5}",
            "scales.2.recode",
            "every value that `c-2` can have",
            id="an answer without a recode",
        ),
        pytest.param(
            "recode:\n => recode: # <-\n      c-5: {0: 10, 10: 0}\n",
            "scales.2.recode",
            "every value that `c-5` can have",
            id="a recode of decimals",
        ),
        pytest.param(
            "items: [c-2, c-5]\n => items: [c-2, c-5]\n    reverse: [c-5] # <-\n",
            "scales.2.reverse",
            "items with options, or with whole numbers from min to max",
            id="decimals reversed",
        ),
        pytest.param(
            "items: [c-1, c-4] => items: [c-1, c-4]\n    reverse: [c-4] # <-",
            "scales.1.reverse",
            "items with options, or with whole numbers from min to max",
            id="yes and no reversed",
        ),
        pytest.param(
            "    range: [0, 10]\n =>     range: [0, 10]\n    multiply: 2 # <-\n",
            "scales.2.multiply",
            "the method `sum`, which alone is multiplied",
            id="a mean that is multiplied",
        ),
        pytest.param(
            "missing: {at_least: 2, fill: mean} => missing: {at_least: 4, fill: mean} # <-",
            "scales.0.missing.at_least",
            "at most the scale's 3 items",
            id="more items needed than there are",
        ),
        pytest.param(
            "missing: {at_least: 2, fill: mean} => missing: {at_least: 2, fill: none} # <-",
            "scales.0.missing.fill",
            "`mean`, because a sum with gaps is too low",
            id="a sum with gaps",
        ),
        pytest.param(
            "table: {0: 40.5, 1: 50, 2: 55, 3: 60} => table: {0: 40.5, 1: 50, 2: 50, 3: 60} # <-",
            "scales.1.table",
            "values that rise with the raw sum",
            id="a table that stands still",
        ),
        pytest.param(
            "2: 55, 3: 60} => 3: 60} # <-",
            "scales.1.table",
            "every raw sum from 0 to 3",
            id="a gap in the table",
        ),
        pytest.param(
            "3: 60}\n    range: [40.5, 60] => 3: 60, 4: 61} # <-\n    range: [40.5, 61]"
            " && low: 55, high: 60 => low: 55, high: 61",
            "scales.1.table",
            "every raw sum from 0 to 3",
            id="a table that goes too far",
        ),
        pytest.param(
            "  - id: t\n => # <-    table: {0: 40.5, 1: 50, 2: 55, 3: 60}\n    range => range",
            "scales.1.table",
            "a table exactly for `lookup`",
            id="no table",
        ),
        pytest.param(
            "range: [0, 63] => range: [63, 0] # <-",
            "scales.3.range",
            "lowest before highest",
            id="a range the wrong way round",
        ),
        pytest.param(
            "range: [0, 14]\n => range: [0, 14] # <-\n    multiply: 2\n",
            "scales.0.range",
            "every possible score, from 0 to 28",
            id="a sum beyond the range",
        ),
        pytest.param(
            "range: [0, 10] => range: [0, 9] # <-",
            "scales.2.range",
            "every possible score, from 0 to 10",
            id="a mean beyond the range",
        ),
        pytest.param(
            "3: 60}\n    range: [40.5, 60] => 3: 60.1}\n    range: [40.5, 60] # <-",
            "scales.1.range",
            "every possible score, from 40.5 to 60.1",
            id="a table beyond the range",
        ),
        pytest.param(
            "low: 5, high: 14} => low: 5, high: 14, below: 15} # <-",
            "scales.0.bands.1",
            "either `high` or `below`",
            id="a band with two ends",
        ),
        pytest.param(
            "low: 5, high: 14} => low: 5} # <-",
            "scales.0.bands.1",
            "either `high` or `below`",
            id="a band without an end",
        ),
        pytest.param(
            "low: 5, high: 14} => low: 6, high: 14} # <-",
            "scales.0.bands.1.low",
            "5, where the band before ends",
            id="a gap between bands",
        ),
        pytest.param(
            "low: 55, high: 60} => low: 54.9, high: 60} # <-",
            "scales.1.bands.1.low",
            "55, where the band before ends",
            id="bands that overlap",
        ),
        pytest.param(
            "low: 0, high: 4, codes: [{system: loinc, code: LA6708-7}]} => low: 1, high: 4} # <-",
            "scales.0.bands.0.low",
            "0, where the band before ends",
            id="bands that begin too late",
        ),
        pytest.param(
            "bands:\n => bands: # <-\n && low: 5, high: 14} => low: 5, high: 13}",
            "scales.0.bands",
            "bands up to 14",
            id="bands that end too early",
        ),
        pytest.param(
            "- {id: high, label: high, low: 5, high: 14} => "
            "- {id: low, label: high, low: 5, high: 14} # <-",
            "scales.0.bands.1.id",
            "each id once",
            id="two bands of one name",
        ),
        pytest.param(
            "points: 2, source: nobody} => source: nobody} # <-",
            "scales.0.change.0",
            "`points`, `percent` or both",
            id="a change of nothing",
        ),
    ],
)
def test_a_mistake_in_a_form_is_one_finding_with_its_line(
    change: str, place: str, expected: str
) -> None:
    text = planted(FORM, *change.split(" && "))

    problems = form_findings(text)

    assert [problem.field for problem in problems] == [place]
    assert expected in problems[0].expected
    assert [problem.origin.line for problem in problems] == marked(text)
