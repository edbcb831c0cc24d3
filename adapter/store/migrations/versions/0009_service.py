"""What the HTTP service keeps: the index that searches use, and the tokens that it gave out.

Revision ID: 0009
"""

from __future__ import annotations

from alembic import op

from adapter.store.schema import tables

revision = "0009"
down_revision = "0008"

_WORDS = ("TABLE", "INTO", "ON")
_TABLES = ("indexed", "newest", "found_token", "found_range", "found_words", "spent", "token")


def upgrade() -> None:
    """Makes the tables, which are empty: the first search fills the index."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    for statement in tables("schema.sql", dialect):
        if any(f" {word} {table} " in statement for word in _WORDS for table in _TABLES):
            run(statement)
    if dialect == "sqlite":
        run("PRAGMA user_version = 9")


def downgrade() -> None:
    """Takes them away: the index is made of the versions alone, and tokens soon end."""
    run, dialect = op.get_bind().exec_driver_sql, op.get_bind().dialect.name
    for table in _TABLES:
        run(f"DROP TABLE {table}")
    if dialect == "sqlite":
        run("PRAGMA user_version = 8")
