"""What a clinic is sent next: whole units, in order, and nothing past what is under way.

How many are claimed at once depends on what may leave alone. Else the size of a bundle would tell
what was held out of it, and what blinding holds tells the arm.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from adapter.store.deliveries import COLUMNS, Delivery, delivery_of
from adapter.store.ordering import in_turn
from adapter.store.parking import ALONE_FROM
from adapter.store.transaction import Transaction

# Each is asked once, whatever PostgreSQL believes of tables that are new to it.
_NOT_UNDER_WAY = (
    "unit NOT IN (SELECT unit FROM delivery WHERE clinic = ? AND state IN ('claimed', 'uncertain'))"
)
_NOT_PARKED = (
    "participant NOT IN"
    f" (SELECT participant FROM parked WHERE clinic = ? AND attempts >= {ALONE_FROM})"
)


@dataclass(frozen=True, slots=True)
class Room:
    """How many deliveries go together (`limit`), how many are there already, and which count."""

    limit: int
    taken: int = 0
    counts: Callable[[Delivery], bool] = lambda _: True


def claim(tx: Transaction, clinic: str, room: Room, now: str) -> list[Delivery]:
    """The next queued deliveries in order, as many as there is room for.

    A unit is never divided: one that alone is larger than the limit is claimed where the room is
    empty. A resource whose older version is still under way waits. Who is parked is left out. What
    does not count takes no room, so that there may be more to claim while there is some left.
    """
    rows = tx.execute(
        f"SELECT unit FROM delivery WHERE clinic = ? AND state = 'queued' AND {_NOT_UNDER_WAY}"
        f" AND {_NOT_PARKED} ORDER BY seq LIMIT ?",
        (clinic, clinic, clinic, room.limit),
    ).fetchall()
    return _claim_units(tx, clinic, rows, room, now)


def claim_of(
    tx: Transaction, clinic: str, participant: str, room: Room, now: str
) -> list[Delivery]:
    """The same, of one person alone, who may be parked."""
    rows = tx.execute(
        "SELECT unit FROM delivery WHERE clinic = ? AND participant = ? AND state = 'queued'"
        f" AND {_NOT_UNDER_WAY} ORDER BY seq LIMIT ?",
        (clinic, participant, clinic, room.limit),
    ).fetchall()
    return _claim_units(tx, clinic, rows, room, now)


def _claim_units(
    tx: Transaction, clinic: str, rows: list[Any], room: Room, now: str
) -> list[Delivery]:
    found: list[Delivery] = []
    taken = room.taken
    queued = _queued_of_units(tx, clinic, dict.fromkeys(row["unit"] for row in rows))
    units = in_turn(tx, clinic, queued)
    if not queued.keys() >= set(units):
        queued = _queued_of_units(tx, clinic, units)
    for whole in map(queued.__getitem__, units):
        more = sum(map(room.counts, whole))
        if taken and more and taken + more > room.limit:
            break
        found += whole
        taken += more
    if found:
        marks = ", ".join("?" * len(found))
        tx.execute(
            "UPDATE delivery SET state = 'claimed', attempts = attempts + 1, updated = ?"
            f" WHERE seq IN ({marks})",
            (now, *(delivery.seq for delivery in found)),
        )
    return found


def _queued_of_units(
    tx: Transaction, clinic: str, units: Collection[str]
) -> dict[str, list[Delivery]]:
    """What is queued of each of these units, in order; the units as they were given."""
    whole: dict[str, list[Delivery]] = {unit: [] for unit in units}
    if whole:
        # `state || ''`: by the unit, and not by the state, or SQLite goes through all that waits.
        rows = tx.execute(
            f"SELECT {COLUMNS} FROM delivery WHERE clinic = ? AND state || '' = 'queued'"
            f" AND unit IN ({', '.join('?' * len(whole))}) ORDER BY seq",
            (clinic, *whole),
        )
        for row in rows:
            whole[row["unit"]].append(delivery_of(row))
    return whole
