"""What clients call the resources that they wrote over HTTP.

Revision ID: 0014
"""

from __future__ import annotations

from adapter.store.migrations.whole_tables import make, take_away

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Makes the table, which is empty: nobody wrote before."""
    make(14, "named")


def downgrade() -> None:
    """Takes it away."""
    take_away(13, "named")
