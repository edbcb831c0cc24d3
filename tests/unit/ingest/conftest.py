"""Every test of an ingest begins with an empty ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.ingest.project import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A ledger that nothing was read into, two receivers, and the small trial."""
    opened = Bench.open(tmp_path)
    yield opened
    opened.close()
