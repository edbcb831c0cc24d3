"""Versions with when they were written: what readers of the ledger are told."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from adapter.store.transaction import Transaction
from adapter.store.versions import Version

WRITTEN = ", ".join(f"v.{name}" for name in ("place", *Version.__slots__, "created"))
"""The columns of `version AS v` that make a `Written`."""
_WRITTEN = f"SELECT {WRITTEN} FROM version AS v WHERE type = ? AND id = ?"


@dataclass(frozen=True, slots=True)
class Written:
    """A version, when it was written (ISO 8601 with its offset), and its place in the order."""

    version: Version
    created: str
    place: int


def newest(tx: Transaction, resource_type: str, resource_id: str) -> Written | None:
    """The newest version of a resource, None where there is none."""
    row = tx.execute(f"{_WRITTEN} ORDER BY version DESC LIMIT 1", (resource_type, resource_id))
    return _found(row.fetchone())


def newest_at(tx: Transaction, firsts: Sequence[int]) -> list[Written]:
    """The newest versions of resources by the places of their first ones, in the same order."""
    if not firsts:
        return []
    marks = ", ".join("?" * len(firsts))
    rows = tx.execute(
        f"SELECT {WRITTEN}, n.first FROM newest AS n JOIN version AS v"
        " ON v.type = n.type AND v.id = n.id AND v.version ="
        " (SELECT max(version) FROM version WHERE type = n.type AND id = n.id)"
        f" WHERE n.first IN ({marks})",
        firsts,
    )
    found = {row[-1]: as_written(tuple(row)[:-1]) for row in rows}
    return [found[first] for first in firsts]


def numbered(tx: Transaction, resource_type: str, resource_id: str, number: int) -> Written | None:
    """One version of a resource, None where there is none of this number."""
    row = tx.execute(f"{_WRITTEN} AND version = ?", (resource_type, resource_id, number))
    return _found(row.fetchone())


def at(tx: Transaction, place: int) -> Written:
    """The version at a place that there is."""
    row = tx.execute(f"SELECT {WRITTEN} FROM version AS v WHERE place = ?", (place,)).fetchone()
    return as_written(row)


def history(tx: Transaction, resource_type: str, resource_id: str) -> list[Written]:
    """Every version of a resource, the oldest first."""
    rows = tx.execute(f"{_WRITTEN} ORDER BY version", (resource_type, resource_id))
    return [as_written(row) for row in rows.fetchall()]


def newest_of(tx: Transaction, participant: str, types: Collection[str]) -> list[Written]:
    """The newest version of everything of these types that is about one person, by type and id."""
    marks = ", ".join("?" * len(types))
    rows = tx.execute(
        f"SELECT {WRITTEN} FROM version AS v WHERE participant = ? AND type IN ({marks})"
        " AND version = (SELECT max(version) FROM version WHERE type = v.type AND id = v.id)"
        " ORDER BY type, id",
        (participant, *sorted(types)),
    )
    return [as_written(row) for row in rows.fetchall()]


def as_written(row: Any) -> Written:  # noqa: ANN401 - a row of either database
    """A row of `WRITTEN`: read by place, for there may be a million of them."""
    return Written(Version(*row[1:-1]), row[-1], row[0])


def _found(row: Any) -> Written | None:  # noqa: ANN401 - likewise
    return None if row is None else as_written(row)
