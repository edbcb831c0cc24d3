"""Creates, updates, batches and transactions as HTTP has them.

https://hl7.org/fhir/R4/http.html#create, #update and #transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Literal

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapter.fhir.ids import IS_ID
from adapter.fhir.operation_outcome import RefusalError, refuse
from adapter.fhir.search.parameters import SERVED_TYPES
from adapter.server.api import Api
from adapter.server.audited import told
from adapter.server.body import parse_list, read_content, read_resource
from adapter.server.exchange import Answer, Asked, read_request, respond
from adapter.server.json_patch import PATCH_JSON, read_steps
from adapter.server.transaction import Work, answer_bundle
from adapter.server.writes import WRITABLE, Done, Kind, Write, Writing, told_of


def write_routes(api: Api) -> list[Route]:
    """The routes by which something is written."""

    def route(path: str, kind: Kind, method: str) -> Route:
        async def endpoint(request: Request) -> Response:
            work, asked = await _let_in(api, request, kind, kind[0])
            resource = await read_resource(request)
            write = Write(
                type=work.telling.type,
                resource=resource,
                id=request.path_params.get("id", ""),
                criteria=request.url.query if "id" not in request.path_params else "",
                if_match=request.headers.get("if-match", ""),
                if_none_exist=request.headers.get("if-none-exist"),
            )

            def perform(writing: Writing) -> Done:
                return writing.perform(write, kind)

            return await run_in_threadpool(_written, work, asked, perform)

        return Route(path, endpoint, methods=[method])

    return [
        bundle_route(api, "/"),
        route("/{type}", "create", "POST"),
        route("/{type}", "update", "PUT"),
        route("/{type}/{id}", "update", "PUT"),
        _patch_route(api),
    ]


def _patch_route(api: Api) -> Route:
    """Where a resource that may be updated is changed step by step."""

    async def patch(request: Request) -> Response:
        # Whether a test fails tells what is there: who patches has to be allowed to read it.
        work, asked = await _let_in(api, request, "patch", "ur")
        body = await read_content(request, {PATCH_JSON}, PATCH_JSON)
        steps, if_match = read_steps(parse_list(body)), request.headers.get("if-match", "")

        def perform(writing: Writing) -> Done:
            return writing.patch(work.telling.type, request.path_params["id"], if_match, steps)

        return await run_in_threadpool(_written, work, asked, perform)

    return Route("/{type}/{id}", patch, methods=["PATCH"])


def bundle_route(api: Api, path: str) -> Route:
    """Where batches and transactions are posted to."""

    async def bundle(request: Request) -> Response:
        telling = told(request)
        telling.interaction = "batch"
        caller = await api.authenticate(request)
        telling.client = caller.client
        asked = await read_request(request)
        resource = await read_resource(request)
        work = Work(api, caller, telling)
        answered = await run_in_threadpool(answer_bundle, work, resource, asked)
        return respond(Answer(answered), asked)

    return Route(path, bundle, methods=["POST"])


async def _let_in(
    api: Api, request: Request, interaction: Kind | Literal["patch"], letters: str
) -> tuple[Work, Asked]:
    """Who writes, and what they ask for; nothing is read yet of what was sent.

    `letters` are those of the scopes that it takes.

    Raises:
        RefusalError: 401, 403, 404 or 405.
    """
    telling = told(request)
    telling.interaction = interaction
    caller = await api.authenticate(request)
    telling.client = caller.client
    if request.path_params["type"] not in SERVED_TYPES:
        raise refuse(404, "not-found", "There is no such type of resource here")
    telling.type = request.path_params["type"]
    asked = await read_request(request)
    kind = "update" if interaction == "patch" else interaction
    if kind not in WRITABLE.get(telling.type, ()):
        raise refuse(405, "not-supported", f"{telling.type} takes no {interaction} here")
    for letter in letters:
        caller.check(letter, telling.type)
    if not IS_ID(request.path_params.get("id", "-")):
        raise refuse(404, "not-found", "There is no such resource here")
    return Work(api, caller, telling), asked


def _written(work: Work, asked: Asked, perform: Callable[[Writing], Done]) -> Response:
    api, telling, about = work.api, work.telling, dict[str, None]()
    try:
        with api.ledger.database.write() as tx:
            view = work.view(tx, about)
            done = perform(Writing(view, api.trial, api.base, api.moment()))
    finally:
        telling.about = about
    telling.id, telling.count = done.id, 1 if done.status < HTTPStatus.BAD_REQUEST else 0
    if done.issues:
        raise RefusalError(done.status, *done.issues)
    view = work.view(api.ledger.database.read())
    return respond(told_of(view, telling.type, done, asked, api.base), asked)
