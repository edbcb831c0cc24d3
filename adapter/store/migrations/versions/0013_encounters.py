"""In which Encounter of a clinic the results of a unit are filed.

Revision ID: 0013
"""

from __future__ import annotations

from adapter.store.migrations.whole_tables import make, take_away

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Makes the table, which is empty: so far nothing was filed in an Encounter."""
    make(13, "encounter")


def downgrade() -> None:
    """Takes it away: a correction would leave the Encounter out."""
    take_away(12, "encounter")
