"""Every request, watched from outside: its id, its line in the log, its count, its span.

Told are the method, the template of the route, the status, how long it took and which client asked.
No path, no query, no header and no body is ever told: any of them could name somebody. An error
that nobody foresaw ends here, by its kind and its places.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson
from opentelemetry import trace
from starlette.routing import Route

from adapter.errors import kinds_and_places
from adapter.fhir.operation_outcome import operation_outcome, refuse
from adapter.server.audited import client_of
from adapter.server.media import FHIR_JSON
from adapter.server.metrics import Requests

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ID = re.compile(rb"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")  # no name and no number fits
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_FAILED = 500
_UNSEEN = nullcontext(trace.INVALID_SPAN)
Tell = Callable[[str, Mapping[str, str | float | None], int], None]
"""Writes a line of the log: a fixed word, what is told of it, and its level."""


@dataclass(frozen=True)
class Watching:
    """Where what is seen goes. `seconds` only grow; `unique` gives an id for a request."""

    tell: Tell
    requests: Requests
    seconds: Callable[[], float]
    unique: Callable[[], str]


class Watched:
    """An application whose requests are watched."""

    def __init__(self, app: ASGIApp, watching: Watching) -> None:
        """`app` is everything inside."""
        self._app, self._to = app, watching
        self._tracer = trace.get_tracer("adapter")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; what is no request passes."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = self._to.seconds(), 0
        request_id = _id_of(scope) or self._to.unique()
        scope.setdefault("state", {})["request"] = request_id

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                told = (b"x-request-id", request_id.encode())
                message = {**message, "headers": [*message.get("headers", ()), told]}
            await send(message)

        method = scope["method"] if scope["method"] in _METHODS else "another"
        with self._span(method) as span:
            try:
                await self._app(scope, receive, noting)
            except Exception as wrong:  # noqa: BLE001 - the last resort: the server would quote it
                told = {"request": request_id, "errors": "; ".join(kinds_and_places(wrong))}
                self._to.tell("error", told, logging.ERROR)
                if status == 0:
                    await _break(noting)
            finally:
                route = route_of(scope)
                span.update_name(f"{method} {route}")
                span.set_attribute("http.request.method", method)
                span.set_attribute("http.route", route)
                span.set_attribute("http.response.status_code", status)
                seconds = self._to.seconds() - began
                self._to.requests.add(method, route, status, seconds)
                line = {
                    "method": method,
                    "route": route,
                    "status": status,
                    "milliseconds": round(seconds * 1000, 1),
                    "client": client_of(scope),
                    "request": request_id,
                }
                self._to.tell("request", line, logging.INFO)

    def _span(self, method: str) -> AbstractContextManager[trace.Span]:
        """A span, where somebody brought along what keeps it; else one that costs nothing."""
        if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
            return _UNSEEN
        # What an exception says must not come into a span.
        return self._tracer.start_as_current_span(
            method,
            kind=trace.SpanKind.SERVER,
            record_exception=False,
            set_status_on_exception=False,
        )


def route_of(scope: Scope) -> str:
    """The template of the route that was taken, `none` where there is none."""
    route = scope.get("route")
    if route is None and "app" in scope:  # FastAPI names none but those of its own kind
        asked = scope.get("endpoint")
        known = (each for each in scope["app"].routes if isinstance(each, Route))
        route = next((each for each in known if each.endpoint is asked), None)
    return f"{scope.get('root_path', '')}{route.path}" if isinstance(route, Route) else "none"


def _id_of(scope: Scope) -> str:
    """The id that came along, if it is a UUID: what else is sent could be anything."""
    said = dict(scope["headers"]).get(b"x-request-id", b"").lower()
    return said.decode() if _ID.fullmatch(said) else ""


async def _break(send: Send) -> None:
    refusal = refuse(_FAILED, "exception", "The server failed; the reason is in its log")
    content = orjson.dumps(operation_outcome(*refusal.issues))
    headers = [(b"content-type", FHIR_JSON.encode())]
    await send({"type": "http.response.start", "status": _FAILED, "headers": headers})
    await send({"type": "http.response.body", "body": content})
