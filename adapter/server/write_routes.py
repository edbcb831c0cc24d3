"""Creates, updates, batches and transactions as HTTP has them.

https://hl7.org/fhir/R4/http.html#create, #update and #transaction.
"""

from __future__ import annotations

from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapter.fhir.operation_outcome import RefusalError, refuse
from adapter.fhir.search.parameters import SERVED_TYPES
from adapter.server.api import Api
from adapter.server.audited import told
from adapter.server.body import read_resource
from adapter.server.exchange import Answer, Asked, read_request, respond
from adapter.server.reads import ID
from adapter.server.transaction import Work, answer_bundle
from adapter.server.writes import WRITABLE, Kind, Write, Writing, told_of


def write_routes(api: Api) -> list[Route]:
    """The routes by which something is written."""

    def route(path: str, kind: Kind, method: str) -> Route:
        async def endpoint(request: Request) -> Response:
            telling = told(request)
            telling.interaction = kind
            caller = await api.authenticate(request)
            telling.client = caller.client
            if request.path_params["type"] not in SERVED_TYPES:
                raise refuse(404, "not-found", "There is no such type of resource here")
            telling.type = request.path_params["type"]
            asked = await read_request(request)
            if not caller.may(kind[0], telling.type):  # before anything is read of what was sent
                text = f"The scopes of this client do not allow it: system/{telling.type}.{kind[0]}"
                raise refuse(403, "forbidden", text)
            if kind not in WRITABLE.get(telling.type, ()):
                raise refuse(405, "not-supported", f"{telling.type} takes no {kind} here")
            if not ID.fullmatch(request.path_params.get("id", "-")):
                raise refuse(404, "not-found", "There is no such resource here")
            resource = await read_resource(request)
            write = Write(
                type=telling.type,
                resource=resource,
                id=request.path_params.get("id", ""),
                criteria=request.url.query if "id" not in request.path_params else "",
                if_match=request.headers.get("if-match", ""),
                if_none_exist=request.headers.get("if-none-exist", ""),
            )
            return await run_in_threadpool(_written, Work(api, caller, telling), asked, kind, write)

        return Route(path, endpoint, methods=[method])

    return [
        bundle_route(api, "/"),
        route("/{type}", "create", "POST"),
        route("/{type}", "update", "PUT"),
        route("/{type}/{id}", "update", "PUT"),
    ]


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


def _written(work: Work, asked: Asked, kind: Kind, write: Write) -> Response:
    api, telling, about = work.api, work.telling, dict[str, None]()
    try:
        with api.ledger.database.write() as tx:
            view = work.view(tx, about)
            done = Writing(view, api.trial, api.base, api.moment()).perform(write, kind)
    finally:
        telling.about = about
    telling.id, telling.count = done.id, 1 if done.status < HTTPStatus.BAD_REQUEST else 0
    if done.issues:
        raise RefusalError(done.status, *done.issues)
    view = work.view(api.ledger.database.read())
    return respond(told_of(view, write.type, done, asked, api.base), asked)
