"""What clinics wrote.

Revision ID: 0007
"""

from __future__ import annotations

from alembic import op

from adapter.store.schema import tables

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Makes the inbox, which is empty."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    for statement in tables("schema.sql", dialect):
        if " inbox" in statement:
            run(statement)
    if dialect == "sqlite":
        run("PRAGMA user_version = 7")


def downgrade() -> None:
    """Takes the inbox away: what was taken from it stays."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    run("DROP TABLE inbox")
    if dialect == "sqlite":
        run("PRAGMA user_version = 6")
