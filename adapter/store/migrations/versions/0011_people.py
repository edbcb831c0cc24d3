"""People who look at the pages: their links, their sessions, and what they acknowledged.

Revision ID: 0011
"""

from __future__ import annotations

from alembic import op

from adapter.store.schema import tables

revision = "0011"
down_revision = "0010"

_TABLES = ("invitation", "session", "acknowledgement")


def upgrade() -> None:
    """Makes the tables, which are empty."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    for statement in tables("schema.sql", dialect):
        if any(f" TABLE {table} " in statement for table in _TABLES):
            run(statement)
    if dialect == "sqlite":
        run("PRAGMA user_version = 11")


def downgrade() -> None:
    """Takes them away: who was signed in signs in again; the audit log keeps who acknowledged."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    for table in _TABLES:
        run(f"DROP TABLE {table}")
    if dialect == "sqlite":
        run("PRAGMA user_version = 10")
