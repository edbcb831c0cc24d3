"""Versions with when they were written: what readers of the ledger are told."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from adapter.store.transaction import Transaction
from adapter.store.versions import Version

_WRITTEN = (
    "SELECT type, id, version, unit, participant, form, is_retracted, text, created FROM version"
    " WHERE type = ? AND id = ?"
)


@dataclass(frozen=True, slots=True)
class Written:
    """A version, and when it was written (ISO 8601 with its offset)."""

    version: Version
    created: str


def newest(tx: Transaction, resource_type: str, resource_id: str) -> Written | None:
    """The newest version of a resource, None where there is none."""
    row = tx.execute(f"{_WRITTEN} ORDER BY version DESC LIMIT 1", (resource_type, resource_id))
    return _written(row.fetchone())


def numbered(tx: Transaction, resource_type: str, resource_id: str, number: int) -> Written | None:
    """One version of a resource, None where there is none of this number."""
    row = tx.execute(f"{_WRITTEN} AND version = ?", (resource_type, resource_id, number))
    return _written(row.fetchone())


def history(tx: Transaction, resource_type: str, resource_id: str) -> list[Written]:
    """Every version of a resource, the oldest first."""
    rows = tx.execute(f"{_WRITTEN} ORDER BY version", (resource_type, resource_id))
    return [each for each in map(_written, rows.fetchall()) if each is not None]


def newest_of(tx: Transaction, participant: str, types: Collection[str]) -> list[Written]:
    """The newest version of everything of these types that is about one person, by type and id."""
    marks = ", ".join("?" * len(types))
    rows = tx.execute(
        "SELECT type, id, version, unit, participant, form, is_retracted, text, created"
        f" FROM version AS v WHERE participant = ? AND type IN ({marks}) AND version ="
        " (SELECT max(version) FROM version WHERE type = v.type AND id = v.id) ORDER BY type, id",
        (participant, *sorted(types)),
    )
    return [each for each in map(_written, rows.fetchall()) if each is not None]


def _written(row: Any) -> Written | None:  # noqa: ANN401 - a row of either database
    if row is None:
        return None
    return Written(Version(*(row[name] for name in Version.__slots__)), row["created"])
