"""Which versions are not the newest: an export asks it of each of them.

Revision ID: 0021
"""

from __future__ import annotations

from alembic import op

from adapter.store.schema import tables

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Makes the table, and finds the versions that others followed."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    for statement in tables("schema.sql", dialect):
        if " TABLE replaced " in statement:
            run(statement)
    run(
        "INSERT INTO replaced (place, newer) SELECT v.place, w.place FROM version AS w"
        " JOIN version AS v ON v.type = w.type AND v.id = w.id AND v.version = w.version - 1"
        " WHERE w.version > 1"
    )
    if dialect == "sqlite":
        run("PRAGMA user_version = 21")


def downgrade() -> None:
    """Takes it away: all of it stands in the versions, too."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    run("DROP TABLE replaced")
    if dialect == "sqlite":
        run("PRAGMA user_version = 20")
