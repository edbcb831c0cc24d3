"""A process that dies in the middle of an ingest runs again and comes to the same ledger."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from adapter.ingest import Report
from adapter.store.database import Database, Transaction
from tests.unit.ingest.project import (
    Bench,
    Cells,
    at_week_4,
    incident,
    mood,
    pain,
    person,
    records_csv,
    tally,
)

TRANSACTIONS = 9
TABLES = {
    "participant": "participant, facts, is_missing",
    "instance": "unit, participant, form, source_hash, mapping, status, place",
    "version": "type, id, version, unit, participant, form, is_retracted, hash, text, created",
    "delivery": "clinic, type, id, version, action, unit, participant, form, state, reason",
    "holding": "clinic, type, id, version, action",
    "withdrawal": "participant, consent, since",
}


class KilledError(BaseException):
    """The process is gone; nothing may catch this."""


class MortalDatabase(Database):
    """Dies at the end of the n-th transaction, just before it would be on the disk."""

    turn_seconds = math.inf  # the same transactions however busy the machine is

    def __init__(self, path: Path, lives: int) -> None:
        self.lives = lives + 1  # taking the lease is one
        super().__init__(path)

    @contextmanager
    def write(self, lane: str = "") -> Iterator[Transaction]:
        with super().write(lane) as tx:
            yield tx
            self.lives -= 1
            if self.lives == 0:
                raise KilledError


def first_export() -> list[Cells]:
    """More than one transaction's worth of people and of forms."""
    return [
        {**person(str(number)), **mood("1", "2", "0"), **pain("3", "4")} for number in range(1, 140)
    ] + [incident("139", "1")]


def second_export() -> list[Cells]:
    """Amended, completed, withdrawn, deleted, and one row that does not fit."""
    rows = first_export()
    rows[0] = {**rows[0], **mood("1", "3", "0")}
    rows[1] = {**rows[1], "stop_share": "1", "stop_date": "2024-03-01"}
    rows[2] = {**rows[2], **pain("30", "4")}
    del rows[5]
    return [*rows, {**at_week_4("139"), **tally("7")}]


def contents(bench: Bench) -> dict[str, list[tuple[object, ...]]]:
    """Everything in the ledger but which run it was."""
    return {
        table: [
            tuple(row)
            for row in bench.database.read().execute(
                f"SELECT {names} FROM {table} ORDER BY rowid"  # noqa: S608 - our own constants
                if table in {"version", "delivery"}
                else f"SELECT {names} FROM {table} ORDER BY {names}"  # noqa: S608
            )
        ]
        for table, names in TABLES.items()
    }


def ingest_second(bench: Bench) -> Report:
    return bench.ingest(*second_export(), missing_limit=1)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[object, ...]]]:
    """The ledger after two exports that nothing disturbed."""
    with closing(Bench.open(tmp_path_factory.mktemp("clean"))) as bench:
        bench.ingest(*first_export())
        bench.deliver("north-clinic")
        ingest_second(bench)
        return contents(bench)


@pytest.mark.parametrize("transaction", range(1, TRANSACTIONS + 1))
def test_a_first_ingest_killed_in_any_transaction_and_run_again_is_a_clean_one(
    bench: Bench, clean: dict[str, list[tuple[object, ...]]], transaction: int
) -> None:
    mortal = MortalDatabase(bench.folder / "ledger.sqlite", transaction)
    with closing(mortal), pytest.raises(KilledError):
        replace(bench, database=mortal).ingest(*first_export(), missing_limit=0)

    report = bench.ingest(*first_export(), missing_limit=0)
    bench.deliver("north-clinic")
    ingest_second(bench)

    assert report.problems == 0
    assert contents(bench) == clean


@pytest.mark.parametrize("transaction", range(1, TRANSACTIONS + 1))
def test_a_later_ingest_killed_in_any_transaction_and_run_again_is_a_clean_one(
    bench: Bench, clean: dict[str, list[tuple[object, ...]]], transaction: int
) -> None:
    bench.ingest(*first_export())
    bench.deliver("north-clinic")
    mortal = MortalDatabase(bench.folder / "ledger.sqlite", transaction)
    with closing(mortal), pytest.raises(KilledError):
        ingest_second(replace(bench, database=mortal))

    report = ingest_second(bench)

    assert report.problems == 1
    assert contents(bench) == clean


def test_an_ingest_has_as_many_transactions_as_were_killed_above(bench: Bench) -> None:
    mortal = MortalDatabase(bench.folder / "ledger.sqlite", 100)

    with closing(mortal):
        replace(bench, database=mortal).ingest(*first_export(), missing_limit=0)

    assert 100 - mortal.lives == TRANSACTIONS + 1  # giving the lease up is the last


def test_an_exception_between_two_transactions_leaves_what_was_done(bench: Bench) -> None:
    source = bench.source(records_csv(first_export()))

    def stop(_: int) -> None:
        raise KilledError

    with pytest.raises(KilledError):
        bench.read(source, stop)
    half = len(bench.resources("QuestionnaireResponse"))
    report = bench.read(source)

    assert half == 256
    assert report.counts["mood"] == {"unchanged": 128, "created": 11}
    assert len(bench.resources("QuestionnaireResponse")) == 2 * 139


DYING = """
import os, signal, sys
from pathlib import Path
from tests.unit.ingest.project import Bench, records_csv
from tests.unit.ingest.test_killed import first_export
bench = Bench.open(Path(sys.argv[1]))
source = bench.source(records_csv(first_export()))
bench.read(source, lambda _: os.kill(os.getpid(), signal.SIGKILL))
"""


def test_a_process_that_is_killed_leaves_a_ledger_that_can_be_gone_on_with(
    bench: Bench, clean: dict[str, list[tuple[object, ...]]]
) -> None:
    died = subprocess.run([sys.executable, "-c", DYING, str(bench.folder)], check=False)

    bench.ingest(*first_export())
    bench.deliver("north-clinic")
    ingest_second(bench)

    assert died.returncode == -signal.SIGKILL
    assert contents(bench) == clean
