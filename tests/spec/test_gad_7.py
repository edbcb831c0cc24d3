"""GAD-7: seven items from 0 to 3, summed.

Source: Spitzer, Kroenke, Williams & Löwe 2006 (range, bands 5, 10, 15). Missing items, after the
manual: with one or two missing, the mean of the answered ones times seven; with more, no score.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.spec.worked import banded, coded, refused, worked


@pytest.mark.parametrize(
    ("answers", "total"),
    [
        pytest.param("0 0 0 0 0 0 0", "0", id="lowest"),
        pytest.param("3 3 3 3 3 3 3", "21", id="highest"),
        pytest.param("2 1 3 0 1 2 1", "10", id="a person"),
        # LOINC has a code of its own for the answer 2 to item 2; it counts the same.
        pytest.param("0 2 0 0 0 0 0", "2", id="item 2 counts like the others"),
    ],
)
def test_the_total_is_the_sum_of_seven_items(answers: str, total: str) -> None:
    scores = worked("gad-7", answers)

    assert scores == {"total": total}


@pytest.mark.parametrize(
    ("answers", "total"),
    [
        # 3 / 6 x 7 = 3.5
        pytest.param("1 1 1 0 0 0 _", "4, prorated from 6 of 7", id="a half is rounded up"),
        pytest.param("2 2 2 2 2 _ _", "14, prorated from 5 of 7", id="10 / 5 x 7"),
        # 8 / 5 x 7 = 11.2
        pytest.param("_ 2 1 _ 2 1 2", "11, prorated from 5 of 7", id="8 / 5 x 7"),
    ],
)
def test_one_or_two_missing_items_are_filled_with_the_mean(answers: str, total: str) -> None:
    scores = worked("gad-7", answers)

    assert scores == {"total": total}


def test_three_missing_items_leave_no_score() -> None:
    scores = worked("gad-7", "_ 3 3 _ 3 3 _")

    assert scores == {"total": "none: unknown, 4 of 7"}


@pytest.mark.parametrize(
    ("value", "band"),
    [
        (0, "minimal"),
        (4, "minimal"),
        (5, "mild"),
        (9, "mild"),
        (10, "moderate"),
        (14, "moderate"),
        (15, "severe"),
        (21, "severe"),
    ],
)
def test_bands_begin_at_5_10_and_15(value: int, band: str) -> None:
    found = banded("gad-7", "total", Decimal(value))

    assert found == band


@pytest.mark.parametrize("item", [1, 2], ids="item {}".format)
def test_an_answer_outside_0_to_3_is_refused(item: int) -> None:
    answers = ["0"] * 7
    answers[item - 1] = "4"

    fields = refused("gad-7", " ".join(answers))

    assert fields == [f"gad7_{item}"]


@pytest.mark.parametrize("taken", ["LA6570-1", "LA18938-3"])
@pytest.mark.parametrize(("item", "told"), [("gad7-1", "LA6570-1"), ("gad7-2", "LA18938-3")])
def test_the_answer_2_is_taken_by_either_code_of_loinc_and_told_in_the_words_of_the_form(
    item: str, taken: str, told: str
) -> None:
    """LOINC has a code and a name of its own for the answer 2 to item 2."""
    said = coded("gad-7", item, taken)

    assert said == {"code": told, "text": "More than half the days"}
