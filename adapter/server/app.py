"""The FHIR API as an ASGI application: which path means which interaction.

https://hl7.org/fhir/R4/http.html. What is read goes out as the ledger holds it; no model is made
of it on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapter.errors import AdapterError
from adapter.fhir.ids import IS_ID
from adapter.fhir.operation_outcome import IssueCode, RefusalError, refuse
from adapter.fhir.search.parameters import SERVED_TYPES
from adapter.server.api import Api
from adapter.server.audit_routes import audit_routes
from adapter.server.audited import Telling, told
from adapter.server.bulk import bulk_routes
from adapter.server.caller import Caller
from adapter.server.capability import Software, capability_statement
from adapter.server.exchange import Answer, Asked, read_request, refusal_of, refused, respond
from adapter.server.groups import GROUP
from adapter.server.json_patch import PATCH_JSON
from adapter.server.ledger import View
from adapter.server.methods import allowed
from adapter.server.operation_routes import operation_routes
from adapter.server.reads import history, read, unknown, vread
from adapter.server.routed import Handlers, Routed
from adapter.server.searching import DEFAULT_COUNT, read_search, search
from adapter.server.write_routes import write_routes

Interaction = Callable[[View, Mapping[str, str], Asked], Answer]
_FORM = "No interaction of FHIR that is served has this form"
_FAR = ("_include", "_revinclude", "_has", "_sort", "_total", "_summary", "_elements")
_FEW = frozenset(map(str, range(DEFAULT_COUNT + 1)))
_LETTERS = {"read": "r", "vread": "r", "history-instance": "r", "search-type": "s"}


def statement_of(api: Api) -> dict[str, Any]:
    """The CapabilityStatement of what is served."""
    software = Software(api.software, api.base, api.moment(), api.oauth_uris, api.has_origins)
    has = {"exports": api.desk is not None, "audits": api.audit is not None}
    return capability_statement(software, **has)


def api_app(api: Api, *more: Route) -> Routed:
    """The application, with FHIR at its root, and `more` routes before all others."""
    statement = orjson.dumps(statement_of(api))

    async def metadata(request: Request) -> Response:
        told(request).interaction = "capabilities"
        asked = await read_request(request)
        return respond(Answer(statement), asked)

    def route(path: str, word: str, interaction: Interaction, methods: list[str]) -> Route:
        letter = _LETTERS[word]

        async def endpoint(request: Request) -> Response:
            telling = told(request)
            telling.interaction = word
            caller = await api.authenticate(request)
            telling.client = caller.client
            resource_type = request.path_params["type"]
            if resource_type not in SERVED_TYPES:
                raise refuse(404, "not-found", "There is no such type of resource here")
            telling.type = resource_type
            caller.check(letter, resource_type)
            if not IS_ID(request.path_params.get("id", "-")):
                raise unknown()
            asked = await read_request(request, has_form=request.method == "POST")
            is_read = letter == "r" and resource_type != GROUP  # which looks at everybody
            if is_read or (_is_brief(asked) and not api.ledger.is_behind()):
                # A thread would cost more than so short a look-up.
                return _answered(api, caller, interaction, request, asked)
            return await run_in_threadpool(_in_thread, api, caller, interaction, request, asked)

        return Route(path, endpoint, methods=methods)

    def searched(view: View, path: Mapping[str, str], asked: Asked) -> Answer:
        return search(view, read_search(path["type"], asked, view), api.base)

    def past(view: View, path: Mapping[str, str], asked: Asked) -> Answer:
        return history(view, path, asked, api.base)

    return Routed(
        [
            *more,
            Route("/metadata", metadata, methods=["GET"]),
            *([] if api.desk is None else bulk_routes(api.desk, api.authenticate)),
            *operation_routes(api),
            *audit_routes(api),
            route("/{type}/_search", "search-type", searched, ["POST"]),
            route("/{type}/{id}/_history/{number}", "vread", vread, ["GET"]),
            route("/{type}/{id}/_history", "history-instance", past, ["GET"]),
            route("/{type}/{id}", "read", read, ["GET"]),
            route("/{type}", "search-type", searched, ["GET"]),
            *write_routes(api),
        ],
        HANDLERS,
    )


def _is_brief(asked: Asked) -> bool:
    """Whether it looks through no more than what is about one person, and gives a page of it."""
    said = dict(asked.parameters)
    if any(name.startswith(_FAR) or "." in name for name in said):
        return False
    names_one = any("," not in said.get(name, ",") for name in ("patient", "subject"))
    return names_one and said.get("_count", "50") in _FEW


def _in_thread(
    api: Api, caller: Caller, interaction: Interaction, request: Request, asked: Asked
) -> Response:
    api.ledger.catch_up()
    return _answered(api, caller, interaction, request, asked)


def _answered(
    api: Api, caller: Caller, interaction: Interaction, request: Request, asked: Asked
) -> Response:
    view = View(api.ledger, caller, api.ledger.database.read())
    try:
        return respond(interaction(view, request.path_params, asked), asked)
    finally:
        _tell(told(request), view, request.path_params)


def _tell(telling: Telling, view: View, path: Mapping[str, str]) -> None:
    """What an interaction has met, for its line in the access log; only names that are ours."""
    name = path["type"], path.get("id", "")
    telling.id = name[1] if name in view.met else ""
    telling.about, telling.count = view.about, len(view.given)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusalError)  # noqa: S101 - registered for it alone
    if error.status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}:
        methods = allowed(request)
        if methods and request.method not in methods:
            return _wrong_method(methods)
        if error.status == HTTPStatus.METHOD_NOT_ALLOWED:  # the update of what is not there
            return refused(error, {"Allow": ", ".join(sorted(methods - {request.method}))})
    if request.method == "PATCH" and error.status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE:
        return refused(error, {"Accept-Patch": PATCH_JSON})  # RFC 5789, section 2.2
    return refused(error)


async def _out_of_place(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return _wrong_method(allowed(request))
    code: IssueCode = "not-found" if status == HTTPStatus.NOT_FOUND else "not-supported"
    return refused(refuse(status, code, _FORM))


def _wrong_method(methods: set[str]) -> Response:
    return refused(refuse(405, "not-supported", _FORM), {"Allow": ", ".join(sorted(methods))})


async def _broken(_: Request, error: Exception) -> Response:
    return refused(refusal_of(error))


HANDLERS: Handlers = {
    RefusalError: _refused,
    HTTPException: _out_of_place,
    AdapterError: _broken,
    Exception: _broken,
}
"""What is answered where something was refused or went wrong, by what was raised."""
