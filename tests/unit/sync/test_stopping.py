"""What is wrong with the address or the sign-in stops at once: no resource is to blame for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from adapter.errors import ConflictError, EhrError
from tests.unit.sync.desk import REPOSITORY
from tests.unit.sync.far_side import Fault, answering, lost, outcome, taken_but

if TYPE_CHECKING:
    from tests.unit.sync.conftest import Opened
    from tests.unit.sync.desk import Desk
    from tests.unit.sync.far_side import FarSide

NOT_LET_IN = [
    pytest.param(answering(status, body), id=f"HTTP {status}{said}")
    for status in (401, 403)
    for body, said in (
        (b"", ""),
        ("<html>Sign in</html>", " in HTML"),
        (outcome("no scope"), " in FHIR"),
    )
]
NO_FHIR = [
    pytest.param(answering(404, "<html>Not here</html>"), id="HTTP 404 in HTML"),
    pytest.param(answering(404), id="HTTP 404"),
    pytest.param(answering(405, {"detail": "Method Not Allowed"}), id="HTTP 405"),
    pytest.param(answering(415, {"title": "Unsupported"}), id="HTTP 415"),
    pytest.param(answering(301, location="https://elsewhere.example.org/"), id="HTTP 301"),
    pytest.param(answering(302, "<html>Moved</html>", location="/login"), id="HTTP 302"),
]


@pytest.mark.parametrize("fault", NOT_LET_IN)
def test_not_being_let_in_stops_at_once_and_blames_no_resource(
    desk: Desk, far: FarSide, fault: Fault
) -> None:
    for name in "abc":
        desk.owe(desk.observation(name))
    far.rule = fault

    with pytest.raises(EhrError, match=r"repository.*let in.*HTTP 40[13].*adapter.toml") as raised:
        desk.push()

    assert raised.value.exit_code == 17
    assert len(far.requests) == 1
    assert desk.slept == []
    assert {"refused", "quarantined"}.isdisjoint(desk.count())
    far.rule = None
    assert desk.push().created == {"Observation": 3}


@pytest.mark.parametrize("fault", NO_FHIR)
def test_an_address_that_is_no_fhir_base_stops_at_once_and_blames_no_resource(
    desk: Desk, far: FarSide, fault: Fault
) -> None:
    for name in "abc":
        desk.owe(desk.observation(name))
    far.rule = fault

    with pytest.raises(EhrError, match=r"repository.*FHIR base.*HTTP.*adapter.toml") as raised:
        desk.push()

    assert raised.value.exit_code == 17
    assert len(far.requests) == 1
    assert {"refused", "quarantined"}.isdisjoint(desk.count())
    far.rule = None
    assert desk.push().created == {"Observation": 3}


@pytest.mark.parametrize("fault", [*NOT_LET_IN, *NO_FHIR])
def test_looking_up_and_reading_back_stop_at_once_too(
    desk: Desk, far: FarSide, fault: Fault
) -> None:
    desk.owe(desk.observation("a"))
    far.faults.extend([taken_but(lost(httpx.ReadTimeout)), fault])
    with pytest.raises(EhrError, match="HTTP"):
        desk.push()
    desk.push()
    far.faults.extend([fault])

    with pytest.raises(EhrError, match="HTTP") as raised:
        desk.verify()

    assert raised.value.exit_code == 17
    assert desk.states() == {"a": "accepted"}


@pytest.mark.parametrize("fault", NOT_LET_IN)
def test_not_being_let_in_to_search_for_a_patient_stops_at_once(clinic: Desk, fault: Fault) -> None:
    far = clinic.far
    clinic.owe(clinic.observation("a"))
    far.rule = fault

    with pytest.raises(EhrError, match="let in"):
        clinic.push()

    assert len(far.requests) == 1
    assert {"refused", "held"}.isdisjoint(clinic.count())


def test_a_type_that_the_record_system_does_not_know_is_no_wrong_address(
    desk: Desk, far: FarSide
) -> None:
    desk.owe(desk.observation("a"))
    far.rule = answering(404, outcome("Unknown resource type", "not-supported"))

    report = desk.push()

    assert report.refused == {"Observation": 1}
    assert desk.reasons() == {"a": "Unknown resource type"}


def test_two_pushes_never_work_on_one_clinic(desk: Desk, opened: Opened) -> None:
    desk.owe(desk.observation("a"))
    other = opened(REPOSITORY)

    with desk.database.sole_writer("repository"):
        with pytest.raises(ConflictError, match="repository") as raised:
            other.push()
        with pytest.raises(ConflictError, match="repository"):
            other.verify()

    assert raised.value.exit_code == 14
    assert other.far.requests == []
    assert other.push().created == {"Observation": 1}


def test_two_clinics_are_delivered_to_at_the_same_time(desk: Desk) -> None:
    with desk.database.sole_writer("another clinic"):
        desk.owe(desk.observation("a"))
        report = desk.push()

    assert report.created == {"Observation": 1}
