"""Who writes much lets others in between; nobody waits for it to be done."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from adapter.errors import ConflictError
from adapter.store.database import Database, Transaction
from adapter.store.line import Line
from adapter.store.runs import start_run
from tests.unit.store.ledger import NOW

LONG_SECONDS, AN_ITEM_SECONDS, AT_MOST_SECONDS = 2.0, 0.02, 1.0


def test_somebody_who_wants_to_write_a_word_need_not_wait_for_who_writes_much(
    database: Database, where: Path | str
) -> None:
    longest, over = 0.0, threading.Event()

    def write_slowly(tx: Transaction, name: str) -> None:
        start_run(tx, name, NOW)
        time.sleep(AN_ITEM_SECONDS)

    def write_much() -> None:
        many = (str(number) for number in range(int(LONG_SECONDS / AN_ITEM_SECONDS)))
        database.write_each(many, write_slowly)
        database.close()
        over.set()

    writing = threading.Thread(target=write_much)
    with closing(Database(where)) as other:
        writing.start()
        while not over.is_set():
            begun = time.monotonic()
            with other.write() as tx:
                start_run(tx, "a word", NOW)
            longest = max(longest, time.monotonic() - begun)
            time.sleep(AN_ITEM_SECONDS)
        rows = other.read().execute("SELECT count(*) FROM run WHERE source <> 'a word'").fetchone()
    writing.join()

    assert rows[0] == LONG_SECONDS / AN_ITEM_SECONDS
    assert longest < AT_MOST_SECONDS


def test_an_item_that_fails_is_taken_back_alone_with_those_of_its_turn(database: Database) -> None:
    def write_or_fail(tx: Transaction, name: str) -> None:
        start_run(tx, name, NOW)
        time.sleep(0.3)  # longer than a turn
        if name == "2":
            raise ConflictError("It may not be.")

    with pytest.raises(ConflictError):
        database.write_each(["1", "2", "3"], write_or_fail)

    rows = database.read().execute("SELECT source FROM run").fetchall()
    assert [row["source"] for row in rows] == ["1"]


def test_one_at_a_time_is_first_in_line_and_nobody_waits_for_ever(tmp_path: Path) -> None:
    frozen, line = Line(tmp_path), Line(tmp_path, polite_seconds=0.05)

    with frozen.first(), line.first() as is_meanwhile:
        pass
    with line.first() as is_afterwards:
        pass

    for each in (frozen, line):
        each.leave()
    assert (is_meanwhile, is_afterwards) == (False, True)
