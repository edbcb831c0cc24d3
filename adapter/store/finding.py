"""Finds resources by what `fhir.search` says of them.

Each resource keeps its place in the order of pages, that of its first version, whatever is put
later: a page begins behind a place, so nothing is passed over and nothing comes twice while others
write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from adapter.fhir.search.criteria import Criterion
from adapter.store.conditions import sort_key, where
from adapter.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Hit:
    """One resource that fits: its place in the order of pages, and where its newest version is."""

    first: int
    type: str
    id: str
    version: int
    participant: str
    form: str
    is_retracted: bool
    updated: float


_NAMES = [*Hit.__slots__]
_HIT = ", ".join(f"n.{name}" for name in _NAMES)


@dataclass(frozen=True, slots=True)
class Group:
    """How many resources fit that are about one person and from one form."""

    participant: str
    form: str
    is_retracted: bool
    count: int


def find(
    tx: Transaction,
    resource_type: str,
    criteria: Sequence[Criterion],
    *,
    sort: tuple[str, bool] | None = None,
    after: tuple[float | None, int] | None = None,
) -> Iterator[Hit]:
    """What fits, from a place on, in the order of pages.

    `sort` is a parameter of dates, or `_lastUpdated`, and whether the newest comes first; without
    it the order is that of first versions. `after` is where the last page ended: the sort key, None
    without `sort`, and the place.
    """
    fits, values = where(resource_type, criteria)
    if sort is None:
        statement = f"SELECT {_HIT} FROM newest AS n WHERE {fits} AND n.first > ? ORDER BY n.first"
        rows = tx.execute(statement, (*values, after[1] if after else 0))
        return (_hit(row) for row in rows)
    name, is_descending = sort
    key, key_values = sort_key(resource_type, name)
    sign, way = ("<", "DESC") if is_descending else (">", "ASC")
    behind, behind_values = "", list[Any]()
    if after is not None:
        behind = f" WHERE key {sign} ? OR (key = ? AND first > ?)"
        behind_values = [after[0], after[0], after[1]]
    statement = (
        f"SELECT * FROM (SELECT {_HIT}, {key} AS key FROM newest AS n WHERE {fits}) AS found"
        f"{behind} ORDER BY key {way}, first"
    )
    rows = tx.execute(statement, (*key_values, *values, *behind_values))
    return (_hit(row) for row in rows)


def sorted_by(tx: Transaction, hit: Hit, sort: tuple[str, bool]) -> float:
    """What a hit is sorted by."""
    key, values = sort_key(hit.type, sort[0])
    row = tx.execute(
        f"SELECT {key} AS key FROM newest AS n WHERE n.first = ?", (*values, hit.first)
    ).fetchone()
    return float(row["key"])


def count(tx: Transaction, resource_type: str, criteria: Sequence[Criterion]) -> list[Group]:
    """How many fit, by whose they are and from which form: the release gate tells which count."""
    fits, values = where(resource_type, criteria)
    rows = tx.execute(
        "SELECT n.participant, n.form, n.is_retracted, count(*) AS number FROM newest AS n"
        f" WHERE {fits} GROUP BY n.participant, n.form, n.is_retracted",
        values,
    )
    return [
        Group(row["participant"], row["form"], bool(row["is_retracted"]), row["number"])
        for row in rows
    ]


def naming(tx: Transaction, source: str, parameter: str, named: Sequence[Hit]) -> list[Hit]:
    """Resources of a type whose parameter names one of these, in the order of pages."""
    found: dict[int, Hit] = {}
    for each in named:
        rows = tx.execute(
            f"SELECT {_HIT} FROM newest AS n JOIN found_token AS t ON t.first = n.first"
            " WHERE t.type = ? AND t.parameter = ? AND t.value = ? AND t.system = ?",
            (source, parameter, each.id, each.type),
        )
        found |= {hit.first: hit for hit in map(_hit, rows)}
    return [found[first] for first in sorted(found)]


def named_by(tx: Transaction, parameter: str, source: Hit, types: Iterable[str]) -> list[Hit]:
    """The resources that a parameter of one names, in the order of pages."""
    wanted = set(types)
    rows = tx.execute(
        f"SELECT {_HIT} FROM found_token AS t"
        " JOIN newest AS n ON n.type = t.system AND n.id = t.value"
        " WHERE t.first = ? AND t.parameter = ? ORDER BY n.first",
        (source.first, parameter),
    )
    return [hit for hit in map(_hit, rows) if not wanted or hit.type in wanted]


def _hit(row: Any) -> Hit:  # noqa: ANN401 - a row of either database
    return Hit(*tuple(row)[: len(_NAMES)])
