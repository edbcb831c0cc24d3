"""Every test of the delivery begins with an empty ledger and an empty record system behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from adapter.sync.profile import ClinicProfile
from tests.unit.sync.desk import CLINIC, REPOSITORY, Desk
from tests.unit.sync.far_side import FarSide

Opened = Callable[[ClinicProfile], Desk]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Opens the desk of a clinic; all of a test's desks share one ledger."""
    with ExitStack() as stack:
        yield lambda profile: stack.enter_context(Desk(tmp_path, profile))


@pytest.fixture
def desk(opened: Opened) -> Desk:
    """A research repository; person 1 agreed to everything, and their Patient is there."""
    return opened(REPOSITORY)


@pytest.fixture
def clinic(opened: Opened) -> Desk:
    """A clinic with patients of its own; person 1 agreed to everything, and is its patient 77."""
    return opened(CLINIC)


@pytest.fixture
def far(desk: Desk) -> FarSide:
    """The record system of the research repository."""
    return desk.far
