"""What a form filler gets to compute: weights where it looks for them, and rules as FHIRPath.

Whether an engine understands the rules is for `tests/conformance` to say.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from adapter.fhir.coding import ORDINAL_VALUE
from adapter.fhir.expression import score_expression
from adapter.fhir.questionnaire import build_questionnaire
from tests.forms import form_of

if TYPE_CHECKING:
    from adapter.instruments.form import Form

HEAD = """
kind: instrument
id: asked
version: "1.0.0"
title: Asked
source: made for the tests
licence: {status: none, wording: shipped}
options:
  plain: [{value: 0}, {value: 1}, {value: 2}, {value: unsure}]
  halves: [{value: a, weight: 0.5}, {value: b, weight: 1}]
  cause: [{value: here}, {value: there}]
items:
  - {link_id: c-1, field: c_1, options: plain}
  - {link_id: c-2, field: c_2, options: plain}
  - {link_id: h-1, field: h_1, options: halves}
  - {link_id: n-1, field: n_1, type: integer, min: 0, max: 10}
  - {link_id: n-2, field: n_2, type: integer, min: 0, max: 10}
  - {link_id: n-3, field: n_3, type: integer, min: 0, max: 10}
  - {link_id: d-1, field: d_1, type: decimal, min: 0, max: 10}
  - {link_id: b-1, field: b_1, type: boolean}
  - {link_id: a-1, field: a_1, options: plain, asked_if: {item: b-1, equals: 1}}
  - {link_id: a-2, field: a_2, options: plain, asked_if: {item: n-1}}
  - {link_id: x-1, field: x_1, options: cause}
scales:
  - {id: low, title: L, items: [n-1], method: sum, range: [0, 10]}
  - {id: high, title: H, items: [n-2], method: sum, range: [0, 10]}
