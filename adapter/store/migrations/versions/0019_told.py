"""When the newest version was written that a blinded reader can tell from the others.

Revision ID: 0019
"""

from __future__ import annotations

from alembic import op

from adapter.store.schema import tables

revision = "0019"
down_revision = "0018"

_FOUND = ("found_token", "found_range", "found_words")


def upgrade() -> None:
    """Makes the index anew, which holds nothing that the versions do not: a search fills it."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    run("DROP TABLE newest")
    for statement in tables("schema.sql", dialect):
        if " TABLE newest " in statement or " ON newest " in statement:
            run(statement)
    for table in _FOUND:
        run(f"DELETE FROM {table}")
    run("UPDATE indexed SET place = 0")
    if dialect == "sqlite":
        run("PRAGMA user_version = 19")


def downgrade() -> None:
    """Takes the column away."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    run("DROP INDEX newest_by_told")
    run("ALTER TABLE newest DROP COLUMN told")
    if dialect == "sqlite":
        run("PRAGMA user_version = 18")
