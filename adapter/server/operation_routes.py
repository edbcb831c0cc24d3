"""The addresses of operations: https://hl7.org/fhir/R4/operations.html."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapter.fhir.operation_outcome import refuse
from adapter.fhir.search.parameters import SERVED_TYPES
from adapter.server.api import Api
from adapter.server.audited import told
from adapter.server.body import Resource, read_resource
from adapter.server.exchange import Answer, read_request, respond
from adapter.server.ledger import View
from adapter.server.operations import extract_sent, extract_stored, populate, validate
from adapter.server.writes import Writing

Operation = Callable[[Api, View, Mapping[str, str], Resource], Answer]
NEEDS: Mapping[str, tuple[str, ...]] = {
    "validate": (),
    "extract": ("QuestionnaireResponse", "Observation"),
    "populate": ("Questionnaire", "Patient"),
}
"""Which types somebody must be allowed to read.

`$validate` needs its own type alone, to read or to write: it tells of what is sent.
"""


def operation_routes(api: Api) -> list[Route]:
    """The routes of all operations, and the one of all that are none."""

    def route(path: str, name: str, operation: Operation, methods: list[str]) -> Route:
        async def endpoint(request: Request) -> Response:
            telling = told(request)
            telling.interaction = "operation"
            caller = await api.authenticate(request)
            telling.client = caller.client
            types = NEEDS[name] or (request.path_params.get("type", ""),)
            if not SERVED_TYPES.issuperset(types):
                raise refuse(404, "not-found", "There is no such type of resource here")
            telling.type = types[0]
            for each in types:
                if NEEDS[name] or not any(caller.may(letter, each) for letter in "cu"):
                    caller.check("r", each)
            asked = await read_request(request)
            said = await _sent(request)
            view = View(api.ledger, caller, api.ledger.database.read())

            def answer() -> Answer:  # in a thread, whose connection is another one
                view.tx = api.ledger.database.read()
                return operation(api, view, request.path_params, said)

            try:
                return respond(await run_in_threadpool(answer), asked)
            finally:
                telling.about, telling.count = view.about, len(view.given)
                name_there = telling.type, request.path_params.get("id", "")
                telling.id = name_there[1] if name_there in view.met else ""

        return Route(path, endpoint, methods=methods)

    async def none(request: Request) -> Response:
        told(request).interaction = "operation"
        raise refuse(404, "not-supported", "There is no such operation here")

    return [
        *(route(*each) for each in _OPERATIONS),
        *(Route(path, none, methods=["GET", "POST"]) for path in _ANY),
    ]


async def _sent(request: Request) -> Resource:
    """The resource that came along; by GET none does."""
    if request.method != "POST":
        return {}
    said = await read_resource(request)
    kind = said.get("resourceType")
    if not isinstance(kind, str) or not _TYPE.fullmatch(kind):
        raise refuse(400, "structure", "A resource is expected", "resourceType")
    return said


def _validate(api: Api, view: View, path: Mapping[str, str], said: Resource) -> Answer:
    return validate(view, api.trial, path["type"], said, path.get("id", ""))


def _extract(api: Api, view: View, path: Mapping[str, str], _: Resource) -> Answer:
    return extract_stored(view, api.trial, path["id"])


def _extract_sent(api: Api, view: View, _: Mapping[str, str], said: Resource) -> Answer:
    return extract_sent(Writing(view, api.trial, api.base, api.moment()), said)


def _populate(api: Api, view: View, path: Mapping[str, str], said: Resource) -> Answer:
    return populate(view, api.trial, said, path.get("id", ""))


_OPERATIONS: tuple[tuple[str, str, Operation, list[str]], ...] = (
    ("/{type}/$validate", "validate", _validate, ["POST"]),
    ("/{type}/{id}/$validate", "validate", _validate, ["POST"]),
    ("/QuestionnaireResponse/$extract", "extract", _extract_sent, ["POST"]),
    ("/QuestionnaireResponse/{id}/$extract", "extract", _extract, ["GET", "POST"]),
    ("/Questionnaire/$populate", "populate", _populate, ["POST"]),
    ("/Questionnaire/{id}/$populate", "populate", _populate, ["POST"]),
)
_TYPE = re.compile("[A-Z][A-Za-z]{1,63}")
_ANY = ("/${name}", "/{type}/${name}", "/{type}/{id}/${name}")
