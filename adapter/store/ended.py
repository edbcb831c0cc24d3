"""When each kind of work with a clinic last came to its end; for whoever watches."""

from __future__ import annotations

from typing import Literal

from adapter.store.transaction import Transaction

Work = Literal["push", "pull", "verify"]


def keep_ended(tx: Transaction, clinic: str, work: Work, now: str) -> None:
    """Notes that a work with a clinic came to its end, with nothing in its way."""
    tx.execute(
        "INSERT INTO ended (clinic, work, at) VALUES (?, ?, ?)"
        " ON CONFLICT (clinic, work) DO UPDATE SET at = excluded.at",
        (clinic, work, now),
    )


def last_ended(tx: Transaction) -> dict[tuple[str, str], str]:
    """When each work with each clinic ended last."""
    rows = tx.execute("SELECT clinic, work, at FROM ended")
    return {(row["clinic"], row["work"]): row["at"] for row in rows}


def last_ingests(tx: Transaction) -> dict[str, str]:
    """When each source was last read to its end, by its name; those of the latest 50 names."""
    rows = tx.execute(
        "SELECT source, max(ended) AS at FROM run WHERE ended <> '' GROUP BY source"
        " ORDER BY max(ended) DESC LIMIT 50"
    )
    return {row["source"]: row["at"] for row in rows}
