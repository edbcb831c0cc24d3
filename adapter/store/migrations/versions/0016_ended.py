"""When each work with a clinic last came to its end.

Revision ID: 0016
"""

from __future__ import annotations

from alembic import op

from adapter.store.schema import tables

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Makes the table, which is empty until the next work ends."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    for statement in tables("schema.sql", dialect):
        if " TABLE ended " in statement:
            run(statement)
    if dialect == "sqlite":
        run("PRAGMA user_version = 16")


def downgrade() -> None:
    """Takes it away."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    run("DROP TABLE ended")
    if dialect == "sqlite":
        run("PRAGMA user_version = 15")
