"""How a clinic stands: what a push would do, what waits, and what waits for a person."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from adapter.store.deliveries import Action
from adapter.store.states import STATES, State
from adapter.store.transaction import Transaction, among


@dataclass(frozen=True, slots=True)
class Pending:
    """Deliveries alike for the gate: how many would be made, of which kind.

    `there` is the action that the clinic took last, None where it has nothing of ours. `rule` held
    them back last, `moved` is the rung that a person moved them to, '' for none.
    """

    participant: str
    form: str
    type: str
    action: Action
    there: Action | None
    rule: str
    moved: str
    count: int


def pending(tx: Transaction, clinic: str) -> Iterator[Pending]:
    """What a push would send or hold, grouped by what the gate decides on."""
    rows = tx.stream(
        "SELECT d.participant, d.form, d.type, d.action, h.action AS there, d.rule,"
        " coalesce(m.rung, '') AS moved, count(*) AS count"
        " FROM delivery AS d LEFT JOIN holding AS h"
        " ON h.clinic = d.clinic AND h.type = d.type AND h.id = d.id LEFT JOIN moved AS m"
        " ON m.clinic = d.clinic AND m.unit = d.unit AND m.is_under_way = 0 WHERE d.clinic = ?"
        " AND d.state IN ('queued', 'held', 'claimed', 'uncertain')"
        " GROUP BY d.participant, d.form, d.type, d.action, there, d.rule, moved",
        (clinic,),
    )
    return (Pending(*row) for row in rows)


def settled(tx: Transaction, clinic: str) -> dict[tuple[str, Action], int]:
    """How many resources a clinic took that nothing is owed for, by type and last action."""
    rows = tx.execute(
        "SELECT type, action, count(*) AS n FROM holding AS h WHERE clinic = ? AND NOT EXISTS"
        " (SELECT 1 FROM delivery WHERE clinic = h.clinic AND type = h.type AND id = h.id"
        " AND state NOT IN ('accepted', 'awaiting', 'confirmed', 'superseded'))"
        " GROUP BY type, action",
        (clinic,),
    )
    return {(row["type"], row["action"]): row["n"] for row in rows}


def count_states(
    tx: Transaction, clinic: str, forms: Collection[str] | None = None
) -> dict[State, int]:
    """How many deliveries of a clinic are in each state; every state is there.

    Here as below, with `forms` those count alone that belong to one of them.
    """
    of_forms, named = among(forms)
    rows = tx.execute(
        f"SELECT state, count(*) AS n FROM delivery WHERE clinic = ?{of_forms} GROUP BY state",
        (clinic, *named),
    )
    counted = {row["state"]: row["n"] for row in rows}
    return {state: counted.get(state, 0) for state in STATES}


def oldest_undelivered(
    tx: Transaction, clinic: str, forms: Collection[str] | None = None
) -> str | None:
    """Since when the longest-waiting delivery that may leave has waited, None when none waits."""
    of_forms, named = among(forms)
    row = tx.execute(
        f"SELECT min(created) FROM delivery WHERE clinic = ?{of_forms}"
        " AND state IN ('queued', 'claimed', 'uncertain')",
        (clinic, *named),
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


def stuck(tx: Transaction, clinic: str, forms: Collection[str] | None = None) -> list[Stuck]:
    """What is held, refused, or left to a person by a task, grouped by why, most first."""
    of_forms, named = among(forms)
    rows = tx.execute(
        f"SELECT state, type, rule, reason, count(*) FROM delivery WHERE clinic = ?{of_forms}"
        " AND (state IN ('held', 'refused', 'quarantined')"
        " OR (state = 'awaiting' AND reason LIKE '%task-%'))"
        " GROUP BY state, type, rule, reason ORDER BY count(*) DESC, type, state, rule, reason",
        (clinic, *named),
    )
    return [Stuck(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Owed:
    """A delivery as a person looks it up; `why` is the rule that holds it, or what was answered."""

    seq: int
    type: str
    id: str
    version: int
    action: Action
    participant: str
    form: str
    state: State
    why: str
    attempts: int
    created: str
    updated: str


def owed(  # noqa: PLR0913, PLR0917 - what a person looks them up by
    tx: Transaction,
    clinic: str,
    state: str,
    participant: str,
    after: int,
    limit: int,
    forms: Collection[str] | None = None,
) -> list[Owed]:
    """Deliveries behind the place `after`, the longest owed first; '' stands for every state.

    With `forms`, `after` counts how many of them come before: a gap between two places would tell
    that something stands there.
    """
    asked = [("state", state), ("participant", participant)]
    chosen = [(name, said) for name, said in asked if said]
    where = "".join(f" AND {name} = ?" for name, _ in chosen)
    of_forms, named = among(forms)
    some = (
        " AND seq > ? ORDER BY seq LIMIT ?" if forms is None else " ORDER BY seq LIMIT ? OFFSET ?"
    )
    which = (after, limit) if forms is None else (limit, after)
    rows = tx.execute(
        "SELECT seq, type, id, version, action, participant, form, state, CASE WHEN rule <> '' THEN"
        " rule ELSE reason END AS why, attempts, created, updated FROM delivery"
        f" WHERE clinic = ?{where}{of_forms}{some}",
        (clinic, *(said for _, said in chosen), *named, *which),
    )
    return [Owed(*row) for row in rows]


def refused_and_absent(tx: Transaction, clinic: str, people: Collection[str]) -> list[str]:
    """Names (`Type/id`) that a clinic refused and holds nothing of: what nothing may refer to.

    Of these people, '' for what belongs to nobody: who refers to something refers to their own.
    """
    rows = tx.execute(
        "SELECT d.type || '/' || d.id AS name FROM delivery AS d LEFT JOIN holding AS h"
        " ON h.clinic = d.clinic AND h.type = d.type AND h.id = d.id"
        " WHERE d.clinic = ? AND d.state IN ('refused', 'quarantined') AND h.id IS NULL"
        f" AND d.participant IN ({', '.join('?' * len(people))})",
        (clinic, *sorted(people)),
    )
    return [row["name"] for row in rows]


def rules_of(tx: Transaction, clinic: str, participant: str) -> frozenset[str]:
    """The rules by which a clinic's last push held what is owed to it of a person."""
    rows = tx.execute(
        "SELECT DISTINCT rule FROM delivery WHERE clinic = ? AND participant = ? AND rule <> ''"
        " AND state IN ('held', 'queued', 'claimed', 'uncertain')",
        (clinic, participant),
    )
    return frozenset(str(row["rule"]) for row in rows)
