"""Serving an ASGI application on this machine: until interrupted, or beside other work."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.types import ASGIApp

HOST = "127.0.0.1"  # what is simulated is nobody's business but this machine's
SECONDS_TO_FINISH = 5  # what a request under way is given when the server stops


@dataclass(frozen=True, slots=True)
class Tls:
    """A server's certificate and its private key, each a PEM file."""

    certificate: Path
    key: Path


class Connection(H11Protocol):
    """One connection of HTTP/1.1; the application finds its transport, which it may cut."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Keeps the transport where a request's `state` finds it."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


def serve(app: ASGIApp, port: int, tls: Tls | None = None, *, dates: bool = True) -> None:
    """Serves `app` until the process is interrupted; without `dates` it tells Date itself."""
    with _listen(port) as listening, suppress(KeyboardInterrupt):
        _server(app, tls, dates=dates).run(sockets=[listening])


@contextmanager
def serving(
    app: ASGIApp, port: int = 0, tls: Tls | None = None, *, dates: bool = True
) -> Iterator[int]:
    """Serves `app` from a thread for as long as the context lasts, and gives the port.

    The port 0 stands for any that is free. Connections are taken from the first moment on.
    """
    with _listen(port) as listening:
        server = _server(app, tls, dates=dates)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def _listen(port: int) -> socket.socket:
    listening = socket.create_server((HOST, port))
    # asyncio does so itself only where the protocol is named; without it each answer, written as
    # head and content, waits 40 ms for an acknowledgement that the client delays.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _server(app: ASGIApp, tls: Tls | None, *, dates: bool) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=Connection,
            loop="asyncio",  # a fault cuts the very socket, which uvloop keeps for itself
            lifespan="off",
            log_level="warning",
            date_header=dates,
            timeout_graceful_shutdown=SECONDS_TO_FINISH,
            ssl_certfile=tls.certificate if tls else None,
            ssl_keyfile=tls.key if tls else None,
        )
    )
