"""Finds resources by what `fhir.search` says of them.

Each resource keeps its place in the order of pages, that of its first version, whatever is put
later: a page begins behind a place, so nothing is passed over and nothing comes twice while others
write.

Nothing is found without asking whether it may be seen, and neither is what is true of a resource
only by another one (`_has`, chains) that may not: what is hidden is as if it were not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from adapter.fhir.retraction import retract
from adapter.fhir.search.criteria import Chained, Criterion, NamedBy
from adapter.store.conditions import others, sort_key, where
from adapter.store.transaction import Transaction

MaySee = Callable[[str, str], bool]
"""Whether what is about a person and from a form may be seen."""


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


def find(  # noqa: PLR0913 - what a search consists of
    tx: Transaction,
    resource_type: str,
    criteria: Sequence[Criterion],
    may_see: MaySee,
    *,
    sort: tuple[str, bool] | None = None,
    after: tuple[float | None, int] | None = None,
) -> Iterator[Hit]:
    """What fits and may be seen, from a place on, in the order of pages.

    `sort` is a parameter of dates, or `_lastUpdated`, and whether the newest comes first; without
    it the order is that of first versions. `after` is where the last page ended: the sort key, None
    without `sort`, and the place.
    """
    resting = [each for each in criteria if isinstance(each, Chained | NamedBy)]
    for hit in _fitting(tx, resource_type, criteria, sort, after):
        if may_see(hit.participant, hit.form) and all(
            _rests(tx, hit, each, may_see) for each in resting
        ):
            yield hit


def _rests(tx: Transaction, hit: Hit, criterion: Chained | NamedBy, may_see: MaySee) -> bool:
    """Whether a criterion holds by another resource that may be seen; the first is enough."""
    statement, values = others(criterion, hit.type, hit.first, hit.id)
    return any(
        may_see(participant, form) and not (is_retracted and is_gone(of))
        for of, participant, form, is_retracted in map(tuple, tx.execute(statement, values))
    )


def is_gone(resource_type: str) -> bool:
    """Whether a type has no word for what should not have been: retracted, it is as if deleted."""
    return retract({"resourceType": resource_type}) is None


def _fitting(
    tx: Transaction,
    resource_type: str,
    criteria: Sequence[Criterion],
    sort: tuple[str, bool] | None,
    after: tuple[float | None, int] | None,
) -> Iterator[Hit]:
    fits, values = where(resource_type, criteria)
    if sort is None:
        statement = f"SELECT {_HIT} FROM newest AS n WHERE {fits} AND n.first > ? ORDER BY n.first"
        rows = tx.execute(statement, (*values, after[1] if after else 0))
        return map(_hit, rows)
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
    return map(_hit, rows)


def sorted_by(tx: Transaction, hit: Hit, sort: tuple[str, bool]) -> float:
    """What a hit is sorted by."""
    key, values = sort_key(hit.type, sort[0])
    row = tx.execute(
        f"SELECT {key} AS key FROM newest AS n WHERE n.first = ?", (*values, hit.first)
    ).fetchone()
    return float(row["key"])


def count(
    tx: Transaction, resource_type: str, criteria: Sequence[Criterion], may_see: MaySee
) -> int:
    """How many fit, may be seen, and are not gone."""
    with_retracted = not is_gone(resource_type)
    if any(isinstance(each, Chained | NamedBy) for each in criteria):
        hits = find(tx, resource_type, criteria, may_see)
        return sum(with_retracted or not hit.is_retracted for hit in hits)
    fits, values = where(resource_type, criteria)
    rows = tx.execute(
        "SELECT n.participant, n.form, n.is_retracted, count(*) AS number FROM newest AS n"
        f" WHERE {fits} GROUP BY n.participant, n.form, n.is_retracted",
        values,
    )
    return sum(
        number
        for participant, form, is_retracted, number in map(tuple, rows)
        if (with_retracted or not is_retracted) and may_see(participant, form)
    )


def place_of(tx: Transaction, resource_type: str, resource_id: str) -> int | None:
    """The place of a resource in the order of pages, None for one that is not there."""
    row = tx.execute(
        "SELECT first FROM newest WHERE type = ? AND id = ?", (resource_type, resource_id)
    ).fetchone()
    return None if row is None else int(row["first"])


def naming(
    tx: Transaction, source: str, parameter: str, named: Sequence[Hit], may_see: MaySee
) -> list[Hit]:
    """Resources of a type that may be seen, and name one of these, in the order of pages."""
    found: dict[int, Hit] = {}
    for each in named:
        rows = tx.execute(
            f"SELECT {_HIT} FROM newest AS n JOIN found_token AS t ON t.first = n.first"
            " WHERE t.type = ? AND t.parameter = ? AND t.value = ? AND t.system = ?",
            (source, parameter, each.id, each.type),
        )
        found |= {hit.first: hit for hit in map(_hit, rows) if may_see(hit.participant, hit.form)}
    return [found[first] for first in sorted(found)]


def named_by(
    tx: Transaction, parameter: str, source: Hit, types: Iterable[str], may_see: MaySee
) -> list[Hit]:
    """The resources that may be seen, and a parameter of one names, in the order of pages."""
    wanted = set(types)
    rows = tx.execute(
        f"SELECT {_HIT} FROM found_token AS t"
        " JOIN newest AS n ON n.type = t.system AND n.id = t.value"
        " WHERE t.first = ? AND t.parameter = ? ORDER BY n.first",
        (source.first, parameter),
    )
    hits = [hit for hit in map(_hit, rows) if not wanted or hit.type in wanted]
    return [hit for hit in hits if may_see(hit.participant, hit.form)]


def _hit(row: Any) -> Hit:  # noqa: ANN401 - a row of either database
    return Hit(*tuple(row)[: len(_NAMES)])
