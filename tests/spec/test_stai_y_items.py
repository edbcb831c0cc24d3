"""STAI, Form Y, from its items: two scales of twenty items from 1 to 4, which are never added.

Source: Spielberger; reversed items (absence of anxiety): an extract of a published protocol. The
manual's rule for missing items is from memory and not applied: every item must be answered.
"""

from __future__ import annotations

import pytest

from tests.spec.worked import refused, worked

REVERSED = {1, 2, 5, 8, 10, 11, 15, 16, 19, 20, 21, 23, 26, 27, 30, 33, 34, 36, 39}


def all_but(item: int, answer: str, others: str = "2") -> str:
    return " ".join(answer if number == item else others for number in range(1, 41))


def least_or_most(*, anxious: bool) -> str:
    """The answers of somebody who is not anxious at all, or as anxious as can be."""
    return " ".join("4" if (number in REVERSED) != anxious else "1" for number in range(1, 41))


@pytest.mark.parametrize(
    ("answers", "state", "trait"),
    [
        pytest.param(least_or_most(anxious=False), "20", "20", id="lowest"),
        pytest.param(least_or_most(anxious=True), "80", "80", id="highest"),
        # ten items of each kind: 10 x 1 + 10 x 4; and eleven and nine: 11 x 1 + 9 x 4
        pytest.param(" ".join(["1"] * 40), "50", "47", id="1 to everything"),
        pytest.param(" ".join(["2"] * 40), "50", "49", id="2 to everything"),
    ],
)
def test_state_and_trait_are_sums_of_twenty_items(answers: str, state: str, trait: str) -> None:
    assert worked("stai-y-items", answers) == {"state": state, "trait": trait}


@pytest.mark.parametrize("item", range(1, 41))
def test_each_item_counts_in_its_scale_and_in_its_direction(item: int) -> None:
    scores = worked("stai-y-items", all_but(item, "3"))

    step = -1 if item in REVERSED else 1
    state, trait = (50 + step, 49) if item <= 20 else (50, 49 + step)
    assert scores == {"state": str(state), "trait": str(trait)}


def test_a_missing_item_leaves_the_other_scale() -> None:
    scores = worked("stai-y-items", all_but(20, "_"))

    assert scores == {"state": "none: unknown, 19 of 20", "trait": "49"}


@pytest.mark.parametrize("answer", ["0", "5"])
def test_an_answer_outside_1_to_4_is_refused(answer: str) -> None:
    assert refused("stai-y-items", all_but(40, answer)) == ["staiy_40"]
