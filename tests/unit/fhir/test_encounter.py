"""In which of a clinic's Encounters a result is filed: by its day where the study is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapter.fhir.encounter import Chosen, Sought, choose_encounter, day_of

SYDNEY = ZoneInfo("Australia/Sydney")
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
NOW = datetime(2024, 4, 20, 2, 0, tzinfo=UTC)
STATUSES = frozenset({"arrived", "triaged", "in-progress", "onleave", "finished"})


def sought(day: str, **more: Any) -> Sought:  # noqa: ANN401 - what a test asks for
    said = {"within_days": 14, "statuses": STATUSES, **more}
    return Sought(date.fromisoformat(day), SYDNEY, said.pop("now", NOW), **said)


def stay(name: str, start: object, end: object = None, **more: object) -> dict[str, Any]:
    period = {"start": start, "end": end}
    return {
        "resourceType": "Encounter",
        "id": name,
        "status": "finished",
        "class": {"system": ACT, "code": "AMB"},
        "period": {name: said for name, said in period.items() if said is not None},
        **more,
    }


LONG = stay("long", "2024-03-01T08:00:00+11:00", "2024-03-25T10:00:00+11:00")
SHORT = stay("short", "2024-03-20T09:00:00+11:00", "2024-03-20T09:30:00+11:00")
NEXT = stay("next", "2024-03-22T09:00:00+11:00", "2024-03-22T09:30:00+11:00")
NEXT_LATER = stay("next-later", "2024-03-22T15:00:00+11:00", "2024-03-22T15:30:00+11:00")
LAST = stay("last", "2024-03-28T09:00:00+11:00", "2024-03-28T09:30:00+11:00")


@pytest.mark.parametrize(
    ("there", "chosen"),
    [
        pytest.param([SHORT, NEXT], Chosen("short", "covers"), id="the one that covers the day"),
        pytest.param([LONG, SHORT], Chosen("short", "covers"), id="of two, the latest start"),
        pytest.param([SHORT, LONG], Chosen("short", "covers"), id="in whatever order"),
        pytest.param([LAST, NEXT], Chosen("next", "follows"), id="else the next one"),
        pytest.param(
            [NEXT_LATER, NEXT], Chosen("next-later", "follows"), id="of two that day, the later"
        ),
        pytest.param([stay("b", "2024-03-01", "2024-03-03")], None, id="never one before"),
        pytest.param([stay("f", "2024-04-04")], None, id="nor one too long behind"),
        pytest.param([stay("e", "2024-04-03")], Chosen("e", "follows"), id="on the last day"),
        pytest.param([], None, id="none at all"),
    ],
)
def test_the_one_that_covers_the_day_and_else_the_next(
    there: list[dict[str, Any]], chosen: Chosen | None
) -> None:
    assert choose_encounter(there, sought("2024-03-20")) == chosen


def test_two_that_began_at_the_same_moment_are_told_apart_by_their_ids() -> None:
    twins = [stay(name, "2024-03-20T09:00:00+11:00") for name in ("b", "c", "a")]

    found = {choose_encounter(order, sought("2024-03-20")) for order in (twins, twins[::-1])}

    assert found == {Chosen("c", "covers")}


def test_what_is_yet_to_begin_is_no_choice() -> None:
    early = datetime(2024, 3, 21, 21, 59, tzinfo=UTC)  # a minute before it begins
    there = [stay("next", "2024-03-22T09:00:00+11:00")]

    before = choose_encounter(there, sought("2024-03-20", now=early))
    after = choose_encounter(there, sought("2024-03-20", now=early.replace(hour=22, minute=0)))

    assert before is None
    assert after == Chosen("next", "follows")


@pytest.mark.parametrize(
    ("status", "chosen"),
    [("in-progress", Chosen("open", "covers")), ("finished", None)],
)
def test_a_period_without_an_end_goes_on_unless_it_is_over(
    status: str, chosen: Chosen | None
) -> None:
    there = [stay("open", "2024-03-01T09:00:00+11:00", status=status)]

    assert choose_encounter(there, sought("2024-03-20")) == chosen
    on_its_day = choose_encounter(there, sought("2024-03-01"))
    assert on_its_day == Chosen("open", "covers")


@pytest.mark.parametrize(
    ("start", "day"),
    [
        pytest.param("2024-03-19T13:30:00Z", "2024-03-20", id="in Sydney's summer, eleven hours"),
        pytest.param("2024-03-19T12:30:00Z", "2024-03-19", id="half an hour before midnight there"),
        pytest.param("2024-04-08T13:30:00Z", "2024-04-08", id="in its winter, ten hours"),
        pytest.param("2024-04-08T14:30:00Z", "2024-04-09", id="behind midnight there"),
        pytest.param("2024-04-06T13:30:00Z", "2024-04-07", id="the night the clocks go back"),
        pytest.param("2024-04-07T13:30:00Z", "2024-04-07", id="the day of twenty-five hours"),
        pytest.param("2024-03-19T23:30:00-05:00", "2024-03-20", id="told in a zone far away"),
        pytest.param("2024-03-20", "2024-03-20", id="a day alone"),
    ],
)
def test_a_period_is_held_against_the_day_where_the_study_is(start: str, day: str) -> None:
    there = [stay("it", start)]

    assert choose_encounter(there, sought(day)) == Chosen("it", "covers")
    assert str(day_of(start, SYDNEY)) == day


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "planned"},
        {"status": "cancelled"},
        {"status": "entered-in-error"},
        {"status": None},
        {"class": {"system": ACT, "code": "HH"}},
        {"class": None},
        {"class": "AMB"},
        {"type": [{"coding": [{"system": "urn:t", "code": "other"}]}]},
        {"type": "kind"},
        {"period": {"start": "2024-03"}},
        {"period": {"start": "2024-03-20T09:00:00"}},
        {"period": {"start": "on Wednesday"}},
        {"period": {"end": "2024-03-20"}},
        {"period": "2024-03-20"},
        {"id": None},
    ],
    ids=str,
)
def test_what_is_not_of_the_kind_or_tells_no_day_is_passed_over(changed: dict[str, Any]) -> None:
    kind = {"type": [{"coding": [{"system": "urn:t", "code": "review"}]}]}
    wanted = sought(
        "2024-03-20",
        classes=frozenset({"AMB", "VR"}),
        types=frozenset({"urn:t|review"}),
    )

    assert choose_encounter([{**SHORT, **kind}], wanted) == Chosen("short", "covers")
    assert choose_encounter([{**SHORT, **kind, **changed}], wanted) is None
