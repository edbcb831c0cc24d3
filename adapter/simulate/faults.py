"""What goes wrong between a client and any record system, as a layer around its application.

At most one fault meets a request. Some come before it took effect, some after: then the write has
happened and the answer is lost. Connections are really cut, so the layer needs the server of
`serve`. Source: reference lists of retry traps in public trackers (bulk-data-client #18,
uds-plus #11, android-fhir #1483) and RFC 9110 for Retry-After.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from datetime import UTC, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

from starlette.responses import Response

from adapter.fhir.operation_outcome import operation_outcome, refuse
from adapter.simulate.versions import write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from adapter.fhir.operation_outcome import IssueCode
    from adapter.simulate.chance import Chance

FAULTS: Mapping[str, str] = {
    "latency": "the answer comes late",
    "busy": "429 with Retry-After, in seconds or as a date; no effect",
    "away": "503 with Retry-After, in seconds or as a date; no effect",
    "broken": "500 with an OperationOutcome; no effect",
    "expired": "401: the token is told to be expired; no effect",
    "html": "200 with a page in HTML, as a proxy that wants a sign-in gives; no effect",
    "dropped": "the connection is reset before anything is read; no effect",
    "gateway": "502 with a page in HTML, after the request took effect",
    "reset": "the connection is reset in the middle of the body, after it took effect",
    "silent": "no answer until the client gives up, after it took effect",
    "truncated": "half of the body, as if it were whole, after it took effect",
}

PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Please wait</body></html>"
_REFUSING: dict[str, tuple[int, IssueCode, str]] = {
    "busy": (429, "throttled", "Too many requests"),
    "away": (503, "transient", "The record system is away"),
    "broken": (500, "exception", "The record system failed"),
    "expired": (401, "expired", "The access token has expired"),
}
_AT_ONCE = struct.pack("ii", 1, 0)  # linger for no time: closing is a reset


class FaultLayer:
    """An ASGI application around another one; what lies outside `/fhir` it lets alone.

    `clock` is the server's own: dates in Retry-After are told by it, and every answer's Date.
    """

    def __init__(
        self,
        app: ASGIApp,
        chance: Chance,
        clock: Callable[[], datetime],
        *,
        retry_after_seconds: int = 1,
        silent_seconds: float = 120.0,
    ) -> None:
        """`chance` draws among `FAULTS`; `silent_seconds` is when a silence ends by itself."""
        self.met: list[str | None] = []
        """What met each request, None for nothing; in the order they came."""
        self.moments: list[datetime] = []
        """When each request came."""
        self._app, self._chance, self._clock = app, chance, clock
        self._retry_after_seconds, self._silent_seconds = retry_after_seconds, silent_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, or fails to."""
        if scope["type"] != "http" or not scope["path"].startswith("/fhir"):
            await self._app(scope, receive, send)
            return
        fault = self._chance.draw()
        self.met.append(fault)
        self.moments.append(self._clock())
        send = self._dated(send)
        match fault:
            case None:
                await self._app(scope, receive, send)
            case "latency":
                await asyncio.sleep(self._chance.random.uniform(0.05, 0.5))
                await self._app(scope, receive, send)
            case "busy" | "away" | "broken" | "expired":
                await self._refusal(fault)(scope, receive, send)
            case "html":
                await _page(200)(scope, receive, send)
            case "dropped":
                await _reset(scope, receive)
            case _:
                await self._spoil(fault, scope, receive, send)

    async def _spoil(self, fault: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets the request take effect, and loses the answer."""
        start, body = await self._take(scope, receive)
        half = body[: len(body) // 2]
        match fault:
            case "gateway":
                await _page(502)(scope, receive, send)
            case "truncated":
                headers = [pair for pair in start["headers"] if pair[0] != b"content-length"]
                length = (b"content-length", str(len(half)).encode())
                await send({**start, "headers": [*headers, length]})
                await send({"type": "http.response.body", "body": half})
            case "reset":
                await send(start)
                await send({"type": "http.response.body", "body": half, "more_body": True})
                await _reset(scope, receive)
            case _:
                await _wait_for_the_end(receive, self._silent_seconds)
                await _reset(scope, receive)

    async def _take(self, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, keep)
        return messages[0], b"".join(message.get("body", b"") for message in messages[1:])

    def _refusal(self, fault: str) -> Response:
        status, code, text = _REFUSING[fault]
        outcome = operation_outcome(*refuse(status, code, text).issues)
        headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'} if status == 401 else {}  # noqa: PLR2004 - the status
        if fault in {"busy", "away"}:
            headers["Retry-After"] = self._retry_after()
        return Response(write_json(outcome), status, headers, "application/fhir+json")

    def _retry_after(self) -> str:
        if self._chance.random.random() < 0.5:  # noqa: PLR2004 - both forms, evenly
            return str(self._retry_after_seconds)
        moment = self._clock() + timedelta(seconds=self._retry_after_seconds)
        return format_datetime(moment.astimezone(UTC), usegmt=True)

    def _dated(self, send: Send) -> Send:
        async def with_date(message: Message) -> None:
            if message["type"] == "http.response.start":
                now = self._clock().astimezone(UTC)
                date = (b"date", format_datetime(now, usegmt=True).encode())
                message = {**message, "headers": [*message.get("headers", ()), date]}
            await send(message)

        return with_date


def _page(status: int) -> Response:
    return Response(PAGE, status, media_type="text/html")


async def _reset(scope: Scope, receive: Receive) -> None:
    """Cuts the connection: the other side gets a reset, not an end."""
    transport: asyncio.Transport = scope["state"]["transport"]
    connection: socket.socket = transport.get_extra_info("socket")
    with suppress(OSError):  # the other side may have gone first
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    transport.abort()
    await _wait_for_the_end(receive, 5)


async def _wait_for_the_end(receive: Receive, seconds: float) -> None:
    async def end() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    try:
        await asyncio.wait_for(end(), seconds)
    except TimeoutError:
        return
