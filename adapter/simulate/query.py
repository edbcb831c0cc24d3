"""What a search asks for, read from its parameters, and which resources answer it.

The same reading serves a search, `If-None-Exist`, a conditional update and a conditional reference
(https://hl7.org/fhir/R4/search.html). Nothing is ignored: what is not known here is refused.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from adapter.fhir.operation_outcome import RefusalError, refuse
from adapter.fhir.search.text import split_unescaped, unescape
from adapter.simulate.parameters import PATHS, key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from adapter.simulate.parameters import Key
    from adapter.simulate.resources import Resources
    from adapter.simulate.versions import Version

COMMON_PARAMETERS = {"_id": "token", "_lastUpdated": "date"}
SHAPING_PARAMETERS = frozenset({"_count", "_summary", "_after"})
DEFAULT_COUNT = 20
LARGEST_COUNT = 1000
NAME = re.compile(r"[_a-zA-Z][\w.:\-]{0,63}")
DATE = re.compile(
    r"(ge|gt|le|lt|eq)?(\d{4}(?:-\d\d){0,2})"
    r"(T\d\d:\d\d(:\d\d(?:\.(\d{1,6}))?)?(?:Z|[+-]\d\d:\d\d)?)?"
)

Parameters = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Span:
    """A time to compare with, as `prefix` says: what it means lies from `low` up to `high`."""

    prefix: str
    low: datetime
    high: datetime

    def holds(self, moment: datetime) -> bool:
        """Whether `moment` compares as the prefix says."""
        match self.prefix:
            case "ge":
                return moment >= self.low
            case "gt":
                return moment >= self.high
            case "le":
                return moment < self.high
            case "lt":
                return moment < self.low
            case _:
                return self.low <= moment < self.high


@dataclass(frozen=True, slots=True)
class Query:
    """A search of one type: `ids` and each set of `keys` name what may be, `updated` when.

    `after` is the position that a page begins behind; `parameters` are what was asked, without it.
    """

    type: str
    parameters: Parameters
    ids: tuple[frozenset[str], ...]
    keys: tuple[frozenset[Key], ...]
    updated: tuple[Span, ...]
    count: int
    after: int


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Which versions of a history are asked for: since when, how many, and below which number."""

    parameters: Parameters
    since: tuple[Span, ...]
    count: int
    before: float


def parse_history(parameters: Parameters) -> HistoryPage:
    """What the parameters of a history say.

    Raises:
        RefusalError: 400, for an unknown parameter or a value that is not of its kind.
    """
    by_name = dict(parameters)
    if not by_name.keys() <= {"_count", "_since", "_before"}:
        raise refuse(400, "not-supported", "A history knows the parameters _count and _since")
    since = (_span("_since", f"ge{by_name['_since']}"),) if "_since" in by_name else ()
    return HistoryPage(
        parameters=tuple(pair for pair in parameters if pair[0] != "_before"),
        since=since,
        count=_count(by_name.get("_count", str(DEFAULT_COUNT))),
        before=_whole("_before", by_name["_before"]) if "_before" in by_name else math.inf,
    )


def parse_query(name: str, parameters: Parameters) -> Query:
    """The search of resources of type `name` that `parameters` say.

    Raises:
        RefusalError: 400, for an unknown parameter or modifier, or a value that is not of its kind.
    """
    by_name: dict[str, list[str]] = {}
    for parameter, value in parameters:
        by_name.setdefault(parameter, []).append(value)
    for parameter in by_name:
        _require_known(name, parameter)
    alternatives = [
        (parameter, value) for parameter, value in parameters if parameter in PATHS[name]
    ]
    return Query(
        type=name,
        parameters=tuple(pair for pair in parameters if pair[0] != "_after"),
        ids=tuple(frozenset(_listed("_id", value)) for value in by_name.get("_id", ())),
        keys=tuple(_keys(parameter, value) for parameter, value in alternatives),
        updated=tuple(_span("_lastUpdated", value) for value in by_name.get("_lastUpdated", ())),
        count=_page_size(by_name),
        after=_whole("_after", by_name.get("_after", ["-1"])[-1]),
    )


