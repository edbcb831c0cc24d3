"""Creates under way at record systems that give their own ids.

Revision ID: 0010
"""

from __future__ import annotations

from alembic import op

from adapter.store.schema import tables

revision = "0010"
down_revision = "0009"

_TABLES = ("begun", "finding")


def upgrade() -> None:
    """Makes both tables, which are empty: what was under way before is looked for as before."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    for statement in tables("schema.sql", dialect):
        if any(f" TABLE {table} " in statement for table in _TABLES):
            run(statement)
    if dialect == "sqlite":
        run("PRAGMA user_version = 10")


def downgrade() -> None:
    """Takes both away."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    for table in _TABLES:
        run(f"DROP TABLE {table}")
    if dialect == "sqlite":
        run("PRAGMA user_version = 9")
