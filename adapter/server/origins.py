"""Which pages of other origins may ask, by CORS: those of an application that a client names.

https://fetch.spec.whatwg.org/#http-cors-protocol. A page of a named origin may send a token of its
client and read the answer; nothing is ever let in by a cookie. An answer without a client (none had
signed in, or the token had ended) is for the pages of all of them. The pages of this service itself
are for no other origin. Whoever is no browser is not asked where it comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from adapter.server.audited import client_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
HEADERS: Final = (
    *("Accept", "Authorization", "Content-Type", "Prefer", "X-Request-ID"),
    *("If-Match", "If-None-Match", "If-None-Exist", "If-Modified-Since"),
)
"""What such a page may send."""
EXPOSED: Final = (
    *("ETag", "Last-Modified", "Location", "Content-Location", "Retry-After", "X-Progress"),
    *("Allow", "WWW-Authenticate", "X-Request-ID"),
)
"""What it may read beside the content."""
_UNDER = ("/fhir/", "/auth/token/")
_KEPT_SECONDS = 600  # how long a browser may go by what it was told
_VARY = (b"vary", b"Origin")


@dataclass(frozen=True)
class Origins:
    """The origins of each client's pages, as browsers say them."""

    by_client: Mapping[str, frozenset[str]]

    def allow(self, origin: str, client: str | None) -> bool:
        """Whether a page may read an answer: of this client, or (None) of nobody yet."""
        if client is not None:
            return origin in self.by_client.get(client, ())
        return any(origin in each for each in self.by_client.values())


@dataclass(frozen=True)
class OpenToOrigins:
    """An application whose answers pages of some origins may read."""

    app: ASGIApp
    origins: Origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; a preflight is answered here, and tells nothing of anybody."""
        if scope["type"] != "http" or not _is_under(scope["path"]):
            await self.app(scope, receive, send)
            return
        said = dict(scope["headers"])
        origin = said.get(b"origin", b"").decode("latin-1")
        is_preflight = scope["method"] == "OPTIONS" and b"access-control-request-method" in said
        if is_preflight and self.origins.allow(origin, None):
            await _answer_preflight(origin, send)
            return

        async def opened(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": self._headers(scope, origin, message)}
            await send(message)

        await self.app(scope, receive, opened)

    def _headers(self, scope: Scope, origin: str, message: Message) -> list[tuple[bytes, bytes]]:
        held = list(message.get("headers", ()))
        if any(name.lower() == b"access-control-allow-origin" for name, _ in held):
            return held  # it is for everybody
        if not origin or not self.origins.allow(origin, client_of(scope)):
            return [*held, _VARY]
        exposed = ", ".join(EXPOSED).encode()
        return [*held, _VARY, *_for(origin), (b"access-control-expose-headers", exposed)]


def _is_under(path: str) -> bool:
    return f"{path}/".startswith(_UNDER)


def _for(origin: str) -> list[tuple[bytes, bytes]]:
    return [(b"access-control-allow-origin", origin.encode("latin-1"))]


async def _answer_preflight(origin: str, send: Send) -> None:
    headers = [
        *_for(origin),
        _VARY,
        (b"access-control-allow-methods", ", ".join(METHODS).encode()),
        (b"access-control-allow-headers", ", ".join(HEADERS).encode()),
        (b"access-control-max-age", b"%d" % _KEPT_SECONDS),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
