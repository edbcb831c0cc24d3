"""A clinic is asked no more often than it allows, and rests after trouble, whoever asks."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from adapter.errors import ConflictError, EhrError
from adapter.store.pace import Pace, keep_pace, pace
from adapter.sync.budget import Bucket, fill, wait_for_one
from adapter.waiting import wait_seconds
from tests.unit.sync.desk import REPOSITORY, limited
from tests.unit.sync.far_side import answering, lost

if TYPE_CHECKING:
    from tests.unit.sync.conftest import Opened
    from tests.unit.sync.desk import Desk
    from tests.unit.sync.far_side import FarSide

SLOW = limited(REPOSITORY, entries=1).model_copy(update={"requests_per_second": 2, "burst": 3})


def test_no_more_requests_come_than_a_clinic_allows(opened: Opened) -> None:
    desk = opened(SLOW)
    for number in range(9):
        desk.owe(desk.observation(f"o{number}"))

    desk.push()

    moments = desk.far.moments
    assert len(moments) == 9
    for start in range(9):
        for end in range(start, 9):
            seconds = (moments[end] - moments[start]).total_seconds()
            assert end - start + 1 <= SLOW.burst + 2 * seconds + 1e-6
    assert moments[-1] - moments[0] == timedelta(seconds=3)  # and no slower: 3 at once, then 6


def test_whoever_has_the_next_turn_goes_on_with_the_same_budget(opened: Opened) -> None:
    first, second = opened(SLOW), opened(SLOW)
    for number in range(3):
        first.owe(first.observation(f"o{number}"))
    first.push()
    second.owe(second.observation("late"))

    second.push()

    assert first.slept == []
    assert second.slept == [0.5]


def test_who_comes_after_a_killed_push_counts_on_no_request_that_may_be_left(
    opened: Opened,
) -> None:
    first, second = opened(SLOW), opened(SLOW)
    for number in range(4):
        first.owe(first.observation(f"o{number}"))
    first.clinic = first.with_sleep(dies)  # it has made three requests by then
    with pytest.raises(KeyboardInterrupt):
        first.push()
    second.here += timedelta(minutes=10)

    second.push()

    assert len(first.far.requests) == 3
    assert second.slept[0] == 0.5


def test_a_budget_fills_up_again_while_nobody_asks(opened: Opened) -> None:
    desk = opened(SLOW)
    for turn in range(2):
        for number in range(3):
            desk.owe(desk.observation(f"o{turn}{number}"))
        desk.push()
        desk.here += timedelta(seconds=1.5)

    assert desk.slept == []


def test_a_clock_that_goes_back_lends_no_requests() -> None:
    bucket = fill(Bucket(tokens=0, filled=4000), 400, per_second=2, burst=3)

    assert bucket == Bucket(0, 400)
    assert wait_for_one(bucket, 2) == 0.5


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 1.0), (0.5, 1.5), (1.0, 2.0)])
def test_chance_takes_up_to_half_of_a_wait_away_but_nothing_of_what_was_asked_for(
    chance: float, seconds: float
) -> None:
    assert wait_seconds(3, None, chance) == seconds
    assert wait_seconds(3, 97, chance) == 97


def test_after_six_failures_a_clinic_rests_and_one_request_tries_it(
    desk: Desk, far: FarSide
) -> None:
    desk.owe(desk.observation("a"))
    far.rule = answering(503)
    with pytest.raises(EhrError):
        desk.push()
    before, asked = desk.here, len(far.requests)

    with pytest.raises(EhrError, match="6 times"):
        desk.push()

    assert far.moments[asked] - before == timedelta(seconds=30)
    assert len(far.requests) == asked + 1


def test_a_clinic_that_rests_for_long_is_not_waited_for(desk: Desk, far: FarSide) -> None:
    desk.owe(desk.observation("a"))
    far.rule = answering(503)
    for _ in range(3):
        with pytest.raises(EhrError, match="6 times"):
            desk.push()
    asked = len(far.requests)

    with pytest.raises(EhrError, match=r"repository: .* rests for 120 more seconds") as raised:
        desk.push()

    assert raised.value.exit_code == 17
    assert len(far.requests) == asked
    assert desk.states() == {"a": "queued"}


def test_an_answer_closes_the_breaker(desk: Desk, far: FarSide) -> None:
    desk.owe(desk.observation("a"))
    far.rule = answering(503)
    with pytest.raises(EhrError):
        desk.push()
    far.rule = None

    desk.push()
    desk.owe(desk.observation("b"))
    far.faults.extend([lost(httpx.ConnectError)] * 5)
    desk.push()

    kept = pace(desk.database.read(), "repository")
    assert kept is not None
    assert (kept.failures, kept.openings, kept.open_until) == (0, 0, 0.0)
    assert desk.states() == {"a": "accepted", "b": "accepted"}


def test_who_comes_after_a_killed_push_waits_as_the_clinic_asked(desk: Desk, far: FarSide) -> None:
    desk.owe(desk.observation("a"))
    far.faults.extend([answering(429, Retry_After="40")])
    desk.clinic = desk.with_sleep(dies)
    with pytest.raises(KeyboardInterrupt):
        desk.push()
    asked = far.moments[-1]
    desk.here += timedelta(seconds=15)

    desk.clinic = desk.with_sleep(desk.sleep)
    desk.push()

    assert far.moments[-1] - asked == timedelta(seconds=40)
    assert desk.states() == {"a": "accepted"}


def dies(_: float) -> None:
    raise KeyboardInterrupt


def test_a_clock_that_goes_back_an_hour_makes_nobody_wait_for_it(desk: Desk, far: FarSide) -> None:
    desk.owe(desk.observation("a"))
    moment = desk.here.timestamp() + 3600
    with desk.database.write() as tx:
        keep_pace(tx, "repository", Pace(0, moment, 5, 1, moment + 30))

    desk.push()

    assert desk.slept == []
    assert len(far.requests) == 1


def test_whoever_lost_the_turn_finds_out_before_the_next_request(desk: Desk, far: FarSide) -> None:
    for name in "ab":
        desk.owe(desk.observation(name), unit=name)
    far.faults.extend([another_takes_the_turn(desk)])

    with pytest.raises(ConflictError, match="repository` still"):
        desk.push()

    assert len(far.requests) == 1


def another_takes_the_turn(desk: Desk):  # type: ignore[no-untyped-def]  # noqa: ANN201 - a fault
    def fault(request: httpx.Request, take: object) -> httpx.Response:
        with closing(sqlite3.connect(desk.database.path)) as other:
            other.execute("UPDATE lease SET token = token + 1")
            other.commit()
        assert callable(take)
        answer = take(request)
        assert isinstance(answer, httpx.Response)
        return answer

    return fault
