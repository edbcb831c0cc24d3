"""What is owed to each clinic, and what became of it.

The states and every arrow between them are drawn in the README. Each clinic has one writer at a
time; `claim` hands out whole units in order, `settle` writes down what the clinic said. A version
that is newer than one still under way waits for it; one that never left is superseded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from adapter.store.database import Transaction
from adapter.store.versions import Version

State = Literal[
    "queued",
    "claimed",
    "uncertain",
    "accepted",
    "confirmed",
    "held",
    "refused",
    "quarantined",
    "superseded",
]
Action = Literal["put", "retract"]
STATES: tuple[State, ...] = (
    "queued",
    "claimed",
    "uncertain",
    "accepted",
    "confirmed",
    "held",
    "refused",
    "quarantined",
    "superseded",
)


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


_COLUMNS = ", ".join(Delivery.__slots__)
_NOT_LANDED: frozenset[State] = frozenset({"queued", "held", "refused", "quarantined"})


def enqueue(tx: Transaction, clinic: str, version: Version, action: Action, now: str) -> None:
    """Owes a version to a clinic; what of the same resource has not left yet is superseded.

    It takes that one's place in the order: what refers to the resource stands behind it.
    """
    place = _clear_place(tx, clinic, version)
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
    _move_to_end(tx, waiting["seq"])
    return int(waiting["seq"])


def _move_to_end(tx: Transaction, seq: int) -> None:
    tx.execute(
        "UPDATE delivery SET seq = (SELECT max(seq) + 1 FROM delivery) WHERE seq = ?", (seq,)
    )


def cancel(tx: Transaction, clinic: str, version: Version, now: str) -> None:
    """Takes back what has not left yet."""
    tx.execute(
        "UPDATE delivery SET state = 'superseded', updated = ? WHERE clinic = ? AND type = ?"
        " AND id = ? AND state IN ('queued', 'held', 'refused', 'quarantined')",
        (now, clinic, version.type, version.id),
    )


def forget(tx: Transaction, clinic: str, version: Version, now: str) -> None:
    """Takes back what never left, and the Provenances that wait to tell of it."""
    cancel(tx, clinic, version, now)
    _cancel_provenances(tx, clinic, version.unit, now)


def _cancel_provenances(tx: Transaction, clinic: str, unit: str, now: str) -> None:
    tx.execute(
        "UPDATE delivery SET state = 'superseded', updated = ? WHERE clinic = ? AND unit = ?"
        " AND type = 'Provenance' AND action = 'put'"
        " AND state IN ('queued', 'held', 'refused', 'quarantined')",
        (now, clinic, unit),
    )


def reopen(tx: Transaction, clinic: str, now: str) -> None:
    """Before a push: asks the gate again about what was held, and doubts what was under way.

    What a process that died had claimed may or may not have arrived: it is looked up, never resent
    blind.
    """
    for found, becomes in (("held", "queued"), ("claimed", "uncertain")):
        tx.execute(
            "UPDATE delivery SET state = ?, rule = '', updated = ? WHERE clinic = ? AND state = ?",
            (becomes, now, clinic, found),
        )


def claim(tx: Transaction, clinic: str, limit: int, now: str) -> list[Delivery]:
    """The next queued deliveries in order, at most `limit` unless one unit alone is larger.

    A unit is never divided, and a resource whose older version is still under way waits.
    """
    rows = tx.execute(
        "SELECT unit FROM delivery AS d WHERE clinic = ? AND state = 'queued'"
        " AND NOT EXISTS (SELECT 1 FROM delivery WHERE clinic = d.clinic AND unit = d.unit"
        " AND state IN ('claimed', 'uncertain')) ORDER BY seq LIMIT ?",
        (clinic, limit),
    ).fetchall()
    found: list[Delivery] = []
    for unit in dict.fromkeys(row["unit"] for row in rows):
        whole = _queued_of_unit(tx, clinic, unit)
        if found and len(found) + len(whole) > limit:
            break
        found += whole
    tx.executemany(
        "UPDATE delivery SET state = 'claimed', attempts = attempts + 1, updated = ? WHERE seq = ?",
        [(now, delivery.seq) for delivery in found],
    )
    return found


def _queued_of_unit(tx: Transaction, clinic: str, unit: str) -> list[Delivery]:
    rows = tx.execute(
        f"SELECT {_COLUMNS} FROM delivery WHERE clinic = ? AND unit = ? AND state = 'queued'"
        " ORDER BY seq",
        (clinic, unit),
    )
    return [_delivery(row) for row in rows]


def settle(tx: Transaction, settlements: Iterable[Settlement], now: str) -> None:
    """Writes down what became of deliveries, and what the clinic now holds.

    What did not land and has a newer one behind it is superseded: it must not come after that.
    """
    void: dict[tuple[str, str], None] = {}
    for said in settlements:
        is_outdated = said.state in _NOT_LANDED and _has_newer(tx, said.seq)
        tx.execute(
            "UPDATE delivery SET state = ?, rule = ?, reason = ?, updated = ?,"
            " remote_version = CASE WHEN ? = '' THEN remote_version ELSE ? END WHERE seq = ?",
            (
                "superseded" if is_outdated else said.state,
                said.rule,
                said.reason,
                now,
                said.remote_version,
                said.remote_version,
                said.seq,
            ),
        )
        if said.state == "accepted":
            _hold(tx, said, now)
        if is_outdated:
            void.update(dict.fromkeys(_void_retraction(tx, said, now)))
            _pass_place_on(tx, said.seq)
    for clinic, unit in void:
        _cancel_provenances(tx, clinic, unit, now)


def _has_newer(tx: Transaction, seq: int) -> bool:
    row = tx.execute(
        "SELECT 1 FROM delivery AS newer JOIN delivery AS older USING (clinic, type, id)"
        " WHERE older.seq = ? AND newer.seq > older.seq AND newer.state <> 'superseded'",
        (seq,),
    ).fetchone()
    return row is not None


def _void_retraction(tx: Transaction, said: Settlement, now: str) -> list[tuple[str, str]]:
    """What never arrived needs no retraction; sent, it would bring what it takes back.

    Gives clinic and unit of the one that was due.
    """
    rows = tx.execute(
        "UPDATE delivery AS newer SET state = 'superseded', updated = ? FROM delivery AS older"
        " WHERE older.seq = ? AND newer.clinic = older.clinic AND newer.type = older.type"
        " AND newer.id = older.id AND newer.seq > older.seq AND newer.action = 'retract'"
        " AND newer.state IN ('queued', 'held') AND NOT EXISTS (SELECT 1 FROM holding AS h"
        " WHERE h.clinic = older.clinic AND h.type = older.type AND h.id = older.id"
        " AND h.action = 'put') RETURNING clinic, unit",
        (now, said.seq),
    ).fetchall()
    return [(row["clinic"], row["unit"]) for row in rows]


def _pass_place_on(tx: Transaction, seq: int) -> None:
    """Gives the place in the order to what waits behind: others may refer to the resource."""
    waiting = tx.execute(
        "SELECT newer.seq FROM delivery AS newer JOIN delivery AS older USING (clinic, type, id)"
        " WHERE older.seq = ? AND newer.seq > older.seq"
        " AND newer.state IN ('queued', 'held', 'refused', 'quarantined')",
        (seq,),
    ).fetchone()
    if waiting is not None:
        _move_to_end(tx, seq)
        tx.execute("UPDATE delivery SET seq = ? WHERE seq = ?", (seq, waiting["seq"]))


def _hold(tx: Transaction, said: Settlement, now: str) -> None:
    tx.execute(
        "INSERT OR REPLACE INTO holding (clinic, type, id, version, action, unit, participant,"
        " remote_version) SELECT clinic, type, id, version, action, unit, participant,"
        " remote_version FROM delivery WHERE seq = ?",
        (said.seq,),
    )
    tx.execute(
        "UPDATE delivery AS older SET state = 'superseded', updated = ? FROM delivery AS newer"
        " WHERE newer.seq = ? AND older.clinic = newer.clinic AND older.type = newer.type"
        " AND older.id = newer.id AND older.seq < newer.seq"
        " AND older.state IN ('accepted', 'confirmed')",
        (now, said.seq),
    )


def in_state(tx: Transaction, clinic: str, state: State, limit: int) -> list[Delivery]:
    """Deliveries of a clinic in one state, oldest first."""
    rows = tx.execute(
        f"SELECT {_COLUMNS} FROM delivery WHERE clinic = ? AND state = ? ORDER BY seq LIMIT ?",
        (clinic, state, limit),
    )
    return [_delivery(row) for row in rows]


def after(
    tx: Transaction, clinic: str, seq: int, limit: int, *, everything: bool
) -> list[Delivery]:
    """A page of what to read back, behind `seq`: accepted, and with `everything` confirmed."""
    states = "('accepted', 'confirmed')" if everything else "('accepted')"
    rows = tx.execute(
        f"SELECT {_COLUMNS} FROM delivery WHERE clinic = ? AND seq > ? AND state IN {states}"
        " ORDER BY seq LIMIT ?",
        (clinic, seq, limit),
    )
    return [_delivery(row) for row in rows]


def lose(tx: Transaction, delivery: Delivery) -> None:
    """Notes that the clinic no longer holds a resource, so that sending it is creating it again."""
    tx.execute(
        "DELETE FROM holding WHERE clinic = ? AND type = ? AND id = ?",
        (delivery.clinic, delivery.type, delivery.id),
    )


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


def holds_of(tx: Transaction, clinic: str, participant: str) -> bool:
    """Whether the clinic holds anything of this person."""
    row = tx.execute(
        "SELECT 1 FROM holding WHERE clinic = ? AND participant = ? AND action = 'put' LIMIT 1",
        (clinic, participant),
    ).fetchone()
    return row is not None


def last_owed(tx: Transaction, clinic: str, version: Version) -> tuple[int, Action, State] | None:
    """The newest delivery of a resource to a clinic: which version, which action, which state."""
    row = tx.execute(
        "SELECT version, action, state FROM delivery WHERE clinic = ? AND type = ? AND id = ?"
        " AND state <> 'superseded' ORDER BY seq DESC LIMIT 1",
        (clinic, version.type, version.id),
    ).fetchone()
    return None if row is None else (row["version"], row["action"], row["state"])


@dataclass(frozen=True, slots=True)
class Pending:
    """Deliveries alike for the gate: how many would be made, of which kind.

    `there` is the action that the clinic took last, None where it has nothing of ours.
    """

    participant: str
    form: str
    type: str
    action: Action
    there: Action | None
    count: int


def pending(tx: Transaction, clinic: str) -> Iterator[Pending]:
    """What a push would send or hold, grouped by what the gate decides on."""
    rows = tx.execute(
        "SELECT d.participant, d.form, d.type, d.action, h.action AS there, count(*) AS count"
        " FROM delivery AS d LEFT JOIN holding AS h"
        " ON h.clinic = d.clinic AND h.type = d.type AND h.id = d.id WHERE d.clinic = ?"
        " AND d.state IN ('queued', 'held', 'claimed', 'uncertain')"
        " GROUP BY d.participant, d.form, d.type, d.action, there",
        (clinic,),
    )
    return (Pending(*row) for row in rows)


def settled(tx: Transaction, clinic: str) -> dict[tuple[str, Action], int]:
    """How many resources a clinic took that nothing is owed for, by type and last action."""
    rows = tx.execute(
        "SELECT type, action, count(*) AS n FROM holding AS h WHERE clinic = ? AND NOT EXISTS"
        " (SELECT 1 FROM delivery WHERE clinic = h.clinic AND type = h.type AND id = h.id"
        " AND state NOT IN ('accepted', 'confirmed', 'superseded')) GROUP BY type, action",
        (clinic,),
    )
    return {(row["type"], row["action"]): row["n"] for row in rows}


def count_states(tx: Transaction, clinic: str) -> dict[State, int]:
    """How many deliveries of a clinic are in each state; every state is there."""
    rows = tx.execute(
        "SELECT state, count(*) AS n FROM delivery WHERE clinic = ? GROUP BY state", (clinic,)
    )
    counted = {row["state"]: row["n"] for row in rows}
    return {state: counted.get(state, 0) for state in STATES}


def oldest_undelivered(tx: Transaction, clinic: str) -> str | None:
    """Since when the longest-waiting delivery that may leave has waited, None when none waits."""
    row = tx.execute(
        "SELECT min(created) FROM delivery WHERE clinic = ?"
        " AND state IN ('queued', 'claimed', 'uncertain')",
        (clinic,),
    ).fetchone()
    return row[0]  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Stuck:
    """Deliveries that wait for a person, alike in state, rule and reason."""

    state: State
    type: str
    rule: str
    reason: str
    count: int


def stuck(tx: Transaction, clinic: str) -> list[Stuck]:
    """What is held or refused, grouped by why, most first."""
    rows = tx.execute(
        "SELECT state, type, rule, reason, count(*) FROM delivery WHERE clinic = ?"
        " AND state IN ('held', 'refused', 'quarantined') GROUP BY state, type, rule, reason"
        " ORDER BY count(*) DESC, type",
        (clinic,),
    )
    return [Stuck(*row) for row in rows]


def refused_and_absent(tx: Transaction, clinic: str) -> list[str]:
    """Names (`Type/id`) that a clinic refused and holds nothing of: what nothing may refer to."""
    rows = tx.execute(
        "SELECT d.type || '/' || d.id AS name FROM delivery AS d LEFT JOIN holding AS h"
        " ON h.clinic = d.clinic AND h.type = d.type AND h.id = d.id"
        " WHERE d.clinic = ? AND d.state IN ('refused', 'quarantined') AND h.id IS NULL",
        (clinic,),
    )
    return [row["name"] for row in rows]


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
    changed = tx.execute(
        "UPDATE delivery SET state = 'queued', reason = '', updated = ?"
        " WHERE clinic = ? AND state IN ('refused', 'quarantined')",
        (now, clinic),
    )
    return changed.rowcount


def _delivery(row: dict[str, object]) -> Delivery:
    return Delivery(*(row[name] for name in Delivery.__slots__))  # type: ignore[arg-type]
