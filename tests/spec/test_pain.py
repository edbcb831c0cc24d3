"""Pain: the 0-10 numeric rating scale, and the PEG (the mean of three such ratings).

Sources: the NRS is its own score; bands 1-3, 4-6, 7-10 in common use. PEG: Krebs et al. 2009, the
mean of the three items, all three needed.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.spec.worked import banded, refused, worked


@pytest.mark.parametrize("answer", [str(number) for number in range(11)])
def test_the_rating_is_the_score(answer: str) -> None:
    scores = worked("nrs-pain-avg-week", answer)

    assert scores == {"value": answer}


@pytest.mark.parametrize("answer", ["-1", "11", "3.5", "three"])
def test_a_rating_outside_0_to_10_is_refused(answer: str) -> None:
    fields = refused("nrs-pain-avg-week", answer)

    assert fields == ["nrs_pain_avg"]


@pytest.mark.parametrize(
    ("value", "band"),
    [
        (0, "none"),
        (1, "mild"),
        (3, "mild"),
        (4, "moderate"),
        (6, "moderate"),
        (7, "severe"),
        (10, "severe"),
    ],
)
def test_pain_has_four_bands(value: int, band: str) -> None:
    found = banded("nrs-pain-avg-week", "value", Decimal(value))

    assert found == band


@pytest.mark.parametrize(
    ("answers", "mean"),
    [
        ("0 0 0", "0.0"),
        ("10 10 10", "10.0"),
        ("4 5 6", "5.0"),  # 15 / 3
        ("7 7 6", "6.7"),  # 20 / 3 = 6.666...
        ("3 4 3", "3.3"),  # 10 / 3 = 3.333...
        ("10 0 0", "3.3"),
    ],
)
def test_the_peg_is_the_mean_of_three_ratings_with_one_decimal(answers: str, mean: str) -> None:
    scores = worked("peg", answers)

    assert scores == {"mean": mean}


@pytest.mark.parametrize("answers", ["_ 5 6", "4 _ 6", "4 5 _"])
def test_the_peg_needs_all_three_ratings(answers: str) -> None:
    scores = worked("peg", answers)

    assert scores == {"mean": "none: unknown, 2 of 3"}
