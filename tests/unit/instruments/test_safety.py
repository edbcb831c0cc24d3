"""What is wrong with a study's safety signals is found before anybody relies on them."""

from __future__ import annotations

import pytest

from adapter.instruments.coherence import check_study
from adapter.instruments.mapping import read_mapping
from adapter.instruments.study import Study
from tests.forms import FORMS, STUDY_TEXT

FORMS_TEXT = """
baseline: week-0
forms:
  - {form: phq-9, source_form: phq9, at: [week-0]}
  - {form: mos-sleep, source_form: sleep, at: [week-0]}
safety:
  version: "1.0.0"
  source: made up
  signals:
    - {id: one, title: One, form: phq-9, items: [phq9-9], at_least: 1, level: urgent}
"""


def findings(*signals: str, baseline: str = "baseline: week-0\n") -> list[tuple[str, str]]:
    """Field and expectation of everything that is wrong with a study that has these signals."""
    lines = "".join(f"    - {{{signal}}}\n" for signal in signals)
    text = STUDY_TEXT + FORMS_TEXT.replace("baseline: week-0\n", baseline) + lines
    study, read, problems = read_mapping(text, "study.yaml", Study)
    assert study is not None, problems
    return [(problem.field, problem.expected) for problem in check_study(study, FORMS, read)]


def test_rules_without_a_mistake_have_no_findings() -> None:
    assert not findings(
        "id: two, title: Two, form: phq-9, scale: total, worse_by: 5, level: review",
        "id: three, title: Three, form: phq-9, items: [phq9-9], unanswered: true, level: review",
    )


@pytest.mark.parametrize(
    ("signal", "place", "expected"),
    [
        pytest.param(
            "id: one, title: X, form: phq-9, items: [phq9-9], at_least: 1, level: review",
            "safety.signals.1.id",
            "each id once",
            id="a name that stands twice",
        ),
        pytest.param(
            "id: x, title: X, form: phq-8, items: [phq9-9], at_least: 1, level: review",
            "safety.signals.1.form",
            "the id of a form in mappings/instruments",
            id="a form that there is not",
        ),
        pytest.param(
            "id: x, title: X, form: phq-9, items: [phq9-11], at_least: 1, level: review",
            "safety.signals.1.items",
            "link ids of the form",
            id="an item that there is not",
        ),
        pytest.param(
            "id: x, title: X, form: phq-9, scale: sum, at_least: 1, level: review",
            "safety.signals.1.scale",
            "a scale of the form",
            id="a scale that there is not",
        ),
        pytest.param(
            "id: x, title: X, form: phq-9, at_least: 1, level: review",
            "safety.signals.1",
            "either `items` or `scale`",
            id="neither items nor a scale",
        ),
        pytest.param(
            "id: x, title: X, form: phq-9, scale: total, level: review",
            "safety.signals.1",
            "a bound that the answer or the score may reach",
            id="nothing that could fire",
        ),
        pytest.param(
            "id: x, title: X, form: phq-9, items: [phq9-9], worse_by: 1, level: review",
            "safety.signals.1",
            "`worse_by` with a `scale`, in a study with a `baseline`",
            id="a change of an answer",
        ),
        pytest.param(
            "id: x, title: X, form: mos-sleep, scale: quantity, worse_by: 1, level: review",
            "safety.signals.1.scale",
            "a scale that says which direction is `better`",
            id="worse where nothing is better",
        ),
        pytest.param(
            "id: x, title: X, form: phq-9, items: [phq9-8, phq9-9], at_least: 1, level: review,"
            ' where: {items: [phq9-1], equals: "1"}',
            "safety.signals.1.where.items",
            "2 partners, one for each item",
            id="a partner too few",
        ),
    ],
)
def test_a_mistake_in_the_rules_is_one_finding(signal: str, place: str, expected: str) -> None:
    assert findings(signal) == [(place, expected)]


def test_a_change_needs_a_baseline() -> None:
    signal = "id: x, title: X, form: phq-9, scale: total, worse_by: 5, level: review"

    assert findings(signal, baseline="") == [
        ("safety.signals.1", "`worse_by` with a `scale`, in a study with a `baseline`")
    ]
