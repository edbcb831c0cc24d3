"""Pages that are opened from inside a record system.

Revision ID: 0018
"""

from __future__ import annotations

from alembic import op

from adapter.store.schema import tables

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Makes the table, which is empty: nothing was opened so before."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    for statement in tables("schema.sql", dialect):
        if " TABLE launch " in statement:
            run(statement)
    if dialect == "sqlite":
        run("PRAGMA user_version = 18")


def downgrade() -> None:
    """Takes it away: whoever looks has to open the page again."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    run("DROP TABLE launch")
    if dialect == "sqlite":
        run("PRAGMA user_version = 17")
