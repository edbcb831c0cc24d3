"""A clinic whose address became that of another server: its ids and links hold there no more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from adapter.errors import ConflictError
from adapter.sync.server import Server
from adapter.sync.verify import verify

if TYPE_CHECKING:
    from tests.unit.sync.desk import Desk
    from tests.unit.sync.far_side import FarSide

TRYING = "https://trying.example.org/fhir"
REAL = "https://real.example.org/fhir"


def test_another_server_is_neither_told_nor_asked(desk: Desk, far: FarSide) -> None:
    desk.clinic = replace(desk.clinic, server=Server(TRYING))
    desk.owe(desk.observation("a"))
    assert desk.push().created
    asked = len(far.requests)
    desk.clinic = replace(desk.clinic, server=Server(REAL))
    desk.owe(desk.observation("a", value=7))

    for act in (desk.push, lambda: verify(desk.clinic)):
        with pytest.raises(ConflictError, match=f"so far .{TRYING}.; found another one"):
            act()

    assert len(far.requests) == asked


def test_the_same_server_goes_on_under_a_new_address(desk: Desk) -> None:
    desk.clinic = replace(desk.clinic, server=Server(TRYING))
    desk.push()
    desk.clinic = replace(desk.clinic, server=Server(REAL, (f"{TRYING}/",)))
    desk.push()
    desk.clinic = replace(desk.clinic, server=Server(f"{REAL}/"))

    assert desk.push().refused == {}  # what it was called before need not be said for ever


def test_the_first_address_is_as_good_as_any(desk: Desk) -> None:
    desk.owe(desk.observation("a"))
    desk.push()  # by an adapter that noted no address
    desk.clinic = replace(desk.clinic, server=Server(REAL))

    assert desk.push().refused == {}
