"""PSEQ: ten items from 0 to 6, summed, the higher the better; every item must be answered.

Source: Nicholas 2007; bands 20, 31, 41 as a public page cites the ePPOC manual.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.spec.worked import banded, refused, worked


@pytest.mark.parametrize(
    ("answers", "total"),
    [
        pytest.param("0 0 0 0 0 0 0 0 0 0", "0", id="lowest"),
        pytest.param("6 6 6 6 6 6 6 6 6 6", "60", id="highest"),
        pytest.param("3 4 2 3 1 2 4 3 2 3", "27", id="a person"),
        pytest.param("3 4 2 3 1 2 4 3 2 _", "none: unknown, 9 of 10", id="one missing"),
    ],
)
def test_the_total_is_the_sum_of_all_ten_items(answers: str, total: str) -> None:
    assert worked("pseq", answers) == {"total": total}


@pytest.mark.parametrize(
    ("value", "band"),
    [
        (0, "severe"),
        (19, "severe"),
        (20, "moderate"),
        (30, "moderate"),
        (31, "mild"),
        (40, "mild"),
        (41, "minimal"),
        (60, "minimal"),
    ],
)
def test_bands_of_impairment_begin_at_20_31_and_41(value: int, band: str) -> None:
    assert banded("pseq", "total", Decimal(value)) == band


@pytest.mark.parametrize("answer", ["-1", "7"])
def test_an_answer_outside_0_to_6_is_refused(answer: str) -> None:
    assert refused("pseq", f"0 0 0 0 0 0 0 0 0 {answer}") == ["pseq_10"]
