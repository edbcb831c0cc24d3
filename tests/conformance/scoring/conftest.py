"""The engines, started by the first test that asks for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.scoring.engines import Engines


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    """All of them, shared by the whole run: they keep nothing from one form to the next."""
    with Engines() as running:
        yield running
