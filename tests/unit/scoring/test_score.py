"""Rules of scoring that no shipped instrument uses together: weights, rounding, gaps, bands."""

from __future__ import annotations

from decimal import Decimal

import pytest

from adapter.instruments.form import Scale
from adapter.scoring import Score, band_of, score_response
from tests.forms import form_of, respond

HEAD = """
kind: instrument
id: made
version: "1.0.0"
title: Made
source: made for the tests
licence: {status: none, wording: shipped}
options:
  weighted: [{value: a, weight: 0.5}, {value: b, weight: 2}, {value: unsure}]
items:
  - {link_id: n-1, field: n_1, type: integer, min: 0, max: 10}
  - {link_id: n-2, field: n_2, type: integer, min: 0, max: 10}
  - {link_id: n-3, field: n_3, type: integer, min: 0, max: 10}
  - {link_id: w-1, field: w_1, options: weighted}
  - {link_id: w-2, field: w_2, options: weighted}
  - {link_id: b-1, field: b_1, type: boolean}
  - {link_id: d-1, field: d_1, type: decimal, min: -5, max: 5}
"""


def scored(scale: str, **values: str) -> Score:
    """One scale's score of a form that asks everything."""
    text = f"{HEAD}scales: [{{id: s, title: S, {scale}}}]"
    response = respond(form_of(text), values | {"n_1": values.get("n_1", "-99")})
    assert response is not None
    (score,) = score_response(response)
    return score


def bands(*said: str) -> Scale:
    """A scale with these bands."""
    text = ", ".join(f"{{id: b{n}, label: B, {words}}}" for n, words in enumerate(said))
    form = form_of(
        f"{HEAD}scales: [{{id: s, title: S, items: [n-1], method: sum, range: [-10, 10],"
        f" bands: [{text}]}}]"
    )
    return form.scales[0]


@pytest.mark.parametrize(
    ("scale", "values", "value"),
    [
        pytest.param(
            "items: [n-1, n-2], method: sum, range: [0, 20]",
            {"n_1": "3", "n_2": "4"},
            "7",
            id="a sum",
        ),
        pytest.param(
            "items: [n-1, n-2], method: sum, multiply: 4, range: [0, 80]",
            {"n_1": "3", "n_2": "4"},
            "28",
            id="a sum four times",
        ),
        pytest.param(
            "items: [n-1, n-2], method: sum, range: [0, 20], places: 2",
            {"n_1": "3", "n_2": "4"},
            "7.00",
            id="a sum with two decimals",
        ),
        pytest.param(
            "items: [w-1, w-2], method: sum, range: [0, 4]",
            {"w_1": "a", "w_2": "b"},
            "3",  # 0.5 + 2 = 2.5
            id="weights, a half is rounded up",
        ),
        pytest.param(
            "items: [w-1, w-2], method: sum, range: [0, 4], places: 1",
            {"w_1": "a", "w_2": "b"},
            "2.5",
            id="weights, told exactly",
        ),
        pytest.param(
            "items: [w-1, w-2], method: sum, reverse: [w-1], range: [0, 4], places: 1",
            {"w_1": "a", "w_2": "a"},
            "2.5",  # 0.5 + 2 - 0.5, and 0.5
            id="weights, one reversed",
        ),
        pytest.param(
            "items: [n-1, n-2], method: sum, reverse: [n-2], range: [0, 20]",
            {"n_1": "3", "n_2": "4"},
            "9",  # 3 + 0 + 10 - 4
            id="numbers, one reversed",
        ),
        pytest.param(
            "items: [n-1, b-1], method: sum, recode: {n-1: {3: 50, 4: 60}}, range: [0, 61]",
            {"n_1": "3", "b_1": "1"},
            "51",
            id="a recode and a yes",
        ),
        pytest.param(
            "items: [d-1, n-1], method: mean, range: [-5, 10], places: 2",
            {"d_1": "-2.25", "n_1": "3"},
            "0.38",  # 0.75 / 2 = 0.375
            id="a mean of decimals",
        ),
        pytest.param(
            "items: [n-1, n-2], method: lookup, table: {7: 50.5}, range: [50, 51], places: 1",
            {"n_1": "3", "n_2": "4"},
            "50.5",
            id="a table",
        ),
    ],
)
def test_a_complete_scale_has_the_value_of_its_rule(
    scale: str, values: dict[str, str], value: str
) -> None:
    score = scored(scale, **values)

    assert str(score.value) == value
    assert (score.is_prorated, score.absent) == (False, None)
    assert score.answered == score.of


