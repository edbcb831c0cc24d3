"""Where the next reading of a source goes on from, where a source can tell what has changed."""

from __future__ import annotations

from dataclasses import dataclass

from adapter.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a source was read whole.

    `position` is in the source's own words, `basis` stands for all that it was read by, `full_at`
    is when all of it was read last, by our clock.
    """

    source: str
    position: str
    basis: str
    full_at: str


def cursor(tx: Transaction, source: str) -> Cursor | None:
    """How far a source was read, None for one that was never read whole."""
    row = tx.execute("SELECT * FROM cursor WHERE source = ?", (source,)).fetchone()
    return None if row is None else Cursor(**dict(row))


def cursors_of(tx: Transaction, kind: str) -> list[str]:
    """The sources, in order, whose name begins with `kind`.

    There is a cursor per person and type: what begins alike is a range of the key, so that the
    others are not looked at. Text is in the order of its code points on either database.
    """
    bounds = (kind, kind[:-1] + chr(ord(kind[-1]) + 1))
    query = "SELECT source FROM cursor WHERE source >= ? AND source < ? ORDER BY source"
    return [row["source"] for row in tx.execute(query, bounds)]


def keep_cursor(tx: Transaction, read: Cursor) -> None:
    """Notes how far a source was read; only at the end of an ingest that was whole."""
    tx.execute(
        "INSERT INTO cursor (source, position, basis, full_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (source) DO UPDATE SET position = excluded.position,"
        " basis = excluded.basis, full_at = excluded.full_at",
        (read.source, read.position, read.basis, read.full_at),
    )


def forget_cursor(tx: Transaction, source: str) -> None:
    """Has all of a source read next time."""
    tx.execute("DELETE FROM cursor WHERE source = ?", (source,))
