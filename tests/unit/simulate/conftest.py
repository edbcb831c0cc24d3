"""Every test of the record system begins with an empty one."""

from __future__ import annotations

import pytest

from tests.unit.simulate.clinic import Clinic


@pytest.fixture
def clinic() -> Clinic:
    """A record system of full capability that remembers nothing of other tests."""
    return Clinic()
