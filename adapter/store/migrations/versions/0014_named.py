"""What clients call the resources that they wrote over HTTP.

Revision ID: 0014
"""

from __future__ import annotations

from alembic import op

from adapter.store.schema import tables

revision = "0014"
down_revision = "0013"

_TABLES = ("named",)


def upgrade() -> None:
    """Makes the table, which is empty: nobody wrote before."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    for statement in tables("schema.sql", dialect):
        if any(f" TABLE {table} " in statement for table in _TABLES):
            run(statement)
    if dialect == "sqlite":
        run("PRAGMA user_version = 14")


def downgrade() -> None:
    """Takes it away."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    for table in _TABLES:
        run(f"DROP TABLE {table}")
    if dialect == "sqlite":
        run("PRAGMA user_version = 13")
