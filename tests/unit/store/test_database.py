"""The ledger's file is whole whatever happens to the process that writes it."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from adapter.errors import ConflictError, DeclarationError
from adapter.store.database import SCHEMA_VERSION, Database, Transaction
from adapter.store.identities import Crosswalk
from tests.keys import CROSSWALK_KEYS
from tests.postgresql import PostgreSql
from tests.unit.store.ledger import NOW, claim, owe, put


def count(tx: Transaction, table: str = "version") -> int:
    return int(tx.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - ours


def run_python(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, *arguments], check=False, capture_output=True, text=True
    )


def test_a_ledger_is_made_where_there_is_none_with_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "ledger.sqlite"

    with closing(Database(path)) as database:
        version = database.engine.version(database.read())

    assert version == SCHEMA_VERSION
    assert path.exists()


def test_a_commit_is_on_the_disk_before_it_is_acted_on(tmp_path: Path) -> None:
    with closing(Database(tmp_path / "ledger.sqlite")) as database:
        pragmas = {
            name: database.read().execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }

    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_commit_on_postgresql_waits_for_its_disk_unless_the_owner_said_otherwise(
    postgresql: PostgreSql, empty_ledger: str
) -> None:
    url = postgresql.new(empty_ledger)
    with closing(Database(url)) as database:
        ours = database.read().execute("SHOW synchronous_commit").fetchone()[0]
        query = "SELECT reset_val, source FROM pg_settings WHERE name = 'synchronous_commit'"
        said = tuple(database.read().execute(query).fetchone())

    assert (ours, said) == ("on", ("on", "default"))


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_hold_every_letter_is_refused_before_anything_is_made_in_it(
    postgresql: PostgreSql, encoding: str
) -> None:
    url = postgresql.new("template0", f"ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'")

    with pytest.raises(DeclarationError) as caught:
        Database(url)

    (problem,) = caught.value.problems
    assert (problem.expected, problem.found) == ("a database in UTF8", encoding)
    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT 1 FROM pg_tables WHERE schemaname = 'public'")
        assert tables.fetchall() == []


def test_letters_are_kept_whatever_encoding_the_surroundings_name(
    postgresql: PostgreSql, empty_ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")

    with closing(Database(postgresql.new(empty_ledger))) as database:
        told = database.read().execute("SELECT ?", ("\u2265 0.5 \u03c3",)).fetchone()[0]

    assert told == "\u2265 0.5 \u03c3"


def test_what_was_written_is_there_when_the_ledger_is_opened_again(
    database: Database, where: Path | str
) -> None:
    with database.write() as tx:
        put(tx, "Observation/a")
    database.close()

    with closing(Database(where)) as again:
        assert count(again.read()) == 1


def test_an_exception_takes_the_whole_transaction_back(database: Database) -> None:
    def write_and_fail() -> None:
        with database.write() as tx:
            put(tx, "Observation/a")
            put(tx, "Observation/b")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_and_fail()

    assert count(database.read()) == 0
    with database.write() as tx:
        put(tx, "Observation/c")


def test_each_thread_has_a_connection_of_its_own(database: Database) -> None:
    mine = database.read()
    theirs: list[Transaction] = []

    thread = threading.Thread(target=lambda: theirs.append(database.read()))
    thread.start()
    thread.join()

    assert database.read() is mine
    assert theirs[0] is not mine


def test_threads_write_one_after_another(database: Database) -> None:
    def write(number: int) -> None:
        with database.write() as tx:
            put(tx, f"Observation/{number}")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert count(database.read()) == 8


def test_a_newer_ledger_is_refused(where: Path | str) -> None:
    with closing(Database(where)) as database, database.write() as tx:
        tx.execute("UPDATE alembic_version SET version_num = ?", (f"{SCHEMA_VERSION + 1:04}",))

    with pytest.raises(ConflictError) as caught:
        Database(where)

    assert caught.value.exit_code == 14
    assert f"schema up to {SCHEMA_VERSION}; found {SCHEMA_VERSION + 1}" in str(caught.value)


@pytest.mark.parametrize(
    ("opening", "setting"),
    [(Database, "ledger"), (lambda path: Crosswalk(path, CROSSWALK_KEYS), "crosswalk")],
    ids=["ledger", "crosswalk"],
)
@pytest.mark.parametrize("kind", ["text", "folder", "in a file"])
def test_what_cannot_be_a_database_is_told_by_its_setting(
    tmp_path: Path, opening: Callable[[Path], object], setting: str, kind: str
) -> None:
    path = tmp_path / "named"
    if kind == "folder":
        path.mkdir()
    else:
        path.write_text("this is no database, and long enough to be seen as none\n" * 50)
    if kind == "in a file":
        path /= "below"

    with pytest.raises(DeclarationError) as caught:
        opening(path)

    assert caught.value.exit_code == 10
    assert [problem.field for problem in caught.value.problems] == [setting]


HOLDER = """
import sys
from adapter.store.database import Database
with Database(sys.argv[1]).sole_writer("north"):
    print("held", flush=True)
    sys.stdin.read()
