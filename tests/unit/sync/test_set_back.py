"""A ledger that was restored from an older copy: nothing leaves, doubles or goes back."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from adapter.errors import ConflictError
from adapter.store import leases
from adapter.store.database import Database
from adapter.sync.set_back import read_again
from adapter.sync.verify import verify
from tests.unit.sync.desk import REPOSITORY, limited

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.unit.sync.conftest import Opened
    from tests.unit.sync.desk import Desk
    from tests.unit.sync.far_side import FarSide


@contextmanager
def set_back(desk: Desk) -> Iterator[None]:
    """What happens inside is not in the ledger afterwards."""
    copy = desk.folder / "copy.sqlite"
    with closing(sqlite3.connect(desk.database.path)) as now, closing(sqlite3.connect(copy)) as old:
        now.backup(old)
    yield
    desk.database.close()
    desk.database = Database(copy)
    desk.clinic = replace(desk.clinic, database=desk.database)


def read(desk: Desk, ingest: Callable[[], object] = lambda: None, *, always: bool = False) -> None:
    """Reads the trial's data again."""
    names = [desk.clinic.name]
    with read_again(desk.database, desk.crosswalk, names, desk.clinic.now(), always=always):
        ingest()


def value_at(far: FarSide, name: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    return (far.holds(name) or {}).get("valueInteger")


def test_nothing_leaves_a_ledger_that_was_set_back_before_an_ingest(
    desk: Desk, far: FarSide
) -> None:
    desk.owe(desk.observation("a", value=1))
    with set_back(desk):
        desk.push()
        desk.owe(desk.observation("a", value=2))
        desk.push()
    asked = len(far.requests)

    for _ in range(4):  # trying again does not make it younger
        with pytest.raises(ConflictError, match="found an older one") as raised:
            desk.push()
    with pytest.raises(ConflictError):
        verify(desk.clinic)

    assert raised.value.exit_code == 14
    assert len(far.requests) == asked
    assert value_at(far, "Observation/a") == 2


def test_a_ledger_is_never_older_than_itself(desk: Desk) -> None:
    for value in range(3):
        desk.owe(desk.observation("a", value=value))

        assert desk.push().refused == {}
        assert desk.verify().drifted == {}


def test_after_an_ingest_what_is_there_is_found_and_not_sent_again(
    desk: Desk, far: FarSide
) -> None:
    for name in "abc":
        desk.owe(desk.observation(name, value=1), unit=name)
    with set_back(desk):
        desk.push()
    sent = len(far.transactions)

    read(desk)
    desk.push()

    assert len(far.transactions) == sent
    assert desk.states() == dict.fromkeys("abc", "accepted")
    assert {far.version_of(f"Observation/{name}") for name in "abc"} == {1}


def test_what_the_copy_knew_of_is_created_where_it_never_was(desk: Desk, far: FarSide) -> None:
    desk.owe(desk.observation("a", value=1), unit="a")
    with set_back(desk):
        desk.push()
    desk.owe(desk.observation("b", value=1), unit="b")

    read(desk)
    desk.push()

    assert desk.states() == {"a": "accepted", "b": "accepted"}
    assert far.version_of("Observation/b") == 1


def test_a_newer_version_that_the_ingest_knows_again_is_found_too(desk: Desk, far: FarSide) -> None:
    desk.owe(desk.observation("a", value=1))
    with set_back(desk):
        desk.push()
        desk.owe(desk.observation("a", value=2))
        desk.push()
    sent = len(far.transactions)

    read(desk, lambda: desk.owe(desk.observation("a", value=2)))
    desk.push()

    assert len(far.transactions) == sent
    assert desk.states() == {"a": "accepted"}
    assert desk.verify().confirmed == {"Observation": 1}


def test_a_newer_version_that_nobody_knows_any_more_is_not_written_over(
    desk: Desk, far: FarSide
) -> None:
    desk.owe(desk.observation("a", value=1))
    desk.owe(desk.observation("b", value=1))
    with set_back(desk):
        desk.push()
        desk.owe(desk.observation("a", value=2))
        desk.push()

    read(desk)
    report = desk.push()

    assert value_at(far, "Observation/a") == 2
    assert desk.states() == {"a": "refused", "b": "accepted"}
    assert report.refused == {"Observation": 1}
    assert "before the ledger was set back" in desk.reasons()["a"]


def test_an_older_version_of_ours_is_written_over_under_its_own_version(
    desk: Desk, far: FarSide
) -> None:
    desk.owe(desk.observation("a", value=1))
    with set_back(desk):
        desk.push()

    def ingest() -> None:
        desk.owe(desk.observation("a", value=2))
        desk.owe(desk.observation("a", value=3))

    read(desk, ingest)
    desk.push()

    assert far.transactions[-1][0]["request"].get("ifMatch") == 'W/"1"'
    assert value_at(far, "Observation/a") == 3
    assert desk.states() == {"a": "accepted"}


@pytest.mark.parametrize("kind", ["Observation", "AdverseEvent"])
def test_what_left_unknown_to_the_ledger_is_taken_back_all_the_same(
    desk: Desk, far: FarSide, kind: str
) -> None:
    resource = desk.observation("a") if kind == "Observation" else desk.event("a")
    desk.owe(resource)
    with set_back(desk):
        desk.push()

    read(desk, lambda: desk.owe(resource, action="retract"))
    desk.push()

    there = far.holds(f"{kind}/a")
    assert there is None or there["status"] == "entered-in-error"
    assert desk.states() == {"a": "accepted"}


@pytest.mark.parametrize("kind", ["Observation", "AdverseEvent"])
def test_what_was_taken_back_already_stays_so(desk: Desk, far: FarSide, kind: str) -> None:
    resource = desk.observation("a") if kind == "Observation" else desk.event("a")
    desk.owe(resource)
    with set_back(desk):
        desk.push()
        desk.owe(resource, action="retract")
        desk.push()
    sent = len(far.transactions)

    read(desk, lambda: desk.owe(resource, action="retract"))
    desk.push()

    assert len(far.transactions) == sent
    assert {row["state"] for row in desk.rows()} <= {"accepted", "superseded"}


def test_an_update_that_the_copy_owes_does_not_take_back_a_later_one(
    desk: Desk, far: FarSide
) -> None:
    desk.owe(desk.observation("a", value=1))
    desk.push()
    desk.owe(desk.observation("a", value=2))
    with set_back(desk):
        desk.push()
        desk.owe(desk.observation("a", value=3))
        desk.push()

    read(desk)
    desk.push()

    assert value_at(far, "Observation/a") == 3
    assert desk.states() == {"a": "refused"}


def test_where_the_crosswalk_was_set_back_as_well_a_persons_word_makes_it_look(
    opened: Opened,
) -> None:
    desk = opened(limited(REPOSITORY, entries=2))
    for name in "abcd":
        desk.owe(desk.observation(name, value=1), unit=name)
    with set_back(desk):
        desk.push()
        desk.owe(desk.observation("a", value=2))
        desk.push()
    desk.crosswalk.close()
    (desk.folder / "crosswalk.sqlite").unlink()
    again = opened(limited(REPOSITORY, entries=2))
    desk.clinic = replace(desk.clinic, crosswalk=again.crosswalk)
    desk.crosswalk = again.crosswalk
    sent = len(desk.far.transactions)

    read(desk, always=True)
    desk.push()

    assert len(desk.far.transactions) == sent
    assert value_at(desk.far, "Observation/a") == 2
    assert desk.states() == {"a": "refused", **dict.fromkeys("bcd", "accepted")}


def test_a_token_that_was_given_before_is_never_given_again(desk: Desk) -> None:
    with set_back(desk):
        for _ in range(3):
            desk.push()
    last = desk.crosswalk.turns.last("repository")

    read(desk)
    desk.push()

    assert leases.token_of(desk.database.read(), "repository") > last


def test_a_reading_that_fails_leaves_the_ledger_set_back(desk: Desk) -> None:
    desk.owe(desk.observation("a"))
    with set_back(desk):
        desk.push()

    def fails() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read(desk, fails)

    with pytest.raises(ConflictError, match="older one"):
        desk.push()
