"""Exports: a moment that stands for a place, files that are whole, and what is gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from adapter.fhir.search.criteria import Ids
from adapter.instruments.participant import ConsentState, Participant
from adapter.store import exports, indexing, instances, reading, runs, snapshots
from adapter.store.database import Database, Transaction
from adapter.store.exports import NewJob, WholeFile
from adapter.store.snapshots import Snapshot, Which
from tests.unit.store.ledger import put

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def begin(tx: Transaction, job: str, now: datetime = NOON) -> exports.Job:
    exports.begin(tx, NewJob(job, "client", "{}", ""), now)
    begun = exports.find(tx, job)
    assert begun is not None
    return begun


def told(snapshot: Snapshot, after: int = 0, which: Which = "all", most: int = 1) -> list[str]:
    rows = [row for rows in snapshot.rows(after, which, most) for row in rows]
    versions = [reading.at(snapshot.tx, row[0]).version for row in rows]
    assert [(row[1], row[6]) for row in rows] == [(each.version, each.text) for each in versions]
    return [f"{each.id}/{each.version}" for each in versions]


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

    snapshot = Snapshot(tx, then, "Observation")
    assert told(snapshot) == ["b/1", "a/2"]
    assert told(snapshot, 2) == ["a/2"]
    assert tuple(snapshot.at(then.place)) == tuple(next(snapshot.rows(2))[0])


def test_what_was_corrected_or_taken_back_is_found_apart(tx: Transaction) -> None:
    put(tx, "Observation/a", b"1")
    put(tx, "Observation/a", b"2")
    put(tx, "Observation/b", b"1")
    put(tx, "Observation/c", b"1")
    put(tx, "Observation/c", b"1", is_retracted=True)
    put(tx, "Observation/a", b"3")
    snapshot = Snapshot(tx, begin(tx, "then"), "Observation")

    assert told(snapshot, which="first") == ["b/1"]
    assert told(snapshot, which="later") == ["c/2", "a/3"]
    assert told(snapshot, which="retracted") == ["c/2"]


def test_more_than_are_held_at_a_time_are_given_each_once(tx: Transaction) -> None:
    names = [f"{number:05}" for number in range(2 * snapshots.ROWS)]
    for name in names:
        put(tx, f"Observation/{name}")
    then = begin(tx, "then")

    found = told(Snapshot(tx, then, "Observation"), most=snapshots.ROWS)

    assert found == [f"{name}/1" for name in names]


def test_a_former_moment_stands_for_its_place_and_another_one_for_itself(tx: Transaction) -> None:
    put(tx, "Observation/a")
    first = begin(tx, "first")
    put(tx, "Observation/b")
    begin(tx, "second", NOON + timedelta(hours=1))
    run = runs.start_run(tx, "file", (NOON + timedelta(minutes=50)).isoformat())
    ending = runs.start_run(tx, "other", (NOON + timedelta(minutes=20)).isoformat())
    runs.end_run(tx, ending, (NOON + timedelta(minutes=25)).isoformat())

    assert snapshots.changed_after(tx, NOON) == (first.place, None)
    at_half = NOON + timedelta(minutes=30)
    assert snapshots.changed_after(tx, at_half) == (first.place, at_half)
    at_work = NOON + timedelta(minutes=55)
    began = NOON + timedelta(minutes=50)
    assert snapshots.changed_after(tx, at_work) == (first.place, began)
    runs.end_run(tx, run, (NOON + timedelta(minutes=52)).isoformat())
    assert snapshots.changed_after(tx, at_work) == (first.place, at_work)
    assert snapshots.changed_after(tx, NOON - timedelta(days=1))[0] == 0


def everything(_participant: str, _form: str) -> bool:
    return True


def test_what_a_filter_chose_is_what_stood_then(tx: Transaction) -> None:
    put(tx, "Observation/a", b"1")
    put(tx, "Observation/b", b"1")
    put(tx, "Observation/c", b"1")
    indexing.catch_up(tx, lambda _: [], lambda _, __: True)
    snapshot = Snapshot(tx, begin(tx, "job"), "Observation", is_filtered=True)

    snapshots.choose(tx, "job", "Observation", [Ids(("a", "b"))], everything)
    snapshots.choose(tx, "job", "Observation", [Ids(("b", "c"))], everything)
    put(tx, "Observation/a", b"2")

    assert told(snapshot) == ["a/1", "b/1", "c/1"]
    assert told(snapshot, 2) == ["c/1"]


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
