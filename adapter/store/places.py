"""Every place where a clinic keeps, or kept, a resource of ours, once there is more than one.

A resource has one place there (`remote`, or our own id) as long as it is corrected in it. Where a
correction stands beside what it corrects, each has a place with a number of its own:

    stands ── a newer one was created ──▶ due ── we marked it there ──▶ retired
                                           └─ we may not ─▶ left ── a person did it ─▶ filed

`left` is what a person at the clinic was asked for by a task.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from adapter.store.deliveries import Delivery
from adapter.store.transaction import Transaction

Standing = Literal["stands", "due", "left", "retired", "filed"]
Cause = Literal["", "replaced", "retracted", "corrected"]


@dataclass(frozen=True, slots=True)
class Place:
    """One place: its number, the id there, our version that was written there last.

    `cause` says why it does not stand any more, `task` what a person was asked, '' for nothing.
    """

    number: int
    remote_id: str
    version: int
    standing: Standing = "stands"
    cause: Cause = ""
    task: str = ""


_COLUMNS = ", ".join(Place.__slots__)
_OF = "clinic = ? AND type = ? AND id = ?"


def places(tx: Transaction, delivery: Delivery) -> list[Place]:
    """The places of a resource, in the order of their numbers; none while it never had two."""
    rows = tx.execute(f"SELECT {_COLUMNS} FROM stood WHERE {_OF} ORDER BY number", _key(delivery))
    return [Place(*row) for row in rows]


def keep_place(tx: Transaction, delivery: Delivery, place: Place) -> None:
    """Notes how a place is now."""
    said = tuple(getattr(place, name) for name in Place.__slots__)
    tx.execute(
        f"INSERT INTO stood (clinic, type, id, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (clinic, type, id, number) DO UPDATE SET remote_id = excluded.remote_id,"
        " version = excluded.version, standing = excluded.standing, cause = excluded.cause,"
        " task = excluded.task",
        (*_key(delivery), *said),
    )


def forget_place(tx: Transaction, delivery: Delivery, number: int) -> None:
    """Notes that the clinic lost what stood in a place."""
    tx.execute(f"DELETE FROM stood WHERE {_OF} AND number = ?", (*_key(delivery), number))


def file_place(tx: Transaction, clinic: str, task: str, now: str) -> bool:
    """A person's word that they did a task; gives whether one waited for it.

    What was delivered counts as confirmed when that was the last thing it waited for.
    """
    row = tx.execute(
        "UPDATE stood SET standing = 'filed' WHERE clinic = ? AND task = ? AND standing = 'left'"
        " RETURNING type, id",
        (clinic, task),
    ).fetchone()
    if row is None:
        return False
    key = (clinic, row["type"], row["id"])
    waits = tx.execute(
        f"SELECT 1 FROM stood WHERE {_OF} AND standing IN ('left', 'due')", key
    ).fetchone()
    if waits is None:
        tx.execute(
            f"UPDATE delivery SET state = 'confirmed', reason = '', updated = ? WHERE {_OF}"
            " AND state = 'awaiting' AND reason LIKE 'task-%'",
            (now, *key),
        )
    return True


def keep_way(tx: Transaction, clinic: str, unit: str, rung: str) -> None:
    """Notes by which rung a clinic got the resources of a unit; what was noted first stays."""
    tx.execute(
        "INSERT INTO way (clinic, unit, rung) VALUES (?, ?, ?) ON CONFLICT (clinic, unit)"
        " DO NOTHING",
        (clinic, unit, rung),
    )


def way_of(tx: Transaction, clinic: str, unit: str) -> str:
    """By which rung a clinic got a unit's resources, '' where nobody noted it."""
    row = tx.execute(
        "SELECT rung FROM way WHERE clinic = ? AND unit = ?", (clinic, unit)
    ).fetchone()
    return "" if row is None else str(row["rung"])


def _key(delivery: Delivery) -> tuple[str, str, str]:
    return delivery.clinic, delivery.type, delivery.id
