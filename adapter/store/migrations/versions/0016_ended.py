"""When each work with a clinic last came to its end.

Revision ID: 0016
"""

from __future__ import annotations

from adapter.store.migrations.whole_tables import make, take_away

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Makes the table, which is empty until the next work ends."""
    make(16, "ended")


def downgrade() -> None:
    """Takes it away."""
    take_away(15, "ended")
