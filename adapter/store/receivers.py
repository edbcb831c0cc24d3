"""Which receivers the ledger has met, and what a newcomer has not been owed yet."""

from __future__ import annotations

import orjson

from adapter.store.transaction import Transaction
from adapter.store.versions import Version

_PAGE = 500


def accepted_before(tx: Transaction, receiver: str) -> frozenset[str]:
    """The resource types that were owed to a receiver so far; none for one never met."""
    row = tx.execute("SELECT accepts FROM receiver WHERE receiver = ?", (receiver,)).fetchone()
    return frozenset(orjson.loads(row["accepts"])) if row else frozenset()


def keep(tx: Transaction, receiver: str, accepts: frozenset[str]) -> None:
    """Notes which types are owed to a receiver from now on."""
    tx.execute(
        "INSERT INTO receiver (receiver, accepts) VALUES (?, ?)"
        " ON CONFLICT (receiver) DO UPDATE SET accepts = excluded.accepts",
        (receiver, orjson.dumps(sorted(accepts)).decode()),
    )


def newest_of(
    tx: Transaction, types: frozenset[str], after: int
) -> tuple[list[Version], int | None]:
    """A page of the newest versions of these types that stand, in the order each was first put.

    So what others refer to comes before them, however often it was put since.
    Gives the page and where the next one begins, None behind the last.
    """
    marks = ", ".join("?" for _ in types)
    rows = tx.execute(
        "SELECT first.place, v.type, v.id, v.version, v.unit, v.participant, v.form,"
        " v.is_retracted, v.text FROM version AS first"
        " JOIN version AS v ON v.type = first.type AND v.id = first.id"
        f" WHERE first.version = 1 AND first.place > ? AND v.type IN ({marks})"
        " AND v.is_retracted = 0"
        " AND v.version = (SELECT max(version) FROM version WHERE type = v.type AND id = v.id)"
        " ORDER BY first.place LIMIT ?",
        (after, *sorted(types), _PAGE),
    ).fetchall()
    page = [Version(*tuple(row)[1:]) for row in rows]
    return page, rows[-1]["place"] if len(rows) == _PAGE else None


def waiting(tx: Transaction, receiver: str, after: int) -> tuple[list[Version], int | None]:
    """A page of what is owed to a receiver and has not left yet, retractions left out.

    Gives the page and where the next one begins, None behind the last.
    """
    rows = tx.execute(
        "SELECT d.seq, v.type, v.id, v.version, v.unit, v.participant, v.form, v.is_retracted,"
        " v.text FROM delivery AS d JOIN version AS v USING (type, id, version)"
        " WHERE d.clinic = ? AND d.seq > ? AND d.action = 'put'"
        " AND d.state IN ('queued', 'held', 'refused', 'quarantined') ORDER BY d.seq LIMIT ?",
        (receiver, after, _PAGE),
    ).fetchall()
    page = [Version(*tuple(row)[1:]) for row in rows]
    return page, rows[-1]["seq"] if len(rows) == _PAGE else None


def types_held(tx: Transaction, clinic: str, version: Version) -> frozenset[str]:
    """The types of what a clinic holds of a version's unit."""
    rows = tx.execute(
        "SELECT DISTINCT type FROM holding"
        " WHERE clinic = ? AND participant = ? AND unit = ? AND action = 'put'",
        (clinic, version.participant, version.unit),
    )
    return frozenset(row["type"] for row in rows)
