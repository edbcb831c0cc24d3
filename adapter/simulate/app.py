"""The record system over HTTP: headers and bodies in, interactions asked, JSON out.

JSON is the only format. Everything that goes wrong is an OperationOutcome.
"""

from __future__ import annotations

import re
from email.utils import format_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from adapter.fhir.operation_outcome import RefusalError, not_r4, operation_outcome, refuse
from adapter.fhir.r4 import NotR4Error, parse_json
from adapter.simulate.answer import answer
from adapter.simulate.desk import desk_routes
from adapter.simulate.exchange import Asked
from adapter.simulate.versions import write_json

if TYPE_CHECKING:
    from starlette.requests import Request

    from adapter.fhir.operation_outcome import IssueCode
    from adapter.simulate.exchange import Prefer, Reply
    from adapter.simulate.full import RecordSystem
    from adapter.simulate.versions import Resource

FHIR_JSON = "application/fhir+json"
JSON_TYPES = {FHIR_JSON, "application/json", "text/json"}
FORM = "application/x-www-form-urlencoded"
METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"]
ACCEPTED = {*JSON_TYPES, "application/*", "*/*", "json"}
ANOTHER_VERSION = re.compile(r"fhirVersion=(?!4\.0(?:\.\d)?\b)")
PREFERENCES: dict[str, Prefer] = {
    "minimal": "minimal",
    "representation": "representation",
    "OperationOutcome": "OperationOutcome",
}


def record_system_app(system: RecordSystem) -> Starlette:
    """The ASGI application that serves `system` under `/fhir`."""

    async def exchange(request: Request) -> Response:
        try:
            asked = await _read_request(request)
            if system.personality.races:  # others must get in between, so it has a thread
                reply = await run_in_threadpool(answer, system, asked)
            else:
                reply = answer(system, asked)
        except RefusalError as refusal:
            return _refused(refusal)
        return _respond(asked, reply)

    return Starlette(
        routes=[
            Route("/fhir", exchange, methods=METHODS),
            Route("/fhir/{path:path}", exchange, methods=METHODS),
            *(desk_routes(system) if system.personality.queued else ()),
        ],
        exception_handlers={HTTPException: _out_of_place, Exception: _broken},
    )


async def _read_request(request: Request) -> Asked:
    _check_accept(request)
    headers = request.headers
    path = tuple(step for step in request.path_params.get("path", "").split("/") if step)
    parameters = request.query_params.multi_items()
    resource = None
    if request.method == "POST" and path[-1:] == ("_search",):
        parameters += await _read_form(request)
    elif request.method in {"POST", "PUT"}:
        resource = await _read_resource(request)
    return Asked(
        method="GET" if request.method == "HEAD" else request.method,
        path=path,
        base=f"{str(request.base_url).rstrip('/')}/fhir",
        parameters=tuple(pair for pair in parameters if pair[0] not in {"_format", "_pretty"}),
        resource=resource,
        if_match=headers.get("if-match", ""),
        if_none_match=headers.get("if-none-match", ""),
        if_none_exist=headers.get("if-none-exist"),
        prefer=_read_preference(headers.get("prefer", "")),
    )


def _check_accept(request: Request) -> None:
    said = request.query_params.get("_format") or request.headers.get("accept") or "*/*"
    kinds = {kind.partition(";")[0].strip().replace(" ", "+") for kind in said.split(",")}
    if ACCEPTED.isdisjoint(kinds) or ANOTHER_VERSION.search(said):
        raise refuse(406, "not-supported", f"This server answers with {FHIR_JSON} of FHIR 4.0 only")


def _check_content_type(request: Request, accepted: set[str]) -> None:
    said = request.headers.get("content-type", "")
    kind, _, details = said.partition(";")
    charset = re.search(r"charset=\"?([\w-]+)", details)
    is_utf8 = charset is None or charset[1].lower() == "utf-8"
    if kind.strip().lower() not in accepted or not is_utf8 or ANOTHER_VERSION.search(details):
        kinds = " or ".join(sorted(accepted))
        raise refuse(415, "not-supported", f"The content is expected as {kinds} in UTF-8")


async def _read_form(request: Request) -> list[tuple[str, str]]:
    _check_content_type(request, {FORM})
    text = (await request.body()).decode(errors="replace")
    return parse_qsl(text, keep_blank_values=True)


async def _read_resource(request: Request) -> Resource:
    _check_content_type(request, JSON_TYPES)
    try:
        return parse_json(await request.body())
    except NotR4Error as error:
        raise not_r4(error) from None


def _read_preference(said: str) -> Prefer:
    found = re.search(r"\breturn=(\w+)", said)
    return PREFERENCES.get(found[1], "") if found else ""


def _respond(asked: Asked, reply: Reply) -> Response:
    headers = {}
    if version := reply.version:
        headers["etag"] = version.etag
        headers["last-modified"] = format_datetime(version.last_updated, usegmt=True)
        if asked.method in {"POST", "PUT"}:
            headers["location"] = f"{asked.base}/{version.location}"
    if reply.body is None:
        return Response(status_code=reply.status, headers=headers)
    return Response(reply.body, reply.status, headers, FHIR_JSON)


def _refused(refusal: RefusalError) -> Response:
    outcome = operation_outcome(*refusal.issues)
    return Response(write_json(outcome), refusal.status, media_type=FHIR_JSON)


def _out_of_place(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    code: IssueCode = "not-found" if status == HTTPStatus.NOT_FOUND else "not-supported"
    return _refused(
        refuse(status, code, "FHIR is served under /fhir, with the methods of its paths")
    )


def _broken(_: Request, __: Exception) -> Response:
    return _refused(refuse(500, "exception", "The record system failed; the reason is in its log"))
