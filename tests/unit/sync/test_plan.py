"""What a push would do is told before it is done, by the same gate and without a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from adapter.sync.plan import Plan
from adapter.sync.profile import PatientRule
from tests.unit.sync.desk import CLINIC, patient
from tests.unit.sync.far_side import refusing

if TYPE_CHECKING:
    from tests.unit.sync.conftest import Opened
    from tests.unit.sync.desk import Desk
    from tests.unit.sync.far_side import FarSide

OTHER = "8003608833357361"


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


def owe(desk: Desk, name: str, participant: str = "2", **how: object) -> None:
    desk.owe(desk.observation(name, participant=participant), participant=participant, **how)


@pytest.mark.parametrize(
    ("rule", "identified", "told"),
    [
        pytest.param({"listed": True}, OTHER, "patient-not-listed", id="a list"),
        pytest.param({"find_by": "ihi"}, "", "patient-without-identifier", id="no identifier"),
    ],
)
def test_who_needs_no_search_to_be_held_is_told_at_once(
    opened: Opened, rule: dict[str, Any], identified: str, told: str
) -> None:
    clinic = opened(CLINIC.model_copy(update={"patient": PatientRule(**rule)}))
    clinic.take_in("2")
    if identified:
        clinic.identify("2", identified)
    owe(clinic, "a")

    planned = clinic.plan()

    assert planned.create == {}
    assert planned.held == clinic.push().held == {("Observation", told): 1}


@pytest.mark.parametrize(
    ("there", "rule"),
    [
        pytest.param([], "patient-not-found", id="nobody"),
        pytest.param(["88"], "patient-unconfirmed", id="one"),
        pytest.param(["88", "89"], "patient-ambiguous", id="two"),
    ],
)
def test_who_is_not_linked_is_held_by_what_the_last_push_heard_and_before_that_as_not_asked(
    clinic: Desk, there: list[str], rule: str
) -> None:
    clinic.take_in("2")
    clinic.identify("2", OTHER)
    clinic.far.system.seed([patient(each, OTHER) for each in there])
    owe(clinic, "a")
    owe(clinic, "mine", "1")

    first, pushed = clinic.plan(), clinic.push()
    owe(clinic, "b")
    second = clinic.plan()

    assert first.held == {("Observation", "patient-not-asked"): 1}
    assert first.create == pushed.created == {"Observation": 1}
    assert pushed.held == {("Observation", rule): 1}
    assert second.held == {("Observation", rule): 2}
    assert second.held == clinic.push().held


def test_who_was_turned_down_is_told_as_nobody_and_who_is_linked_as_sent(clinic: Desk) -> None:
    clinic.take_in("2")
    clinic.identify("2", OTHER)
    clinic.far.system.seed([patient("88", OTHER)])
    owe(clinic, "a")
    clinic.push()
    clinic.crosswalk.turn_down("clinic", "2", clinic.clinic.now())

    turned_down = clinic.plan()
    clinic.crosswalk.link("clinic", "2", "88", clinic.clinic.now())
    linked = clinic.plan()

    assert turned_down.held == {("Observation", "patient-not-found"): 1}
    assert (linked.held, linked.create) == ({}, {"Observation": 1})
    assert linked.create == clinic.push().created


def test_whose_patient_is_gone_has_what_is_new_held_by_that_too(clinic: Desk) -> None:
    clinic.crosswalk.link("clinic", "1", "79", clinic.clinic.now())  # there is no such Patient
    owe(clinic, "a", "1")
    clinic.push()
    owe(clinic, "b", "1")

    told = clinic.plan()

    assert told.held == {("Observation", "patient-gone"): 2}
    assert told.held == clinic.push().held


def test_who_is_linked_to_another_moves_first_and_who_is_put_right_again_does_not(
    clinic: Desk,
) -> None:
    clinic.far.system.seed([patient("78")])
    owe(clinic, "a", "1")
    clinic.push()
    owe(clinic, "b", "1")
    owe(clinic, "a", "1", action="retract")

    clinic.crosswalk.link("clinic", "1", "78", clinic.clinic.now())
    moved = clinic.plan()
    pushed = clinic.push()
    clinic.crosswalk.link("clinic", "1", "77", clinic.clinic.now())
    right = clinic.plan()

    assert moved.held == pushed.held == {("Observation", "patient-moved"): 1}
    assert moved.retract == pushed.retracted == {"Observation": 1}
    assert (right.held, right.create) == ({}, {"Observation": 1})
    assert right.create == clinic.push().created
