"""An ASGI application asked through httpx without a network, and without an event loop."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message


def ask_app(app: ASGIApp, request: httpx.Request) -> httpx.Response:
    """What the application answers to a request that was read."""
    port = request.url.port or (443 if request.url.scheme == "https" else 80)
    scope = {
        "type": "http",
        "method": request.method,
        "scheme": request.url.scheme,
        "server": (request.url.host, port),
        "path": request.url.path,
        "raw_path": request.url.raw_path,
        "query_string": request.url.query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
    }
    said: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": request.content, "more_body": False}

    async def send(message: Message) -> None:
        said.append(message)

    run(app(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in said)
    return httpx.Response(said[0]["status"], headers=said[0]["headers"], content=body)


def run(work: Awaitable[None]) -> None:
    """Runs what waits for nothing: no event loop is needed, and none is started."""
    try:
        next(work.__await__())
    except StopIteration:
        return
    raise RuntimeError("it waits for something")
