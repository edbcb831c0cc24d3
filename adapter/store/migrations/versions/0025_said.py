"""What each source says of a person, where several say a part each.

Revision ID: 0025
"""

from __future__ import annotations

from adapter.store.migrations.whole_tables import make, take_away

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Makes the table, which is empty: each source fills it as it is read next."""
    make(25, "said")


def downgrade() -> None:
    """Takes it away: to an earlier adapter the source that was read last had the last word."""
    take_away(24, "said")
