"""Records that a source told of wait once each, in order, and are forgotten when they were had."""

from __future__ import annotations

from adapter.store import triggered
from adapter.store.database import Transaction
from adapter.store.triggered import Waiting
from tests.unit.store.ledger import NOW

HERE, THERE = "redcap.example.org, project 42", "redcap.example.org, project 7"
MANY = 100


def told(tx: Transaction, *records: str) -> list[bool]:
    return [triggered.note(tx, HERE, record, NOW, MANY) for record in records]


def waiting(tx: Transaction, source: str = HERE, limit: int = MANY) -> list[str]:
    return [each.record for each in triggered.waiting(tx, source, limit)]


def test_a_record_that_is_told_ten_times_waits_once_where_it_was(tx: Transaction) -> None:
    assert all(told(tx, "2", *["1"] * 10, "2", "3"))

    assert waiting(tx) == ["2", "1", "3"]
    assert waiting(tx, limit=2) == ["2", "1"]


def test_each_source_has_its_own_records(tx: Transaction) -> None:
    told(tx, "1")
    triggered.note(tx, THERE, "1", NOW, MANY)

    assert (waiting(tx), waiting(tx, THERE)) == (["1"], ["1"])


def test_who_was_had_is_forgotten_unless_told_again_meanwhile(tx: Transaction) -> None:
    told(tx, "1", "2")
    fetched = triggered.waiting(tx, HERE, MANY)
    told(tx, "2")

    for each in fetched:
        triggered.settle(tx, each)

    assert waiting(tx) == ["2"]


def test_who_could_not_be_had_comes_behind_the_others(tx: Transaction) -> None:
    told(tx, "1", "2", "3")
    first, *_ = triggered.waiting(tx, HERE, MANY)

    triggered.fail(tx, first)

    assert waiting(tx) == ["2", "3", "1"]
    assert triggered.count(tx) == Waiting(3, NOW, 1)


def test_no_more_than_so_many_wait_and_who_waits_may_be_told_again(tx: Transaction) -> None:
    for record in ("1", "2"):
        triggered.note(tx, HERE, record, NOW, 2)

    assert not triggered.note(tx, HERE, "3", NOW, 2)
    assert triggered.note(tx, HERE, "2", NOW, 2)
    assert waiting(tx) == ["1", "2"]


def test_where_nobody_waits_nothing_is_counted(tx: Transaction) -> None:
    assert triggered.count(tx) == Waiting(0, "", 0)
