"""Which receivers the ledger has met, and what a newcomer has not been owed yet."""

from __future__ import annotations

import orjson

from adapter.store.database import Transaction
from adapter.store.versions import Version

_PAGE = 500


def accepted_before(tx: Transaction, receiver: str) -> frozenset[str]:
    """The resource types that were owed to a receiver so far; none for one never met."""
    row = tx.execute("SELECT accepts FROM receiver WHERE receiver = ?", (receiver,)).fetchone()
    return frozenset(orjson.loads(row["accepts"])) if row else frozenset()


def keep(tx: Transaction, receiver: str, accepts: frozenset[str]) -> None:
    """Notes which types are owed to a receiver from now on."""
    tx.execute(
        "INSERT OR REPLACE INTO receiver (receiver, accepts) VALUES (?, ?)",
        (receiver, orjson.dumps(sorted(accepts)).decode()),
    )


def newest_of(
    tx: Transaction, types: frozenset[str], after: int
) -> tuple[list[Version], int | None]:
    """A page of the newest versions of these types that stand, in the order they were put.

    Gives the page and where the next one begins, None behind the last.
    """
    marks = ", ".join("?" for _ in types)
    rows = tx.execute(
        "SELECT rowid, type, id, version, unit, participant, form, is_retracted, text"
        f" FROM version AS v WHERE rowid > ? AND type IN ({marks}) AND is_retracted = 0"
        " AND version = (SELECT max(version) FROM version WHERE type = v.type AND id = v.id)"
        " ORDER BY rowid LIMIT ?",
        (after, *sorted(types), _PAGE),
    ).fetchall()
    page = [Version(*tuple(row)[1:]) for row in rows]
    return page, rows[-1]["rowid"] if len(rows) == _PAGE else None
