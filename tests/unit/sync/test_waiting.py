"""A record system that is busy, broken or gone is waited for, and not for ever."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from adapter.errors import EhrError
from tests.unit.sync.desk import REPOSITORY, limited
from tests.unit.sync.far_side import Fault, answering, lost, outcome, taken_but

if TYPE_CHECKING:
    from tests.unit.sync.conftest import Opened
    from tests.unit.sync.desk import Desk
    from tests.unit.sync.far_side import FarSide

BUSY = [pytest.param(status, id=f"HTTP {status}") for status in (429, 503)]
BROKEN = [
    pytest.param(answering(500, outcome("no disk left")), id="HTTP 500"),
    pytest.param(answering(502, "<html>Bad Gateway</html>"), id="HTTP 502"),
    pytest.param(answering(504), id="HTTP 504"),
    pytest.param(lost(httpx.ReadTimeout), id="no answer"),
    pytest.param(lost(httpx.RemoteProtocolError), id="a body cut off"),
    pytest.param(answering(200, "<html>Please sign in</html>"), id="HTML"),
    pytest.param(answering(200, b'{"resourceType": "Bundle", "entry": [{'), id="half a JSON"),
]


@pytest.mark.parametrize("status", BUSY)
@pytest.mark.parametrize(
    "said",
    [
        pytest.param("97", id="seconds"),
        pytest.param("Sun, 01 Mar 2026 09:31:37 GMT", id="a date"),
    ],
)
def test_a_busy_record_system_is_asked_again_exactly_when_it_said(
    desk: Desk, far: FarSide, status: int, said: str
) -> None:
    desk.owe(desk.observation("a"), form="phq-9")
    far.faults.extend([answering(status, Retry_After=said)])

    desk.push()

    assert desk.slept == [97.0]
    assert far.moments[1] - far.moments[0] == timedelta(seconds=97)
    assert desk.states() == {"a": "accepted"}


def test_no_part_of_a_delivery_comes_earlier_than_a_busy_record_system_said(opened: Opened) -> None:
    desk = opened(limited(REPOSITORY, entries=2))
    far = desk.far
    for name in "abcdef":
        desk.owe(desk.observation(name), unit="one")  # three bundles of one claim
    far.faults.extend([None, answering(503, Retry_After="30")])

    desk.push()

    assert [moment - far.moments[0] for moment in far.moments[1:3]] == [
        timedelta(0),
        timedelta(seconds=30),
    ]
    assert desk.slept == [30.0]
    assert set(desk.states().values()) == {"accepted"}
    assert [len(entries) for entries in far.transactions] == [2, 2, 2, 2]


@pytest.mark.parametrize("place", range(1, 6))
def test_a_halved_bundle_stops_where_the_record_system_is_busy(
    desk: Desk, far: FarSide, place: int
) -> None:
    for name in "abcd":
        desk.owe(desk.observation(name))
    desk.owe(desk.observation("poison", value=666))
    far.rule = refuse_666
    far.faults.extend([None] * place + [answering(429, Retry_After="11")])

    desk.push()

    assert desk.slept == [11.0]
    assert far.moments[place + 1] - far.moments[place] == timedelta(seconds=11)
    assert desk.states() == {**dict.fromkeys("abcd", "accepted"), "poison": "quarantined"}
    assert all(far.version_of(f"Observation/{name}") == 1 for name in "abcd")


def refuse_666(request: httpx.Request, take: object) -> httpx.Response:
    if b"666" in request.content:
        return httpx.Response(422, json=outcome("this number is not taken"))
    assert callable(take)
    taken = take(request)
    assert isinstance(taken, httpx.Response)
    return taken


@pytest.mark.parametrize("fault", [*BROKEN, pytest.param(lost(httpx.ConnectError), id="nobody")])
def test_without_a_word_of_when_each_wait_is_twice_as_long(
    desk: Desk, far: FarSide, fault: Fault
) -> None:
    desk.owe(desk.observation("a"))
    far.faults.extend([fault] * 5)

    desk.push()

    assert desk.slept == [0.5, 1.0, 2.0, 4.0, 8.0]
    assert desk.states() == {"a": "accepted"}
    assert far.version_of("Observation/a") == 1


def test_a_success_in_between_begins_the_waiting_anew(opened: Opened) -> None:
    desk = opened(limited(REPOSITORY, entries=1))
    far = desk.far
    for name in "abc":
        desk.owe(desk.observation(name))
    busy = answering(503)
    far.faults.extend([busy, busy, busy, None, busy, busy, None])

    desk.push()

    assert desk.slept == [0.5, 1.0, 2.0, 0.5, 1.0]
    assert set(desk.states().values()) == {"accepted"}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        pytest.param(answering(503), "HTTP 503", id="HTTP 503"),
        pytest.param(answering(429), "HTTP 429", id="HTTP 429"),
        pytest.param(lost(httpx.ConnectError), "ConnectError", id="nobody"),
        pytest.param(lost(httpx.ConnectTimeout), "ConnectTimeout", id="no way"),
    ],
)
def test_after_six_tries_in_a_row_it_is_left_for_later_and_nothing_is_lost(
    desk: Desk, far: FarSide, fault: Fault, reason: str
) -> None:
    for name in "abc":
        desk.owe(desk.observation(name))
    far.rule = fault

    with pytest.raises(EhrError, match=f"repository.*6 times.*{reason}.*Nothing is lost") as raised:
        desk.push()

    assert raised.value.exit_code == 17
    assert len(far.requests) == 6
    assert desk.slept == [0.5, 1.0, 2.0, 4.0, 8.0]
    assert desk.states() == dict.fromkeys("abc", "queued")


@pytest.mark.parametrize("fault", BROKEN)
def test_what_nobody_knows_of_stays_in_doubt_until_it_is_looked_up(
    desk: Desk, far: FarSide, fault: Fault
) -> None:
    for name in "abc":
        desk.owe(desk.observation(name))
    far.rule = fault

    with pytest.raises(EhrError, match="6 times") as raised:
        desk.push()

    assert raised.value.exit_code == 17
    assert desk.states() == dict.fromkeys("abc", "uncertain")
    assert len(far.transactions) == 1


@pytest.mark.parametrize(
    "fault",
    [
        *BROKEN,
        pytest.param(answering(503), id="HTTP 503"),
        pytest.param(lost(httpx.ConnectError), id="nobody"),
        pytest.param(taken_but(lost(httpx.ReadTimeout)), id="no answer to what was taken"),
    ],
)
def test_a_later_push_brings_what_an_earlier_one_could_not(
    desk: Desk, far: FarSide, fault: Fault
) -> None:
    for name in "abc":
        desk.owe(desk.observation(name))
    far.rule = fault
    with pytest.raises(EhrError):
        desk.push()
    far.rule = None

    report = desk.push()

    assert report.created == {"Observation": 3}
    assert desk.states() == dict.fromkeys("abc", "accepted")
    assert [far.version_of(f"Observation/{name}") for name in "abc"] == [1, 1, 1]


def test_what_is_under_way_when_the_process_dies_is_in_doubt(desk: Desk, far: FarSide) -> None:
    desk.owe(desk.observation("a"))
    far.faults.extend([killed])

    with pytest.raises(KeyboardInterrupt):
        desk.push()

    assert desk.states() == {"a": "claimed"}
    report = desk.push()
    assert far.reads == [["Observation/a"]]
    assert report.created == {"Observation": 1}
    assert desk.states() == {"a": "accepted"}


def killed(_: httpx.Request, __: object) -> httpx.Response:
    raise KeyboardInterrupt


def test_each_step_is_told_of_for_the_bar_on_the_screen(opened: Opened) -> None:
    from adapter.sync.push import push  # noqa: PLC0415 - the one test that calls it bare

    desk = opened(limited(REPOSITORY, entries=2))
    for name in "abcde":
        desk.owe(desk.observation(name))
    told: list[int] = []

    push(desk.clinic, told.append)

    assert told == [2, 2, 1]
