"""What bounds a request, whatever door it goes to: its length, its time, how many come at once.

Doors that read a body bound it by what they need; here is the most that any may bring. Where more
is sent, or nothing comes for too long, the answer says so and the connection ends.

Source: https://hl7.org/fhir/R4/valueset-issue-type.html (`throttled`, `timeout`, `too-long`)
"""

from __future__ import annotations

import asyncio
import ipaddress
import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from adapter.fhir.operation_outcome import Issue, IssueCode, operation_outcome, refuse
from adapter.server.media import FHIR_JSON
from adapter.sync.budget import Bucket, fill, wait_for_one

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BODY_BYTES = 8_388_608
MOST_PATH_BYTES = 8_192
MOST_HEADER_BYTES = 32_768
MOST_AT_ONCE = 200
MOST_REMEMBERED = 10_000
TOKEN_PATH = "/auth/token"  # noqa: S105 - where one is asked for
_ALWAYS = ("/health/", "/metrics")


@dataclass
class Buckets:
    """How fast each name asks, as this worker remembers it.

    In memory, for a request must not cost a write to the ledger: who spreads requests over N
    workers gets N times as much. `seconds` only grow; who asked longest ago is forgotten first.
    """

    per_second: float
    burst: int
    seconds: Callable[[], float]
    _known: OrderedDict[str, Bucket] = field(default_factory=OrderedDict)

    def take(self, name: str, per_second: float | None = None) -> int:
        """How many seconds this name has to wait, 0 where it may ask now.

        `per_second` stands in place of what everybody may ask.
        """
        rate, burst = per_second or self.per_second, self.burst
        if per_second is not None:
            burst = max(1, int(burst * per_second / self.per_second))
        now = self.seconds()
        bucket = fill(self._known.pop(name, Bucket(burst, now)), now, rate, burst)
        wait = wait_for_one(bucket, rate)
        left = bucket.tokens if wait > 0 else bucket.tokens - 1
        self._known[name] = Bucket(left, now)
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return math.ceil(wait)


@dataclass(frozen=True)
class Bounds:
    """How long a request may take until its answer begins, and how often an address may sign in."""

    request_seconds: float
    sign_ins: Buckets


class Bounded:
    """An application whose requests are bounded."""

    def __init__(self, app: ASGIApp, bounds: Bounds) -> None:
        """`app` is everything inside."""
        self._app, self._bounds, self._under_way = app, bounds, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        said = dict(scope["headers"])
        refusal = _too_long(scope, said) or self._too_often(scope)
        if refusal is not None:
            await refusal.answer(send)
            return
        self._under_way += 1
        try:
            await self._in_time(scope, said, receive, send)
        finally:
            self._under_way -= 1

    async def _in_time(
        self, scope: Scope, said: Mapping[bytes, bytes], receive: Receive, send: Send
    ) -> None:
        """Answers within the time, or says that it did not; an answer that has begun goes on."""
        size = 0
        has_come = said.get(b"content-length", b"0") == b"0" and b"transfer-encoding" not in said

        async def counted() -> Message:
            nonlocal size, has_come
            message = await receive()
            size += len(message.get("body", b""))
            has_come = has_come or not message.get("more_body", False)
            if size > MOST_BODY_BYTES:
                text = f"The content is longer than {MOST_BODY_BYTES} bytes"
                raise refuse(413, "too-long", text)
            return message

        async def begun(message: Message) -> None:
            if until.expired():
                return
            if until.when() is not None:
                until.reschedule(None)
            await send(message)

        # No task of its own: that would cost more than all the rest of this module.
        until = asyncio.timeout(self._bounds.request_seconds)
        try:
            async with until:
                await self._app(scope, counted, begun)
        except TimeoutError:
            if not until.expired():
                raise
            # What runs in a thread runs on to its end; nobody waits for it.
            if has_come:
                late = _Refusal(504, "timeout", "The answer took too long; ask for less", 5)
            else:
                late = _Refusal(408, "timeout", "The content did not come in time")
            await late.answer(send)

    def _too_often(self, scope: Scope) -> _Refusal | None:
        path = scope["path"]
        if self._under_way >= MOST_AT_ONCE and not path.startswith(_ALWAYS):
            return _Refusal(503, "throttled", "Too many requests are under way", 5)
        if path == TOKEN_PATH:
            wait = self._bounds.sign_ins.take(network_of(scope))
            if wait:
                return _Refusal(429, "throttled", "Signed in too often; wait", wait)
        return None


def network_of(scope: Scope) -> str:
    """Where a request comes from: an address of IPv4, or the network of one of IPv6."""
    said = (scope.get("client") or ("",))[0]
    try:
        address = ipaddress.ip_address(said)
    except ValueError:
        return ""
    if address.version == 4:  # noqa: PLR2004 - the version of the protocol
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))


@dataclass(frozen=True)
class _Refusal:
    """An answer of the bounds themselves; the connection ends with it."""

    status: int
    code: IssueCode
    text: str
    retry_seconds: int = 0

    async def answer(self, send: Send) -> None:
        """Answers."""
        headers = [
            (b"content-type", FHIR_JSON.encode()),
            (b"connection", b"close"),
            (b"cache-control", b"no-store"),
        ]
        if self.retry_seconds:
            headers.append((b"retry-after", b"%d" % self.retry_seconds))
        body = orjson.dumps(operation_outcome(Issue(self.code, self.text)))
        start = {"type": "http.response.start", "status": self.status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": body})


def _too_long(scope: Scope, said: Mapping[bytes, bytes]) -> _Refusal | None:
    length = len(scope.get("raw_path") or b"") + len(scope["query_string"])
    if length > MOST_PATH_BYTES:
        text = f"The address is longer than {MOST_PATH_BYTES} bytes; search by POST"
        return _Refusal(414, "too-long", text)
    if sum(len(name) + len(value) for name, value in scope["headers"]) > MOST_HEADER_BYTES:
        return _Refusal(431, "too-long", f"The headers are longer than {MOST_HEADER_BYTES} bytes")
    length_said = said.get(b"content-length", b"")
    if length_said.isdigit() and int(length_said) > MOST_BODY_BYTES:
        return _Refusal(413, "too-long", f"The content is longer than {MOST_BODY_BYTES} bytes")
    return None
