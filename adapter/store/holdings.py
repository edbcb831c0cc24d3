"""What a clinic holds of ours, as far as it told us: of each resource the version that it took.

What is under way may be there by now; nobody knows before it was looked up.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapter.store.deliveries import Action, Delivery
from adapter.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Holding:
    """What a clinic holds of one resource: our version of it, and the clinic's."""

    version: int
    action: Action
    remote_version: str


def holding(tx: Transaction, clinic: str, resource_type: str, resource_id: str) -> Holding | None:
    """What the clinic holds of a resource, None when nothing of it was ever accepted."""
    row = tx.execute(
        "SELECT version, action, remote_version FROM holding"
        " WHERE clinic = ? AND type = ? AND id = ?",
        (clinic, resource_type, resource_id),
    ).fetchone()
    return None if row is None else Holding(*row)


def may_hold(tx: Transaction, clinic: str, resource_type: str, resource_id: str) -> int | None:
    """Our version of a resource that is with a clinic, or may be by now; None where none is.

    One that is under way counts before one that the clinic took, whatever waits behind it.
    """
    row = tx.execute(
        "SELECT version FROM (SELECT version, seq AS place FROM delivery WHERE clinic = ?"
        " AND type = ? AND id = ? AND action = 'put' AND state IN ('claimed', 'uncertain')"
        " UNION ALL SELECT version, 0 FROM holding WHERE clinic = ? AND type = ? AND id = ?"
        " AND action = 'put') AS there ORDER BY place DESC LIMIT 1",
        (clinic, resource_type, resource_id) * 2,
    ).fetchone()
    return None if row is None else int(row["version"])


def landed_as(tx: Transaction, delivery: Delivery, remote_version: str) -> Holding | None:
    """The earlier version of a resource that a clinic took under this version of its own."""
    row = tx.execute(
        "SELECT version, action, remote_version FROM delivery WHERE clinic = ? AND type = ?"
        " AND id = ? AND seq < ? AND remote_version = ? AND state = 'superseded'"
        " ORDER BY seq DESC LIMIT 1",
        (delivery.clinic, delivery.type, delivery.id, delivery.seq, remote_version),
    ).fetchone()
    return None if row is None else Holding(*row)


def go_back(tx: Transaction, delivery: Delivery, before: Holding) -> None:
    """Notes that the clinic holds an earlier version again."""
    tx.execute(
        "UPDATE holding SET version = ?, action = ?, remote_version = ?"
        " WHERE clinic = ? AND type = ? AND id = ?",
        (
            before.version,
            before.action,
            before.remote_version,
            delivery.clinic,
            delivery.type,
            delivery.id,
        ),
    )


def holds_of(tx: Transaction, clinic: str, participant: str) -> bool:
    """Whether the clinic holds anything of this person."""
    row = tx.execute(
        "SELECT 1 FROM holding WHERE clinic = ? AND participant = ? AND action = 'put' LIMIT 1",
        (clinic, participant),
    ).fetchone()
    return row is not None


def lose(tx: Transaction, delivery: Delivery) -> None:
    """Notes that the clinic no longer holds a resource, so that sending it is creating it again."""
    tx.execute(
        "DELETE FROM holding WHERE clinic = ? AND type = ? AND id = ?",
        (delivery.clinic, delivery.type, delivery.id),
    )
    # Its version is of nothing any more; what a message or a task is called by stays.
    tx.execute(
        "UPDATE delivery SET remote_version = '' WHERE seq = ? AND remote_version NOT LIKE 'v2-%'"
        " AND remote_version NOT LIKE 'task-%'",
        (delivery.seq,),
    )
