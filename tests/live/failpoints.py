"""Named points at which a worker is killed: around each transaction of a push, and each request."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from adapter.store.database import Database, Transaction

WRITES = ("the lease", "the reopening", "the claim", "the settling")
"""The transactions of a push that has something to send, in their order."""
BEFORE_THE_REQUEST, UNREAD = "before the request", "with the answer unread"
POINTS = (
    *(f"{when} of {which}" for which in WRITES for when in ("before the end", "after the end")),
    BEFORE_THE_REQUEST,
    UNREAD,
)


def database(where: Path | str, lease_seconds: float, point: str) -> Database:
    """A ledger; at the point, whoever writes to it is killed."""
    return _Dying(where, lease_seconds, point) if point else Database(where, lease_seconds)


def transport(point: str) -> httpx.BaseTransport | None:
    """A way to a record system; at the point, whoever asks is killed."""
    return _DyingTransport(point) if point else None


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class _Dying(Database):
    """Opening it is no part of a push: only what is written afterwards is counted."""

    def __init__(self, where: Path | str, lease_seconds: float, point: str) -> None:
        self._point, self._written = "", 0
        super().__init__(where, lease_seconds)
        self._point = point

    @contextmanager
    def write(self, lane: str = "") -> Iterator[Transaction]:
        which = WRITES[self._written] if self._written < len(WRITES) else ""
        self._written += bool(self._point)
        with super().write(lane) as tx:
            yield tx
            if self._point == f"before the end of {which}":
                _die()
        if self._point == f"after the end of {which}":
            _die()


class _DyingTransport(httpx.HTTPTransport):
    def __init__(self, point: str) -> None:
        super().__init__()
        self._point = point

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self._point == BEFORE_THE_REQUEST:
            _die()
        answer = super().handle_request(request)
        if self._point == UNREAD:
            _die()
        return answer
