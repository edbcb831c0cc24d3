"""AuditEvents over HTTP, for auditors: reading one, and searching.

https://hl7.org/fhir/R4/auditevent.html. The logs tell who got the therapy (which of its versions
went where), and of people whom no consent covers any more: nobody but an auditor gets any of it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapter.fhir.check import write
from adapter.fhir.operation_outcome import refuse
from adapter.fhir.search.criteria import Criterion, HasToken
from adapter.fhir.search.fits import needs_others
from adapter.server.api import Api
from adapter.server.audit_trail import Ends, Page, Trail
from adapter.server.audited import told
from adapter.server.bundle import write_bundle
from adapter.server.exchange import Answer, Asked, read_request, respond
from adapter.server.ledger import View
from adapter.server.pages import PAGE, bad_value
from adapter.server.reads import unknown
from adapter.server.searching import Search, read_search, warning
from adapter.server.subset import subset
from adapter.store import reading

TYPE = "AuditEvent"
_LARGEST = 2**63
Look = Callable[[Trail, View, Asked, str, str], tuple[Page, Answer]]


def audit_routes(api: Api) -> list[Route]:
    """The routes of AuditEvents, none where there are no auditors."""
    if api.audit is None:
        return []
    trail = Trail(api.audit, api.trial.identity, api.trial.study.zone)

    def route(path: str, word: str, look: Look, method: str) -> Route:
        async def endpoint(request: Request) -> Response:
            telling = told(request)
            telling.interaction = word
            caller = await api.authenticate(request)
            telling.client, telling.type = caller.client, TYPE
            letter = word[0]
            if not caller.is_auditor or not caller.may(letter, TYPE):
                text = f"Expected an auditor, with a token for system/{TYPE}.{letter}"
                raise refuse(403, "forbidden", text)
            asked = await read_request(request, has_form=method == "POST")
            name = request.path_params.get("id", "")

            def in_thread() -> tuple[Page, Answer]:
                view = View(api.ledger, caller, api.ledger.database.read())
                return look(trail, view, asked, name, api.base)

            page, answer = await run_in_threadpool(in_thread)
            telling.about, telling.count, telling.id = page.people, len(page.events), name
            return respond(answer, asked)

        return Route(path, endpoint, methods=[method])

    return [
        route(f"/{TYPE}/_search", "search-type", _search, "POST"),
        route(f"/{TYPE}/{{id}}", "read", _read, "GET"),
        route(f"/{TYPE}", "search-type", _search, "GET"),
    ]


def _read(trail: Trail, _: View, __: Asked, name: str, ___: str) -> tuple[Page, Answer]:
    line = trail.one(name)
    if line is None:
        raise unknown()
    event = line.build()
    return Page([event], line.people, None), Answer(write(event))


def _search(trail: Trail, view: View, asked: Asked, _: str, base: str) -> tuple[Page, Answer]:
    said = tuple(pair for pair in asked.parameters if pair[0] != PAGE)
    pages = [value for name, value in asked.parameters if name == PAGE]
    wanted = read_search(TYPE, replace(asked, parameters=said), view)
    _check(wanted)
    ends = _ends(pages[0]) if pages else trail.begin(wanted.criteria)
    page = trail.page(wanted.criteria, _people(view, wanted.criteria), wanted.count, ends)
    entries: list[dict[str, Any]] = [
        {
            "fullUrl": f"{base}/{TYPE}/{event['id']}",
            "resource": _text(event, wanted),
            "search": {"mode": "match"},
        }
        for event in page.events
    ]
    entries += [warning(text) for text in wanted.ignored]
    links = [_link("self", base, wanted, pages)]
    if page.next is not None:
        links.append(_link("next", base, wanted, [_page_name(page.next)]))
    return page, Answer(write_bundle("searchset", {"link": links}, entries))


def _check(wanted: Search) -> None:
    """That it is something that can be told of files that only grow.

    Raises:
        RefusalError: 400.
    """
    if wanted.includes or any(map(needs_others, wanted.criteria)):
        raise refuse(400, "not-supported", f"{TYPE} is searched by what itself says")
    if wanted.sort is not None and not wanted.sort[1]:
        raise refuse(400, "not-supported", f"{TYPE} comes the newest first, as with _sort=-date")
    if wanted.count == 0 or wanted.total == "accurate":
        raise refuse(400, "too-costly", f"{TYPE} is not counted; go through its pages")


def _people(view: View, criteria: Sequence[Criterion]) -> list[str] | None:
    """Of whom one has to be in it, None for whoever it is."""
    for each in criteria:
        if isinstance(each, HasToken) and each.parameter == "patient" and not each.is_not:
            ids = [value or "" for _, value in each.values]
            held = [reading.newest(view.tx, "Patient", one) for one in ids]
            return [one.version.participant for one in held if one is not None]
    return None


def _text(event: dict[str, Any], wanted: Search) -> bytes:
    text = write(event)
    is_whole = not wanted.elements and wanted.summary == "false"
    return text if is_whole else subset(text, wanted.summary, wanted.elements)


def _link(relation: str, base: str, wanted: Search, pages: Sequence[str]) -> dict[str, str]:
    words = urlencode((*wanted.said, *((PAGE, page) for page in pages)))
    return {"relation": relation, "url": f"{base}/{TYPE}" + (f"?{words}" if words else "")}


def _page_name(ends: Ends) -> str:
    listed = orjson.dumps([[log, *place] for log, place in sorted(ends.items())])
    return base64.urlsafe_b64encode(listed).decode().rstrip("=")


def _ends(said: str) -> Ends:
    try:
        listed = orjson.loads(base64.urlsafe_b64decode(said + "=" * (-len(said) % 4)))
        ends = {int(log): (int(part), int(place)) for log, part, place in listed}
    except (binascii.Error, orjson.JSONDecodeError, ValueError, TypeError):
        raise bad_value(PAGE) from None
    if not all(0 <= each < _LARGEST for place in ends.values() for each in place):
        raise bad_value(PAGE)
    return ends
