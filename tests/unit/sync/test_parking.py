"""Who meets trouble that others do not waits alone; a clinic in trouble is nobody's fault."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from adapter.errors import EhrError
from adapter.store import parking
from adapter.store.parking import Parked
from tests.unit.sync.desk import REPOSITORY, limited, patient
from tests.unit.sync.far_side import Take, answering, lost, outcome

if TYPE_CHECKING:
    from tests.unit.sync.conftest import Opened
    from tests.unit.sync.desk import Desk

PEOPLE = ("1", "2", "3", "4")
STUCK = "3"


@pytest.fixture
def crowd(opened: Opened) -> Desk:
    """Four people with two answers each; whatever is of the third ends in an error there."""
    desk = opened(limited(REPOSITORY, entries=4))
    for person in PEOPLE:
        desk.far.system.seed([patient(desk.take_in(person))])
    for turn in ("a", "b"):
        for person in PEOPLE:
            desk.owe(desk.observation(f"{turn}{person}", participant=person), participant=person)
    desk.far.rule = breaking_for(desk, STUCK)
    return desk


def breaking_for(desk: Desk, person: str):  # type: ignore[no-untyped-def]  # noqa: ANN201 - a fault
    mark = desk.identity.patient(person).encode()

    def fault(request: httpx.Request, take: Take) -> httpx.Response:
        if b'"transaction"' in request.content and mark in request.content:
            return httpx.Response(500, json=outcome("null pointer"))
        return take(request)

    return fault


def test_who_meets_trouble_alone_holds_up_nobody_else(crowd: Desk) -> None:
    report = crowd.push()

    states = crowd.states()
    assert {name for name, state in states.items() if state == "accepted"} == {
        f"{turn}{person}" for turn in "ab" for person in PEOPLE if person != STUCK
    }
    assert {states["a3"], states["b3"]} == {"queued"}
    assert report.parked == 1


def test_who_waits_is_tried_alone_and_ever_less_often(crowd: Desk) -> None:
    crowd.push()

    (waits,) = parking.parked(crowd.database.read(), "repository")
    alone = [
        entries
        for entries in crowd.far.transactions
        if all(crowd.identity.patient(STUCK) in str(entry) for entry in entries)
    ]
    assert (waits.participant, waits.attempts) == (STUCK, 6)
    assert "HTTP 500" in waits.reason
    assert len(alone) == 3  # thrice with others before
    assert crowd.slept[-2:] == [1.0, 2.0]


def test_a_push_before_it_is_time_does_not_try_them(crowd: Desk) -> None:
    crowd.push()
    crowd.here += timedelta(seconds=1)
    crowd.owe(crowd.observation("c1"))
    asked = len(crowd.far.transactions)
    crowd.clinic = crowd.with_sleep(never)

    with crowd.database.write() as tx:
        later = crowd.here.timestamp() + 120
        parking.park(tx, "repository", Parked(STUCK, 6, later, "HTTP 500"))
    report = crowd.push()

    assert len(crowd.far.transactions) == asked + 1
    assert (report.parked, crowd.states()["c1"]) == (1, "accepted")


def never(_: float) -> None:
    raise AssertionError("nobody is waited for")


def test_when_the_trouble_is_over_they_get_everything_in_order(crowd: Desk) -> None:
    crowd.push()
    crowd.far.rule = None
    crowd.here += timedelta(hours=1)

    report = crowd.push()

    assert report.created == {"Observation": 2}
    assert set(crowd.states().values()) == {"accepted"}
    assert parking.parked(crowd.database.read(), "repository") == []
    assert [entry["request"]["url"] for entry in crowd.far.transactions[-1]] == [
        "Observation/a3",
        "Observation/b3",
    ]


def test_what_belongs_to_nobody_is_never_parked(crowd: Desk) -> None:
    crowd.far.rule = None
    crowd.owe({"resourceType": "Questionnaire", "id": "q", "status": "active"}, participant="")
    crowd.far.faults.extend([None, lost(httpx.ReadTimeout)])

    crowd.push()

    assert set(crowd.states().values()) == {"accepted"}


def test_a_clinic_in_trouble_is_nobodys_fault(crowd: Desk) -> None:
    crowd.far.rule = answering(500, outcome("out of memory"))

    with pytest.raises(EhrError, match="6 times"):
        crowd.push()

    assert parking.every(crowd.database.read(), "repository") == []


def test_a_clock_that_goes_back_an_hour_keeps_nobody_waiting(crowd: Desk) -> None:
    crowd.push()
    crowd.far.rule = None
    crowd.here -= timedelta(hours=2)

    crowd.push()

    assert set(crowd.states().values()) == {"accepted"}
