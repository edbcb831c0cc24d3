"""Records that a source said were saved.

Revision ID: 0012
"""

from __future__ import annotations

from alembic import op

from adapter.store.schema import tables

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Makes the table, which is empty: nobody waits."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    for statement in tables("schema.sql", dialect):
        if " TABLE triggered " in statement:
            run(statement)
    if dialect == "sqlite":
        run("PRAGMA user_version = 12")


def downgrade() -> None:
    """Takes it away: the next reading of what has changed finds who waited."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    run("DROP TABLE triggered")
    if dialect == "sqlite":
        run("PRAGMA user_version = 11")
