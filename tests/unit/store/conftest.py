"""Every test of the store begins with an empty ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapter.store.database import Database, Transaction


@pytest.fixture
def database(where: Path | str) -> Iterator[Database]:
    """An empty ledger: every test here is run on both databases."""
    opened = Database(where)
    yield opened
    opened.close()


@pytest.fixture
def tx(database: Database) -> Iterator[Transaction]:
    """A transaction that is open while the test runs."""
    with database.write() as opened:
        yield opened
