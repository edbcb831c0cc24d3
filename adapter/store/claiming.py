"""What a clinic is sent next: whole units, in order, and nothing past what is under way."""

from __future__ import annotations

from typing import Any

from adapter.store.deliveries import COLUMNS, Delivery, delivery_of
from adapter.store.parking import ALONE_FROM
from adapter.store.transaction import Transaction

_NOT_UNDER_WAY = (
    "NOT EXISTS (SELECT 1 FROM delivery WHERE clinic = d.clinic AND unit = d.unit"
    " AND state IN ('claimed', 'uncertain'))"
)


def claim(tx: Transaction, clinic: str, limit: int, now: str) -> list[Delivery]:
    """The next queued deliveries in order, at most `limit` unless one unit alone is larger.

    A unit is never divided, and a resource whose older version is still under way waits. Who is
    parked is left out.
    """
    rows = tx.execute(
        f"SELECT unit FROM delivery AS d WHERE clinic = ? AND state = 'queued' AND {_NOT_UNDER_WAY}"
        " AND NOT EXISTS (SELECT 1 FROM parked WHERE clinic = d.clinic"
        f" AND participant = d.participant AND attempts >= {ALONE_FROM}) ORDER BY seq LIMIT ?",
        (clinic, limit),
    ).fetchall()
    return _claim_units(tx, clinic, rows, limit, now)


def claim_of(
    tx: Transaction, clinic: str, participant: str, limit: int, now: str
) -> list[Delivery]:
    """The same, of one person alone, who may be parked."""
    rows = tx.execute(
        "SELECT unit FROM delivery AS d WHERE clinic = ? AND participant = ? AND state = 'queued'"
        f" AND {_NOT_UNDER_WAY} ORDER BY seq LIMIT ?",
        (clinic, participant, limit),
    ).fetchall()
    return _claim_units(tx, clinic, rows, limit, now)


def _claim_units(
    tx: Transaction, clinic: str, rows: list[Any], limit: int, now: str
) -> list[Delivery]:
    found: list[Delivery] = []
    for unit in dict.fromkeys(row["unit"] for row in rows):
        whole = _queued_of_unit(tx, clinic, unit)
        if found and len(found) + len(whole) > limit:
            break
        found += whole
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
