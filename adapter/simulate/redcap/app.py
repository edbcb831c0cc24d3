"""The REDCap API over HTTP: `POST /api/`, form-encoded."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from adapter.simulate.redcap.answer import Reply, answer
from adapter.simulate.redcap.faults import OUT_OF_MEMORY, SIGN_IN, Faults
from adapter.simulate.redcap.formats import MEDIA_TYPES, write_error

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.requests import Request

    from adapter.simulate.redcap.faults import FaultName
    from adapter.simulate.redcap.project import RedcapProject

_HTML = "text/html; charset=utf-8"
_METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"]


def redcap_app(
    project: RedcapProject, tokens: Collection[str], faults: Faults | None = None
) -> Starlette:
    """The ASGI application that serves `project` under `/api/` to who has one of the tokens."""
    allowed, met = frozenset(tokens), faults or Faults()

    async def exchange(request: Request) -> Response:
        if request.method != "POST":
            text = write_error("The requested method is not implemented", "xml")
            return Response(text, 501, media_type=MEDIA_TYPES["xml"])
        body = (await request.body()).decode("utf-8", "replace")
        asked = dict(parse_qsl(body, keep_blank_values=True))
        fault = met.next()
        if fault is None:
            return _respond(answer(project, allowed, asked))
        if fault in {"cut", "short"}:
            return _spoil(answer(project, allowed, asked), fault)
        return await _fail(fault, met)

    return Starlette(routes=[Route("/api/", exchange, methods=_METHODS)])


def _respond(reply: Reply) -> Response:
    return Response(reply.text, reply.status, media_type=reply.media_type)


async def _fail(fault: FaultName, faults: Faults) -> Response:
    waiting = {"Retry-After": faults.retry_after_seconds}
    match fault:
        case "busy":
            return Response("Too Many Requests", 429, waiting, _HTML)
        case "away":
            return Response("Service Unavailable", 503, waiting, _HTML)
        case "sign-in":
            return Response(SIGN_IN, 200, media_type=_HTML)
        case "out-of-memory":
            return Response(OUT_OF_MEMORY, 200, media_type=_HTML)
        case "empty":
            return Response("", 200, media_type=_HTML)
        case "silent":
            await asyncio.sleep(faults.silent_seconds)
    return Response("", 500, media_type=_HTML)


def _spoil(reply: Reply, fault: FaultName) -> Response:
    whole = reply.text.encode()
    half = whole[: len(whole) // 2]
    if fault == "short":
        return Response(half, reply.status, media_type=reply.media_type)
    # The head promises more than comes: the client's own HTTP library notices.
    head = {"Content-Length": str(len(whole) + 1)}
    return Response(half, reply.status, head, reply.media_type)
