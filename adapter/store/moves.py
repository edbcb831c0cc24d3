"""Outcomes that a person moved to another rung of a clinic: which, to which, and how far it is.

A move is under way while the clinic still holds the outcome by its old way: until that is taken
back, and confirmed to be, nothing of it is owed by the new one.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapter.store.transaction import Transaction

_OWED = "('queued', 'held', 'refused', 'quarantined', 'claimed', 'uncertain')"


@dataclass(frozen=True, slots=True)
class Move:
    """A unit, the rung that it goes by from now on, and whether the old way is taken back yet."""

    unit: str
    rung: str
    is_under_way: bool


def note_move(tx: Transaction, clinic: str, move: Move) -> None:
    """Notes a move, in place of an earlier one of the same unit."""
    tx.execute(
        "INSERT INTO moved (clinic, unit, rung, is_under_way) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (clinic, unit) DO UPDATE SET rung = excluded.rung,"
        " is_under_way = excluded.is_under_way",
        (clinic, move.unit, move.rung, int(move.is_under_way)),
    )


def move_of(tx: Transaction, clinic: str, unit: str) -> Move | None:
    """The move of a unit, None where nobody moved it."""
    row = tx.execute(
        "SELECT unit, rung, is_under_way FROM moved WHERE clinic = ? AND unit = ?", (clinic, unit)
    ).fetchone()
    return None if row is None else Move(row["unit"], row["rung"], bool(row["is_under_way"]))


def moved_to(tx: Transaction, clinic: str, unit: str) -> str:
    """The rung that a unit was moved to and goes by now, '' for none."""
    move = move_of(tx, clinic, unit)
    return "" if move is None or move.is_under_way else move.rung


def under_way(tx: Transaction, clinic: str) -> list[Move]:
    """The moves whose old way is not taken back yet, or not known to be."""
    rows = tx.execute(
        "SELECT unit, rung FROM moved WHERE clinic = ? AND is_under_way = 1 ORDER BY unit",
        (clinic,),
    )
    return [Move(row["unit"], row["rung"], is_under_way=True) for row in rows]


def movable(tx: Transaction, clinic: str, form: str) -> list[str]:
    """Units of a form of which the clinic is owed something yet, or holds something."""
    rows = tx.execute(
        "SELECT unit FROM instance WHERE form = ? AND unit IN (SELECT unit FROM delivery"
        f" WHERE clinic = ? AND action = 'put' AND state IN {_OWED} UNION"
        " SELECT unit FROM holding WHERE clinic = ? AND action = 'put') ORDER BY unit",
        (form, clinic, clinic),
    )
    return [row["unit"] for row in rows]


def is_in_doubt(tx: Transaction, clinic: str, unit: str) -> bool:
    """Whether something of a unit is under way, or may be there and nobody knows."""
    row = tx.execute(
        "SELECT 1 FROM delivery AS d WHERE clinic = ? AND unit = ? AND (state IN"
        " ('claimed', 'uncertain') OR EXISTS (SELECT 1 FROM begun WHERE clinic = d.clinic"
        " AND type = d.type AND id = d.id)) LIMIT 1",
        (clinic, unit),
    ).fetchone()
    return row is not None


def is_taken_back(tx: Transaction, clinic: str, unit: str) -> bool:
    """Whether what a clinic held of a unit is gone from it, or marked there, and seen to be."""
    row = tx.execute(
        "SELECT 1 FROM delivery WHERE clinic = ? AND unit = ? AND action = 'retract'"
        " AND state NOT IN ('confirmed', 'superseded') UNION ALL SELECT 1 FROM holding"
        " WHERE clinic = ? AND unit = ? AND action = 'put' AND type <> 'Provenance' LIMIT 1",
        (clinic, unit, clinic, unit),
    ).fetchone()
    return row is None
