"""What each clinic's record system said of itself when it was asked last."""

from __future__ import annotations

from typing import Any

import orjson

from adapter.store.transaction import Transaction


def capability(tx: Transaction, clinic: str) -> dict[str, Any] | None:
    """What was kept of a clinic's statement, None for one that never told."""
    row = tx.execute("SELECT said FROM capability WHERE clinic = ?", (clinic,)).fetchone()
    said: dict[str, Any] | None = None if row is None else orjson.loads(row["said"])
    return said


def keep_capability(tx: Transaction, clinic: str, said: dict[str, Any], now: str) -> None:
    """Notes what a clinic's statement says, in place of what it said before."""
    tx.execute(
        "INSERT INTO capability (clinic, said, read_at) VALUES (?, ?, ?)"
        " ON CONFLICT (clinic) DO UPDATE SET said = excluded.said, read_at = excluded.read_at",
        (clinic, orjson.dumps(said).decode(), now),
    )