@pytest.mark.parametrize(
    ("scale", "value", "is_prorated"),
    [
        # The answers are 3 and 4, one of three is missing.
        pytest.param(
            "method: sum, missing: {at_least: 2, fill: mean}, range: [0, 30]",
            "11",  # 7 / 2 x 3 = 10.5
            True,
            id="filled, a half is rounded up",
        ),
        pytest.param(
            "method: sum, missing: {at_least: 2, fill: mean}, range: [0, 30], places: 1",
            "10.5",
            True,
            id="filled, told exactly",
        ),
        pytest.param(
            "method: sum, missing: {at_least: 2, fill: mean, round: up}, range: [0, 30], places: 1",
            "11.0",
            True,
            id="filled, then rounded up",
        ),
        pytest.param(
            "method: sum, missing: {at_least: 2, fill: mean, round: up}, multiply: 2,"
            " range: [0, 60]",
            "22",
            True,
            id="filled, rounded up, then multiplied",
        ),
        pytest.param(
            "method: sum, missing: {at_least: 2, fill: mean}, multiply: 2, range: [0, 60]",
            "21",
            True,
            id="filled, multiplied, then rounded",
        ),
        pytest.param(
            "method: lookup, missing: {at_least: 2, fill: mean}, table: {10: 40, 11: 41},"
            " range: [40, 41]",
            "41",
            True,
            id="filled, rounded to a row of the table",
        ),
        pytest.param(
            "method: mean, missing: {at_least: 2, fill: none}, range: [0, 10], places: 1",
            "3.5",
            False,
            id="a mean of what was answered",
        ),
        pytest.param(
            "method: mean, missing: {at_least: 2, fill: mean}, range: [0, 10], places: 1",
            "3.5",
            True,
            id="a mean that was filled with itself",
        ),
    ],
)
def test_a_gap_is_filled_as_the_rule_says(scale: str, value: str, *, is_prorated: bool) -> None:
    score = scored(f"items: [n-1, n-2, n-3], {scale}", n_1="3", n_2="4")

    assert str(score.value) == value
    assert (score.answered, score.of, score.is_prorated) == (2, 3, is_prorated)


@pytest.mark.parametrize(
    ("values", "absent"),
    [
        pytest.param({"w_1": "a"}, "unknown", id="a blank"),
        pytest.param({"w_1": "a", "w_2": "unsure"}, "unknown", id="an answer without a weight"),
        pytest.param({"w_1": "a", "w_2": "-97"}, "asked-declined", id="a refusal"),
        pytest.param({"w_1": "-98", "w_2": "-98"}, "not-applicable", id="one reason twice"),
        pytest.param({"w_1": "-98", "w_2": "-97"}, "unknown", id="two reasons"),
        pytest.param({"w_1": "unsure", "w_2": "-97"}, "unknown", id="a refusal and no weight"),
    ],
)
def test_a_gap_that_may_not_be_filled_leaves_a_reason(values: dict[str, str], absent: str) -> None:
    score = scored("items: [w-1, w-2], method: sum, range: [0, 4]", **values)

    assert (score.value, score.absent) == (None, absent)


def test_the_same_gaps_of_another_person_have_their_own_reason() -> None:
    """What is remembered of one person's score is never told of another."""
    form = form_of(
        f"{HEAD}scales: [{{id: s, title: S, items: [w-1, w-2], method: sum, range: [0, 4]}}]"
    )
    answers = [
        {"w_1": "a", "w_2": "-97"},
        {"w_1": "a", "w_2": "-98"},
        {"w_1": "a", "w_2": "a"},
        {"w_1": "a", "w_2": "-97"},
    ]

    responses = [respond(form, values) for values in answers]
    scores = [score_response(response)[0] for response in responses if response]

    assert [(score.value, score.absent) for score in scores] == [
        (None, "asked-declined"),
        (None, "not-applicable"),
        (Decimal(1), None),
        (None, "asked-declined"),
    ]


@pytest.mark.parametrize(
    ("raw", "places", "value"),
    [("12.5", 0, "13"), ("12.49", 0, "12"), ("12.25", 1, "12.3"), ("12", 2, "12.00")],
)
def test_a_total_is_told_with_the_places_of_its_scale(raw: str, places: int, value: str) -> None:
    score = scored(f"field: total, method: reported, range: [0, 63], places: {places}", total=raw)

    assert str(score.value) == value
    assert (score.answered, score.of) == (1, 1)


def test_scores_stand_in_the_order_of_the_form() -> None:
    form = form_of(
        f"{HEAD}scales:\n"
        "  - {id: z, title: Z, items: [n-1], method: sum, range: [0, 10]}\n"
        "  - {id: a, title: A, field: total, method: reported, range: [0, 10]}\n"
        "  - {id: m, title: M, items: [n-2], method: sum, range: [0, 10]}\n"
    )
    response = respond(form, {"n_2": "2", "n_1": "1", "total": "3"})
    assert response is not None

    scores = score_response(response)

    assert [(score.scale.id, str(score.value)) for score in scores] == [
        ("z", "1"),
        ("a", "3"),
        ("m", "2"),
    ]


@pytest.mark.parametrize(
    ("value", "band"),
    [
        ("-10.1", None),
        ("-10", "b0"),
        ("-0.1", "b0"),
        ("0", "b1"),
        ("4", "b1"),
        ("4.5", None),
        ("5", "b2"),
        ("10", "b2"),
        ("10.1", None),
    ],
)
def test_a_band_holds_its_low_and_its_high_and_not_its_below(value: str, band: str | None) -> None:
    scale = bands("low: -10, below: 0", "low: 0, high: 4", "low: 5, high: 10")

    found = band_of(scale, Decimal(value))

    assert (found and found.id) == band


def test_a_scale_without_bands_has_none() -> None:
    found = band_of(bands(), Decimal(1))

    assert found is None
