"""What a push would do is told before it is done, by the same gate and without a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapter.sync.plan import Plan
from tests.unit.sync.far_side import refusing

if TYPE_CHECKING:
    from tests.unit.sync.desk import Desk
    from tests.unit.sync.far_side import FarSide


def test_a_plan_tells_what_the_push_then_does_and_sends_nothing(desk: Desk, far: FarSide) -> None:
    desk.take_in("2", research="refused")
    for name in "abc":
        desk.owe(desk.observation(name))
    desk.owe(desk.event("e"))
    desk.push()
    desk.owe(desk.observation("a", value=15))
    desk.owe(desk.observation("b"), action="retract")
    desk.owe(desk.event("e"), action="retract")
    desk.owe(desk.observation("d"))
    desk.owe(desk.observation("mine", participant="2"), participant="2")
    desk.owe(desk.response("s"), form="session-attendance")
    sent = len(far.requests)

    told = desk.plan()

    assert len(far.requests) == sent
    assert told == Plan(
        "repository",
        {"transaction": 4},  # type: ignore[arg-type]
        create={"Observation": 1},  # type: ignore[arg-type]
        update={"Observation": 1},  # type: ignore[arg-type]
        retract={"Observation": 1, "AdverseEvent": 1},  # type: ignore[arg-type]
        held={("Observation", "consent-refused"): 1, ("QuestionnaireResponse", "blinding"): 1},  # type: ignore[arg-type]
        unchanged_by_type={"Observation": 1},  # type: ignore[arg-type]
    )
    assert told.unchanged == 1
    done = desk.push()
    assert (told.create, told.update, told.retract, told.held) == (
        done.created,
        done.updated,
        done.retracted,
        done.held,
    )


def test_after_the_push_everything_is_unchanged_but_what_was_deleted_or_waits(
    desk: Desk, far: FarSide
) -> None:
    for name in ("a", "b", "refused"):
        desk.owe(desk.observation(name))
    desk.owe(desk.event("e"))
    desk.push()
    desk.owe(desk.observation("b"), action="retract")
    desk.owe(desk.event("e"), action="retract")
    desk.owe(desk.observation("refused", value=666))
    far.rule = refusing("666")
    desk.push()

    told = desk.plan()

    assert told.unchanged_by_type == {"Observation": 2}
    assert (told.create, told.update, told.retract) == ({}, {}, {})


def test_what_comes_back_is_an_update_where_it_stayed_and_created_where_it_was_deleted(
    desk: Desk,
) -> None:
    for action in ("put", "retract"):
        for resource in (desk.observation("a"), desk.event("e")):
            desk.owe(resource, action=action)
        desk.push()
    for resource in (desk.observation("a"), desk.event("e")):
        desk.owe(resource)

    told = desk.plan()

    assert (told.create, told.update) == ({"AdverseEvent": 1}, {"Observation": 1})
    done = desk.push()
    assert (done.created, done.updated) == ({"AdverseEvent": 1}, {"Observation": 1})


def test_who_withdrew_is_told_of_where_they_are_known_and_nowhere_else(desk: Desk) -> None:
    somebody = {"resourceType": "Patient", "id": desk.identity.patient("1"), "active": True}
    desk.owe(somebody, form="participation")
    desk.push()
    desk.take_in("1", research="withdrawn")
    desk.take_in("2", research="withdrawn")
    desk.owe({**somebody, "active": False}, form="participation")
    desk.owe(desk.observation("a"))
    other = {"resourceType": "Patient", "id": desk.identity.patient("2"), "active": True}
    desk.owe(other, participant="2", form="participation")

    told, done = desk.plan(), desk.push()

    assert told.update == done.updated == {"Patient": 1}
    assert (
        told.held
        == done.held
        == {("Patient", "consent-withdrawn"): 1, ("Observation", "consent-withdrawn"): 1}
    )


def test_what_consent_holds_back_leaves_once_it_is_given(desk: Desk, far: FarSide) -> None:
    desk.take_in("1", research="unknown")
    desk.owe(desk.observation("a"))
    desk.push()
    assert far.requests == []
    desk.take_in("1")

    report = desk.push()

    assert report.created == {"Observation": 1}
    assert desk.rows()[0]["rule"] == ""


def test_somebody_whom_the_ledger_does_not_know_is_held(desk: Desk) -> None:
    desk.owe(desk.observation("a", participant="9"), participant="9")

    assert desk.push().held == {("Observation", "consent-unknown"): 1}
