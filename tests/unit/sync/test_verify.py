"""Accepted is what a clinic said, confirmed is what it holds: read back, compared, and shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from adapter.errors import EhrError
from adapter.store import standing
from adapter.sync.verify import DRIFTED, verify
from tests.unit.sync.desk import REPOSITORY, limited
from tests.unit.sync.far_side import Fault, answering, lost, outcome

if TYPE_CHECKING:
    from tests.unit.sync.conftest import Opened
    from tests.unit.sync.desk import Desk, Resource
    from tests.unit.sync.far_side import FarSide


@pytest.fixture
def delivered(desk: Desk) -> Desk:
    """Two Observations and an AdverseEvent are there."""
    desk.owe(desk.observation("a"))
    desk.owe(desk.observation("b"))
    desk.owe(desk.event("e"))
    desk.push()
    return desk


def test_what_the_clinic_holds_as_we_wrote_it_is_confirmed(delivered: Desk, far: FarSide) -> None:
    report = delivered.verify()

    assert report.confirmed == {"Observation": 2, "AdverseEvent": 1}
    assert (report.missing, report.drifted) == ({}, {})
    assert delivered.count() == {"confirmed": 3}
    assert far.reads == [["Observation/a", "Observation/b", "AdverseEvent/e"]]


def test_what_was_confirmed_is_read_again_when_everything_is(delivered: Desk, far: FarSide) -> None:
    delivered.verify()
    delivered.owe(delivered.observation("c"))
    delivered.push()

    short, long = delivered.verify(everything=False), delivered.verify()

    assert (short.confirmed.total(), long.confirmed.total()) == (1, 4)
    assert far.reads[1:] == [
        ["Observation/c"],
        ["Observation/a", "Observation/b", "AdverseEvent/e", "Observation/c"],
    ]


@pytest.mark.parametrize("entries", [1, 2, 3, 50])
def test_reading_back_goes_in_pages_and_tells_of_each(opened: Opened, entries: int) -> None:
    desk = opened(limited(REPOSITORY, entries=entries))
    for number in range(7):
        desk.owe(desk.observation(f"o{number}"))
    desk.push()
    told: list[int] = []

    report = verify(desk.clinic, told.append)

    assert report.confirmed == {"Observation": 7}
    assert [len(names) for names in desk.far.reads] == told
    assert max(told) <= entries
    assert sorted(name for names in desk.far.reads for name in names) == [
        f"Observation/o{number}" for number in range(7)
    ]


def test_nothing_delivered_is_nothing_to_read(desk: Desk, far: FarSide) -> None:
    desk.owe(desk.observation("a"))

    report = desk.verify()

    assert report.confirmed == {}
    assert far.requests == []


@pytest.mark.parametrize("everything", [True, False])
def test_what_is_missing_is_queued_again_and_created_again(
    delivered: Desk, far: FarSide, *, everything: bool
) -> None:
    far.delete("Observation/a")

    report = delivered.verify(everything=everything)

    assert report.missing == {"Observation": 1}
    assert delivered.states() == {"a": "queued", "b": "confirmed", "e": "confirmed"}
    assert delivered.plan().create == {"Observation": 1}
    assert delivered.push().created == {"Observation": 1}
    assert "ifMatch" not in far.transactions[-1][0]["request"]
    assert delivered.verify().confirmed == {"Observation": 2, "AdverseEvent": 1}


def by_a_person(resource: Resource) -> Resource:
    return {**resource, "note": [{"text": "discussed"}]}


def test_what_drifted_is_shown_and_left_alone(delivered: Desk, far: FarSide) -> None:
    far.put(by_a_person(delivered.observation("a")))

    report = delivered.verify()
    pushed = delivered.push()

    assert report.drifted == {"Observation": 1}
    assert delivered.reasons() == {"a": DRIFTED}
    assert [
        (stuck.state, stuck.reason, stuck.count)
        for stuck in standing.stuck(delivered.database.read(), "repository")
    ] == [("refused", DRIFTED, 1)]
    assert (pushed.updated, pushed.created, pushed.refused) == ({}, {}, {})
    assert "note" in (far.holds("Observation/a") or {})
    assert delivered.verify().drifted == {}  # it is known, and not told anew


def test_a_persons_word_writes_over_what_drifted(delivered: Desk, far: FarSide) -> None:
    far.put(by_a_person(delivered.observation("a")))
    delivered.verify()

    retried = delivered.retry()

    assert retried == 1
    assert delivered.push().updated == {"Observation": 1}
    assert "note" not in (far.holds("Observation/a") or {})
    assert far.transactions[-1][0]["request"]["ifMatch"] == 'W/"2"'
    assert delivered.verify().confirmed == {"Observation": 2, "AdverseEvent": 1}


def test_a_newer_version_does_not_write_over_what_drifted(delivered: Desk, far: FarSide) -> None:
    far.put(by_a_person(delivered.observation("a")))
    delivered.verify()
    delivered.owe(delivered.observation("a", value=15))

    report = delivered.push()

    assert report.refused == {"Observation": 1}
    assert "note" in (far.holds("Observation/a") or {})


def test_what_drifted_while_a_newer_version_waits_is_not_written_over(
    delivered: Desk, far: FarSide
) -> None:
    delivered.owe(delivered.observation("a", value=15))
    far.put(by_a_person(delivered.observation("a")))
    delivered.verify()

    report = delivered.push()

    assert report.refused == {"Observation": 1}
    assert "note" in (far.holds("Observation/a") or {})


def test_what_is_missing_while_a_newer_version_waits_is_created_in_the_newer(
    delivered: Desk, far: FarSide
) -> None:
    delivered.owe(delivered.observation("a", value=15))
    far.delete("Observation/a")
    delivered.verify()

    report = delivered.push()

    assert (report.created, report.updated) == ({"Observation": 1}, {})
    assert [len(entries) for entries in far.transactions] == [3, 1]
    assert (far.holds("Observation/a") or {})["valueInteger"] == 15


def test_a_retraction_of_what_is_missing_is_not_sent(delivered: Desk, far: FarSide) -> None:
    delivered.owe(delivered.observation("a"), action="retract")
    far.delete("Observation/a")
    delivered.verify()

    report = delivered.push()

    assert report.retracted == {}
    assert far.holds("Observation/a") is None


@pytest.mark.parametrize("name", ["Observation/a", "AdverseEvent/e"])
def test_a_retraction_is_confirmed_by_what_is_there(
    delivered: Desk, far: FarSide, name: str
) -> None:
    resource = far.holds(name) or {}
    ours = (
        delivered.observation("a")
        if resource["resourceType"] == "Observation"
        else delivered.event("e")
    )
    delivered.owe(ours, action="retract")
    delivered.push()

    report = delivered.verify()

    assert report.confirmed == {"Observation": 2, "AdverseEvent": 1}


def test_a_retraction_that_somebody_undid_has_drifted(delivered: Desk, far: FarSide) -> None:
    for resource in (delivered.observation("a"), delivered.event("e")):
        delivered.owe(resource, action="retract")
    delivered.push()
    far.put(delivered.observation("a"))
    far.put(delivered.event("e"))

    report = delivered.verify()

    assert report.drifted == {"Observation": 1, "AdverseEvent": 1}
    delivered.retry()
    assert delivered.push().retracted == {"Observation": 1, "AdverseEvent": 1}
    assert far.holds("AdverseEvent/e") is None
    assert (far.holds("Observation/a") or {})["status"] == "entered-in-error"


def test_a_retracted_resource_that_is_gone_is_not_created_again(
    delivered: Desk, far: FarSide
) -> None:
    delivered.owe(delivered.observation("a"), action="retract")
    delivered.push()
    far.delete("Observation/a")

    report = delivered.verify()

    assert report.missing == {"Observation": 1}
    assert delivered.push().retracted == {}
    assert far.holds("Observation/a") is None


def test_what_a_server_adds_is_no_drift(delivered: Desk, far: FarSide) -> None:
    text = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">14</div>'}
    meta = {"source": "#abc", "versionId": "7", "lastUpdated": "2026-03-01T00:00:00Z"}
    far.put({**delivered.observation("a"), "text": text, "meta": meta})

    report = delivered.verify()

    assert report.drifted == {}
    assert report.confirmed.total() == 3


def test_the_clinics_own_patient_is_no_drift(clinic: Desk) -> None:
    clinic.owe(clinic.observation("a"))
    clinic.push()

    report = clinic.verify()

    assert report.confirmed == {"Observation": 1}


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(answering(503), id="HTTP 503"),
        pytest.param(answering(500), id="HTTP 500"),
        pytest.param(answering(400, outcome("no batches")), id="HTTP 400"),
        pytest.param(lost(httpx.ConnectError), id="nobody"),
        pytest.param(lost(httpx.ReadTimeout), id="no answer"),
        pytest.param(
            answering(200, {"entry": [{"response": {"status": "500 Internal Server Error"}}] * 3}),
            id="HTTP 500 inside",
        ),
        pytest.param(
            answering(200, {"entry": [{"response": {"status": "403 Forbidden"}}] * 3}),
            id="HTTP 403 inside",
        ),
        pytest.param(answering(200, {"entry": [{}] * 3}), id="nothing inside"),
        pytest.param(answering(200, {"entry": []}), id="too few"),
    ],
)
def test_what_cannot_be_read_is_neither_missing_nor_drifted(
    delivered: Desk, far: FarSide, fault: Fault
) -> None:
    far.rule = fault

    with pytest.raises(EhrError, match="repository: expected an answer") as raised:
        delivered.verify()

    assert raised.value.exit_code == 17
    assert delivered.count() == {"accepted": 3}
