"""By which version of its form each form instance was read, and by what that version scored.

Revision ID: 0026
"""

from __future__ import annotations

from adapter.store.migrations.whole_tables import make, take_away

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Makes the tables, empty: what was read before says its version in what was made of it."""
    make(26, "counting", "reading")


def downgrade() -> None:
    """Takes them away: an earlier adapter reads everything by the present version."""
    take_away(25, "counting", "reading")
