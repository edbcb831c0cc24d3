"""What a version of a form stands for, so that it cannot change unseen.

Revision ID: 0022
"""

from __future__ import annotations

from adapter.store.migrations.whole_tables import make, take_away

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Makes the table, which is empty: each form is taken as it is met next."""
    make(22, "meaning")


def downgrade() -> None:
    """Takes it away: an earlier adapter did not look."""
    take_away(21, "meaning")