"""


def form_with(scale: str, low: int = 0) -> Form:
    return form_of(f"{HEAD}  - {{id: s, title: S, range: [{low}, 100], {scale}}}\n")


def expression_of(scale: str) -> str | None:
    form = form_with(scale)
    return score_expression(form, form.scales[-1])


def weights_in(element: dict[str, Any]) -> list[Any]:
    extensions = element.get("extension", [])
    return [each["valueDecimal"] for each in extensions if each["url"] == ORDINAL_VALUE]


def in_short(expression: str) -> str:
    """An expression with `<total>` for the sum of some answers, `<count>` for their number."""
    values = (
        r"%resource\.item\.where\(linkId.*?\)\.answer\.value(\.extension\.where\(.*?\)\.value)?"
    )
    short = re.sub(values, "<values>", expression)
    short = short.replace("<values>.aggregate($this + $total, 0)", "<total>")
    return short.replace("<values>.count()", "<count>")


def test_a_weight_stands_on_the_answer_option_and_on_its_coding() -> None:
    built = build_questionnaire(form_with("method: sum, items: [c-1]"), "q")

    offered = built["item"][0]["answerOption"]

    assert [weights_in(option) for option in offered] == [[0], [1], [2], []]
    assert [weights_in(option["valueCoding"]) for option in offered] == [[0], [1], [2], []]


def test_other_rules_of_calculation_leave_url_and_version_as_they_are() -> None:
    before = build_questionnaire(form_with("method: sum, items: [c-1, c-2]"), "q")
    after = build_questionnaire(form_with("method: mean, items: [c-1, c-2], places: 1"), "q")

    assert before["item"][-1] != after["item"][-1]
    assert (before["url"], before["version"]) == (after["url"], after["version"])


def test_numbers_are_counted_as_they_are_and_all_must_be_there() -> None:
    values = "%resource.item.where(linkId.matches('^(n-1|n-2)$')).answer.value"

    said = expression_of("method: sum, items: [n-1, n-2]")

    total = f"{values}.aggregate($this + $total, 0).truncate()"
    assert said == f"%resource.where({values}.count() >= 2).select({total})"


@pytest.mark.parametrize(
    ("scale", "counted"),
    [
        pytest.param("items: [n-1], reverse: [n-1]", "10 - $this", id="a reversed number"),
        pytest.param(
            "items: [c-1], recode: {c-1: {0: 100, 1: 50, 2: 0}}",
            "100 - $this * 50",
            id="a recode that falls in a line",
        ),
        pytest.param(
            "items: [c-1], recode: {c-1: {0: -2, 1: -1, 2: 0}}",
            "$this - 2",
            id="a recode that rises by one",
        ),
        pytest.param(
            "items: [c-1], recode: {c-1: {0: 0, 1: 0, 2: 1}}",
            "iif($this = 2, 1, 0)",
            id="a recode that is no line",
        ),
        pytest.param(
            "items: [c-1], recode: {c-1: {0: 5, 1: 5, 2: 5}}", "5", id="a recode to one number"
        ),
        pytest.param(
            "items: [c-1], recode: {c-1: {0: 0, 1: 0.5, 2: 1}}",
            "iif($this = 0, 0, iif($this = 1, 0.5, 1))",
            id="a recode in a line of halves, which some engines cannot say exactly",
        ),
        pytest.param("items: [b-1]", "iif($this, 1, 0)", id="yes or no"),
    ],
)
def test_a_recode_is_a_line_of_whole_numbers_or_a_choice(scale: str, counted: str) -> None:
    said = expression_of(f"method: sum, {scale}")

    assert f".select({counted}).aggregate(" in str(said)


@pytest.mark.parametrize(
    ("scale", "value"),
    [
        pytest.param(
            "method: mean, places: 1, items: [n-1, n-2, n-3]",
            "(<total>.truncate() * 20 + 3) div 6 / 10",
            id="a mean of three",
        ),
        pytest.param(
            "method: mean, places: 1, items: [n-1, n-2]",
            "<total>.truncate() * 5 / 10",
            id="a mean of two, which has no more places",
        ),
        pytest.param(
            "method: mean, items: [n-1, n-2], missing: {at_least: 1, fill: none}",
            "(<total>.truncate() * 2 + <count>) div (<count> * 2)",
            id="a mean of those that were answered",
        ),
        pytest.param(
            "method: sum, places: 1, items: [h-1]",
            "(<total> * 10 + 0.5).floor() / 10",
            id="weights of tenths",
        ),
        pytest.param(
            "method: sum, items: [h-1]",
            "((<total> * 10 + 0.5).floor() * 2 + 10) div 20",
            id="weights of tenths, rounded to whole ones",
        ),
        pytest.param(
            "method: mean, places: 2, items: [d-1]",
            "((<total> * 1000000 + 0.5).floor() * 2 + 10000) div 20000 / 100",
            id="decimals",
        ),
        pytest.param(
            "method: sum, items: [n-1, n-2], multiply: 2, missing: {at_least: 1, fill: mean}",
            "(<total>.truncate() * 8 + <count>) div (<count> * 2)",
            id="a sum whose gaps get the mean",
        ),
        pytest.param(
            "method: sum, items: [n-1, n-2], multiply: 3,"
            " missing: {at_least: 1, fill: mean, round: up}",
            "((<total>.truncate() * 2 + <count> - 1) div <count>) * 3",
            id="the same, rounded up before it is multiplied",
        ),
        pytest.param(
            "method: lookup, places: 1, items: [n-1], table: {0: 9.5, 1: 10, 2: 100}",
            "'9.500 10.00 100.0'.substring((<total>.truncate() - 0) * 6, 5).toDecimal()",
            id="a table, whose values are as long as the longest",
        ),
        pytest.param(
            "method: lookup, items: [n-1], table: {1: 5, 2: 10}",
            "'5.00 10.0'.substring((<total>.truncate() - 1) * 5, 4).toDecimal()",
            id="a table of whole numbers",
        ),
    ],
)
def test_a_score_is_whole_until_a_power_of_ten_comes_last(scale: str, value: str) -> None:
    said = expression_of(scale)

    assert in_short(str(said)).partition(".select(")[2] == f"{value})"


@pytest.mark.parametrize(
    ("scale", "rule", "value"),
    [
        pytest.param(
            "method: sum, items: [a-1]",
            "(<count> + <values>.where($this != true).count()) >= 1",
            "<total>.truncate()",
            id="not asked",
        ),
        pytest.param(
            "method: sum, items: [c-1], only_if: {c-1: {item: x-1, equals: here}}",
            "(<values>.where(code = 'asked-cause-here').select(<values>).count()"
            " + <values>.where(code != 'asked-cause-here').count()) >= 1",
            "<values>.where(code = 'asked-cause-here').select(<values>)"
            ".aggregate($this + $total, 0).truncate()",
            id="counted only if another says so",
        ),
        pytest.param(
            "method: sum, items: [n-1, n-2], if_missing: {n-2: 3}",
            "<count> >= 1",
            "(<total> + (1 - <count>) * 3).truncate()",
            id="counted though it is missing",
        ),
        pytest.param(
            "method: highest, items: [n-1, n-2]",
            "<count> >= 2",
            "<values>.aggregate(iif($this > $total, $this, $total), 0).truncate()",
            id="the highest",
        ),
        pytest.param(
            "method: mean, items: [n-1, n-2],"
            " points: [{below: 2, counts: 0}, {high: 3.5, counts: 1}, {counts: 2}]",
            "<count> >= 2",
            "<total>.truncate().select(iif($this <= 3, 0, iif($this <= 7, 1, 2)))",
            id="a mean in steps, which are those of the sum",
        ),
    ],
)
def test_the_rule_for_missing_items_comes_first(scale: str, rule: str, value: str) -> None:
    said = expression_of(scale)

    assert in_short(str(said)) == f"%resource.where({rule}).select({value})"


@pytest.mark.parametrize(
    "scale",
    [
        pytest.param("method: reported, field: total", id="a reported total"),
        pytest.param("method: highest, scales: [low, high]", id="the highest of scores"),
        pytest.param(
            "method: percent, scales: [low, high],"
            " points: [{below: 10, counts: 0}, {high: 20, counts: 1}, {counts: 2}]",
            id="a share in steps that end both at and before their ends",
        ),
        pytest.param("method: profile, items: [x-1]", id="codes that are not their weights"),
        pytest.param(
            "method: sum, items: [a-2], only_if: {a-2: {item: a-1}}", id="an item that hangs on two"
        ),
        pytest.param(
            "method: lookup, items: [n-1], table: {0: 1, 1: 2}, points: [{high: 1, counts: 0},"
            " {counts: 1}]",
            id="steps of what a table gives",
        ),
    ],
)
def test_what_engines_cannot_be_told_has_no_expression(scale: str) -> None:
    assert expression_of(scale) is None


def test_a_score_of_scores_has_no_expression_where_one_of_them_has_none() -> None:
    form = form_of(
        f"{HEAD}"
        "  - {id: told, title: T, field: told, method: reported, range: [0, 10]}\n"
        "  - {id: sum, title: S, scales: [low, told], method: sum, range: [0, 20]}\n"
        "  - {id: share, title: S, scales: [low, told], method: percent, range: [0, 100]}\n"
    )

    assert [score_expression(form, scale) for scale in form.scales[-2:]] == [None, None]


def test_a_rounded_score_that_may_lie_below_0_has_no_expression() -> None:
    form = form_with("method: mean, items: [n-1, n-2, n-3]", low=-5)

    assert score_expression(form, form.scales[-1]) is None
