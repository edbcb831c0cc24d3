"""DASS-21: three scales of seven items from 0 to 3; the sums are doubled.

Source: Lovibond & Lovibond 1995 (items, bands, the metric of the 42-item form); bands in halves:
PMC10560014, table 1. Missing items, after the FAQ of the DASS site: one in a scale is filled with
the mean of the other six; with more, no score.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.spec.worked import banded, refused, worked

SCALES = {
    "depression": [3, 5, 10, 13, 16, 17, 21],
    "anxiety": [2, 4, 7, 9, 15, 19, 20],
    "stress": [1, 6, 8, 11, 12, 14, 18],
}
SCALE_OF = {item: name for name, items in SCALES.items() for item in items}


def answered(**scales: str) -> str:
    """Seven answers a scale, put where the scale's items stand; the scales left out get 0."""
    answers = ["0"] * 21
    for name, given in scales.items():
        for item, answer in zip(SCALES[name], given.split(), strict=True):
            answers[item - 1] = answer
    return " ".join(answers)


@pytest.mark.parametrize(
    ("depression", "anxiety", "stress", "doubled"),
    [
        pytest.param("0 0 0 0 0 0 0", "0 0 0 0 0 0 0", "0 0 0 0 0 0 0", "0 0 0", id="lowest"),
        pytest.param("3 3 3 3 3 3 3", "3 3 3 3 3 3 3", "3 3 3 3 3 3 3", "42 42 42", id="highest"),
        # 7, 3 and 11, doubled
        pytest.param("1 1 2 0 1 1 1", "0 1 0 0 1 0 1", "2 1 2 1 3 1 1", "14 6 22", id="a person"),
    ],
)
def test_the_sum_of_seven_items_is_doubled(
    depression: str, anxiety: str, stress: str, doubled: str
) -> None:
    answers = answered(depression=depression, anxiety=anxiety, stress=stress)

    scores = worked("dass-21", answers)

    assert scores == dict(zip(("depression", "anxiety", "stress"), doubled.split(), strict=True))


@pytest.mark.parametrize("item", range(1, 22), ids="item {}".format)
def test_each_item_counts_in_one_scale(item: int) -> None:
    """One item answered 1, the others 0: its scale is 2."""
    answers = " ".join("1" if number == item else "0" for number in range(1, 22))

    scores = worked("dass-21", answers)

    assert scores == dict.fromkeys(SCALES, "0") | {SCALE_OF[item]: "2"}


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(
    ("answers", "score"),
    [
        # 6 / 6 x 7 x 2
        pytest.param("1 1 1 1 1 1 _", "14, prorated from 6 of 7", id="first of six"),
        # 10 / 6 x 7 x 2 = 23.33...: prorated scores may be odd
        pytest.param("_ 2 2 2 2 1 1", "23, prorated from 6 of 7", id="10 / 6 x 14"),
        # 5 / 6 x 7 x 2 = 11.66...: doubled first, rounded last
        pytest.param("1 1 1 1 1 _ 0", "12, prorated from 6 of 7", id="5 / 6 x 14"),
        pytest.param("3 3 3 _ 3 3 3", "42, prorated from 6 of 7", id="never above 42"),
        pytest.param("3 3 3 _ _ 3 3", "none: unknown, 5 of 7", id="two missing"),
    ],
)
def test_one_missing_item_in_a_scale_is_filled_with_the_mean(
    scale: str, answers: str, score: str
) -> None:
    scores = worked("dass-21", answered(**{scale: answers}))

    assert scores == dict.fromkeys(SCALES, "0") | {scale: score}


@pytest.mark.parametrize(
    ("scale", "value", "band"),
    [
        ("depression", 0, "normal"),
        ("depression", 9, "normal"),
        ("depression", 10, "mild"),
        ("depression", 13, "mild"),
        ("depression", 14, "moderate"),
        ("depression", 20, "moderate"),
        ("depression", 21, "severe"),
        ("depression", 27, "severe"),
        ("depression", 28, "extremely-severe"),
        ("depression", 42, "extremely-severe"),
        ("anxiety", 0, "normal"),
        ("anxiety", 7, "normal"),
        ("anxiety", 8, "mild"),
        ("anxiety", 9, "mild"),
        ("anxiety", 10, "moderate"),
        ("anxiety", 14, "moderate"),
        ("anxiety", 15, "severe"),
        ("anxiety", 19, "severe"),
        ("anxiety", 20, "extremely-severe"),
        ("anxiety", 42, "extremely-severe"),
        ("stress", 0, "normal"),
        ("stress", 14, "normal"),
        ("stress", 15, "mild"),
        ("stress", 18, "mild"),
        ("stress", 19, "moderate"),
        ("stress", 25, "moderate"),
        ("stress", 26, "severe"),
        ("stress", 33, "severe"),
        ("stress", 34, "extremely-severe"),
        ("stress", 42, "extremely-severe"),
    ],
)
def test_each_scale_has_its_own_bands(scale: str, value: int, band: str) -> None:
    found = banded("dass-21", scale, Decimal(value))

    assert found == band


def test_an_answer_outside_0_to_3_is_refused() -> None:
    fields = refused("dass-21", answered(stress="0 0 0 4 0 0 0"))

    assert fields == ["dass21_11"]
