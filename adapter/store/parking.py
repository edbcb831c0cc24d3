"""People whose deliveries meet trouble that others' do not: they wait, and hold up nobody else.

Twice is chance: who met trouble so often is noted, and sent again with the others. Who meets it
once more is parked, and sent alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from adapter.store.transaction import Transaction

ALONE_FROM = 3


@dataclass(frozen=True, slots=True)
class Parked:
    """Somebody who met trouble so often, and when they are tried again, in seconds since 1970."""

    participant: str
    attempts: int
    due: float
    reason: str


def park(tx: Transaction, clinic: str, who: Parked) -> None:
    """Lets somebody wait at a clinic, or wait longer."""
    tx.execute(
        "INSERT INTO parked (clinic, participant, attempts, due, reason) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (clinic, participant) DO UPDATE SET attempts = excluded.attempts,"
        " due = excluded.due, reason = excluded.reason",
        (clinic, who.participant, who.attempts, who.due, who.reason),
    )


def unpark(tx: Transaction, clinic: str, participants: Iterable[str]) -> None:
    """Lets people go on."""
    tx.executemany(
        "DELETE FROM parked WHERE clinic = ? AND participant = ?",
        [(clinic, participant) for participant in participants],
    )


def every(tx: Transaction, clinic: str) -> list[Parked]:
    """Who met trouble at a clinic, be it by chance."""
    rows = tx.execute(
        "SELECT participant, attempts, due, reason FROM parked WHERE clinic = ?", (clinic,)
    )
    return [Parked(*row) for row in rows]


def parked(tx: Transaction, clinic: str) -> list[Parked]:
    """Who waits at a clinic although something of theirs is owed, who is due first, first."""
    rows = tx.execute(
        "SELECT participant, attempts, due, reason FROM parked AS p WHERE clinic = ?"
        f" AND attempts >= {ALONE_FROM} AND EXISTS (SELECT 1 FROM delivery WHERE clinic = p.clinic"
        " AND participant = p.participant AND state = 'queued') ORDER BY due, participant",
        (clinic,),
    )
    return [Parked(*row) for row in rows]