"""
TAKER = """
import sys
from adapter.errors import ConflictError
from adapter.store.database import Database
try:
    with Database(sys.argv[1]).sole_writer(sys.argv[2]):
        print("taken")
except ConflictError as wrong:
    print(wrong)
"""


def test_a_second_process_is_told_that_another_is_at_work(
    database: Database, where: Path | str
) -> None:
    with database.sole_writer("north"):
        same = run_python(TAKER, str(where), "north").stdout
        other = run_python(TAKER, str(where), "south").stdout
    after = run_python(TAKER, str(where), "north").stdout

    assert same.startswith("Expected to be alone with `north`")
    assert (other, after) == ("taken\n", "taken\n")


def test_a_second_thread_is_told_too(database: Database) -> None:
    with (
        database.sole_writer("north"),
        pytest.raises(ConflictError),
        database.sole_writer("north"),
    ):
        pass


def test_a_killed_process_gives_its_right_up_at_once(where: Path | str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(where)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        held = holder.stdout.readline()
        while_held = run_python(TAKER, str(where), "north").stdout
        holder.kill()
    after = run_python(TAKER, str(where), "north").stdout

    assert held == "held\n"
    assert while_held != "taken\n"
    assert after == "taken\n"


DYING = """
import os, signal, sys
from adapter.store.database import Database
from tests.unit.store.ledger import owe
database = Database(sys.argv[1])
with database.write() as tx:
    owe(tx, "Observation/kept")
with database.write() as tx:
    for number in range(2_000):
        owe(tx, f"Observation/{number}", b"x" * 5_000)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_killed_in_a_transaction_leaves_the_ledger_whole(
    database: Database, where: Path | str
) -> None:
    died = run_python(DYING, str(where))

    tx = database.read()
    assert died.returncode == -signal.SIGKILL
    if database.engine.dialect == "sqlite":
        assert tx.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert (count(tx), count(tx, "delivery")) == (1, 1)


def test_an_ongoing_write_does_not_disturb_who_reads(database: Database, where: Path | str) -> None:
    with closing(Database(where)) as other, database.write() as tx:
        owe(tx, "Observation/a")

        assert count(other.read()) == 0
    assert count(database.read()) == 1


TWICE = (
    "INSERT INTO version (type, id, version, unit, participant, form, is_retracted, hash, text,"
    " created) SELECT type, id, version, unit, participant, form, is_retracted, hash, text,"
    " created FROM version"
)
REFUSED = (sqlite3.IntegrityError, psycopg.IntegrityError)


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("UPDATE delivery SET state = 'lost'", id="an unknown state"),
        pytest.param("UPDATE delivery SET state = 'held'", id="held without a rule"),
        pytest.param("UPDATE delivery SET state = 'refused'", id="refused without a reason"),
        pytest.param("UPDATE delivery SET state = 'quarantined'", id="quarantined without one"),
        pytest.param("UPDATE delivery SET action = 'create'", id="an unknown action"),
        pytest.param("UPDATE delivery SET version = 7", id="a version that does not exist"),
        pytest.param("UPDATE delivery SET state = NULL", id="no state"),
        pytest.param("DELETE FROM version", id="a version that is owed, gone"),
        pytest.param("UPDATE version SET version = 0", id="a version of zero"),
        pytest.param("UPDATE version SET is_retracted = 2", id="half a retraction"),
        pytest.param(TWICE, id="a version twice"),
        pytest.param("UPDATE holding SET action = 'keep'", id="an unknown holding"),
        pytest.param("UPDATE participant SET is_missing = 2", id="half missing"),
        pytest.param("UPDATE rejection SET severity = 'odd'", id="an unknown severity"),
    ],
)
def test_what_must_never_be_is_refused_by_the_database(database: Database, statement: str) -> None:
    with database.write() as tx:
        owe(tx, "Observation/a")
        claim(tx)
        tx.execute("INSERT INTO holding VALUES ('north', 'X', 'x', 1, 'put', 'u', '1', '')")
        tx.execute("INSERT INTO participant VALUES ('1', '{}', 1, 0)")
        tx.execute(
            "INSERT INTO rejection VALUES (1, 'f', 1, '', '', '', '', '', '', '', 'error', 1)"
        )

    with pytest.raises(REFUSED), database.write() as tx:
        tx.execute(statement)


@pytest.mark.parametrize(
    ("state", "rule", "reason"),
    [("held", "consent", ""), ("refused", "", "422"), ("quarantined", "", "poison")],
)
def test_a_state_with_its_reason_is_taken(
    database: Database, state: str, rule: str, reason: str
) -> None:
    with database.write() as tx:
        owe(tx, "Observation/a")
        claim(tx)

        tx.execute("UPDATE delivery SET state = ?, rule = ?, reason = ?", (state, rule, reason))

    row = database.read().execute("SELECT state, created FROM delivery").fetchone()
    assert tuple(row) == (state, NOW)