def parse_criteria(name: str, text: str) -> Query:
    """The search of a conditional interaction: `Type?identifier=…`, or what is behind the `?`.

    Raises:
        RefusalError: 400, also when `text` has no criteria: everything would match.
    """
    criteria = re.sub(r"^[A-Za-z]*\?", "", text)
    parameters = tuple(parse_qsl(criteria, keep_blank_values=True))
    if not parameters or not SHAPING_PARAMETERS.isdisjoint(name for name, _ in parameters):
        raise refuse(400, "required", f"Conditional criteria must name what makes a {name} the one")
    return parse_query(name, parameters)


def match(resources: Resources, query: Query) -> list[str]:
    """The ids of the resources that exist and fit, in the order of their first creation."""
    sets: list[AbstractSet[str]] = [resources.live(query.type), *query.ids]
    sets.extend(
        set[str]().union(*(resources.found(query.type, key) for key in alternatives))
        for alternatives in query.keys
    )
    sets.sort(key=len)  # the fewest first: what remains only shrinks
    matched: Iterable[str] = reduce(and_, sets)
    if query.updated:
        newest = (resources.versions(query.type, id_)[-1] for id_ in matched)
        matched = (version.id for version in newest if fits(version, query))
    return sorted(matched, key=lambda id_: resources.position(query.type, id_))


def fits(version: Version, query: Query) -> bool:
    """Whether the search finds a resource in this version."""
    return (
        all(version.id in ids for ids in query.ids)
        and not any(version.keys.isdisjoint(keys) for keys in query.keys)
        and all(span.holds(version.last_updated) for span in query.updated)
    )


def _require_known(name: str, parameter: str) -> None:
    known = {*PATHS[name], *COMMON_PARAMETERS, *SHAPING_PARAMETERS}
    if parameter not in known:
        said = f' "{parameter}"' if NAME.fullmatch(parameter) else ""
        valid = ", ".join(sorted(known - {"_after"}))
        text = f"Unknown search parameter{said} for resource type {name}. Valid are: {valid}"
        raise refuse(400, "not-supported", text)


def _listed(parameter: str, value: str) -> list[str]:
    values = [unescape(part) for part in split_unescaped(value, ",")]
    if "" in values:
        raise _bad_value(parameter)
    return values


def _keys(parameter: str, value: str) -> frozenset[Key]:
    try:
        return frozenset(key_of(parameter, part) for part in split_unescaped(value, ","))
    except ValueError:
        raise _bad_value(parameter) from None


def _page_size(by_name: Mapping[str, list[str]]) -> int:
    summary = by_name.get("_summary", ["false"])[-1]
    if summary not in {"count", "false"}:
        raise _bad_value("_summary")
    return 0 if summary == "count" else _count(by_name.get("_count", [str(DEFAULT_COUNT)])[-1])


def _count(value: str) -> int:
    asked = _whole("_count", value)
    if asked < 0:
        raise _bad_value("_count")
    return min(asked, LARGEST_COUNT)


def _whole(parameter: str, value: str) -> int:
    if not re.fullmatch(r"-?\d{1,9}", value):
        raise _bad_value(parameter)
    return int(value)


def _span(parameter: str, value: str) -> Span:
    asked = DATE.fullmatch(value.replace(" ", "+"))  # a plus that was not encoded
    if asked is None:
        raise _bad_value(parameter)
    prefix, day, time, second, fraction = asked.groups()
    try:
        low, high = _day_span(day) if time is None else _time_span(day + time, second, fraction)
    except (ValueError, OverflowError):  # a month 13, a year beyond 9999
        raise _bad_value(parameter) from None
    return Span(prefix or "eq", low, high)


def _day_span(text: str) -> tuple[datetime, datetime]:
    low = datetime.fromisoformat((text + "-01-01")[:10]).replace(tzinfo=UTC)
    match len(text):
        case 4:
            return low, low.replace(year=low.year + 1)
        case 7:
            return low, (low + timedelta(days=31)).replace(day=1)
        case _:
            return low, low + timedelta(days=1)


def _time_span(text: str, second: str | None, fraction: str | None) -> tuple[datetime, datetime]:
    low = datetime.fromisoformat(text)
    if low.tzinfo is None:
        low = low.replace(tzinfo=UTC)
    if fraction:
        return low, low + timedelta(microseconds=10 ** (6 - len(fraction)))
    return low, low + (timedelta(seconds=1) if second else timedelta(minutes=1))


def _bad_value(parameter: str) -> RefusalError:
    return refuse(400, "value", f"The value of the parameter {parameter} is not of its kind")
