"""Which resources the criteria of a conditional create or update mean.

https://hl7.org/fhir/R4/http.html#ccreate. Criteria that say nothing, or that are not understood,
are refused: they must never mean everything. An identifier of the client's own is known by its
keyed hash (`store.named`), so it finds what that client wrote.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from adapter.fhir.identity import Identity
from adapter.fhir.operation_outcome import refuse
from adapter.fhir.search.asked import read_criterion
from adapter.fhir.search.criteria import BadSearchError, Criterion, HasToken, Ids
from adapter.server.exchange import SHAPING
from adapter.server.groups import through_group
from adapter.server.last_told import as_told
from adapter.server.ledger import View
from adapter.server.reach import check_reach
from adapter.server.value_sets import expanding
from adapter.store import finding, named


def matching(view: View, identity: Identity, resource_type: str, query: str) -> list[str]:
    """The ids of what fits and the caller may know of, in the order of pages.

    Raises:
        RefusalError: 412, for criteria that are none; 400, for the character of number 0; 403, for
            those that rest on a type that the scopes of the client do not let it search.
    """
    criteria = _criteria(view, resource_type, query)
    ids = _found(view, resource_type, criteria)
    for index, each in enumerate(criteria):
        if isinstance(each, HasToken) and each.parameter == "identifier" and not each.is_not:
            called = _called(view, identity, resource_type, each)
            others = [*criteria[:index], *criteria[index + 1 :], Ids(tuple(called))]
            ids += _found(view, resource_type, others) if called else []
    return list(dict.fromkeys(ids))


def digests(identity: Identity, client: str, resource: Mapping[str, Any]) -> list[str]:
    """Keyed hashes of the identifiers that a client gives a resource."""
    said = resource.get("identifier", [])
    each = said if isinstance(said, list) else [said]
    return [
        _digest(identity, client, one.get("system", ""), one["value"])
        for one in each
        if "value" in one
    ]


def _criteria(view: View, resource_type: str, query: str) -> list[Criterion]:
    said = parse_qsl(query.partition("?")[2] or query, keep_blank_values=True)
    if any("\0" in part for pair in said for part in pair):
        raise refuse(400, "value", "A value of the criteria is not of its kind")
    pairs = [(name, value) for name, value in said if name not in SHAPING]
    if not pairs:
        raise refuse(412, "not-supported", "Criteria are expected that say which resource is meant")
    zone, base, expand = view.ledger.study.zone, view.ledger.base, expanding(view)
    try:
        asked = [read_criterion(resource_type, *pair, zone, expand, base=base) for pair in pairs]
    except BadSearchError as wrong:
        raise refuse(412, wrong.code, wrong.text) from None
    check_reach(asked, view.caller)
    through = [one for each in asked for one in through_group(each, resource_type, view)]
    return [as_told(each, resource_type, view) for each in through]


def _found(view: View, resource_type: str, criteria: Iterable[Criterion]) -> list[str]:
    return [
        hit.id
        for hit in finding.find(view.tx, resource_type, list(criteria), view.may_see)
        if not hit.is_retracted
    ]


def _called(view: View, identity: Identity, resource_type: str, token: HasToken) -> list[str]:
    client = view.caller.client
    said = [
        named.called(
            view.tx, client, resource_type, _digest(identity, client, system or "", value or "")
        )
        for system, value in token.values
    ]
    return [each for each in said if each is not None]


def _digest(identity: Identity, client: str, system: str, value: str) -> str:
    return identity.token("client-identifier", client, system, value)
