"""The filters of an export: what a search would make of the same parameters.

A clinic's own name of a patient is asked for in Parameters that are posted, never in an address,
and becomes ours before an order is kept: it stands in no ledger and in no manifest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit

from adapter.fhir.operation_outcome import refuse
from adapter.fhir.search.asked import read_criterion
from adapter.fhir.search.criteria import BadSearchError, Criterion
from adapter.server.bulk.order import Order
from adapter.server.groups import through_group
from adapter.server.last_told import as_told
from adapter.server.ledger import View
from adapter.server.reach import check_reach
from adapter.server.their_names import in_our_names
from adapter.server.value_sets import expanding


def in_our_ids(order: Order, view: View) -> Order:
    """The order without a name that only the client's clinic has.

    Raises:
        RefusalError: 400, such a name stands in the address of the request; 403, a filter rests on
            a type that the scopes of the client do not let it search.
    """
    filters, address = list[tuple[str, str]](), dict(parse_qsl(urlsplit(order.request).query))
    for of, query in order.filters:
        said = _pairs(of, query)
        ours = [in_our_names(of, name, value, view) for name, value in said]
        if ours != said and "_typeFilter" in address:
            text = "_typeFilter with an identifier of a clinic is expected in Parameters, posted"
            raise refuse(400, "value", text)
        check_reach((_criterion(of, *each, view) for each in ours), view.caller)
        filters.append((of, query if ours == said else urlencode(ours)))
    return replace(order, filters=tuple(filters))


def criteria_of(order: Order, view: View) -> list[tuple[str, tuple[Criterion, ...]]]:
    """What the filters of an order ask for, by type; several of a type are alternatives.

    Raises:
        RefusalError: 400, a parameter or a value that no search would take.
    """
    return [(of, tuple(_criteria(of, query, view))) for of, query in order.filters]


def _criteria(of: str, query: str, view: View) -> Iterator[Criterion]:
    for name, value in _pairs(of, query):
        for asked in through_group(_criterion(of, name, value, view), of, view):
            yield as_told(asked, of, view)


def _criterion(of: str, name: str, value: str, view: View) -> Criterion:
    ledger = view.ledger
    try:
        return read_criterion(of, name, value, ledger.study.zone, expanding(view), base=ledger.base)
    except BadSearchError as wrong:  # _sort, _include and the like are no criteria, either
        raise refuse(400, wrong.code, f"_typeFilter of {of}: {wrong.text}") from None


def _pairs(of: str, query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query, keep_blank_values=True, max_num_fields=100)
    except ValueError:
        raise refuse(400, "too-costly", f"_typeFilter of {of} is too long") from None
