"""Versions with when they were written: what readers of the ledger are told."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from adapter.store.transaction import Transaction
from adapter.store.versions import Version

_WRITTEN = (
    "SELECT place, type, id, version, unit, participant, form, is_retracted, text, created"
    " FROM version WHERE type = ? AND id = ?"
)


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


def numbered(tx: Transaction, resource_type: str, resource_id: str, number: int) -> Written | None:
    """One version of a resource, None where there is none of this number."""
    row = tx.execute(f"{_WRITTEN} AND version = ?", (resource_type, resource_id, number))
    return _found(row.fetchone())


def history(tx: Transaction, resource_type: str, resource_id: str) -> list[Written]:
    """Every version of a resource, the oldest first."""
    rows = tx.execute(f"{_WRITTEN} ORDER BY version", (resource_type, resource_id))
    return [as_written(row) for row in rows.fetchall()]


def newest_of(tx: Transaction, participant: str, types: Collection[str]) -> list[Written]:
    """The newest version of everything of these types that is about one person, by type and id."""
    marks = ", ".join("?" * len(types))
    rows = tx.execute(
        "SELECT place, type, id, version, unit, participant, form, is_retracted, text, created"
        f" FROM version AS v WHERE participant = ? AND type IN ({marks}) AND version ="
        " (SELECT max(version) FROM version WHERE type = v.type AND id = v.id) ORDER BY type, id",
        (participant, *sorted(types)),
    )
    return [as_written(row) for row in rows.fetchall()]


def as_written(row: Any) -> Written:  # noqa: ANN401 - a row of either database
    """A row of versions with all that is told of one."""
    version = Version(*(row[name] for name in Version.__slots__))
    return Written(version, row["created"], row["place"])


def _found(row: Any) -> Written | None:  # noqa: ANN401 - likewise
    return None if row is None else as_written(row)
