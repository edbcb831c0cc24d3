"""Outcomes that a person moved to another rung of a clinic.

Revision ID: 0017
"""

from __future__ import annotations

from alembic import op

from adapter.store.schema import tables

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Makes the table, which is empty: so far nobody could move anything."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    for statement in tables("schema.sql", dialect):
        if " TABLE moved " in statement:
            run(statement)
    if dialect == "sqlite":
        run("PRAGMA user_version = 17")


def downgrade() -> None:
    """Takes it away: new corrections would go the way that the profile says."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    run("DROP TABLE moved")
    if dialect == "sqlite":
        run("PRAGMA user_version = 16")
