"""Outcomes that a person moved to another rung of a clinic.

Revision ID: 0017
"""

from __future__ import annotations

from adapter.store.migrations.whole_tables import make, take_away

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Makes the table, which is empty: so far nobody could move anything."""
    make(17, "moved")


def downgrade() -> None:
    """Takes it away: new corrections would go the way that the profile says."""
    take_away(16, "moved")
