"""DERS-16: sixteen items from 1 to 5, summed, none reversed; every item must be answered.

Source: Bjureberg et al. 2016; range from a stored scoring sheet. The subscales are not
scored: which items they have was not verified.
"""

from __future__ import annotations

import pytest

from tests.forms import FORMS
from tests.spec.worked import refused, worked

A_PERSON = "2 3 4 1 2 3 4 2 1 2 2 3 4 2 5 3"


@pytest.mark.parametrize(
    ("answers", "total"),
    [
        pytest.param(" ".join(["1"] * 16), "16", id="lowest"),
        pytest.param(" ".join(["5"] * 16), "80", id="highest"),
        pytest.param(A_PERSON, "43", id="a person"),
        pytest.param(f"_{A_PERSON[1:]}", "none: unknown, 15 of 16", id="one missing"),
    ],
)
def test_the_total_is_the_sum_of_all_sixteen_items(answers: str, total: str) -> None:
    assert worked("ders-16", answers) == {"total": total}


def test_five_subscales_are_named_and_not_scored() -> None:
    left_out = [scale.id for scale in FORMS["ders-16"].not_scored]

    assert left_out == ["clarity", "goals", "impulse", "strategies", "nonacceptance"]


@pytest.mark.parametrize("answer", ["0", "6"])
def test_an_answer_outside_1_to_5_is_refused(answer: str) -> None:
    assert refused("ders-16", f"{answer}{A_PERSON[1:]}") == ["ders16_1"]
