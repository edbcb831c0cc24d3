"""Creates under way, and what is known of each record system: whether it finds what it took.

Who dies between sending and noting leaves a mark. Where the record system finds what it took, it is
asked; where it does not, whether it is there is a question for a person.
"""

from __future__ import annotations

from adapter.store.deliveries import Delivery
from adapter.store.transaction import Transaction

_OF = "clinic = ? AND type = ? AND id = ?"


def begin(tx: Transaction, delivery: Delivery) -> None:
    """Notes that a resource is about to be created."""
    tx.execute(
        "INSERT INTO begun (clinic, type, id) VALUES (?, ?, ?)"
        " ON CONFLICT (clinic, type, id) DO NOTHING",
        _key(delivery),
    )


def is_begun(tx: Transaction, delivery: Delivery) -> bool:
    """Whether somebody was about to create it, and never noted what came of that."""
    return tx.execute(f"SELECT 1 FROM begun WHERE {_OF}", _key(delivery)).fetchone() is not None


def end(tx: Transaction, delivery: Delivery) -> None:
    """Notes that it is known what came of it."""
    tx.execute(f"DELETE FROM begun WHERE {_OF}", _key(delivery))


def note_found(tx: Transaction, delivery: Delivery, *, is_found: bool) -> None:
    """Notes whether a search finds what was just created; once it did not, that stays."""
    tx.execute(
        "INSERT INTO finding (clinic, type, is_found) VALUES (?, ?, ?)"
        " ON CONFLICT (clinic, type) DO UPDATE SET"
        " is_found = CASE WHEN finding.is_found = 1 THEN excluded.is_found ELSE 0 END",
        (delivery.clinic, delivery.type, int(is_found)),
    )


def finds(tx: Transaction, delivery: Delivery) -> bool:
    """Whether the record system was always seen to find what it took of this type."""
    row = tx.execute(
        "SELECT is_found FROM finding WHERE clinic = ? AND type = ?",
        (delivery.clinic, delivery.type),
    ).fetchone()
    return row is not None and bool(row["is_found"])


def forget(tx: Transaction, clinic: str) -> int:
    """Forgets whether a record system finds what it took, as after it was changed; how many types.

    Until it was seen to, again, it counts as one that does not.
    """
    return tx.execute("DELETE FROM finding WHERE clinic = ?", (clinic,)).rowcount


def _key(delivery: Delivery) -> tuple[str, str, str]:
    return delivery.clinic, delivery.type, delivery.id
