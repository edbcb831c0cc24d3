"""A record system behind a token: who has none learns what it can do, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import Response

from adapter.fhir.operation_outcome import operation_outcome, refuse
from adapter.simulate.versions import write_json

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class Bearer:
    """An ASGI application that lets in who shows the token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        """`token` is compared as it is; whence it comes is nobody's business here."""
        self._app, self._expected = app, f"Bearer {token}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers 401 without the token."""
        is_open = scope["type"] != "http" or scope["path"] == "/fhir/metadata"
        if is_open or Headers(scope=scope).get("authorization") == self._expected:
            await self._app(scope, receive, send)
            return
        outcome = operation_outcome(*refuse(401, "login", "An access token is expected").issues)
        headers = {"WWW-Authenticate": "Bearer"}
        answer = Response(write_json(outcome), 401, headers, "application/fhir+json")
        await answer(scope, receive, send)
