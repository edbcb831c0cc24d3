"""What pages opened from inside a record system have to remember, shared by all workers.

Every row is sealed with a key that the browser alone keeps: who has the ledger cannot read a token
in it. Times are seconds since 1970.
"""

from __future__ import annotations

from adapter.store.transaction import Transaction


def keep(tx: Transaction, digest: bytes, sealed: bytes, ends: float, now: float) -> None:
    """Notes something, in place of what was kept under this hash; what has ended is forgotten."""
    tx.execute("DELETE FROM launch WHERE ends <= ? OR hash = ?", (now, digest))
    tx.execute("INSERT INTO launch (hash, sealed, ends) VALUES (?, ?, ?)", (digest, sealed, ends))


def take(tx: Transaction, digest: bytes, now: float) -> bytes | None:
    """What is kept under a hash, which can be taken once; None for nothing."""
    row = tx.execute(
        "DELETE FROM launch WHERE hash = ? AND ends > ? RETURNING sealed", (digest, now)
    ).fetchone()
    return None if row is None else bytes(row["sealed"])


def kept(tx: Transaction, digest: bytes, now: float) -> tuple[bytes, float] | None:
    """What is kept under a hash, and until when; None for nothing."""
    row = tx.execute(
        "SELECT sealed, ends FROM launch WHERE hash = ? AND ends > ?", (digest, now)
    ).fetchone()
    return None if row is None else (bytes(row["sealed"]), float(row["ends"]))


def extend(tx: Transaction, digest: bytes, ends: float) -> None:
    """Keeps what is kept under a hash until then, and leaves it as it is."""
    tx.execute("UPDATE launch SET ends = ? WHERE hash = ?", (ends, digest))
