"""Where else a clinic keeps what is ours, and by which rung it got it.

Revision ID: 0008
"""

from __future__ import annotations

from alembic import op

from adapter.store.schema import tables

revision = "0008"
down_revision = "0007"

_NEW = (" stood", " way ")


def upgrade() -> None:
    """Makes both tables, which are empty: so far every correction was made in its place."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    for statement in tables("schema.sql", dialect):
        if any(name in statement for name in _NEW):
            run(statement)
    if dialect == "sqlite":
        run("PRAGMA user_version = 8")


def downgrade() -> None:
    """Takes both away: what was replaced is not known as ours any more."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    for table in ("way", "stood"):
        run(f"DROP TABLE {table}")
    if dialect == "sqlite":
        run("PRAGMA user_version = 7")
