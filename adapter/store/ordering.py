"""In which order the units of a person go: none before what it refers to.

A unit stands in the order where the first of it stands. What joined it later may refer to what came
in between: a change since baseline does, where the baseline was entered after the later answers.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from adapter.store.deliveries import Delivery
from adapter.store.transaction import Transaction

_REFERENCE = re.compile(r'"reference":"([A-Za-z]+/[^"/]+)"')


def in_turn(tx: Transaction, clinic: str, units: Mapping[str, Sequence[Delivery]]) -> list[str]:
    """The next units, each behind those of its person that are queued, too, and that it refers to.

    `units` are the first of the order, with what is queued of each. What refers to a unit that is
    still under way is left out: it waits with that.
    """
    people = _tangled(tx, clinic, units)
    if not people:
        return list(units)
    refers = _references(tx, clinic, people)
    ordered: dict[str, bool] = dict.fromkeys(_under_way(tx, clinic, people), False)
    asked: set[str] = set()

    def may_go(unit: str) -> bool:
        """Whether it may go now; what it refers to has got its turn before it."""
        if unit not in ordered and unit not in asked:  # two that refer to each other go together
            asked.add(unit)
            ordered[unit] = all(may_go(other) for other in refers.get(unit, ()))
        return ordered.get(unit, True)

    for unit in units:
        may_go(unit)
    return [unit for unit, is_free in ordered.items() if is_free]


def _tangled(
    tx: Transaction, clinic: str, units: Mapping[str, Sequence[Delivery]]
) -> Collection[str]:
    """Those of whom a queued unit begins before one of these has ended."""
    whole = [each for each in units.values() if each and each[0].participant]
    if not whole:
        return ()
    people = sorted({each[0].participant for each in whole})
    other_units, others = ", ".join("?" * len(units)), ", ".join("?" * len(people))
    rows = tx.execute(
        "SELECT DISTINCT participant FROM delivery WHERE clinic = ? AND state = 'queued'"
        f" AND seq > ? AND seq < ? AND unit NOT IN ({other_units}) AND participant IN ({others})",
        (
            clinic,
            min(each[0].seq for each in whole),
            max(each[-1].seq for each in whole),
            *units,
            *people,
        ),
    )
    tangled = {row["participant"] for row in rows}
    ends: dict[str, int] = {}
    for each in sorted(whole, key=lambda each: each[0].seq):
        who = each[0].participant
        if each[0].seq < ends.get(who, 0):
            tangled.add(who)
        ends[who] = max(each[-1].seq, ends.get(who, 0))
    return sorted(tangled)


def _references(tx: Transaction, clinic: str, people: Collection[str]) -> dict[str, set[str]]:
    """To which queued units of theirs the queued units of these people refer.

    What is to be taken back is no reason to wait: what refers to it goes before.
    """
    marks = ", ".join("?" * len(people))
    rows = tx.execute(
        "SELECT d.unit, d.type, d.id, d.action, v.text FROM delivery AS d JOIN version AS v"
        " ON v.type = d.type AND v.id = d.id AND v.version = d.version"
        f" WHERE d.clinic = ? AND d.participant IN ({marks}) AND d.state = 'queued'",
        (clinic, *people),
    ).fetchall()
    unit_of = {f"{row['type']}/{row['id']}": row["unit"] for row in rows if row["action"] == "put"}
    refers: dict[str, set[str]] = {}
    for row in rows:
        names = _REFERENCE.findall(bytes(row["text"]).decode())
        others = {unit_of[name] for name in names if name in unit_of} - {row["unit"]}
        refers.setdefault(row["unit"], set()).update(others)
    return refers


def _under_way(tx: Transaction, clinic: str, people: Collection[str]) -> list[str]:
    marks = ", ".join("?" * len(people))
    rows = tx.execute(
        f"SELECT DISTINCT unit FROM delivery WHERE clinic = ? AND participant IN ({marks})"
        " AND state IN ('claimed', 'uncertain')",
        (clinic, *people),
    )
    return [row["unit"] for row in rows]
