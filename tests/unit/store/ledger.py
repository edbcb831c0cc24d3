"""What the store's tests put in, and how they look at what became of it."""

from __future__ import annotations

from adapter.store import claiming, deliveries, settling, versions
from adapter.store.database import Transaction
from adapter.store.deliveries import Action, Delivery, Settlement
from adapter.store.states import State
from adapter.store.versions import Belonging, Version

NOW = "2024-03-20T22:30:00+00:00"
LATER = "2024-03-21T08:00:00+00:00"
CLINIC = "north"


def put(
    tx: Transaction,
    name: str,
    text: bytes = b"{}",
    *,
    unit: str = "unit-1",
    is_retracted: bool = False,
) -> Version:
    """A new version of `Type/id`, of participant 1 and form `mood`."""
    kind, _, identity = name.partition("/")
    belonging = Belonging(unit, "1", "mood", is_retracted)
    version = versions.put(tx, (kind, identity), text, belonging, NOW)
    assert version is not None
    return version


def owe(
    tx: Transaction,
    name: str,
    text: bytes = b"{}",
    *,
    unit: str = "unit-1",
    action: Action = "put",
) -> Version:
    """A new version that is owed to the clinic."""
    version = put(tx, name, text, unit=unit)
    deliveries.enqueue(tx, CLINIC, version, action, NOW)
    return version


def claim(tx: Transaction, limit: int = 50) -> list[Delivery]:
    return claiming.claim(tx, CLINIC, claiming.Room(limit), NOW)


def settle(
    tx: Transaction, claimed: list[Delivery], state: State, remote_version: str = ""
) -> None:
    """All of them in one state, with the reason that the state asks for."""
    if state == "confirmed":  # nothing is, that was not accepted before
        settle(tx, claimed, "accepted", remote_version)
    settling.settle(
        tx,
        [
            Settlement(
                each.seq,
                state,
                rule="consent" if state == "held" else "",
                reason="because" if state in {"refused", "quarantined"} else "",
                remote_version=remote_version,
            )
            for each in claimed
        ],
        LATER,
    )


def send(tx: Transaction, remote_version: str = "") -> None:
    """The clinic accepts everything that is queued."""
    settle(tx, claim(tx), "accepted", remote_version)


def states(tx: Transaction, name: str | None = None) -> list[tuple[int, str, str]]:
    """Version, action and state of every delivery, oldest first within a resource."""
    rows = tx.execute(
        "SELECT type, id, version, action, state FROM delivery ORDER BY type, id, version, clinic"
    )
    return [
        (row["version"], row["action"], row["state"])
        for row in rows
        if name in {None, f"{row['type']}/{row['id']}"}
    ]


def names(found: list[Delivery]) -> list[str]:
    return [each.name for each in found]
