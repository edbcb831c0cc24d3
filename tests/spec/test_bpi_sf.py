"""BPI-SF: severity is the mean of four items, interference the mean of seven, both from 0 to 10.

Source: Cleeland, The Brief Pain Inventory User Guide, 2009: the interference mean may be used if
more than half, four of seven, are answered; all four severity items are recommended. Bands of worst
pain: ePPOC (0-4 mild, 5-6 moderate, 7-10 severe; here 0 is told apart).
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.spec.worked import banded, refused, worked


@pytest.mark.parametrize(
    ("answers", "scores"),
    [
        pytest.param("0 0 0 0  0 0 0 0 0 0 0", "0.00 0.00 0", id="lowest"),
        pytest.param("10 10 10 10  10 10 10 10 10 10 10", "10.00 10.00 10", id="highest"),
        # 22 / 4 = 5.5 and 41 / 7 = 5.857
        pytest.param("8 3 6 5  6 5 5 7 4 8 6", "5.50 5.86 8", id="a person"),
    ],
)
def test_each_score_is_the_mean_of_its_items(answers: str, scores: str) -> None:
    found = worked("bpi-sf", answers)

    assert f"{found['severity']} {found['interference']} {found['worst']}" == scores


@pytest.mark.parametrize(
    ("answers", "interference"),
    [
        pytest.param("6 5 _ 7 4 8 6", "6.00, mean of 6 of 7", id="36 / 6"),
        pytest.param("6 5 _ 7 4 _ _", "5.50, mean of 4 of 7", id="22 / 4"),
        pytest.param("6 5 _ 7 _ _ _", "none: unknown, 3 of 7", id="three are too few"),
    ],
)
def test_interference_needs_four_of_seven(answers: str, interference: str) -> None:
    assert worked("bpi-sf", f"8 3 6 5 {answers}")["interference"] == interference


def test_severity_needs_all_four() -> None:
    scores = worked("bpi-sf", "8 _ 6 5  6 5 5 7 4 8 6")

    assert scores["severity"] == "none: unknown, 3 of 4"
    assert scores["worst"] == "8"


@pytest.mark.parametrize(
    ("value", "band"),
    [(0, "none"), (1, "mild"), (4, "mild"), (5, "moderate"), (6, "moderate"), (7, "severe")],
)
def test_worst_pain_is_moderate_from_5_and_severe_from_7(value: int, band: str) -> None:
    assert banded("bpi-sf", "worst", Decimal(value)) == band


@pytest.mark.parametrize("answer", ["-1", "11", "5.5"])
def test_an_answer_that_is_no_whole_number_from_0_to_10_is_refused(answer: str) -> None:
    assert refused("bpi-sf", f"8 3 6 5  6 5 5 7 4 8 {answer}") == ["bpi_9g"]
