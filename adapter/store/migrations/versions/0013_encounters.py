"""In which Encounter of a clinic the results of a unit are filed.

Revision ID: 0013
"""

from __future__ import annotations

from alembic import op

from adapter.store.schema import tables

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Makes the table, which is empty: so far nothing was filed in an Encounter."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    for statement in tables("schema.sql", dialect):
        if " TABLE encounter " in statement:
            run(statement)
    if dialect == "sqlite":
        run("PRAGMA user_version = 13")


def downgrade() -> None:
    """Takes it away: a correction would leave the Encounter out."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    run("DROP TABLE encounter")
    if dialect == "sqlite":
        run("PRAGMA user_version = 12")
