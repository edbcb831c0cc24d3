"""PCS: thirteen items from 0 to 4, summed, and three subscales; every item must be answered.

Source: Sullivan, Bishop & Pivik 1995; subscales as in a public implementation: rumination 8-11,
magnification 6, 7, 13, helplessness 1-5, 12. The cut of 30 is from memory.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.spec.worked import banded, refused, worked

NAMES = ("total", "rumination", "magnification", "helplessness")


@pytest.mark.parametrize(
    ("answers", "scores"),
    [
        pytest.param(" ".join(["0"] * 13), "0 0 0 0", id="lowest"),
        pytest.param(" ".join(["4"] * 13), "52 16 12 24", id="highest"),
        # rumination 3+4+3+2, magnification 0+2+1, helplessness 2+1+3+2+1+1
        pytest.param("2 1 3 2 1 0 2 3 4 3 2 1 1", "25 12 3 10", id="a person"),
    ],
)
def test_the_total_is_the_sum_of_three_subscales(answers: str, scores: str) -> None:
    found = worked("pcs", answers)

    assert " ".join(found[name] for name in NAMES) == scores


def test_a_missing_item_leaves_the_other_subscales() -> None:
    scores = worked("pcs", "2 1 3 2 1 _ 2 3 4 3 2 1 1")

    assert scores == {
        "total": "none: unknown, 12 of 13",
        "rumination": "12",
        "magnification": "none: unknown, 2 of 3",
        "helplessness": "10",
    }


@pytest.mark.parametrize(("value", "band"), [(0, "below"), (29, "below"), (30, "clinical")])
def test_thirty_is_clinically_relevant(value: int, band: str) -> None:
    assert banded("pcs", "total", Decimal(value)) == band


@pytest.mark.parametrize("answer", ["-1", "5"])
def test_an_answer_outside_0_to_4_is_refused(answer: str) -> None:
    assert refused("pcs", f"0 0 0 0 0 0 0 0 0 0 0 0 {answer}") == ["pcs_13"]
