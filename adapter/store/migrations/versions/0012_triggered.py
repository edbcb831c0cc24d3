"""Records that a source said were saved.

Revision ID: 0012
"""

from __future__ import annotations

from adapter.store.migrations.whole_tables import make, take_away

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Makes the table, which is empty: nobody waits."""
    make(12, "triggered")


def downgrade() -> None:
    """Takes it away: the next reading of what has changed finds who waited."""
    take_away(11, "triggered")
