"""Creates under way at record systems that give their own ids.

Revision ID: 0010
"""

from __future__ import annotations

from adapter.store.migrations.whole_tables import make, take_away

revision = "0010"
down_revision = "0009"

_TABLES = ("begun", "finding")


def upgrade() -> None:
    """Makes both tables, which are empty: what was under way before is looked for as before."""
    make(10, *_TABLES)


def downgrade() -> None:
    """Takes both away."""
    take_away(9, *_TABLES)
