"""Whether something is true of one resource, told by what it is found by.

The same as the conditions of SQL on the index of the ledger (`adapter/store/conditions.py`), for
what stands in no ledger. What other resources it takes to know is not among it.

Source: https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from collections.abc import Collection

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
from adapter.fhir.search.index import Found, Range, Token, Words
from adapter.fhir.search.parameters import ALWAYS_THERE, BY_IDENTIFIER

Span = tuple[float, float]


def needs_others(criterion: Criterion) -> bool:
    """Whether other resources have to be looked at, too."""
    return isinstance(criterion, Chained | NamedBy)


def fits(  # noqa: PLR0911 - one line a kind
    criterion: Criterion, found: Collection[Found], resource_id: str, updated: float
) -> bool:
    """Whether a criterion holds of a resource, which was `updated` then (seconds since 1970).

    Raises:
        ValueError: it is about other resources.
    """
    match criterion:
        case Ids(ids):
            return resource_id in ids
        case Updated(spans):
            moment = (updated, updated)
            return any(compare(prefix, moment, (low, high)) for prefix, low, high in spans)
        case HasToken(parameter, tokens, is_not):
            return is_not != any(
                system in {None, each.system} and value in {None, each.value}
                for each in found
                if isinstance(each, Token) and each.parameter == parameter
                for system, value in tokens
            )
        case HasRange():
            return _has_range(criterion, found)
        case HasWords():
            return _has_words(criterion, found)
        case Pair(pairs):
            return any(
                all(fits(one, found, resource_id, updated) for one in pair) for pair in pairs
            )
        case IsMissing(parameter, is_missing) if parameter in ALWAYS_THERE:
            return not is_missing
        case IsMissing(parameter, is_missing):
            names = {parameter, f"{parameter}{BY_IDENTIFIER}"}
            return is_missing != any(each.parameter in names for each in found)
        case _:
            raise ValueError("It takes other resources to know that.")


def compare(prefix: Prefix, held: Span, asked: Span) -> bool:  # noqa: PLR0911 - one line a prefix
    """How a range of a resource compares with the one that is asked for.

    A range ends before its second number, but for a point, which ends where it begins: one that
    lies where a longer range ends is behind it. https://hl7.org/fhir/R4/search.html#prefix
    """
    (low, high), (start, end) = held, asked
    is_behind = high > end or (start < end and low == high == end)
    is_within = low >= start and high <= end and (low < end or low == start)
    match prefix:
        case "eq":
            return is_within
        case "ne":
            return not is_within
        case "gt":
            return is_behind
        case "ge":
            return is_behind or is_within
        case "lt":
            return low < start
        case "le":
            return low < start or is_within
        case "sa":
            return low >= end and low > start
        case "eb":
            return high <= start and low < start
        case "ap":
            return low <= end and high >= start


# Private functions


def _has_range(criterion: HasRange, found: Collection[Found]) -> bool:
    return any(
        compare(prefix, (each.low, each.high), (low, high))
        and system in {None, each.system}
        and unit in {None, each.unit}
        for each in found
        if isinstance(each, Range) and each.parameter == criterion.parameter
        for prefix, low, high, system, unit in criterion.values
    )


def _has_words(criterion: HasWords, found: Collection[Found]) -> bool:
    held = [
        each for each in found if isinstance(each, Words) and each.parameter == criterion.parameter
    ]
    match criterion.how:
        case "exact":
            return any(each.exact in criterion.values for each in held)
        case "starts":
            return any(each.plain.startswith(criterion.values) for each in held)
        case "contains":
            return any(word in each.plain for each in held for word in criterion.values)
