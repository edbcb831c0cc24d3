"""Conditions, steps, gaps that count, scores of scores: what a score comes to under each word."""

from __future__ import annotations

import pytest

from adapter.scoring import Score, score_response
from tests.forms import form_of, respond

HEAD = """
kind: instrument
id: made
version: "1.0.0"
title: Made
source: made for the tests
licence: {status: none, wording: shipped}
options:
  cause: [{value: t, weight: 1}, {value: o, weight: 0}]
  level: [{value: 1}, {value: 2}, {value: 3}]
items:
  - {link_id: y-1, field: y_1, type: boolean}
  - {link_id: i-1, field: i_1, type: integer, min: 0, max: 4, asked_if: {item: y-1, equals: 1}}
  - {link_id: c-1, field: c_1, options: cause, asked_if: {item: y-1, equals: 1}}
  - {link_id: n-1, field: n_1, type: decimal, min: 0, max: 99}
  - {link_id: n-2, field: n_2, type: decimal, min: 0, max: 99}
  - {link_id: l-1, field: l_1, options: level}
  - {link_id: l-2, field: l_2, options: level}
  - {link_id: t-1, field: t_1, type: time}
  - {link_id: t-2, field: t_2, type: time}
"""

IF_CAUSED = "method: sum, only_if: {i-1: {item: c-1, equals: t}}"
SETTLED = (
    "method: sum, points: [{high: 1, counts: 0}, {high: 4, counts: 1}, {counts: 2}],"
    " missing: {at_least: 1, fill: settled}"
)
FIVE = "method: sum, if_missing: {n-2: 5}"


def scored(scales: str, **values: str) -> Score:
    """The last score of a form with these scales."""
    words = " ".join(
        f"{{id: s{n}, title: S, range: [0, 99], {words}}},"
        for n, words in enumerate(scales.split(";"))
    )
    response = respond(form_of(f"{HEAD}scales: [{words}]"), values)
    assert response is not None
    return score_response(response)[-1]


def said(values: str) -> dict[str, str]:
    """`n_1=3 n_2=4` by field."""
    return dict(value.split("=") for value in values.split())


def told(score: Score) -> str:
    """The score's value or profile or reason, and how many answers it rests on."""
    value = score.profile or score.absent if score.value is None else score.value
    return f"{value}, {score.answered} of {score.of}"


