"""Whom and what an ingest did not meet, and an earlier one did."""

from __future__ import annotations

from adapter.store import instances, missed
from adapter.store.database import Transaction
from adapter.store.paging import AT_ONCE
from tests.unit.store.test_instances import seen, somebody


def test_what_a_run_did_not_meet_is_unseen_but_for_what_was_retracted(tx: Transaction) -> None:
    instances.keep_instance(tx, seen("b", 1))
    instances.keep_instance(tx, seen("a", 1))
    instances.keep_instance(tx, seen("met", 2))
    instances.keep_instance(tx, seen("gone", 1, status="entered-in-error"))

    assert [each.unit for each in missed.unseen(tx, 2, "1")] == ["a", "b"]


def test_missing_records_are_counted_once_whatever_is_missing_of_them(tx: Transaction) -> None:
    instances.keep_participant(tx, somebody("1"), 1)
    instances.keep_participant(tx, somebody("2"), 2)
    instances.keep_participant(tx, somebody("3"), 1)
    instances.miss_participant(tx, "3")
    instances.keep_instance(tx, seen("a", 1, participant="1"))
    instances.keep_instance(tx, seen("b", 1, participant="2"))
    instances.keep_instance(tx, seen("c", 1, participant="2"))
    instances.keep_instance(tx, seen("d", 1, participant="4", status="entered-in-error"))

    assert missed.count(tx, 2) == 2
    assert missed.count(tx, 1) == 1


def test_a_person_is_missed_until_that_is_noted(tx: Transaction) -> None:
    for name in "321":
        instances.keep_participant(tx, somebody(name), 1)
    instances.see_participant_again(tx, "2", 2)

    before = list(missed.names(tx, 2))
    instances.miss_participant(tx, "1")

    assert before == ["1", "3"]
    assert list(missed.names(tx, 2)) == ["3"]
    assert [missed.is_missed(tx, 2, name) for name in "123"] == [False, False, True]
    assert list(instances.names(tx)) == ["2", "3"]


def test_within_a_scope_only_its_people_can_be_missed(tx: Transaction) -> None:
    for unit, name, run in (("a", "1", 1), ("b", "2", 1), ("c", "2", 2), ("d", "3", 1)):
        instances.keep_instance(tx, seen(unit, run, participant=name))
    for name, run in (("1", 1), ("2", 2), ("3", 1)):
        instances.keep_participant(tx, somebody(name), run)

    scope = {"1", "2", "nobody"}

    assert list(missed.names(tx, 2, scope)) == ["1", "2"]
    assert [missed.is_missed(tx, 2, name) for name in ("1", "2", "nobody")] == [True, False, False]
    assert missed.count(tx, 2, scope) == 2
    assert missed.count(tx, 2, set()) == 0


def test_those_missed_are_paged_without_a_gap_whichever_table_tells_of_them(
    tx: Transaction,
) -> None:
    some, others = range(0, 3 * AT_ONCE, 3), range(1, 3 * AT_ONCE, 3)
    for number in some:
        instances.keep_participant(tx, somebody(f"{number:05}"), 1)
    for number in others:
        instances.keep_instance(tx, seen(str(number), 1, participant=f"{number:05}"))

    found = list(missed.names(tx, 2))

    assert found == sorted(f"{number:05}" for number in (*some, *others))
    assert missed.count(tx, 2) == len(found)
