"""EQ-5D-5L: five levels in a row, which are never added up, and a visual scale from 0 to 100.

Source: EuroQol. The index needs the value set of a country and is not computed here.
"""

from __future__ import annotations

import pytest

from tests.forms import FORMS
from tests.spec.worked import refused, worked


@pytest.mark.parametrize(
    ("answers", "profile", "vas"),
    [
        pytest.param("1 1 1 1 1 100", "11111", "100", id="best"),
        pytest.param("5 5 5 5 5 0", "55555", "0", id="worst"),
        pytest.param("2 1 3 4 5 62", "21345", "62", id="a person"),
        pytest.param("5 4 3 1 2 62", "54312", "62", id="the same levels, another person"),
    ],
)
def test_the_profile_is_the_levels_in_the_order_of_the_form(
    answers: str, profile: str, vas: str
) -> None:
    assert worked("eq-5d-5l", answers) == {"profile": profile, "vas": vas}


def test_a_missing_dimension_leaves_no_profile() -> None:
    scores = worked("eq-5d-5l", "2 _ 3 4 5 62")

    assert scores == {"profile": "none: unknown, 4 of 5", "vas": "62"}


def test_a_missing_visual_scale_leaves_the_profile() -> None:
    scores = worked("eq-5d-5l", "2 1 3 4 5 _")

    assert scores == {"profile": "21345", "vas": "none: unknown, 0 of 1"}


def test_the_index_is_not_computed_and_says_why() -> None:
    (index,) = FORMS["eq-5d-5l"].not_scored

    assert index.id == "index"
    assert "value set" in index.reason


@pytest.mark.parametrize(
    ("answers", "field"),
    [("6 1 1 1 1 62", "eq5d5l_1"), ("1 1 1 1 0 62", "eq5d5l_5"), ("1 1 1 1 1 101", "eq5d5l_vas")],
)
def test_a_level_or_a_number_that_there_is_not_is_refused(answers: str, field: str) -> None:
    assert refused("eq-5d-5l", answers) == [field]
