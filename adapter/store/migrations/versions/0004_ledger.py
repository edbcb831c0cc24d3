"""The ledger as it was before Alembic; an even older file gains what it lacks.

Revision ID: 0004
"""

from __future__ import annotations

from alembic import op

from adapter.store.schema import tables

revision = "0004"
down_revision = None

_TABLES = (
    *("run", "cursor", "shape", "difference", "receiver", "rejection", "holding"),
    *("delivery", "version", "instance", "withdrawal", "participant"),
)


def upgrade() -> None:
    """Makes every table that is not there; each version before this one added tables alone."""
    bind = op.get_bind()
    for statement in tables("migrations/schema_4.sql", bind.dialect.name):
        bind.exec_driver_sql(statement)
    if bind.dialect.name == "sqlite":
        bind.exec_driver_sql("PRAGMA user_version = 4")


def downgrade() -> None:
    """Takes every table away."""
    bind = op.get_bind()
    for table in _TABLES:
        bind.exec_driver_sql(f"DROP TABLE {table}")
    if bind.dialect.name == "sqlite":
        bind.exec_driver_sql("PRAGMA user_version = 0")
