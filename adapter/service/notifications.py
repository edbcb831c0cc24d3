"""What clinics' notifications come to: whoever knocks is asked soon, and everybody now and then.

Nothing is read of a notification but its path and one header: what was written is fetched by a
pull, which a lost notification only delays and a second one does not double.

Source: https://hl7.org/fhir/R4/subscription.html#notifications
"""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from adapter.errors import AdapterError
from adapter.sync.subscription import HEADER

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often clinics are asked: each `every_seconds`, and `pause_seconds` apart at least."""

    every_seconds: float
    pause_seconds: float


class Knocks:
    """The names of clinics that knocked and were not asked yet; several threads may add some."""

    def __init__(self) -> None:
        """Starts empty."""
        self._names: set[str] = set()
        self._changed = threading.Condition()

    def add(self, name: str) -> None:
        """Notes that a clinic knocked; a second time changes nothing."""
        with self._changed:
            self._names.add(name)
            self._changed.notify_all()

    def wait(self, seconds: float) -> Collection[str]:
        """Who knocked since the last time, waiting so long for the first; nobody, if none did."""
        with self._changed:
            self._changed.wait_for(lambda: self._names, seconds)
            heard, self._names = self._names, set()
            return heard


def turns(
    names: Collection[str],
    wait: Callable[[float], Collection[str]],
    rhythm: Rhythm,
    clock: Callable[[], float],
) -> Iterator[str]:
    """Which clinic is asked next, for ever; each comes when its turn has come.

    `wait` gives who knocked, after so many seconds at most; `clock` tells seconds that only grow.
    """
    due = dict.fromkeys(names, clock())
    earliest = dict(due)
    while due:
        first = min(due, key=lambda name: due[name])
        heard = wait(max(0.0, due[first] - clock()))
        for name in heard:
            due[name] = min(due[name], earliest[name])
        if due[first] <= clock():
            began = clock()
            due[first] = began + rhythm.every_seconds
            earliest[first] = began + rhythm.pause_seconds
            yield first


class Look(Protocol):
    """One look at a clinic; `is_start`: it is the first one since we listen."""

    def __call__(self, name: str, *, is_start: bool) -> None:
        """Asks the clinic of this name.

        Raises:
            AdapterError: it could not be asked.
        """
        ...


def visit_all(
    names: Iterable[str],
    look: Look,
    knock: Callable[[str], None],
    warn: Callable[[str], None],
) -> None:
    """Looks at each clinic in turn; who could not be asked is told, and has knocked again."""
    begun: set[str] = set()
    for name in names:
        try:
            look(name, is_start=name not in begun)
        except AdapterError as trouble:
            warn(str(trouble))
            knock(name)
        else:
            begun.add(name)


def notification_app(secrets: Mapping[str, str], knock: Callable[[str], None]) -> Starlette:
    """The ASGI application that hears notifications; `secrets` are the clinics', by their names.

    The last step of the path names the clinic: a proxy may put whatever it likes before it.
    """
    from starlette.applications import Starlette  # noqa: PLC0415 - only who listens pays for it
    from starlette.responses import Response  # noqa: PLC0415 - as above
    from starlette.routing import Route  # noqa: PLC0415 - as above

    async def hear(request: Request) -> Response:
        name = request.url.path.rpartition("/")[2]
        told, secret = request.headers.get(HEADER, ""), secrets.get(name, "")
        if not secret or not hmac.compare_digest(told.encode(), secret.encode()):
            return Response(status_code=404)  # whoever guesses learns no clinic's name
        knock(name)
        return Response(status_code=200)

    return Starlette(routes=[Route("/{path:path}", hear, methods=["POST"])])
