"""How far a source was read is kept, one position for each source."""

from __future__ import annotations

from dataclasses import replace

from adapter.store.cursors import Cursor, cursor, keep_cursor
from adapter.store.database import Transaction
from tests.unit.store.ledger import LATER, NOW

READ = Cursor("redcap.example.org, project 42", "2024-03-20 22:30", "a digest", NOW)


def test_a_source_that_was_never_read_whole_has_no_position(tx: Transaction) -> None:
    assert cursor(tx, READ.source) is None


def test_the_newest_position_of_a_source_is_kept(tx: Transaction) -> None:
    other = replace(READ, source="another")
    for each in (READ, other, replace(READ, position="2024-03-21 08:00", full_at=LATER)):
        keep_cursor(tx, each)

    assert cursor(tx, READ.source) == replace(READ, position="2024-03-21 08:00", full_at=LATER)
    assert cursor(tx, "another") == other
