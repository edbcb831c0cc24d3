"""What codes mean in words, and identifiers by their kind, among what searches find by.

Revision ID: 0020
"""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"

_MADE_ANEW = ("found_token", "found_range", "found_words", "newest")


def upgrade() -> None:
    """Empties the index, which holds nothing that the versions do not: a search fills it."""
    _empty()
    if op.get_bind().dialect.name == "sqlite":
        op.get_bind().exec_driver_sql("PRAGMA user_version = 20")


def downgrade() -> None:
    """Empties it again: an older program fills it with less."""
    _empty()
    if op.get_bind().dialect.name == "sqlite":
        op.get_bind().exec_driver_sql("PRAGMA user_version = 19")


def _empty() -> None:
    run = op.get_bind().exec_driver_sql
    for table in _MADE_ANEW:
        run(f"DELETE FROM {table}")
    run("UPDATE indexed SET place = 0")
