"""Steps that make whole tables, as they stand in the present schema, or take them away."""

from __future__ import annotations

from alembic import op

from adapter.store.schema import tables


def make(version: int, *names: str) -> None:
    """Makes these tables, which are empty; the ledger is of this version then."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    for statement in tables("schema.sql", dialect):
        if any(f" TABLE {name} " in statement for name in names):
            run(statement)
    _note(version)


def take_away(version: int, *names: str) -> None:
    """Takes these tables away; the ledger is of this version then."""
    for name in names:
        op.get_bind().exec_driver_sql(f"DROP TABLE {name}")
    _note(version)


def _note(version: int) -> None:
    """An adapter older than Alembic looks here, and refuses."""
    if op.get_bind().dialect.name == "sqlite":
        op.get_bind().exec_driver_sql(f"PRAGMA user_version = {version}")
