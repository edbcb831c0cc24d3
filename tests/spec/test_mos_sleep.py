"""MOS Sleep, twelve items: each scale is the mean of its items, recoded to 0-100; item 2 is hours.

Sources: Health Qual Life Outcomes 2009;7:64, table 2 (items of the scales); Spritzer & Hays 2003
(items 4 and 12 count in opposite directions in the adequacy scale and in the problem indices);
recoding after the RAND manual: item 1 from 1 to 5 is 0, 25, 50, 75, 100; items 3-12 from 1 (the
most often) to 6 are 100, 80, 60, 40, 20, 0. Missing items: the mean of those that were answered.
"""

from __future__ import annotations

import pytest

from tests.spec.worked import refused, worked

# items           1 2 3 4 5 6 7 8 9 10 11 12
GOOD_SLEEPER = "1 8 6 1 6 6 6 6 6 6 6 1"
POOR_SLEEPER = "5 3 1 6 1 1 1 1 1 1 1 6"
A_PERSON = "3 7 2 5 6 4 3 5 3 1 6 3"


@pytest.mark.parametrize(
    ("answers", "problems", "adequacy", "optimal"),
    [
        pytest.param(GOOD_SLEEPER, "0", "100.00", "1", id="good sleeper"),
        pytest.param(POOR_SLEEPER, "100", "0.00", "0", id="poor sleeper"),
    ],
)
def test_problems_run_from_0_to_100_and_adequacy_the_other_way(
    answers: str, problems: str, adequacy: str, optimal: str
) -> None:
    scores = worked("mos-sleep", answers)

    assert scores == {
        "slp6": f"{problems}.00",
        "slp9": f"{problems}.00",
        "disturbance": f"{problems}.00",
        "snoring": problems,
        "short-of-breath-headache": problems,
        "adequacy": adequacy,
        "somnolence": f"{problems}.00",
        "quantity": answers.split()[1],
        "optimal": optimal,
    }


def test_a_person_gets_nine_scores() -> None:
    """Items 4 and 12 (answered 5 and 3) count 20 and 60 for adequacy, 80 and 40 for problems."""
    scores = worked("mos-sleep", A_PERSON)

    assert scores == {
        "slp6": "43.33",  # items 4 5 7 8 9 12: 80 + 0 + 60 + 20 + 60 + 40 = 260; / 6
        "slp9": "47.78",  # and items 1 3 6: 50 + 80 + 40 more = 430; / 9
        "disturbance": "52.50",  # items 1 3 7 8: 50 + 80 + 60 + 20 = 210; / 4
        "snoring": "100",  # item 10 answered 1
        "short-of-breath-headache": "0",  # item 5 answered 6
        "adequacy": "40.00",  # items 4 12: 20 + 60 = 80; / 2
        "somnolence": "33.33",  # items 6 9 11: 40 + 60 + 0 = 100; / 3
        "quantity": "7",
        "optimal": "1",
    }


@pytest.mark.parametrize(
    ("answer", "adequacy", "slp6", "slp9"),
    [
        # adequacy: the mean of two; slp6: 20 points a step over 6 items; slp9: over 9
        ("1", "100.00", "0.00", "0.00"),
        ("2", "90.00", "3.33", "2.22"),
        ("3", "80.00", "6.67", "4.44"),
        ("4", "70.00", "10.00", "6.67"),
        ("5", "60.00", "13.33", "8.89"),
        ("6", "50.00", "16.67", "11.11"),
    ],
)
@pytest.mark.parametrize("item", [4, 12], ids="item {}".format)
def test_too_little_sleep_lowers_adequacy_and_raises_the_problem_indices(
    item: int, answer: str, adequacy: str, slp6: str, slp9: str
) -> None:
    """The trap: the same answer counts upwards here and downwards there."""
    answers = GOOD_SLEEPER.split()
    answers[item - 1] = answer

    scores = worked("mos-sleep", " ".join(answers))

    assert (scores["adequacy"], scores["slp6"], scores["slp9"]) == (adequacy, slp6, slp9)


@pytest.mark.parametrize(
    ("answer", "disturbance", "slp9"),
    [
        ("1", "0.00", "0.00"),
        ("2", "6.25", "2.78"),  # 25 / 4 and 25 / 9
        ("3", "12.50", "5.56"),
        ("4", "18.75", "8.33"),
        ("5", "25.00", "11.11"),
    ],
)
def test_item_1_has_five_steps_of_25(answer: str, disturbance: str, slp9: str) -> None:
    """Time to fall asleep: the longer, the worse, against the direction of the other items."""
    scores = worked("mos-sleep", f"{answer} {GOOD_SLEEPER[2:]}")

    assert (scores["disturbance"], scores["slp9"]) == (disturbance, slp9)


@pytest.mark.parametrize(
    ("hours", "optimal"),
    [("0", "0"), ("6", "0"), ("7", "1"), ("8", "1"), ("9", "0"), ("24", "0")],
)
def test_seven_or_eight_hours_are_optimal(hours: str, optimal: str) -> None:
    scores = worked("mos-sleep", f"1 {hours} {GOOD_SLEEPER[4:]}")

    assert (scores["quantity"], scores["optimal"]) == (hours, optimal)


def test_the_mean_is_taken_over_the_items_that_were_answered() -> None:
    """Items 7 and 8 are missing from the person above."""
    scores = worked("mos-sleep", "3 7 2 5 6 4 _ _ 3 1 6 3")

    assert scores["disturbance"] == "65.00, mean of 2 of 4"  # (50 + 80) / 2
    assert scores["slp6"] == "45.00, mean of 4 of 6"  # (80 + 0 + 60 + 40) / 4
    assert scores["slp9"] == "50.00, mean of 7 of 9"  # 350 / 7
    assert scores["somnolence"] == "33.33"


def test_a_scale_without_any_answer_has_no_score() -> None:
    """Only item 10 (snoring) is answered."""
    scores = worked("mos-sleep", "_ _ _ _ _ _ _ _ _ 3 _ _")

    assert scores == {
        "slp6": "none: unknown, 0 of 6",
        "slp9": "none: unknown, 0 of 9",
        "disturbance": "none: unknown, 0 of 4",
        "snoring": "60",
        "short-of-breath-headache": "none: unknown, 0 of 1",
        "adequacy": "none: unknown, 0 of 2",
        "somnolence": "none: unknown, 0 of 3",
        "quantity": "none: unknown, 0 of 1",
        "optimal": "none: unknown, 0 of 1",
    }


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        pytest.param("6 7 2 5 6 4 3 5 3 1 6 3", "mos_sleep_1", id="item 1 has five steps"),
        pytest.param("3 25 2 5 6 4 3 5 3 1 6 3", "mos_sleep_2", id="a day has 24 hours"),
        pytest.param("3 7 2 5 6 4 3 5 3 1 6 7", "mos_sleep_12", id="item 12 has six steps"),
    ],
)
def test_an_answer_that_the_item_does_not_offer_is_refused(answers: str, field: str) -> None:
    fields = refused("mos-sleep", answers)

    assert fields == [field]
