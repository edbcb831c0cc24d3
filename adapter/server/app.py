"""The FHIR API as an ASGI application: which path means which interaction.

https://hl7.org/fhir/R4/http.html. What is read goes out as the ledger holds it; no model is made
of it on the way.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapter.errors import AdapterError
from adapter.fhir.operation_outcome import IssueCode, RefusalError, refuse
from adapter.fhir.search.parameters import SERVED_TYPES
from adapter.server.audited import Telling, told
from adapter.server.bundle import write_bundle
from adapter.server.caller import Caller
from adapter.server.capability import Software, capability_statement
from adapter.server.exchange import (
    Answer,
    Asked,
    as_served,
    one_version,
    read_request,
    refused,
    respond,
)
from adapter.server.ledger import Ledger, View
from adapter.server.searching import read_search, search
from adapter.server.subset import subset

Authenticate = Callable[[Request], Awaitable[Caller]]
Interaction = Callable[[View, Mapping[str, str], Asked], Answer]
_LETTERS = {"read": "r", "vread": "r", "history-instance": "r", "search-type": "s"}
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_NUMBER = re.compile(r"[1-9]\d{0,8}")


@dataclass(frozen=True)
class Api:
    """What the application answers with. `base` is its own address as clients know it."""

    ledger: Ledger
    base: str
    software: str
    authenticate: Authenticate


def api_app(api: Api) -> Starlette:
    """The application, with FHIR at its root."""
    statement = orjson.dumps(
        capability_statement(
            Software(api.software, api.base, api.ledger.now().isoformat(timespec="seconds"))
        )
    )

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
            if not caller.may(letter, resource_type):
                text = f"The scopes of this client do not allow it: system/{resource_type}.{letter}"
                raise refuse(403, "forbidden", text)
            asked = await read_request(request)
            if letter == "r":  # one look-up: a thread would cost more than it
                return _answered(api, caller, interaction, request, asked)
            return await run_in_threadpool(_in_thread, api, caller, interaction, request, asked)

        return Route(path, endpoint, methods=methods)

    def searched(view: View, path: Mapping[str, str], asked: Asked) -> Answer:
        return search(view, read_search(path["type"], asked, view), api.base)

    def history(view: View, path: Mapping[str, str], asked: Asked) -> Answer:
        return _history(view, path, asked, api.base)

    return Starlette(
        routes=[
            Route("/metadata", metadata, methods=["GET"]),
            route("/{type}/_search", "search-type", searched, ["POST"]),
            route("/{type}/{id}/_history/{number}", "vread", _vread, ["GET"]),
            route("/{type}/{id}/_history", "history-instance", history, ["GET"]),
            route("/{type}/{id}", "read", _read, ["GET"]),
            route("/{type}", "search-type", searched, ["GET"]),
        ],
        exception_handlers={
            RefusalError: _refused,
            HTTPException: _out_of_place,
            AdapterError: _in_trouble,
            Exception: _broken,
        },
    )


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


def _read(view: View, path: Mapping[str, str], asked: Asked) -> Answer:
    seen = view.latest(path["type"], path["id"]) if _ID.fullmatch(path["id"]) else None
    if seen is None:
        raise _unknown()
    answer = one_version(seen, asked)
    shaped = dict(asked.parameters)
    elements = frozenset(filter(None, shaped.get("_elements", "").split(",")))
    summary = shaped.get("_summary", "false")
    if answer.content and (elements or summary in {"true", "text", "data"}):
        content = subset(answer.content, summary, elements)  # type: ignore[arg-type]
        return Answer(content, answer.status, answer.headers)
    return answer


def _vread(view: View, path: Mapping[str, str], asked: Asked) -> Answer:
    is_number = _NUMBER.fullmatch(path["number"])
    number = int(path["number"]) if is_number else 0
    seen = view.numbered(path["type"], path["id"], number)
    if seen is None:
        raise _unknown()
    return one_version(seen, asked)


def _history(view: View, path: Mapping[str, str], asked: Asked, base: str) -> Answer:
    versions = view.history(path["type"], path["id"])
    if not versions:
        raise _unknown()
    name = f"{path['type']}/{path['id']}"
    entries = []
    for place, seen in reversed(list(enumerate(versions))):
        entry: dict[str, Any] = {"fullUrl": f"{base}/{name}"}
        if seen.text is None:
            entry["request"] = {"method": "DELETE", "url": name}
            status = "204 No Content"
        else:
            entry["resource"] = as_served(seen)
            entry["request"] = {"method": "PUT", "url": name}
            status = "200 OK" if place else "201 Created"
        entry["response"] = {"status": status, "etag": seen.etag, "lastModified": seen.updated}
        entries.append(entry)
    said = {
        "total": len(entries),
        "link": [{"relation": "self", "url": f"{base}/{name}/_history"}],
    }
    del asked
    return Answer(write_bundle("history", said, entries))


def _unknown() -> RefusalError:
    return refuse(404, "not-found", "There is no such resource here")


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, RefusalError)  # noqa: S101 - registered for it alone
    return refused(error)


async def _out_of_place(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    code: IssueCode = "not-found" if status == HTTPStatus.NOT_FOUND else "not-supported"
    return refused(refuse(status, code, "No interaction of FHIR that is served has this form"))


async def _in_trouble(_: Request, error: Exception) -> Response:
    del error  # it names our own files; the log has it
    return refused(refuse(503, "transient", "The ledger cannot be read now; ask again later"))


async def _broken(_: Request, __: Exception) -> Response:
    return refused(refuse(500, "exception", "The server failed; the reason is in its log"))
