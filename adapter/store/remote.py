"""Under which ids a record system keeps what it would not keep under ours."""

from __future__ import annotations

from adapter.store.deliveries import Delivery
from adapter.store.transaction import Transaction


def remote_id(tx: Transaction, delivery: Delivery) -> str | None:
    """The clinic's own id of a resource, None where it has given none."""
    row = tx.execute(
        "SELECT remote_id FROM remote WHERE clinic = ? AND type = ? AND id = ?",
        (delivery.clinic, delivery.type, delivery.id),
    ).fetchone()
    return None if row is None else str(row["remote_id"])


def keep_remote_id(tx: Transaction, delivery: Delivery, given: str) -> None:
    """Notes the clinic's own id of a resource, in place of one that it had before."""
    tx.execute(
        "INSERT INTO remote (clinic, type, id, remote_id) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (clinic, type, id) DO UPDATE SET remote_id = excluded.remote_id",
        (delivery.clinic, delivery.type, delivery.id, given),
    )


def answered_before(tx: Transaction, delivery: Delivery) -> int:
    """How many other deliveries of the same resource a clinic has given a version of its own."""
    row = tx.execute(
        "SELECT count(*) AS n FROM delivery WHERE clinic = ? AND type = ? AND id = ? AND seq <> ?"
        " AND remote_version <> ''",
        (delivery.clinic, delivery.type, delivery.id, delivery.seq),
    ).fetchone()
    return int(row["n"])


def unfiled(tx: Transaction, delivery: Delivery) -> list[str]:
    """The tasks that brought earlier versions, and that nobody said were done.

    What asks to take a page back is none of them: it stays true, whatever comes later.
    """
    rows = tx.execute(
        "SELECT remote_version FROM delivery WHERE clinic = ? AND type = ? AND id = ? AND seq < ?"
        " AND action = 'put' AND state IN ('accepted', 'awaiting')"
        " AND remote_version LIKE 'task-%' ORDER BY seq",
        (delivery.clinic, delivery.type, delivery.id, delivery.seq),
    )
    return [str(row["remote_version"]) for row in rows]


def replaced_by(tx: Transaction, clinic: str, task: str) -> str:
    """The task that has replaced a task which waits no more, '' where none has."""
    row = tx.execute(
        "SELECT h.remote_version FROM delivery AS d JOIN holding AS h USING (clinic, type, id)"
        " WHERE clinic = ? AND d.remote_version = ? AND d.state = 'superseded'"
        " AND h.remote_version LIKE 'task-%' AND h.remote_version <> d.remote_version",
        (clinic, task),
    ).fetchone()
    return "" if row is None else str(row["remote_version"])


def names_ours(tx: Transaction, clinic: str, resource_type: str, given: str) -> bool:
    """Whether a clinic gave this id to something of ours."""
    row = tx.execute(
        "SELECT 1 FROM remote WHERE clinic = ? AND type = ? AND remote_id = ? UNION ALL"
        " SELECT 1 FROM stood WHERE clinic = ? AND type = ? AND remote_id = ?",
        (clinic, resource_type, given) * 2,
    ).fetchone()
    return row is not None


def lose_remote_id(tx: Transaction, delivery: Delivery) -> None:
    """Notes that the clinic holds nothing any more under the id that it gave."""
    tx.execute(
        "DELETE FROM remote WHERE clinic = ? AND type = ? AND id = ?",
        (delivery.clinic, delivery.type, delivery.id),
    )
