"""Who is alone at a work stays so until they end, die, or are silent for too long; then fenced."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from adapter.errors import ConflictError
from adapter.store import claiming
from adapter.store.database import Database, Transaction
from tests.postgresql import PostgreSql
from tests.unit.store.ledger import CLINIC, NOW, claim, owe

SHORT_SECONDS = 0.4
FROZEN = """
import os, signal, sys
from adapter.errors import ConflictError
from adapter.store.database import Database
from tests.unit.store.ledger import owe
database = Database(sys.argv[1])
try:
    with database.sole_writer("north", float(sys.argv[2])):
        with database.write("north") as tx:
            owe(tx, "Observation/before")
        print("held", flush=True)
        sys.stdin.readline()
        with database.write("north") as tx:
            owe(tx, "Observation/after")
        print("written", flush=True)
except ConflictError as wrong:
    print(wrong, flush=True)
"""


@pytest.fixture
def holder(where: Path | str) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the right for a short time, and writes when it is told to."""
    with closing(Database(where)), started(where) as process:
        yield process


@contextmanager
def started(where: Path | str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", FROZEN, str(where), str(SHORT_SECONDS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert heard(process) == "held"
        yield process
        process.kill()


def heard(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def tell(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def owed(database: Database) -> list[str]:
    return [row["id"] for row in database.read().execute("SELECT id FROM delivery ORDER BY seq")]


def test_what_a_frozen_process_writes_past_its_lease_comes_to_nothing(
    holder: subprocess.Popen[str], where: Path | str
) -> None:
    holder.send_signal(signal.SIGSTOP)
    time.sleep(SHORT_SECONDS * 1.5)

    with closing(Database(where)) as database:
        with database.sole_writer("north"), database.write() as tx:
            owe(tx, "Observation/other")
        holder.send_signal(signal.SIGCONT)
        tell(holder)

        assert heard(holder).startswith("Expected to be alone with `north` still")
        assert owed(database) == ["before", "other"]


def test_a_process_that_was_silent_past_its_lease_goes_on_where_nobody_else_did(
    holder: subprocess.Popen[str], where: Path | str
) -> None:
    holder.send_signal(signal.SIGSTOP)
    time.sleep(SHORT_SECONDS * 1.5)
    holder.send_signal(signal.SIGCONT)
    tell(holder)

    assert heard(holder) == "written"
    with closing(Database(where)) as database:
        assert owed(database) == ["before", "after"]


def test_nobody_takes_a_right_before_its_time_from_a_process_that_lives(
    holder: subprocess.Popen[str], where: Path | str
) -> None:
    with (
        closing(Database(where)) as database,
        pytest.raises(ConflictError),
        database.sole_writer("north"),
    ):
        pass
    assert holder.poll() is None


def test_a_lease_is_renewed_while_something_is_written_under_it(database: Database) -> None:
    with database.sole_writer(CLINIC, SHORT_SECONDS):
        until = time.monotonic() + 2 * SHORT_SECONDS
        while time.monotonic() < until:
            database.renew()
            time.sleep(SHORT_SECONDS / 8)

        row = database.read().execute("SELECT * FROM lease").fetchone()

        assert row["token"] == 1
        assert row["expires"] > database.read().moment()


def test_nothing_is_written_for_a_lease_before_half_of_it_is_over(database: Database) -> None:
    with database.sole_writer(CLINIC, 2.0):
        first = lease_of(database)["expires"]
        until = time.monotonic() + 0.2
        while time.monotonic() < until:
            database.renew()
            with database.write(CLINIC):
                pass
        young = lease_of(database)["expires"]
        time.sleep(1.0)
        database.renew()

        assert young == first
        assert lease_of(database)["expires"] > first


def test_who_sleeps_says_for_how_long_and_keeps_the_right_until_then(database: Database) -> None:
    with database.sole_writer(CLINIC, 30):
        database.renew(3600)

        left = lease_of(database)["expires"] - database.read().moment()

        assert 3600 < left <= 3630


def test_every_holder_has_a_greater_token_than_the_one_before(database: Database) -> None:
    tokens = []
    for _ in range(3):
        with database.sole_writer(CLINIC):
            tokens.append(lease_of(database)["token"])

    assert tokens == [1, 2, 3]
    assert lease_of(database)["holder"] == ""


def test_a_clock_that_goes_back_holds_a_right_up_for_one_lease_at_most(
    database: Database,
) -> None:
    with database.write() as tx:
        held_elsewhere(tx, expires=tx.moment() + 3600, seconds=SHORT_SECONDS)

    with pytest.raises(ConflictError), database.sole_writer(CLINIC):
        pass
    time.sleep(SHORT_SECONDS * 1.5)

    with database.sole_writer(CLINIC):
        assert lease_of(database)["token"] == 8


def test_a_holder_on_another_machine_is_taken_for_dead_by_time_alone(database: Database) -> None:
    with database.write() as tx:
        held_elsewhere(tx, expires=tx.moment() + 60, seconds=60)

    with pytest.raises(ConflictError), database.sole_writer(CLINIC):
        pass

    with database.write() as tx:
        tx.execute("UPDATE lease SET expires = ?", (tx.moment() - 1,))
    with database.sole_writer(CLINIC):
        assert lease_of(database)["token"] == 8


def test_writers_of_two_clinics_do_not_wait_for_each_other_on_postgresql(
    postgresql: PostgreSql, empty_ledger: str
) -> None:
    where = postgresql.new(empty_ledger)
    with (
        closing(Database(where)) as north,
        closing(Database(where)) as south,
        north.write("north") as mine,
        south.write("south") as theirs,
    ):
        assert claim(mine) == claiming.claim(theirs, "south", claiming.Room(50), NOW) == []


def test_who_writes_for_all_clinics_waits_for_every_one_on_postgresql(
    postgresql: PostgreSql, empty_ledger: str
) -> None:
    where = postgresql.new(empty_ledger)
    order: list[str] = []

    def ingest() -> None:
        with closing(Database(where)) as all_clinics, all_clinics.write():
            order.append("all")

    with closing(Database(where)) as north, north.write("north"):
        waiting = threading.Thread(target=ingest)
        waiting.start()
        time.sleep(SHORT_SECONDS)
        order.append("north")
    waiting.join()

    assert order == ["north", "all"]


def held_elsewhere(tx: Transaction, *, expires: float, seconds: float) -> None:
    tx.execute(
        "INSERT INTO lease (name, holder, token, seconds, expires) VALUES (?, ?, 7, ?, ?)",
        (CLINIC, "another machine/17/99", seconds, expires),
    )


def lease_of(database: Database) -> dict[str, Any]:
    return dict(database.read().execute("SELECT * FROM lease").fetchone())
