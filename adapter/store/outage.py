"""Whether a PostgreSQL is away: found out beside those who wait for it, who are then let go.

For a process that answers others. A server that is frozen, or a network that is silent, would hold
up whoever asked it, and with them all whom that one serves. So a thread looks: where an answer
takes long, it asks the server itself, by a connection of its own; a statement may take long, but
a server that does not answer is away. Who waits is let go, and nobody asks before it is back.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

LONG_SECONDS = 2.0
"""After so long somebody asks whether the server is there."""
CONNECT_SECONDS = 2
"""So long it may take to let somebody in; libpq knows no less."""
_LOOK_SECONDS = 0.25


class Outage:
    """What is known of one server; the threads of a process share it."""

    def __init__(self, url: str) -> None:
        """`url`: where it is. It counts as there until somebody finds out otherwise."""
        self._url = url
        self._waiting: dict[int, tuple[float, int]] = {}
        self._alone, self._over = threading.Lock(), threading.Event()
        self._users, self._is_on = 0, False

    @property
    def is_on(self) -> bool:
        """Whether the server was away when it was last looked for."""
        return self._is_on

    def stop_if_away(self) -> None:
        """Lets nobody wait for a server that is known to be away.

        Raises:
            OperationalError: it is.
        """
        if self._is_on:
            raise psycopg.OperationalError("the server is away; it is looked for")

    def connect(self, **options: Any) -> psycopg.Connection[Any]:  # noqa: ANN401 - as psycopg has them
        """A connection on which nobody waits longer than the server is there.

        Raises:
            OperationalError: it is away, or lets nobody in.
        """
        self.stop_if_away()
        try:
            opened = _Watched.connect(self._url, connect_timeout=CONNECT_SECONDS, **options)
        except psycopg.OperationalError:
            self._is_on = True  # who looks for it finds out at once if it let only this one not in
            raise
        opened.outage = self
        return opened

    def enter(self) -> None:
        """Somebody uses the server from now on: it is looked after."""
        with self._alone:
            self._users += 1
            if self._users == 1:
                self._over = threading.Event()
                threading.Thread(target=self._look, args=(self._over,), daemon=True).start()

    def leave(self) -> None:
        """They use it no more."""
        with self._alone:
            self._users -= 1
            if not self._users:
                self._over.set()

    @contextmanager
    def waiting(self, connection: int) -> Iterator[None]:
        """Somebody waits for an answer by a connection (the number of its socket)."""
        me = threading.get_ident()
        self._waiting[me] = time.monotonic(), connection
        try:
            yield
        finally:
            with self._alone:  # else the socket could be another's by the time it is shut
                del self._waiting[me]

    def _look(self, over: threading.Event) -> None:
        while not over.wait(_LOOK_SECONDS):
            long_ago = time.monotonic() - LONG_SECONDS
            if self._is_on or any(since < long_ago for since, _ in tuple(self._waiting.values())):
                self._is_on = not self._answers()
                if self._is_on:
                    self._let_go()

    def _let_go(self) -> None:
        with self._alone:
            for _, connection in self._waiting.values():
                with suppress(OSError), socket.socket(fileno=os.dup(connection)) as waited_for:
                    waited_for.shutdown(socket.SHUT_RDWR)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._url, connect_timeout=CONNECT_SECONDS).close()
        except psycopg.OperationalError:
            return False
        return True


class _Watched(psycopg.Connection[Any]):
    """A connection that tells who looks after the server when it waits for it."""

    outage: Outage | None = None

    def wait(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - psycopg's own
        if self.outage is None:
            return super().wait(*arguments, **options)
        with self.outage.waiting(self.pgconn.socket):
            return super().wait(*arguments, **options)
