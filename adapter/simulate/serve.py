"""Serving an ASGI application on this machine: until interrupted, or beside other work."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp

HOST = "127.0.0.1"  # what is simulated is nobody's business but this machine's
SECONDS_TO_FINISH = 5  # what a request under way is given when the server stops


def serve(app: ASGIApp, port: int) -> None:
    """Serves `app` until the process is interrupted."""
    with _listen(port) as listening, suppress(KeyboardInterrupt):
        _server(app).run(sockets=[listening])


@contextmanager
def serving(app: ASGIApp, port: int = 0) -> Iterator[int]:
    """Serves `app` from a thread for as long as the context lasts, and gives the port.

    The port 0 stands for any that is free. Connections are taken from the first moment on.
    """
    with _listen(port) as listening:
        server = _server(app)
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


def _server(app: ASGIApp) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app,
            lifespan="off",
            log_level="warning",
            timeout_graceful_shutdown=SECONDS_TO_FINISH,
        )
    )
