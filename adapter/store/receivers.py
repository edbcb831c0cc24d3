"""Which receivers the ledger has met, how far they were owed, and what they were not owed yet."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from adapter.store.paging import AT_ONCE, paged
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


def owed_until(tx: Transaction, receiver: str, basis: str) -> int:
    """The place of the last version that was owed to a receiver by this basis, 0 for another one.

    `basis` stands for all that decides what it is owed.
    """
    row = tx.execute(
        "SELECT place FROM owed_until WHERE receiver = ? AND basis = ?", (receiver, basis)
    ).fetchone()
    return 0 if row is None else int(row["place"])


def keep_owed(tx: Transaction, receiver: str, basis: str) -> None:
    """Notes that a receiver was owed every version that there is, by this basis."""
    tx.execute(
        "INSERT INTO owed_until (receiver, basis, place) VALUES (?, ?, ?) ON CONFLICT (receiver)"
        " DO UPDATE SET basis = excluded.basis, place = excluded.place",
        (receiver, basis, _last_place(tx)),
    )


def nobodys_behind(tx: Transaction, after: int) -> list[tuple[str, str]]:
    """What was put behind a place and belongs to nobody, in that order: type and id of each."""
    rows = tx.execute(
        "SELECT DISTINCT type, id FROM version WHERE participant = '' AND place > ?", (after,)
    ).fetchall()
    first = {
        (row["type"], row["id"]): tx.execute(
            "SELECT place FROM version WHERE type = ? AND id = ? AND version = 1", tuple(row)
        ).fetchone()["place"]
        for row in rows
    }
    return sorted(first, key=first.__getitem__)


def people_behind(tx: Transaction, after: int) -> Iterator[str]:
    """Of whom anything was put behind a place; some may be told more than once.

    A page is read at a time: whoever goes through them may write.
    """
    if after == 0:  # of everybody, then
        yield from paged(lambda name: _people(tx, name))
        return
    until = _last_place(tx)  # what is put meanwhile is owed by whoever puts it
    while after < until:
        rows = tx.execute(
            "SELECT place, participant FROM version WHERE place > ? AND place <= ?"
            " ORDER BY place LIMIT ?",
            (after, until, AT_ONCE),
        ).fetchall()
        if not rows:
            return
        after = rows[-1]["place"]
        yield from dict.fromkeys(row["participant"] for row in rows if row["participant"])


def _people(tx: Transaction, name: str) -> list[str]:
    rows = tx.execute(
        "SELECT participant FROM participant WHERE participant > ? ORDER BY participant LIMIT ?",
        (name, AT_ONCE),
    )
    return [row["participant"] for row in rows]


def _last_place(tx: Transaction) -> int:
    return int(tx.execute("SELECT coalesce(max(place), 0) FROM version").fetchone()[0])


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
