"""Bulk exports: what was asked for, which files are whole, and how the ledger stood.

Revision ID: 0015
"""

from __future__ import annotations

from alembic import op

from adapter.store.schema import tables

revision = "0015"
down_revision = "0014"

_TABLES = ("export", "export_file", "export_chosen", "export_person")
_INDICES = ("export_by_state", "version_by_type")


def upgrade() -> None:
    """Makes the tables, which are empty, and finds the versions of a type in their order."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    for statement in tables("schema.sql", dialect):
        made = statement.split()[2]
        if made in {*_TABLES, *_INDICES}:
            # A step before may have made the table of versions anew, with all that it has now.
            run(statement.replace("CREATE INDEX", "CREATE INDEX IF NOT EXISTS"))
    if dialect == "sqlite":
        run("PRAGMA user_version = 15")


def downgrade() -> None:
    """Takes them away: who exports, asks anew."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    run("DROP INDEX version_by_type")
    for table in _TABLES:
        run(f"DROP TABLE {table}")
    if dialect == "sqlite":
        run("PRAGMA user_version = 14")
