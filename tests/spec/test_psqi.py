"""PSQI: seven components from 0 to 3 and their sum, from times, minutes, hours and frequencies.

Source: Buysse et al. 1989 and the developers' scoring sheet. Latency: minutes (15, 30, 60) and item
5a; duration: hours (more than 7, 6 to 7, 5 to 6, less); efficiency: hours asleep as a share of the
time in bed (85, 75, 65 %); disturbances: items 5b to 5j; daytime: items 7 and 8. Item 5j counts 0
where its reason or its frequency is missing. Any other missing answer leaves its component and the
global score without a value. More than 5 is poor sleep.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.spec.worked import banded, refused, worked

COMPONENTS = (
    "quality",
    "latency",
    "duration",
    "efficiency",
    "disturbance",
    "medication",
    "daytime",
    "global",
)
FIELDS = [*"1234", *(f"5{letter}" for letter in "abcdefghi"), "reason", "5j", *"6789"]


def person(answers: str) -> dict[str, str]:
    """Answers by question: times, minutes and hours, 5a to 5i, the other reason and 5j, 6 to 9."""
    return dict(zip(FIELDS, answers.split(), strict=True))


GOOD = person("22:30 10 06:30 8  0 0 0 0 0 0 0 0 0  _ _  0 0 0 0")
POOR = person("22:00 90 08:00 4  3 3 3 3 3 3 3 3 3  pain 3  3 3 3 3")
A_PERSON = person("23:10 25 07:00 6.5  2 3 1 0 0 1 0 0 3  pain 2  1 1 2 2")


def scored(somebody: dict[str, str], **changes: str) -> dict[str, str]:
    """The scores of somebody with other answers: `_2="45"` is question 2."""
    answers = somebody | {name.lstrip("_"): answer for name, answer in changes.items()}
    return worked("psqi", " ".join(answers[field] for field in FIELDS))


def components(scores: dict[str, str]) -> str:
    """The seven components and the global score, in this order."""
    return " ".join(scores[name].removesuffix(", from 8 of 9") for name in COMPONENTS)


@pytest.mark.parametrize(
    ("somebody", "expected"),
    [
        pytest.param(GOOD, "0 0 0 0 0 0 0 0", id="best"),
        pytest.param(POOR, "3 3 3 3 3 3 3 21", id="worst"),
        # in bed 470 minutes, asleep 390: 83 %; disturbances 3+1+1+3+2 = 10
        pytest.param(A_PERSON, "2 2 1 1 2 1 2 11", id="a person"),
    ],
)
def test_seven_components_make_the_global_score(somebody: dict[str, str], expected: str) -> None:
    assert components(scored(somebody)) == expected


def test_times_and_hours_are_told_as_well() -> None:
    scores = scored(A_PERSON)

    assert scores["time-in-bed"] == "470"  # from 23:10 to 07:00
    assert scores["time-asleep"] == "390.00"
    assert scores["efficiency-percent"] == "83.0"


@pytest.mark.parametrize(
    ("minutes", "item_5a", "points"),
    [
        ("15", "0", "0"),
        ("16", "0", "1"),
        ("30", "1", "1"),
        ("30.5", "1", "2"),  # 2 + 1
        ("31", "2", "2"),
        ("60", "2", "2"),
        ("61", "2", "3"),
        ("61", "3", "3"),
    ],
)
def test_latency_is_minutes_in_steps_and_item_5a(minutes: str, item_5a: str, points: str) -> None:
    assert scored(GOOD, _2=minutes, _5a=item_5a)["latency"] == points


@pytest.mark.parametrize(
    ("hours", "points"),
    [("7.1", "0"), ("7", "1"), ("6", "1"), ("5.9", "2"), ("5", "2"), ("4.9", "3"), ("0", "3")],
)
def test_more_than_seven_hours_are_best_and_less_than_five_worst(hours: str, points: str) -> None:
    assert scored(GOOD, _4=hours)["duration"] == points


@pytest.mark.parametrize(
    ("to_bed", "up", "hours", "share", "points"),
    [
        pytest.param("22:00", "08:00", "8.5", "85.0", "0", id="85 %"),
        pytest.param("22:00", "08:00", "8.45", "84.5", "1", id="84.5 %, the trap of whole numbers"),
        pytest.param("22:00", "08:25", "8.85", "85.0", "1", id="84.96 %, told as 85.0"),
        pytest.param("01:20", "08:00", "5", "75.0", "1", id="75 %, 300 of 400 minutes"),
        pytest.param("22:00", "08:00", "7.4", "74.0", "2", id="74 %"),
        pytest.param("22:00", "08:00", "6.5", "65.0", "2", id="65 %"),
        pytest.param("22:00", "08:00", "6.4", "64.0", "3", id="64 %"),
        pytest.param("10:00", "18:00", "8", "100.0", "0", id="by day, all of it"),
    ],
)
def test_efficiency_is_a_share_without_gaps_between_its_steps(
    to_bed: str, up: str, hours: str, share: str, points: str
) -> None:
    scores = scored(GOOD, _1=to_bed, _3=up, _4=hours)

    assert (scores["efficiency-percent"], scores["efficiency"]) == (share, points)


@pytest.mark.parametrize(
    ("changes", "time_in_bed"),
    [
        pytest.param({"_4": "9"}, "480", id="asleep longer than in bed"),
        pytest.param({"_3": "22:30"}, "none: error, 2 of 2", id="up when to bed"),
    ],
)
def test_answers_that_contradict_each_other_give_no_efficiency(
    changes: dict[str, str], time_in_bed: str
) -> None:
    scores = scored(GOOD, **changes)

    reason = "2 of 2" if time_in_bed == "480" else "1 of 2"
    assert scores["time-in-bed"] == time_in_bed
    assert scores["efficiency"] == f"none: error, {reason}"
    assert scores["global"] == "none: error, 6 of 7"


@pytest.mark.parametrize(
    ("sum_of_nine", "answers", "points"),
    [
        (0, "0 0 0 0 0 0 0 0 0", "0"),
        (1, "1 0 0 0 0 0 0 0 0", "1"),
        (9, "1 1 1 1 1 1 1 1 1", "1"),
        (10, "2 1 1 1 1 1 1 1 1", "2"),
        (18, "2 2 2 2 2 2 2 2 2", "2"),
        (19, "3 2 2 2 2 2 2 2 2", "3"),
        (27, "3 3 3 3 3 3 3 3 3", "3"),
    ],
)
def test_disturbances_are_nine_items_in_steps_of_nine(
    sum_of_nine: int, answers: str, points: str
) -> None:
    frequencies = dict(zip("bcdefghij", answers.split(), strict=True))
    given = {f"_5{letter}": answer for letter, answer in frequencies.items()}

    assert sum(map(int, answers.split())) == sum_of_nine
    assert scored(GOOD, reason="pain", **given)["disturbance"] == points


@pytest.mark.parametrize(
    ("reason", "frequency", "points"),
    [
        pytest.param("pain", "3", "1", id="both"),
        pytest.param("_", "3", "0, from 8 of 9", id="no reason"),
        pytest.param("pain", "_", "0, from 8 of 9", id="no frequency"),
        pytest.param("_", "_", "0, from 8 of 9", id="neither"),
    ],
)
def test_item_5j_counts_0_without_its_reason_or_frequency(
    reason: str, frequency: str, points: str
) -> None:
    assert scored(GOOD, reason=reason, _5j=frequency)["disturbance"] == points


@pytest.mark.parametrize(
    ("item", "lost"),
    [
        ("1", {"efficiency"}),
        ("2", {"latency"}),
        ("3", {"efficiency"}),
        ("4", {"duration", "efficiency"}),
        ("5a", {"latency"}),
        ("5b", {"disturbance"}),
        ("5i", {"disturbance"}),
        ("6", {"medication"}),
        ("7", {"daytime"}),
        ("8", {"daytime"}),
        ("9", {"quality"}),
    ],
)
def test_any_other_gap_costs_its_component_and_the_global_score(item: str, lost: set[str]) -> None:
    scores = scored(A_PERSON, **{f"_{item}": "_"})

    without = {name for name in COMPONENTS if scores[name].startswith("none")}
    assert without == {*lost, "global"}
    assert scores["global"] == f"none: unknown, {7 - len(lost)} of 7"


@pytest.mark.parametrize(("value", "band"), [(0, "good"), (5, "good"), (6, "poor"), (21, "poor")])
def test_more_than_five_is_poor_sleep(value: int, band: str) -> None:
    assert banded("psqi", "global", Decimal(value)) == band


@pytest.mark.parametrize(
    ("item", "answer", "field"),
    [
        ("1", "24:00", "psqi_1"),
        ("4", "25", "psqi_4"),
        ("5a", "4", "psqi_5a"),
        ("2", "-1", "psqi_2"),
    ],
)
def test_an_answer_that_cannot_be_is_refused(item: str, answer: str, field: str) -> None:
    answers = GOOD | {item: answer}

    assert refused("psqi", " ".join(answers[name] for name in FIELDS)) == [field]
