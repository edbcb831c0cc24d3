"""Pages that are opened from inside a record system.

Revision ID: 0018
"""

from __future__ import annotations

from adapter.store.migrations.whole_tables import make, take_away

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Makes the table, which is empty: nothing was opened so before."""
    make(18, "launch")


def downgrade() -> None:
    """Takes it away: whoever looks has to open the page again."""
    take_away(17, "launch")
