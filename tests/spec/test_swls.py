"""SWLS: five items from 1 to 7, summed; all five must be answered.

Source: Diener, Emmons, Larsen & Griffin 1985; bands 10, 15, 20, 21, 26, 31 as on the pages of
Diener's university.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.spec.worked import banded, refused, worked


@pytest.mark.parametrize(
    ("answers", "total"),
    [
        pytest.param("1 1 1 1 1", "5", id="lowest"),
        pytest.param("7 7 7 7 7", "35", id="highest"),
        pytest.param("3 4 5 4 2", "18", id="a person"),
        pytest.param("_ 4 5 4 2", "none: unknown, 4 of 5", id="one missing"),
    ],
)
def test_the_total_is_the_sum_of_all_five_items(answers: str, total: str) -> None:
    assert worked("swls", answers) == {"total": total}


@pytest.mark.parametrize(
    ("value", "band"),
    [
        (5, "extremely-dissatisfied"),
        (9, "extremely-dissatisfied"),
        (10, "dissatisfied"),
        (14, "dissatisfied"),
        (15, "slightly-dissatisfied"),
        (19, "slightly-dissatisfied"),
        (20, "neutral"),
        (21, "slightly-satisfied"),
        (25, "slightly-satisfied"),
        (26, "satisfied"),
        (30, "satisfied"),
        (31, "extremely-satisfied"),
        (35, "extremely-satisfied"),
    ],
)
def test_twenty_is_neutral(value: int, band: str) -> None:
    assert banded("swls", "total", Decimal(value)) == band


@pytest.mark.parametrize("answer", ["0", "8"])
def test_an_answer_outside_1_to_7_is_refused(answer: str) -> None:
    assert refused("swls", f"1 1 {answer} 1 1") == ["swls_3"]
