"""How a clinic may be asked: what is left of its budget, and whether it rests after trouble.

Kept in the ledger, so that whoever goes on, on whatever machine, keeps to what a clinic was
promised and to what it asked for.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

from adapter.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Pace:
    """Times are in seconds since 1970.

    `tokens` requests could be made at once when it was `filled`; below 0 while a turn goes on, and
    after one that was not ended, when nobody knows. `failures` in a row open the
    breaker, for the `openings`-th time in a row: nobody asks before `open_until`.
    """

    tokens: float = 0.0
    filled: float = 0.0
    failures: int = 0
    openings: int = 0
    open_until: float = 0.0


def pace(tx: Transaction, clinic: str) -> Pace | None:
    """How a clinic may be asked, None for one that nobody asked yet."""
    row = tx.execute(
        "SELECT tokens, filled, failures, openings, open_until FROM pace WHERE clinic = ?",
        (clinic,),
    ).fetchone()
    return None if row is None else Pace(*row)


def keep_pace(tx: Transaction, clinic: str, now: Pace) -> None:
    """Keeps it for whoever asks next."""
    tx.execute(
        "INSERT INTO pace (clinic, tokens, filled, failures, openings, open_until)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (clinic) DO UPDATE SET tokens = excluded.tokens,"
        " filled = excluded.filled, failures = excluded.failures, openings = excluded.openings,"
        " open_until = excluded.open_until",
        (clinic, *astuple(now)),
    )
