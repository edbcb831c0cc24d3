"""Records that a source said were saved, and that were not fetched since.

Kept in the ledger's database, so that no process that dies forgets one. A record stands once,
however often it was saved: what is fetched is what it holds by then.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapter.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Triggered:
    """One record that waits: how often it was told, since when, and how often it was not had."""

    number: int
    source: str
    record: str
    told: int
    since: str
    failures: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits: the oldest since when, '' for nothing, and the most failures of one."""

    count: int
    since: str
    failures: int


def note(tx: Transaction, source: str, record: str, now: str, most: int) -> bool:
    """Notes that a record was saved; False where it is none of `most` that may wait."""
    tx.execute(
        "INSERT INTO triggered (source, record, told, since, failures) SELECT ?, ?, 1, ?, 0"
        " WHERE (SELECT count(*) FROM triggered) < ?"
        " OR EXISTS (SELECT 1 FROM triggered WHERE source = ? AND record = ?)"
        " ON CONFLICT (source, record) DO UPDATE SET told = triggered.told + 1",
        (source, record, now, most, source, record),
    )
    found = tx.execute(
        "SELECT 1 FROM triggered WHERE source = ? AND record = ?", (source, record)
    ).fetchone()
    return found is not None


def waiting(tx: Transaction, source: str, limit: int) -> list[Triggered]:
    """Who waits, in the order told; whoever could not be had comes behind the others."""
    rows = tx.execute(
        "SELECT * FROM triggered WHERE source = ? ORDER BY failures, number LIMIT ?",
        (source, limit),
    )
    return [Triggered(**dict(row)) for row in rows]


def settle(tx: Transaction, fetched: Triggered) -> None:
    """Forgets a record that was fetched, unless it was told again meanwhile."""
    tx.execute(
        "DELETE FROM triggered WHERE number = ? AND told = ?", (fetched.number, fetched.told)
    )


def fail(tx: Transaction, tried: Triggered) -> None:
    """Notes that a record could not be had."""
    tx.execute("UPDATE triggered SET failures = failures + 1 WHERE number = ?", (tried.number,))


def count(tx: Transaction) -> Waiting:
    """How much waits, of all sources."""
    row = tx.execute(
        "SELECT count(*) AS count, min(since) AS since, max(failures) AS failures FROM triggered"
    ).fetchone()
    return Waiting(int(row["count"]), row["since"] or "", int(row["failures"] or 0))
