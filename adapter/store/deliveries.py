"""What is owed to each clinic, and what became of it.

The states and every arrow between them are drawn in the README. Each clinic has one writer at a
time; `claiming` hands out whole units in order, `settling` writes down what the clinic said. A
version that is newer than one still under way waits for it; one that never left is superseded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from adapter.store.encounters import forget_refused
from adapter.store.states import State
from adapter.store.transaction import Transaction
from adapter.store.versions import Version

Action = Literal["put", "retract"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One version owed to one clinic."""

    seq: int
    clinic: str
    type: str
    id: str
    version: int
    action: Action
    unit: str
    participant: str
    form: str
    state: State
    attempts: int
    remote_version: str

    @property
    def name(self) -> str:
        """`Type/id`, as references say it."""
        return f"{self.type}/{self.id}"


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a delivery becomes: its next state, why, and the version the clinic gave it."""

    seq: int
    state: State
    rule: str = ""
    reason: str = ""
    remote_version: str = ""


SOMEBODY_ELSE: Final = "patient-differs"
"""The rule of a push that saw that a linked Patient is another person.

It stays with what it held until a push has looked again or a person has linked anew: one that fails
before it looks has seen nothing else.
"""
_SEEN = f"CASE rule WHEN '{SOMEBODY_ELSE}' THEN rule ELSE '' END"
COLUMNS = ", ".join(Delivery.__slots__)


def enqueue(tx: Transaction, clinic: str, version: Version, action: Action, now: str) -> None:
    """Owes a version to a clinic; what of the same resource has not left yet is superseded.

    It takes that one's place in the order: what refers to the resource stands behind it.
    """
    place = _clear_place(tx, clinic, version) or next_place(tx)
    cancel(tx, clinic, version, now)
    tx.execute(
        "INSERT INTO delivery (seq, clinic, type, id, version, action, unit, participant, form,"
        " state, created, updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued', ?, ?)",
        (
            place,
            clinic,
            version.type,
            version.id,
            version.version,
            action,
            version.unit,
            version.participant,
            version.form,
            now,
            now,
        ),
    )


def _clear_place(tx: Transaction, clinic: str, version: Version) -> int | None:
    """The place of the delivery that waits, which is moved to the end; None where none does."""
    waiting = tx.execute(
        "SELECT seq FROM delivery WHERE clinic = ? AND type = ? AND id = ?"
        " AND state IN ('queued', 'held', 'refused', 'quarantined') ORDER BY seq",
        (clinic, version.type, version.id),
    ).fetchone()
    if waiting is None:
        return None
    move_to_end(tx, waiting["seq"])
    return int(waiting["seq"])


def next_place(tx: Transaction) -> int:
    """A place in the order behind all that were ever given."""
    return int(tx.execute("UPDATE place SET last = last + 1 RETURNING last").fetchone()[0])


def move_to_end(tx: Transaction, seq: int) -> None:
    """Frees a delivery's place in the order."""
    tx.execute("UPDATE delivery SET seq = ? WHERE seq = ?", (next_place(tx), seq))


def cancel(tx: Transaction, clinic: str, version: Version, now: str) -> None:
    """Takes back what has not left yet."""
    tx.execute(
        "UPDATE delivery SET state = 'superseded', updated = ? WHERE clinic = ? AND type = ?"
        " AND id = ? AND state IN ('queued', 'held', 'refused', 'quarantined')",
        (now, clinic, version.type, version.id),
    )


def reopen(tx: Transaction, clinic: str, now: str) -> None:
    """Before a push: asks the gate again about what was held, and doubts what was under way.

    What a process that died had claimed may or may not have arrived: it is looked up, never resent
    blind.
    """
    for found, becomes in (("held", "queued"), ("claimed", "uncertain")):
        tx.execute(
            f"UPDATE delivery SET state = ?, rule = {_SEEN}, updated = ? WHERE clinic = ?"
            " AND state = ?",
            (becomes, now, clinic, found),
        )


