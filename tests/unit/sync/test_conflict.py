"""Somebody else was there: our own text is recognised and written over, a person's is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from adapter.errors import EhrError
from tests.unit.sync.far_side import answering, lost, outcome

if TYPE_CHECKING:
    from tests.unit.sync.desk import Desk, Resource
    from tests.unit.sync.far_side import FarSide, Take

STALE = pytest.mark.parametrize("stale", [409, 412])


@pytest.fixture
def delivered(desk: Desk) -> Resource:
    """What the record system holds of ours, in its first version."""
    observation = desk.observation("a")
    desk.owe(observation)
    desk.push()
    return observation


def corrected(desk: Desk) -> Resource:
    return desk.observation("a", value=15, status="amended")


@STALE
def test_a_correction_names_the_version_it_corrects(
    desk: Desk, delivered: Resource, far: FarSide, stale: int
) -> None:
    far.system.stale_status = stale  # type: ignore[assignment]
    desk.owe(corrected(desk))

    desk.push()

    assert "ifMatch" not in far.transactions[0][0]["request"]
    assert far.transactions[1][0]["request"] == {
        "method": "PUT",
        "url": "Observation/a",
        "ifMatch": 'W/"1"',
    }
    assert delivered["id"] == "a"
    assert far.version_of("Observation/a") == 2


@STALE
def test_what_a_person_changed_is_never_written_over_unasked(
    desk: Desk, delivered: Resource, far: FarSide, stale: int
) -> None:
    far.system.stale_status = stale  # type: ignore[assignment]
    far.put({**delivered, "note": [{"text": "discussed with the patient"}]})
    desk.owe(corrected(desk))

    report = desk.push()

    assert report.refused == {"Observation": 1}
    assert desk.reasons() == {"a": "it was changed at the clinic since we wrote it"}
    assert far.version_of("Observation/a") == 2
    assert "note" in (far.holds("Observation/a") or {})


def test_the_others_of_its_bundle_go_through(desk: Desk, delivered: Resource, far: FarSide) -> None:
    far.put({**delivered, "valueInteger": 3})
    desk.owe(corrected(desk))
    for name in "bcd":
        desk.owe(desk.observation(name))

    report = desk.push()

    assert report.created == {"Observation": 3}
    assert desk.states() == {"a": "refused", "b": "accepted", "c": "accepted", "d": "accepted"}


def test_a_persons_word_writes_over_what_they_saw(
    desk: Desk, delivered: Resource, far: FarSide
) -> None:
    far.put({**delivered, "valueInteger": 3})
    desk.owe(corrected(desk))
    desk.push()

    desk.retry()
    report = desk.push()

    assert report.updated == {"Observation": 1}
    assert far.transactions[-1][0]["request"]["ifMatch"] == 'W/"2"'
    assert (far.holds("Observation/a") or {})["valueInteger"] == 15


def test_a_persons_word_does_not_write_over_what_was_changed_after_it(
    desk: Desk, delivered: Resource, far: FarSide
) -> None:
    far.put({**delivered, "valueInteger": 3})
    desk.owe(corrected(desk))
    desk.push()
    desk.retry()
    far.put({**delivered, "valueInteger": 4})

    report = desk.push()

    assert report.refused == {"Observation": 1}
    assert (far.holds("Observation/a") or {})["valueInteger"] == 4


def test_a_newer_version_is_no_word_to_write_over_what_a_person_changed(
    desk: Desk, delivered: Resource, far: FarSide
) -> None:
    far.put({**delivered, "valueInteger": 3})
    desk.owe(corrected(desk))
    desk.push()
    desk.owe(desk.observation("a", value=16, status="amended"))

    report = desk.push()

    assert report.refused == {"Observation": 1}
    assert (far.holds("Observation/a") or {})["valueInteger"] == 3


def test_ours_that_is_there_already_is_accepted(
    desk: Desk, delivered: Resource, far: FarSide
) -> None:
    assert delivered
    far.put(corrected(desk))
    desk.owe(corrected(desk))

    report = desk.push()

    assert report.updated == {"Observation": 1}
    assert desk.rows()[-1]["remote_version"] == "2"
    assert far.version_of("Observation/a") == 2


def test_our_older_text_is_written_over_under_its_new_version(
    desk: Desk, delivered: Resource, far: FarSide
) -> None:
    far.put({**delivered, "valueInteger": 3})
    far.put(delivered)  # somebody undid it: our text, in the third version
    desk.owe(corrected(desk))

    report = desk.push()

    assert report.updated == {"Observation": 1}
    assert far.transactions[-1][0]["request"]["ifMatch"] == 'W/"3"'
    assert (far.holds("Observation/a") or {})["valueInteger"] == 15


def test_what_was_deleted_at_the_clinic_is_created_again(
    desk: Desk, delivered: Resource, far: FarSide
) -> None:
    assert delivered
    far.delete("Observation/a")
    desk.owe(corrected(desk))

    desk.push()

    assert "ifMatch" not in far.transactions[-1][0]["request"]
    assert (far.holds("Observation/a") or {})["valueInteger"] == 15
    assert desk.states() == {"a": "accepted"}


@pytest.mark.parametrize("is_ours", [True, False], ids=["ours", "a person's"])
def test_a_deletion_takes_away_our_text_and_no_persons(
    desk: Desk, far: FarSide, *, is_ours: bool
) -> None:
    event = desk.event("e")
    desk.owe(event)
    desk.push()
    told = far.holds("AdverseEvent/e") or {}
    far.put({**told, "event": {"text": "a bad fall"}})
    if is_ours:
        far.put(told)
    desk.owe(event, action="retract")

    report = desk.push()

    assert far.transactions[1][0]["request"]["ifMatch"] == 'W/"1"'
    if is_ours:
        assert report.retracted == {"AdverseEvent": 1}
        assert far.holds("AdverseEvent/e") is None
    else:
        assert desk.reasons() == {"e": "it was changed at the clinic since we wrote it"}
        assert far.holds("AdverseEvent/e") is not None
        desk.retry()
        desk.push()
        assert far.holds("AdverseEvent/e") is None


def test_a_deletion_of_what_is_deleted_is_done(desk: Desk, far: FarSide) -> None:
    desk.owe(desk.event("e"))
    desk.push()
    far.delete("AdverseEvent/e")
    desk.owe(desk.event("e"), action="retract")

    report = desk.push()

    assert report.retracted == {"AdverseEvent": 1}
    assert desk.states() == {"e": "accepted"}


def test_a_conflict_that_writing_again_does_not_end_is_a_refusal(desk: Desk, far: FarSide) -> None:
    desk.owe(desk.observation("a"))
    far.rule = in_conflict

    report = desk.push()

    assert [request.method for request in far.requests] == ["POST", "GET", "POST"]
    assert report.refused == {"Observation": 1}
    assert desk.reasons() == {"a": "locked by another user"}


def in_conflict(request: httpx.Request, take: Take) -> httpx.Response:
    if request.method == "POST":
        return httpx.Response(409, json=outcome("locked by another user"))
    return take(request)


def test_a_conflict_over_what_may_not_be_read_is_a_refusal(desk: Desk, far: FarSide) -> None:
    desk.owe(desk.observation("a"))
    far.rule = lambda request, _: (
        httpx.Response(409, json=outcome("locked by another user"))
        if request.method == "POST"
        else httpx.Response(400, json=outcome("no reading"))
    )

    desk.push()

    assert desk.reasons() == {"a": "locked by another user"}


@pytest.mark.parametrize("place", [2, 3], ids=["at the look", "at the second writing"])
def test_a_conflict_may_have_to_wait(
    desk: Desk, delivered: Resource, far: FarSide, place: int
) -> None:
    far.put({**delivered, "valueInteger": 3})
    far.put(delivered)
    desk.owe(corrected(desk))
    far.faults.extend([None] * (place - 1) + [answering(503, Retry_After="5")])

    desk.push()

    assert desk.slept == [5.0]
    assert (far.holds("Observation/a") or {})["valueInteger"] == 15
    assert desk.states() == {"a": "accepted"}


def test_a_second_writing_may_go_unheard(desk: Desk, delivered: Resource, far: FarSide) -> None:
    far.put({**delivered, "valueInteger": 3})
    far.put(delivered)
    desk.owe(corrected(desk))
    far.faults.extend([None, None, lost(httpx.ReadTimeout)])

    desk.push()

    assert (far.holds("Observation/a") or {})["valueInteger"] == 15
    assert desk.states() == {"a": "accepted"}


@pytest.mark.parametrize("place", [2, 3], ids=["at the look", "at the second writing"])
def test_not_being_let_in_after_a_conflict_stops_at_once(
    desk: Desk, delivered: Resource, far: FarSide, place: int
) -> None:
    far.put({**delivered, "valueInteger": 3})
    far.put(delivered)
    desk.owe(corrected(desk))
    far.faults.extend([None] * (place - 1) + [answering(401)])

    with pytest.raises(EhrError, match="let in"):
        desk.push()

    assert desk.states() == {"a": "claimed"}
