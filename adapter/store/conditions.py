"""What a search asks for, said as a condition of SQL on the index beside the versions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from adapter.fhir.search.criteria import (
    Chained,
    Criterion,
    HasRange,
    HasToken,
    HasWords,
    Ids,
    IsMissing,
    NamedBy,
    Pair,
    Prefix,
    Updated,
)
from adapter.fhir.search.parameters import ALWAYS_THERE, BY_IDENTIFIER

TABLES = ("found_token", "found_range", "found_words")
# A parameter that names one person or one thing finds few; the search begins with it.
_NARROW = ("patient", "subject", "individual", "identifier", "target", "derived-from", "url")

Where = tuple[str, list[Any]]


def where(resource_type: str, criteria: Sequence[Criterion]) -> Where:
    """The condition on `newest AS n`; the narrowest is a list, which a database starts at."""
    parts, values = ["n.type = ?"], list[Any]([resource_type])
    narrow = next((each for each in criteria if _is_narrow(each)), None)
    for each in criteria:
        said, more = _said(each, resource_type, "n", is_narrow=each is narrow)
        parts.append(said)
        values += more
    return " AND ".join(parts), values


def others(criterion: Chained | NamedBy, of: str, first: int, resource_id: str) -> Where:
    """The query of the others by which a criterion holds of one resource of a type.

    It gives the type of each, whose it is, from which form, and whether it is retracted.
    """
    said, values = _others(criterion, of, ("?", "?", "?"))
    one = [first] if isinstance(criterion, Chained) else [resource_id, of]
    return f"SELECT c.type, c.participant, c.form, c.is_retracted{said}", [*values, *one]


def _is_narrow(criterion: Criterion) -> bool:
    return isinstance(criterion, HasToken) and (
        criterion.parameter in _NARROW and not criterion.is_not
    )


def _said(criterion: Criterion, of: str, alias: str, *, is_narrow: bool = False) -> Where:  # noqa: PLR0911 - one a kind
    match criterion:
        case Ids(ids):
            return f"{alias}.id IN ({_marks(ids)})", list(ids)
        case Updated(spans, is_blinded):
            moment = f"{alias}.{'told' if is_blinded else 'updated'}"
            return _any(_compare(each, moment, moment, *span) for each, *span in spans)
        case HasToken(parameter, tokens, is_not):
            said, values = _any(_token(*token) for token in tokens)
            told = _in("found_token", of, parameter, said, values, alias, is_narrow=is_narrow)
            return (f"NOT {told[0]}", told[1]) if is_not else told
        case HasRange(parameter, ranges):
            said, values = _any(_range(*one) for one in ranges)
            return _in("found_range", of, parameter, said, values, alias, is_narrow=is_narrow)
        case HasWords(parameter, words, how):
            said, values = _any(_words(word, how) for word in words)
            return _in("found_words", of, parameter, said, values, alias, is_narrow=is_narrow)
        case Pair(pairs):
            return _any(_both(pair, of, alias) for pair in pairs)
        case IsMissing(parameter, is_missing) if parameter in ALWAYS_THERE:
            return ("1 = 0" if is_missing else "1 = 1"), []
        case IsMissing(parameter, is_missing):
            by_identifier = ("found_token", f"{parameter}{BY_IDENTIFIER}")
            places = (*((table, parameter) for table in TABLES), by_identifier)
            has, values = _any(_in(table, of, name, "1 = 1", [], alias) for table, name in places)
            return (f"NOT {has}" if is_missing else has), values
        case Chained() | NamedBy():
            said, values = _others(
                criterion, of, (f"{alias}.first", f"{alias}.id", f"{alias}.type")
            )
            return f"EXISTS (SELECT 1{said})", values


def _others(criterion: Chained | NamedBy, of: str, one: tuple[str, str, str]) -> Where:
    """From where, and of which, the others come (as `c`) that a criterion of one resource means.

    The one is said by its place, its id and its type.
    """
    if isinstance(criterion.criterion, Chained | NamedBy):
        raise TypeError("A chain is of one step")  # the gate is asked about one other, not two
    first, name, kind = one
    said, values = _said(criterion.criterion, criterion.type, "c")
    if isinstance(criterion, Chained):
        return (
            " FROM found_token AS l JOIN newest AS c ON c.type = l.system AND c.id = l.value"
            f" WHERE l.type = ? AND l.parameter = ? AND c.type = ? AND {said} AND l.first = {first}"
        ), [of, criterion.parameter, criterion.type, *values]
    return (
        " FROM found_token AS l JOIN newest AS c ON c.first = l.first"
        f" WHERE l.type = ? AND l.parameter = ? AND {said}"
        f" AND l.value = {name} AND l.system = {kind}"
    ), [criterion.type, criterion.parameter, *values]


def _in(  # noqa: PLR0913, PLR0917 - the parts of one condition
    table: str,
    of: str,
    parameter: str,
    said: str,
    values: list[Any],
    alias: str,
    *,
    is_narrow: bool = False,
) -> Where:
    """That the index has such a value of it; as a list where that is short, else looked up."""
    chosen = [of, parameter, *values]
    if is_narrow:
        inner = f"SELECT first FROM {table} WHERE type = ? AND parameter = ? AND {said}"
        return f"{alias}.first IN ({inner})", chosen
    inner = f"SELECT 1 FROM {table} AS f WHERE f.type = ? AND f.parameter = ? AND {said}"
    return f"EXISTS ({inner} AND f.first = {alias}.first)", chosen


def _both(pair: tuple[HasToken, HasRange], of: str, alias: str) -> Where:
    said = [_said(each, of, alias) for each in pair]
    return f"({said[0][0]} AND {said[1][0]})", [*said[0][1], *said[1][1]]


def _token(system: str | None, value: str | None) -> Where:
    named = [("value", value), ("system", system)]
    given = [(column, said) for column, said in named if said is not None]
    return " AND ".join(f"{column} = ?" for column, _ in given), [said for _, said in given]


def _range(prefix: Prefix, low: float, high: float, system: str | None, unit: str | None) -> Where:
    said, values = _compare(prefix, "low", "high", low, high)
    for column, asked in (("system", system), ("unit", unit)):
        if asked is not None:
            said, values = f"({said}) AND {column} = ?", [*values, asked]
    return said, values


def _compare(  # noqa: PLR0911 - one line a prefix
    prefix: Prefix, low: str, high: str, start: float, end: float
) -> Where:
    """How a range of a resource, named by its columns, compares with the one that is asked for.

    https://hl7.org/fhir/R4/search.html#prefix. A point is a range that ends where it begins.
    """
    within = f"({low} >= ? AND {high} <= ? AND ({low} < ? OR {low} = ?))"
    inside: list[Any] = [start, end, end, start]
    match prefix:
        case "eq":
            return within, inside
        case "ne":
            return f"NOT {within}", inside
        case "gt":
            return _behind(low, high, start, end)
        case "ge":
            behind, values = _behind(low, high, start, end)
            return f"({behind} OR {within})", [*values, *inside]
        case "lt":
            return f"{low} < ?", [start]
        case "le":
            return f"({low} < ? OR {within})", [start, *inside]
        case "sa":
            return f"({low} >= ? AND {low} > ?)", [end, start]
        case "eb":
            return f"({high} <= ? AND {low} < ?)", [start, start]
        case "ap":
            return f"({low} <= ? AND {high} >= ?)", [end, start]


def _behind(low: str, high: str, start: float, end: float) -> Where:
    """What lasts longer; a point where a longer range ends is behind it, for that ends before."""
    if start == end:
        return f"{high} > ?", [end]
    if low == high:  # of one column, which has an index
        return f"{high} >= ?", [end]
    return f"({high} > ? OR ({low} = ? AND {high} = ?))", [end, end, end]


def _words(word: str, how: str) -> Where:
    if how == "exact":
        return "exact = ?", [word]
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    begins = "" if how == "starts" else "%"
    return "plain LIKE ? ESCAPE '\\'", [f"{begins}{escaped}%"]


def sort_key(resource_type: str, name: str) -> Where:
    """What resources of a type are sorted by; what has no such date comes first, as the oldest.

    `_lastTold` is `_lastUpdated` as the blinded may know it.
    """
    if name in {"_lastUpdated", "_lastTold"}:
        return ("n.updated" if name == "_lastUpdated" else "n.told"), []
    said = (
        "coalesce((SELECT min(s.low) FROM found_range AS s WHERE s.type = ? AND s.parameter = ?"
        " AND s.first = n.first), 0)"
    )
    return said, [resource_type, name]


def _any(parts: Iterable[Where]) -> Where:
    listed = list(parts)
    said = " OR ".join(f"({part})" for part, _ in listed)
    return f"({said})", [value for _, values in listed for value in values]


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