@pytest.mark.parametrize(
    ("scale", "values", "score"),
    [
        pytest.param(
            f"items: [l-1, l-2], {SETTLED}", "l_1=1", "1, 1 of 2", id="any gap is the same"
        ),
        pytest.param(
            f"items: [l-1, l-2], {SETTLED}", "l_1=2", "unknown, 1 of 2", id="a gap decides"
        ),
        pytest.param(f"items: [l-1, l-2], {SETTLED}", "l_1=3 l_2=3", "2, 2 of 2", id="no gap"),
        pytest.param(
            f"items: [l-1, l-2], {SETTLED}, if_missing: {{l-2: 3}}",
            "l_1=2",
            "2, 1 of 2",
            id="a gap that counts is no gap",
        ),
        pytest.param(
            "items: [l-1, l-2, n-1], method: highest, missing: {at_least: 2, fill: settled}",
            "n_1=99",
            "unknown, 1 of 3",
            id="too few",
        ),
        pytest.param(
            "items: [l-1, l-2, n-1], method: highest, missing: {at_least: 2, fill: settled}",
            "n_1=9 l_1=1",
            "9, 2 of 3",
            id="the highest of all, whatever the gap is",
        ),
        pytest.param(
            "items: [i-1, n-1], method: sum", "y_1=0 n_1=3", "3, 2 of 2", id="not asked counts 0"
        ),
        pytest.param(
            "items: [i-1, n-1], method: mean", "y_1=0 n_1=3", "2, 2 of 2", id="in a mean as well"
        ),
        pytest.param(
            "items: [i-1, n-1], method: sum",
            "y_1=1 n_1=3",
            "unknown, 1 of 2",
            id="asked and blank is missing",
        ),
        pytest.param(
            "items: [i-1, n-1], method: sum", "n_1=3", "unknown, 1 of 2", id="nobody knows"
        ),
        pytest.param(
            "items: [i-1], method: sum, recode: {i-1: {0: 9, 1: 1, 2: 2, 3: 3, 4: 4}}",
            "y_1=0",
            "0, 1 of 1",
            id="not asked is not recoded",
        ),
        pytest.param(
            "items: [c-1], method: sum, reverse: [c-1]",
            "y_1=0",
            "0, 1 of 1",
            id="not asked is not reversed",
        ),
        pytest.param(
            "items: [c-1], method: sum, reverse: [c-1]",
            "y_1=1 c_1=o",
            "1, 1 of 1",
            id="asked is reversed",
        ),
        pytest.param(
            f"items: [i-1], {IF_CAUSED}", "y_1=1 i_1=3 c_1=t", "3, 1 of 1", id="a condition holds"
        ),
        pytest.param(
            f"items: [i-1], {IF_CAUSED}",
            "y_1=1 i_1=3 c_1=o",
            "0, 1 of 1",
            id="a condition does not hold",
        ),
        pytest.param(
            f"items: [i-1], {IF_CAUSED}",
            "y_1=1 i_1=3",
            "unknown, 0 of 1",
            id="nobody knows whether it holds",
        ),
        pytest.param(
            f"items: [i-1], {IF_CAUSED}",
            "y_1=1 c_1=o",
            "0, 1 of 1",
            id="a gap that does not matter",
        ),
        pytest.param(
            f"items: [i-1], {IF_CAUSED}",
            "y_1=1 c_1=t i_1=-97",
            "asked-declined, 0 of 1",
            id="a gap that does",
        ),
        pytest.param(f"items: [n-1, n-2], {FIVE}", "n_1=1", "6, 1 of 2", id="a gap that counts"),
        pytest.param(
            f"items: [n-1, n-2], {FIVE}", "n_1=1 n_2=-97", "6, 1 of 2", id="a refusal that counts"
        ),
        pytest.param(
            f"items: [n-1, n-2], {FIVE}",
            "n_1=1 n_2=4",
            "5, 2 of 2",
            id="an answer instead of the gap",
        ),
        pytest.param(
            f"items: [n-1, n-2], {FIVE}",
            "n_1=-97",
            "asked-declined, 0 of 2",
            id="the other gap does not count",
        ),
        pytest.param(
            f"items: [n-1, n-2], {FIVE}, only_if: {{n-2: {{item: l-1}}}}",
            "n_1=1 n_2=4",
            "6, 1 of 2",
            id="nothing stands beside it",
        ),
        pytest.param(
            f"items: [n-1, n-2], {FIVE}, only_if: {{n-2: {{item: l-1}}}}",
            "n_1=1 n_2=4 l_1=1",
            "5, 2 of 2",
            id="something stands beside it",
        ),
        pytest.param(
            f"items: [n-1, n-2, l-1], {FIVE}, missing: {{at_least: 2, fill: mean}}",
            "n_1=1",
            "9, 1 of 3",
            id="a mean of what counts fills the rest",
        ),
        pytest.param(
            "items: [l-1, l-2], method: highest", "l_1=1 l_2=3", "3, 2 of 2", id="the highest"
        ),
        pytest.param(
            "items: [l-1, l-2], method: highest",
            "l_1=1",
            "unknown, 1 of 2",
            id="no highest of some",
        ),
        pytest.param(
            "items: [l-1, l-2], method: profile", "l_1=1 l_2=3", "13, 2 of 2", id="a profile"
        ),
        pytest.param(
            "items: [l-2, l-1], method: profile",
            "l_1=1 l_2=3",
            "31, 2 of 2",
            id="a profile in its own order",
        ),
        pytest.param(
            "items: [l-1, l-2], method: profile",
            "l_1=1 l_2=-97",
            "asked-declined, 1 of 2",
            id="no profile with a gap",
        ),
        pytest.param(
            "items: [t-1, t-2], method: between, unit: min",
            "t_1=07:00 t_2=08:30",
            "90, 2 of 2",
            id="minutes",
        ),
        pytest.param(
            "items: [t-1, t-2], method: between, unit: min",
            "t_1=23:10 t_2=00:15",
            "65, 2 of 2",
            id="minutes over midnight",
        ),
        pytest.param(
            "items: [t-1, t-2], method: between, unit: min",
            "t_1=23:10 t_2=23:10",
            "error, 2 of 2",
            id="no minutes or a day",
        ),
        pytest.param(
            "items: [t-1, t-2], method: between, unit: min",
            "t_1=23:10 t_2=-99",
            "unknown, 1 of 2",
            id="minutes to nobody knows when",
        ),
    ],
)
def test_a_word_changes_what_an_item_counts(scale: str, values: str, score: str) -> None:
    found = scored(scale, **said(values))

    assert told(found) == score


