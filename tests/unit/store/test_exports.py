"""Exports: a moment that stands for a place, files that are whole, and what is gone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from adapter.fhir.search.criteria import Ids
from adapter.instruments.participant import ConsentState, Participant
from adapter.store import exports, indexing, instances, snapshots
from adapter.store.database import Database, Transaction
from adapter.store.exports import NewJob, WholeFile
from adapter.store.reading import Written
from tests.unit.store.ledger import put

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def begin(tx: Transaction, job: str, now: datetime = NOON) -> exports.Job:
    exports.begin(tx, NewJob(job, "client", "{}", ""), now)
    begun = exports.find(tx, job)
    assert begun is not None
    return begun


def told(found: Iterable[Written]) -> list[str]:
    return [f"{each.version.id}/{each.version.version}" for each in found]


def test_a_moment_is_never_the_same_and_never_earlier_than_the_last(tx: Transaction) -> None:
    one = begin(tx, "one")
    same = begin(tx, "same")
    back = begin(tx, "back", NOON - timedelta(hours=1))

    assert one.moment == "2026-03-01T12:00:00.000Z"
    assert one.moment < same.moment < back.moment


def test_the_newest_versions_at_a_place_are_found_whatever_is_put_later(tx: Transaction) -> None:
    put(tx, "Observation/a", b"1")
    put(tx, "Observation/b", b"1")
    put(tx, "Patient/c", b"1")
    put(tx, "Observation/a", b"2")
    then = begin(tx, "then")
    put(tx, "Observation/b", b"2")
    put(tx, "Observation/d", b"1")

    assert told(snapshots.newest(tx, "Observation", 0, then.place)) == ["b/1", "a/2"]
    (last,) = snapshots.newest(tx, "Observation", 2, then.place)
    assert (last.version.text, last.place) == (b"2", then.place)


def test_more_than_are_held_at_a_time_are_given_each_once(tx: Transaction) -> None:
    names = [f"{number:05}" for number in range(2 * snapshots.ROWS)]
    for name in names:
        put(tx, f"Observation/{name}")
    then = begin(tx, "then")

    found = [each.version.id for each in snapshots.newest(tx, "Observation", 0, then.place)]

    assert found == names


def test_a_former_moment_stands_for_its_place_and_another_one_for_itself(tx: Transaction) -> None:
    put(tx, "Observation/a")
    first = begin(tx, "first")
    put(tx, "Observation/b")
    begin(tx, "second", NOON + timedelta(hours=1))
    run = instances.start_run(tx, "file", (NOON + timedelta(minutes=50)).isoformat())
    ending = instances.start_run(tx, "other", (NOON + timedelta(minutes=20)).isoformat())
    instances.end_run(tx, ending, (NOON + timedelta(minutes=25)).isoformat())

    assert snapshots.changed_after(tx, NOON) == (first.place, None)
    at_half = NOON + timedelta(minutes=30)
    assert snapshots.changed_after(tx, at_half) == (first.place, at_half)
    at_work = NOON + timedelta(minutes=55)
    began = NOON + timedelta(minutes=50)
    assert snapshots.changed_after(tx, at_work) == (first.place, began)
    instances.end_run(tx, run, (NOON + timedelta(minutes=52)).isoformat())
    assert snapshots.changed_after(tx, at_work) == (first.place, at_work)
    assert snapshots.changed_after(tx, NOON - timedelta(days=1))[0] == 0


def test_what_a_filter_chose_is_what_stood_then(tx: Transaction) -> None:
    put(tx, "Observation/a", b"1")
    put(tx, "Observation/b", b"1")
    put(tx, "Observation/c", b"1")
    indexing.catch_up(tx, lambda _: [], lambda _, __: True)
    begin(tx, "job")

    snapshots.choose(tx, "job", "Observation", [Ids(("a", "b"))])
    snapshots.choose(tx, "job", "Observation", [Ids(("b", "c"))])
    put(tx, "Observation/a", b"2")

    assert told(snapshots.chosen(tx, "job", "Observation", 0)) == ["a/1", "b/1", "c/1"]
    assert told(snapshots.chosen(tx, "job", "Observation", 2)) == ["c/1"]


def test_whose_consents_have_changed_since_is_told_with_both(tx: Transaction) -> None:
    given = Participant("1", consents={"research": ConsentState("given")})
    withdrawn = Participant("1", consents={"research": ConsentState("withdrawn")})
    for person in (given, Participant("2"), Participant("3")):
        instances.keep_participant(tx, person, 1)
    begin(tx, "job")
    instances.keep_participant(tx, withdrawn, 2)
    instances.miss_participant(tx, "3")
    instances.keep_participant(tx, Participant("4"), 2)

    assert sorted(snapshots.people(tx, "job")) == ["1", "2", "3"]
    assert snapshots.person(tx, "job", "1") == given
    assert snapshots.person(tx, "job", "4") is None
    changed = {then.participant: (then, now) for then, now in snapshots.changed_people(tx, "job")}
    assert changed == {"1": (given, withdrawn), "3": (Participant("3"), None)}


def test_whole_files_are_told_in_order_until_the_export_is_gone(tx: Transaction) -> None:
    begin(tx, "job")
    files = [
        WholeFile(1, "output", "Observation", 7, 9, ("1", "2")),
        WholeFile(2, "error", "", 1, 0, ()),
    ]
    for each in reversed(files):
        exports.add_file(tx, "job", each)

    assert exports.files(tx, "job") == files
    assert [each.name for each in files] == ["0001.ndjson", "0002.ndjson"]
    exports.settle(tx, "job", "done", 100.0)
    assert exports.running(tx) == []
    assert exports.ended(tx, 99.0) == []
    assert exports.ended(tx, 100.0) == ["job"]
    exports.forget(tx, "job")
    assert exports.find(tx, "job") is None
    assert exports.files(tx, "job") == []
    assert exports.ended(tx, 200.0) == []
    assert snapshots.changed_after(tx, NOON)[1] is None  # its moment still stands for its place


def test_what_is_over_cannot_begin_again(database: Database) -> None:
    with database.write() as tx:
        begin(tx, "job")
        exports.forget(tx, "job")
        exports.settle(tx, "job", "done", 1.0)

        assert exports.find(tx, "job") is None
