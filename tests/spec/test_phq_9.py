"""PHQ-9: nine items from 0 to 3, summed.

Source: Kroenke, Spitzer & Williams 2001, doi:10.1046/j.1525-1497.2001.016009606.x (range, bands 5,
10, 15, 20). Missing items, after the PHQ manual: with one or two missing, the mean of the answered
ones times nine; with more, no score.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.spec.worked import banded, refused, worked


@pytest.mark.parametrize(
    ("answers", "total"),
    [
        pytest.param("0 0 0 0 0 0 0 0 0", "0", id="lowest"),
        pytest.param("3 3 3 3 3 3 3 3 3", "27", id="highest"),
        pytest.param("1 2 0 3 1 0 2 0 1", "10", id="a person"),
        pytest.param("0 0 0 0 0 0 0 0 1", "1", id="item 9 counts"),
    ],
)
def test_the_total_is_the_sum_of_nine_items(answers: str, total: str) -> None:
    scores = worked("phq-9", answers)

    assert scores == {"total": total}


@pytest.mark.parametrize(
    ("answers", "total"),
    [
        pytest.param("1 1 1 1 1 1 1 1 _", "9, prorated from 8 of 9", id="8 / 8 x 9"),
        # 4 / 8 x 9 = 4.5
        pytest.param("_ 1 1 1 1 0 0 0 0", "5, prorated from 8 of 9", id="a half is rounded up"),
        # 10 / 7 x 9 = 12.857...
        pytest.param("2 1 2 1 2 1 1 _ _", "13, prorated from 7 of 9", id="10 / 7 x 9"),
        # 12 / 7 x 9 = 15.428...
        pytest.param("2 _ 2 2 2 1 _ 1 2", "15, prorated from 7 of 9", id="12 / 7 x 9"),
        pytest.param("3 3 3 3 _ _ 3 3 3", "27, prorated from 7 of 9", id="never above 27"),
        pytest.param("0 0 0 0 _ _ 0 0 0", "0, prorated from 7 of 9", id="never below 0"),
    ],
)
def test_one_or_two_missing_items_are_filled_with_the_mean(answers: str, total: str) -> None:
    scores = worked("phq-9", answers)

    assert scores == {"total": total}


@pytest.mark.parametrize(
    ("answers", "total"),
    [
        pytest.param("_ _ _ 1 1 1 1 1 1", "none: unknown, 6 of 9", id="three missing"),
        pytest.param("_ _ _ _ _ _ _ _ 3", "none: unknown, 1 of 9", id="eight missing"),
    ],
)
def test_three_missing_items_leave_no_score(answers: str, total: str) -> None:
    scores = worked("phq-9", answers)

    assert scores == {"total": total}


@pytest.mark.parametrize(
    ("value", "band"),
    [
        (0, "minimal"),
        (4, "minimal"),
        (5, "mild"),
        (9, "mild"),
        (10, "moderate"),
        (14, "moderate"),
        (15, "moderately-severe"),
        (19, "moderately-severe"),
        (20, "severe"),
        (27, "severe"),
    ],
)
def test_bands_begin_at_5_10_15_and_20(value: int, band: str) -> None:
    found = banded("phq-9", "total", Decimal(value))

    assert found == band


@pytest.mark.parametrize("answer", ["-1", "4", "1.5", "often"])
def test_an_answer_outside_0_to_3_is_refused(answer: str) -> None:
    fields = refused("phq-9", f"0 0 0 {answer} 0 0 0 0 0")

    assert fields == ["phq9_4"]
