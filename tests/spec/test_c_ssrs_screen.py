"""C-SSRS screener: the highest level of ideation (1 to 5) that was answered yes, and behaviour.

Source: Columbia Lighthouse Project; questions 3 to 5 are asked only if question 2 was answered yes
(from memory). 1 is yes, 0 is no. The level is told where no answer to the gaps could change it.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.spec.worked import banded, refused, worked


@pytest.mark.parametrize(
    ("answers", "ideation", "behaviour"),
    [
        pytest.param("0 0 _ _ _ 0", "0", "0", id="no to all that was asked"),
        pytest.param("1 0 _ _ _ 0", "1", "0", id="level 1"),
        pytest.param("1 1 0 0 0 0", "2", "0", id="level 2"),
        pytest.param("1 1 1 0 0 0", "3", "0", id="level 3"),
        pytest.param("1 1 1 1 0 0", "4", "0", id="level 4"),
        pytest.param("1 1 1 1 1 1", "5", "1", id="level 5, and behaviour"),
        pytest.param("0 1 0 0 1 0", "5", "0", id="the highest, not how many"),
        pytest.param("0 0 _ _ _ 1", "0", "1", id="behaviour alone"),
    ],
)
def test_the_level_is_the_highest_yes(answers: str, ideation: str, behaviour: str) -> None:
    assert worked("c-ssrs-screen", answers) == {"ideation": ideation, "behaviour": behaviour}


@pytest.mark.parametrize(
    ("answers", "ideation"),
    [
        pytest.param("1 1 1 _ _ 0", "none: unknown, 3 of 5", id="it may be 3, 4 or 5"),
        pytest.param("1 1 _ _ 1 0", "5, from 3 of 5", id="it is 5 whatever else"),
        pytest.param("_ 0 _ _ _ 0", "none: unknown, 4 of 5", id="it may be 0 or 1"),
        pytest.param("_ 1 0 1 0 0", "4, from 4 of 5", id="the first question changes nothing"),
        pytest.param("1 _ _ _ _ 0", "none: unknown, 1 of 5", id="nobody knows what was asked"),
        pytest.param("1 1 1 0 -97 0", "none: asked-declined, 4 of 5", id="the last was refused"),
    ],
)
def test_a_gap_matters_only_where_it_could_be_higher(answers: str, ideation: str) -> None:
    assert worked("c-ssrs-screen", answers)["ideation"] == ideation


def test_behaviour_that_was_not_answered_is_no_no() -> None:
    assert worked("c-ssrs-screen", "0 0 _ _ _ _")["behaviour"] == "none: unknown, 0 of 1"


def test_what_was_not_asked_cannot_be_answered() -> None:
    assert refused("c-ssrs-screen", "1 0 _ 1 _ 0") == ["cssrs_4"]


@pytest.mark.parametrize(
    ("value", "band"), [(0, "none"), (1, "present"), (3, "present"), (4, "severe"), (5, "severe")]
)
def test_levels_4_and_5_are_told_apart(value: int, band: str) -> None:
    assert banded("c-ssrs-screen", "ideation", Decimal(value)) == band
