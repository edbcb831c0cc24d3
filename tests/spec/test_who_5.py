"""WHO-5: five items from 0 to 5, their sum times four; all five must be answered.

Source: WHO 2024, WHO/UCN/MSD/MHE/2024.1: 0 to 100, below 50 is poor well-being.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.spec.worked import banded, refused, worked


@pytest.mark.parametrize(
    ("answers", "total"),
    [
        pytest.param("0 0 0 0 0", "0", id="lowest"),
        pytest.param("5 5 5 5 5", "100", id="highest"),
        pytest.param("3 4 2 3 3", "60", id="a person"),  # 15 x 4
        pytest.param("3 4 2 3 _", "none: unknown, 4 of 5", id="one missing"),
    ],
)
def test_the_score_is_the_sum_times_four(answers: str, total: str) -> None:
    assert worked("who-5", answers) == {"total": total}


@pytest.mark.parametrize(
    ("value", "band"), [(0, "poor"), (48, "poor"), (52, "not-poor"), (100, "not-poor")]
)
def test_below_50_is_poor(value: int, band: str) -> None:
    """A raw sum of 12 is 48, one of 13 is 52."""
    assert banded("who-5", "total", Decimal(value)) == band


@pytest.mark.parametrize("answer", ["-1", "6"])
def test_an_answer_outside_0_to_5_is_refused(answer: str) -> None:
    assert refused("who-5", f"{answer} 0 0 0 0") == ["who5_1"]
