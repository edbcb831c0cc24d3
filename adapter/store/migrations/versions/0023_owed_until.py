"""Up to where each receiver was owed what it should have.

Revision ID: 0023
"""

from __future__ import annotations

from alembic import op

from adapter.store.schema import tables

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Makes the table, empty: the next ingest compares what each receiver should have."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    for statement in tables("schema.sql", dialect):
        if " TABLE owed_until " in statement:
            run(statement)
    if dialect == "sqlite":
        run("PRAGMA user_version = 23")


def downgrade() -> None:
    """Takes it away: an older program compares nothing."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    run("DROP TABLE owed_until")
    if dialect == "sqlite":
        run("PRAGMA user_version = 22")
