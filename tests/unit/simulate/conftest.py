"""Every test of the record system begins with an empty one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.simulate.clinic import Clinic

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def clinic() -> Iterator[Clinic]:
    """A record system of full capability that forgets everything at its end."""
    opened = Clinic()
    yield opened
    opened.system.close()
