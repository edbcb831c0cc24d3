"""A ledger of an earlier schema becomes one of the present, and goes back; nothing is lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from adapter.errors import LedgerError, Origin, Problem
from adapter.store import claiming, inbox, kept_back, runs, standing, versions
from adapter.store.database import SCHEMA_VERSION, Database
from adapter.store.inbox import Received
from adapter.store.migration import migrate
from adapter.store.schema import tables
from tests.unit.store.ledger import CLINIC, NOW, claim, names, owe, settle

OLDEST_WITH_STEPS = 4
SQLITE_SHAPE = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"
COLUMNS = (
    "SELECT concat_ws(' ', table_name, column_name, ordinal_position, data_type, is_nullable,"
    " column_default, collation_name, is_identity) FROM information_schema.columns"
    " WHERE table_schema = 'public'"
)
RULES = (
    "SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace"
)
POSTGRES_SHAPE = (
    COLUMNS,
    "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    RULES,
)


def shape(database: Database) -> set[str]:
    """Every table, index, rule and trigger, in words that tell any difference."""
    queries = (SQLITE_SHAPE,) if database.engine.dialect == "sqlite" else POSTGRES_SHAPE
    return {
        " ".join(str(row[0]).replace('"', "").split())
        for query in queries
        for row in database.read().execute(query)
    }


def test_the_steps_lead_to_the_same_schema_as_a_new_ledger(database: Database) -> None:
    new = shape(database)

    migrate(database.engine, 0)
    migrate(database.engine)

    assert shape(database) == new


def test_every_step_back_is_undone_by_the_step_forward(database: Database) -> None:
    migrate(database.engine, OLDEST_WITH_STEPS)
    before = shape(database)
    migrate(database.engine)
    migrate(database.engine, OLDEST_WITH_STEPS)

    assert shape(database) == before
    assert database.engine.version(database.read()) == OLDEST_WITH_STEPS


def test_a_ledger_whose_tables_were_all_taken_away_is_made_anew(
    database: Database, where: Path | str
) -> None:
    migrate(database.engine, 0)
    database.close()

    with closing(Database(where)) as again, again.write() as tx:
        owe(tx, "Observation/a")


def test_what_a_ledger_holds_goes_there_and_back(database: Database) -> None:
    with database.write() as tx:
        fill(tx)
    before = contents(database)

    migrate(database.engine, OLDEST_WITH_STEPS)
    migrate(database.engine)

    assert contents(database) == before
    with database.write() as tx:  # and goes on: places, versions and transitions
        owe(tx, "Observation/b", b"3", unit="b")
        assert names(claim(tx)) == ["Observation/b", "Observation/c"]
        owe(tx, "Observation/d", unit="d")
        assert names(claim(tx)) == ["Observation/d"]


def test_what_waits_for_a_signature_counts_as_accepted_where_no_schema_knew_of_it(
    database: Database,
) -> None:
    with database.write() as tx:
        owe(tx, "Observation/a")
        settle(tx, claim(tx), "awaiting")

    migrate(database.engine, OLDEST_WITH_STEPS)

    assert standing.count_states(database.read(), CLINIC)["accepted"] == 1


def fill(tx: Any) -> None:  # noqa: ANN401 - a transaction
    owe(tx, "Observation/a", b"1", unit="a")
    settle(tx, claim(tx), "accepted", "7")
    owe(tx, "Observation/a", b"2", unit="a")
    settle(tx, claim(tx), "refused")
    owe(tx, "Observation/b", b"2", unit="b")
    owe(tx, "Observation/c", unit="c")
    for field in ("first", "second"):
        tx.execute(
            "INSERT INTO rejection (file, line, record, event, form, field, expected, found,"
            " action, severity, run) VALUES ('f', 1, '', '', '', ?, '', '', '', 'error', 1)",
            (field,),
        )


def contents(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    order = {
        "version": "place",
        "replaced": "place",
        "delivery": "seq",
        "rejection": "number",
        "holding": "id",
    }
    return {
        table: [
            tuple(row)
            for row in database.read().execute(f"SELECT * FROM {table} ORDER BY {key}")  # noqa: S608
        ]
        for table, key in order.items()
    }


@pytest.fixture
def older(tmp_path: Path) -> Callable[[int], Path]:
    """Makes a file as an adapter wrote it that knew no Alembic, of a schema up to 4."""

    def make(version: int) -> Path:
        path = tmp_path / "older.sqlite"
        with closing(sqlite3.connect(path)) as connection:
            for statement in tables("migrations/schema_4.sql", "sqlite"):
                connection.execute(statement)
            if version < OLDEST_WITH_STEPS:
                connection.execute("DROP TABLE shape")
            for number, identity in enumerate(("z", "a", "m")):
                connection.execute(
                    "INSERT INTO version VALUES ('Observation', ?, 1, 'u', '1', 'mood', 0, x'01',"
                    " x'7b7d', ?)",
                    (identity, NOW),
                )
                connection.execute(
                    "INSERT INTO delivery (seq, clinic, type, id, version, action, unit,"
                    " participant, form, state, created, updated) VALUES (?, ?, 'Observation', ?,"
                    " 1, 'put', 'u', '1', 'mood', 'queued', ?, ?)",
                    (number + 5, CLINIC, identity, NOW, NOW),
                )
            connection.execute(f"PRAGMA user_version = {version}")
            connection.commit()
        return path

    return make


@pytest.mark.parametrize("version", [1, 4])
def test_an_older_file_gains_what_it_lacks_and_keeps_what_it_has(
    older: Callable[[int], Path], version: int
) -> None:
    path = older(version)

    with closing(Database(path)) as opened, opened.write() as tx:
        found = opened.engine.version(tx)
        of_unit = [each.id for each in versions.of_unit(tx, "u")]
        claimed = claiming.claim(tx, CLINIC, claiming.Room(50), NOW)
        owe(tx, "Observation/new")
        last = tx.execute("SELECT max(seq) FROM delivery").fetchone()[0]

    assert found == SCHEMA_VERSION
    assert of_unit == ["z", "a", "m"]  # in the order in which they were put
    assert [(each.seq, each.id) for each in claimed] == [(5, "z"), (6, "a"), (7, "m")]
    assert last == 8


def test_an_adapter_older_than_alembic_sees_that_the_file_is_newer(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with closing(Database(path)) as database:
        new = database.read().execute("PRAGMA user_version").fetchone()[0]
        migrate(database.engine, OLDEST_WITH_STEPS)
        back = database.read().execute("PRAGMA user_version").fetchone()[0]

    assert (new, back) == (SCHEMA_VERSION, OLDEST_WITH_STEPS)


def test_a_migration_that_fails_leaves_the_file_as_it_was(older: Callable[[int], Path]) -> None:
    path = older(4)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE parked (in_the_way TEXT)")
        before = connection.execute("SELECT name FROM sqlite_master ORDER BY name").fetchall()

    with pytest.raises(LedgerError, match="It is as it was"):
        Database(path)

    with closing(sqlite3.connect(path)) as connection:
        after = connection.execute("SELECT name FROM sqlite_master ORDER BY name").fetchall()
        assert connection.execute("PRAGMA user_version").fetchone()[0] == 4
    assert after == before


def test_what_was_kept_back_before_it_was_watched_is_told_as_not_looked_at(
    database: Database,
) -> None:
    with database.write() as tx:
        run = runs.start_run(tx, "records.csv", NOW)
        for field in ("mood_1", "mood_2"):
            problem = Problem(Origin("records.csv", 3, "1", "week_0"), field, "a", "b", "c")
            runs.reject(tx, problem, "mood", run)
        runs.end_run(tx, run, NOW)
        where = (CLINIC, "QuestionnaireResponse", "r1", "1", "2")
        written = inbox.keep(tx, Received(*where, b"{}", "waiting", "a day", NOW, form="mood"))

    migrate(database.engine, 23)
    migrate(database.engine)

    found = [
        (each.kind, each.record, each.form, each.line, each.fired, each.is_seen)
        for each in kept_back.listed(database.read())
    ]
    assert found == [
        ("row", "1", "mood", 3, (), False),
        ("written", "2", "mood", written.number, (), False),
    ]
