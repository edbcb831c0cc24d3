"""PHQ-4: four items from 0 to 3; the first two are anxiety (GAD-2), the others depression (PHQ-2).

Source: Kroenke, Spitzer, Williams & Löwe 2009 (bands 3, 6, 9 of the total; 3 is a positive screen
of either part; from memory). Missing items: no official rule; every item must be answered.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.spec.worked import banded, coded, refused, worked


@pytest.mark.parametrize(
    ("answers", "total", "anxiety", "depression"),
    [
        pytest.param("0 0 0 0", "0", "0", "0", id="lowest"),
        pytest.param("3 3 3 3", "12", "6", "6", id="highest"),
        pytest.param("2 1 3 1", "7", "3", "4", id="a person"),
        pytest.param("3 2 0 0", "5", "5", "0", id="anxiety alone"),
    ],
)
def test_the_total_is_the_sum_of_two_and_two(
    answers: str, total: str, anxiety: str, depression: str
) -> None:
    scores = worked("phq-4", answers)

    assert scores == {"total": total, "anxiety": anxiety, "depression": depression}


def test_a_missing_item_leaves_the_other_half() -> None:
    scores = worked("phq-4", "2 _ 3 1")

    assert scores == {
        "total": "none: unknown, 3 of 4",
        "anxiety": "none: unknown, 1 of 2",
        "depression": "4",
    }


@pytest.mark.parametrize(
    ("value", "band"),
    [
        (0, "normal"),
        (2, "normal"),
        (3, "mild"),
        (5, "mild"),
        (6, "moderate"),
        (8, "moderate"),
        (9, "severe"),
        (12, "severe"),
    ],
)
def test_bands_of_the_total_begin_at_3_6_and_9(value: int, band: str) -> None:
    assert banded("phq-4", "total", Decimal(value)) == band


@pytest.mark.parametrize(("value", "band"), [(0, "negative"), (2, "negative"), (3, "positive")])
@pytest.mark.parametrize("scale", ["anxiety", "depression"])
def test_three_points_are_a_positive_screen(scale: str, value: int, band: str) -> None:
    assert banded("phq-4", scale, Decimal(value)) == band


@pytest.mark.parametrize("answer", ["-1", "4", "often"])
def test_an_answer_outside_0_to_3_is_refused(answer: str) -> None:
    assert refused("phq-4", f"0 {answer} 0 0") == ["phq4_2"]


@pytest.mark.parametrize("taken", ["LA6570-1", "LA18938-3"])
@pytest.mark.parametrize(("item", "told"), [("phq4-1", "LA6570-1"), ("phq4-2", "LA18938-3")])
def test_the_answer_2_is_taken_by_either_code_of_loinc_and_told_in_the_words_of_the_form(
    item: str, taken: str, told: str
) -> None:
    """LOINC has a code and a name of its own for the answer 2 to item 2."""
    said = coded("phq-4", item, taken)

    assert said == {"code": told, "text": "More than half the days"}
