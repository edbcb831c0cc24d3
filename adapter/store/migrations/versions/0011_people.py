"""People who look at the pages: their links, their sessions, and what they acknowledged.

Revision ID: 0011
"""

from __future__ import annotations

from adapter.store.migrations.whole_tables import make, take_away

revision = "0011"
down_revision = "0010"

_TABLES = ("invitation", "session", "acknowledgement")


def upgrade() -> None:
    """Makes the tables, which are empty."""
    make(11, *_TABLES)


def downgrade() -> None:
    """Takes them away: who was signed in signs in again; the audit log keeps who acknowledged."""
    take_away(10, *_TABLES)
