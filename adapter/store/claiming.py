"""What a clinic is sent next: whole units, in order, and nothing past what is under way.

How many are claimed at once depends on what may leave alone. Else the size of a bundle would tell
what was held out of it, and what blinding holds tells the arm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from adapter.store.deliveries import COLUMNS, Delivery, delivery_of
from adapter.store.parking import ALONE_FROM
from adapter.store.transaction import Transaction

_NOT_UNDER_WAY = (
    "NOT EXISTS (SELECT 1 FROM delivery WHERE clinic = d.clinic AND unit = d.unit"
    " AND state IN ('claimed', 'uncertain'))"
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
        f"SELECT unit FROM delivery AS d WHERE clinic = ? AND state = 'queued' AND {_NOT_UNDER_WAY}"
        " AND NOT EXISTS (SELECT 1 FROM parked WHERE clinic = d.clinic"
        f" AND participant = d.participant AND attempts >= {ALONE_FROM}) ORDER BY seq LIMIT ?",
        (clinic, room.limit),
    ).fetchall()
    return _claim_units(tx, clinic, rows, room, now)


def claim_of(
    tx: Transaction, clinic: str, participant: str, room: Room, now: str
) -> list[Delivery]:
    """The same, of one person alone, who may be parked."""
    rows = tx.execute(
        "SELECT unit FROM delivery AS d WHERE clinic = ? AND participant = ? AND state = 'queued'"
        f" AND {_NOT_UNDER_WAY} ORDER BY seq LIMIT ?",
        (clinic, participant, room.limit),
    ).fetchall()
    return _claim_units(tx, clinic, rows, room, now)


def _claim_units(
    tx: Transaction, clinic: str, rows: list[Any], room: Room, now: str
) -> list[Delivery]:
    found: list[Delivery] = []
    taken = room.taken
    for unit in dict.fromkeys(row["unit"] for row in rows):
        whole = _queued_of_unit(tx, clinic, unit)
        more = sum(map(room.counts, whole))
        if taken and more and taken + more > room.limit:
            break
        found += whole
        taken += more
    tx.executemany(
        "UPDATE delivery SET state = 'claimed', attempts = attempts + 1, updated = ? WHERE seq = ?",
        [(now, delivery.seq) for delivery in found],
    )
    return found


def _queued_of_unit(tx: Transaction, clinic: str, unit: str) -> list[Delivery]:
    rows = tx.execute(
        f"SELECT {COLUMNS} FROM delivery WHERE clinic = ? AND unit = ? AND state = 'queued'"
        " ORDER BY seq",
        (clinic, unit),
    )
    return [delivery_of(row) for row in rows]