@pytest.mark.parametrize(
    ("number", "counts"),
    [("0", 3), ("4.99", 3), ("5", 2), ("5.99", 2), ("6", 1), ("7", 1), ("7.01", 0), ("99", 0)],
)
def test_a_step_holds_its_high_and_not_its_below(number: str, counts: int) -> None:
    steps = "[{below: 5, counts: 3}, {below: 6, counts: 2}, {high: 7, counts: 1}, {counts: 0}]"

    by_item = scored(f"items: [n-1], method: sum, steps: {{n-1: {steps}}}", n_1=number)
    by_score = scored(f"items: [n-1], method: sum, points: {steps}", n_1=number)

    assert by_item.value == by_score.value == counts


def test_points_are_given_for_what_comes_out_before_it_is_rounded() -> None:
    """84.96 is below 85, although it is told as 85.0 where no points are given."""
    scale = "items: [n-1], method: sum, points: [{below: 85, counts: 1}, {counts: 0}]"

    score = scored(scale, n_1="84.96")

    assert score.value == 1


PARTS = "items: [n-1], method: sum; items: [n-2], method: sum;"


@pytest.mark.parametrize(
    ("scale", "values", "score"),
    [
        pytest.param("method: sum", "n_1=3 n_2=4", "7, 2 of 2", id="a sum"),
        pytest.param("method: mean, places: 1", "n_1=3 n_2=4", "3.5, 2 of 2", id="a mean"),
        pytest.param("method: highest", "n_1=3 n_2=4", "4, 2 of 2", id="the highest"),
        pytest.param("method: lookup, table: {7: 50}", "n_1=3 n_2=4", "50, 2 of 2", id="a table"),
        pytest.param(
            "method: sum, points: [{high: 6, counts: 0}, {counts: 1}]",
            "n_1=3 n_2=4",
            "1, 2 of 2",
            id="points of a sum",
        ),
        pytest.param("method: sum", "n_1=2.5 n_2=4", "7, 2 of 2", id="as they are told: 3 and 4"),
        pytest.param("method: sum", "n_1=3", "unknown, 1 of 2", id="one missing"),
        pytest.param("method: sum", "n_1=3 n_2=-97", "asked-declined, 1 of 2", id="one refused"),
        pytest.param("method: sum", "n_1=-98 n_2=-97", "unknown, 0 of 2", id="two reasons"),
        pytest.param(
            "method: percent, unit: '%', places: 1", "n_1=3 n_2=8", "37.5, 2 of 2", id="a share"
        ),
        pytest.param("method: percent, unit: '%'", "n_1=8 n_2=8", "100, 2 of 2", id="the whole"),
        pytest.param(
            "method: percent, unit: '%'", "n_1=9 n_2=8", "error, 2 of 2", id="more than the whole"
        ),
        pytest.param(
            "method: percent, unit: '%'", "n_1=0 n_2=0", "error, 2 of 2", id="a share of nothing"
        ),
        pytest.param(
            "method: percent, unit: '%'", "n_2=8", "unknown, 1 of 2", id="an unknown share"
        ),
    ],
)
def test_a_score_of_scores_needs_them_all(scale: str, values: str, score: str) -> None:
    found = scored(f"{PARTS} scales: [s0, s1], {scale}", **said(values))

    assert told(found) == score


def test_a_score_of_a_prorated_score_is_prorated() -> None:
    filled = "items: [n-1, n-2], method: sum, missing: {at_least: 1, fill: mean}"

    score = scored(
        f"{filled}; items: [l-1], method: sum; scales: [s0, s1], method: sum", n_1="3", l_1="1"
    )

    assert score.value == 7
    assert score.is_prorated
