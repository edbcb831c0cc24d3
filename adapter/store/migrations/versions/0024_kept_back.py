"""What is kept back, as far as safety signals are watched for in it.

Revision ID: 0024
"""

from __future__ import annotations

from alembic import op

from adapter.store.migrations.whole_tables import make, take_away

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Makes the table; nothing that is kept back by now was looked at, until it is met again."""
    make(24, "kept_back")
    run = op.get_bind().exec_driver_sql
    run(
        "INSERT INTO kept_back (place, kind, record, event, form, file, line, signals, is_seen,"
        " run) SELECT 'rejection ' || min(number), 'row', record, event, form, min(file),"
        " min(line), '[]', 0, 0 FROM rejection WHERE record <> '' AND severity = 'error'"
        " AND run = (SELECT max(run) FROM run WHERE ended <> '') GROUP BY record, event, form"
    )
    run(
        "INSERT INTO kept_back (place, kind, record, event, form, file, line, signals, is_seen,"
        " run) SELECT 'inbox ' || number, 'written', participant, timepoint, form, clinic, number,"
        " '[]', 0, 0 FROM inbox WHERE state = 'waiting' AND type = 'QuestionnaireResponse'"
        " AND trial_row = ''"
    )


def downgrade() -> None:
    """Takes it away: what is kept back gives no signals then."""
    take_away(23, "kept_back")
