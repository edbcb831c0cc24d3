"""Every test of the store begins with an empty ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapter.store.database import Database, Transaction


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty ledger in a file."""
    opened = Database(tmp_path / "ledger.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def tx(database: Database) -> Iterator[Transaction]:
    """A transaction that is open while the test runs."""
    with database.write() as opened:
        yield opened
