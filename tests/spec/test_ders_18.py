"""DERS-18: eighteen items from 1 to 5, summed; items 1, 4 and 6 are counted backwards (6 - answer).

Source: Victor & Klonsky, J Psychopathol Behav Assess 2016;38:582-589 (items of the six subscales
and the reversed items). Missing items: no rule of the authors was found, so every item must be
answered.
"""

from __future__ import annotations

import pytest

from tests.spec.worked import refused, scored, worked

SUBSCALES = {
    "awareness": [1, 4, 6],
    "clarity": [2, 3, 5],
    "goals": [8, 12, 15],
    "impulse": [9, 16, 18],
    "nonacceptance": [7, 13, 14],
    "strategies": [10, 11, 17],
}
SUBSCALE_OF = {item: name for name, items in SUBSCALES.items() for item in items}


def in_the_middle(item: int, answer: str) -> str:
    """Every item answered 3, but one."""
    return " ".join(answer if number == item else "3" for number in range(1, 19))


@pytest.mark.parametrize(
    ("answers", "total"),
    [
        # items  1 2 3 4 5 6 7 8 9 10 ...
        pytest.param("5 1 1 5 1 5 1 1 1 1 1 1 1 1 1 1 1 1", "18", id="as calm as can be"),
        pytest.param("1 5 5 1 5 1 5 5 5 5 5 5 5 5 5 5 5 5", "90", id="as troubled as can be"),
        # three reversed items give 3 x 5, the other fifteen 15 x 1
        pytest.param("1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "30", id="always 1"),
        pytest.param("3 3 3 3 3 3 3 3 3 3 3 3 3 3 3 3 3 3", "54", id="always 3"),
        # 3 x 1 + 15 x 5
        pytest.param("5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5", "78", id="always 5"),
    ],
)
def test_the_total_runs_from_18_to_90_and_more_is_worse(answers: str, total: str) -> None:
    scores = worked("ders-18", answers)

    assert scores["total"] == total


def test_a_person_gets_a_total_and_six_subscales() -> None:
    """Items 1, 4, 6 answered 4, 5, 4 count 2, 1, 2; the subscales add up to the total."""
    answers = "4 2 1 5 2 4 3 4 2 3 2 4 1 2 5 2 3 1"

    scores = worked("ders-18", answers)

    assert scores == {
        "awareness": "5",  # 2 + 1 + 2
        "clarity": "5",  # items 2, 3, 5: 2 + 1 + 2
        "goals": "13",  # items 8, 12, 15: 4 + 4 + 5
        "impulse": "5",  # items 9, 16, 18: 2 + 2 + 1
        "nonacceptance": "6",  # items 7, 13, 14: 3 + 1 + 2
        "strategies": "8",  # items 10, 11, 17: 3 + 2 + 3
        "total": "42",  # 5 + 5 + 13 + 5 + 6 + 8
    }


@pytest.mark.parametrize(
    ("answer", "awareness"),
    [("1", "11"), ("2", "10"), ("3", "9"), ("4", "8"), ("5", "7")],
    ids=["1 counts 5", "2 counts 4", "3 counts 3", "4 counts 2", "5 counts 1"],
)
@pytest.mark.parametrize("item", [1, 4, 6], ids="item {}".format)
def test_items_1_4_and_6_are_counted_backwards(item: int, answer: str, awareness: str) -> None:
    """The other two awareness items are answered 3 and count 6 together."""
    answers = in_the_middle(item, answer)

    scores = worked("ders-18", answers)

    assert scores["awareness"] == awareness


@pytest.mark.parametrize("item", range(1, 19), ids="item {}".format)
def test_each_item_counts_in_the_total_and_in_one_subscale(item: int) -> None:
    """From 3 to 4: its subscale and the total move by one, down for the reversed items."""
    answers = in_the_middle(item, "4")
    step = -1 if item in {1, 4, 6} else 1

    scores = worked("ders-18", answers)

    moved = {name: str(9 + step * (name == SUBSCALE_OF[item])) for name in SUBSCALES}
    assert scores == moved | {"total": str(54 + step)}


@pytest.mark.parametrize("item", range(1, 19), ids="without item {}".format)
def test_one_missing_item_leaves_no_total_and_no_score_of_its_subscale(item: int) -> None:
    answers = in_the_middle(item, "_")

    scores = worked("ders-18", answers)

    without = {SUBSCALE_OF[item]: "none: unknown, 2 of 3", "total": "none: unknown, 17 of 18"}
    assert scores == dict.fromkeys(SUBSCALES, "9") | without


@pytest.mark.parametrize("answer", ["0", "6", "2.5"])
def test_an_answer_that_the_form_does_not_offer_is_refused(answer: str) -> None:
    answers = in_the_middle(7, answer)

    fields = refused("ders-18", answers)

    assert fields == ["ders18_7"]


def test_no_bands_are_published_and_none_are_given() -> None:
    scores = scored("ders-18", in_the_middle(1, "3"))

    assert [score.scale.bands for score in scores] == [()] * 7
