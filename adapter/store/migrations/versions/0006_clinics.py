"""What clinics said of themselves, and the ids that they gave.

Revision ID: 0006
"""

from __future__ import annotations

from alembic import op

from adapter.store.schema import tables

revision = "0006"
down_revision = "0005"

_NEW = ("capability", "remote")


def upgrade() -> None:
    """Makes both tables, which are empty: a clinic is asked again."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    for statement in tables("schema.sql", dialect):
        if statement.split()[2] in _NEW:
            run(statement)
    if dialect == "sqlite":
        run("PRAGMA user_version = 6")


def downgrade() -> None:
    """Takes both away."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    for table in _NEW:
        run(f"DROP TABLE {table}")
    if dialect == "sqlite":
        run("PRAGMA user_version = 5")
