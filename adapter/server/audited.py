"""No answer without its line in the access log: around every door of the service.

A door tells what it finds out by `told(request)`; the line is written when the answer begins, and
an answer that could not be noted does not go out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import orjson

from adapter.errors import LedgerError
from adapter.fhir.operation_outcome import Issue, operation_outcome
from adapter.store.access_log import Access

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

Note = Callable[[Iterable[Access]], None]
_KEY = "adapter.access"
_ELSEWHERE = "elsewhere"


@dataclass(slots=True)
class Telling:
    """What is known of a request by now, for its line; the words are those of `Access`.

    `parts` are the interactions of a batch or a transaction: each of them gets a line, the request
    itself none. Nothing of what was sent belongs here.
    """

    request: str
    door: str = _ELSEWHERE
    interaction: str = ""
    client: str = ""
    person: str = ""
    type: str = ""
    id: str = ""
    about: Iterable[str] = ()
    count: int = 0
    status: int = 0
    parts: Sequence[Telling] = ()


@dataclass(frozen=True)
class Auditing:
    """What the audit of accesses needs: where lines go, the clock, and names for requests.

    `doors` are names by the beginning of a path. What begins with one of `unaudited` tells nothing
    of anybody, and is not noted.
    """

    note: Note
    now: Callable[[], datetime]
    unique: Callable[[], str]
    doors: Mapping[str, str]
    unaudited: tuple[str, ...] = ()


def told(request: Request) -> Telling:
    """The telling of a request, which a door adds to."""
    telling: Telling | None = request.scope.get(_KEY)
    if telling is None:
        telling = request.scope[_KEY] = Telling("")
    return telling


def client_of(scope: Scope) -> str | None:
    """Which client asked, as far as a door found out."""
    telling: Telling | None = scope.get(_KEY)
    return telling.client or None if telling else None


@dataclass(frozen=True)
class Audited:
    """An application each of whose answers is noted before it goes out."""

    app: ASGIApp
    auditing: Auditing = field(repr=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request.

        What no door foresaw is noted as 500, and raised again for the log.
        """
        path = str(scope.get("path", ""))
        if scope["type"] != "http" or path.startswith(self.auditing.unaudited):
            await self.app(scope, receive, send)
            return
        door = self.auditing.doors.get(path.split("/")[1] if path else "", _ELSEWHERE)
        known = scope.get("state", {}).get("request")  # as it stands in the log, too
        telling = scope[_KEY] = Telling(known or self.auditing.unique(), door)
        is_withheld = is_begun = False

        async def noted(message: Message) -> None:
            nonlocal is_withheld, is_begun
            if message["type"] == "http.response.start":
                is_begun = True
                try:
                    self.auditing.note(self._lines(telling, message["status"]))
                except LedgerError:
                    is_withheld = True
                    await _answer(send, 503, "transient", "The access cannot be noted now")
                    return
                if not known:
                    named = (b"x-request-id", telling.request.encode())
                    message = {**message, "headers": [*message.get("headers", ()), named]}
            if not is_withheld:
                await send(message)

        try:
            await self.app(scope, receive, noted)
        except Exception:
            if not is_begun:
                await _answer(noted, 500, "exception", "The server failed; see its log")
            raise

    def _lines(self, telling: Telling, status: int) -> list[Access]:
        at = self.auditing.now().isoformat(timespec="milliseconds")
        return [
            Access(
                at=at,
                request=telling.request,
                door=telling.door,
                interaction=one.interaction,
                client=telling.client,
                status=one.status or status,
                person=telling.person,
                type=one.type,
                id=one.id,
                about=tuple(one.about),
                count=one.count,
            )
            for one in telling.parts or (telling,)
        ]


async def _answer(send: Send, status: int, code: str, text: str) -> None:
    outcome = orjson.dumps(operation_outcome(Issue(code, text)))  # type: ignore[arg-type]
    headers = [(b"content-type", b"application/fhir+json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": outcome})