def doubt(tx: Transaction, clinic: str, now: str) -> None:
    """After the ledger was set back: what it owes may have been sent since the copy was made."""
    for found, becomes in (("held", "queued"), ("queued", "claimed"), ("claimed", "uncertain")):
        tx.execute(
            "UPDATE delivery SET state = ?, rule = '', updated = ? WHERE clinic = ? AND state = ?",
            (becomes, now, clinic, found),
        )


def ask_again(tx: Transaction, clinic: str, participant: str, now: str) -> None:
    """After a consent changed: what held their data is asked anew."""
    tx.execute(
        f"UPDATE delivery SET state = 'queued', rule = {_SEEN}, updated = ?"
        " WHERE clinic = ? AND participant = ? AND state = 'held'",
        (now, clinic, participant),
    )


def forget_who(tx: Transaction, clinic: str, participant: str, now: str) -> None:
    """After a person said who they are there: what held their data is asked anew, and looked at."""
    ask_again(tx, clinic, participant, now)
    tx.execute(
        "UPDATE delivery SET rule = '' WHERE clinic = ? AND participant = ? AND state = 'queued'",
        (clinic, participant),
    )


def in_state(tx: Transaction, clinic: str, state: State, limit: int) -> list[Delivery]:
    """Deliveries of a clinic in one state, oldest first."""
    rows = tx.execute(
        f"SELECT {COLUMNS} FROM delivery WHERE clinic = ? AND state = ? ORDER BY seq LIMIT ?",
        (clinic, state, limit),
    )
    return [delivery_of(row) for row in rows]


def after(
    tx: Transaction, clinic: str, seq: int, limit: int, *, everything: bool
) -> list[Delivery]:
    """A page of what to read back, behind `seq`: accepted, awaiting, with `everything` confirmed.

    Where a later one is under way, nobody knows which of both stands there: it is not read back.
    """
    states = "('accepted', 'awaiting', 'confirmed')" if everything else "('accepted', 'awaiting')"
    rows = tx.execute(
        f"SELECT {COLUMNS} FROM delivery AS d WHERE clinic = ? AND seq > ? AND state IN {states}"
        " AND NOT EXISTS (SELECT 1 FROM delivery WHERE clinic = d.clinic AND type = d.type"
        " AND id = d.id AND state IN ('claimed', 'uncertain')) ORDER BY seq LIMIT ?",
        (clinic, seq, limit),
    )
    return [delivery_of(row) for row in rows]


def last_owed(tx: Transaction, clinic: str, version: Version) -> tuple[int, Action, State] | None:
    """The newest delivery of a resource to a clinic: which version, which action, which state."""
    row = tx.execute(
        "SELECT version, action, state FROM delivery WHERE clinic = ? AND type = ? AND id = ?"
        " AND state <> 'superseded' ORDER BY seq DESC LIMIT 1",
        (clinic, version.type, version.id),
    ).fetchone()
    return None if row is None else (row["version"], row["action"], row["state"])


def retry(tx: Transaction, clinic: str, now: str) -> int:
    """A person's word to try again what was refused, and what waited behind it; gives how many.

    Where somebody changed a resource at the clinic, the version they made is written over, and no
    later one.
    """
    tx.execute(
        "UPDATE holding AS h SET remote_version = d.remote_version FROM delivery AS d"
        " WHERE h.clinic = ? AND d.clinic = h.clinic AND d.type = h.type AND d.id = h.id"
        " AND d.state IN ('refused', 'quarantined') AND d.remote_version <> ''",
        (clinic,),
    )
    tx.execute(  # whoever says so has looked whether it is there
        "DELETE FROM begun WHERE clinic = ? AND EXISTS (SELECT 1 FROM delivery AS d WHERE"
        " d.clinic = begun.clinic AND d.type = begun.type AND d.id = begun.id"
        " AND d.state = 'refused')",
        (clinic,),
    )
    forget_refused(tx, clinic)
    changed = tx.execute(
        "UPDATE delivery SET state = 'queued', reason = '', updated = ?"
        " WHERE clinic = ? AND state IN ('refused', 'quarantined')",
        (now, clinic),
    )
    return changed.rowcount


def delivery_of(row: dict[str, object]) -> Delivery:
    """A delivery from a row that has its columns."""
    return Delivery(*(row[name] for name in Delivery.__slots__))  # type: ignore[arg-type]
