"""`adapter serve` as one process or as several: each opens the adapter for itself.

Several share a socket; the one that started them starts a dead one again, and hands on the word to
end. What they count for `/metrics` lies in a folder that all of them write to, each its own files.
"""

from __future__ import annotations

import os
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from adapter.errors import DeclarationError, Origin, Problem
from adapter.server.heads import HeadsInTime
from adapter.service.logs import write_logs
from adapter.service.running import open_service

if TYPE_CHECKING:
    from starlette.types import ASGIApp

SECONDS_TO_FINISH = 15
"""So long what is under way may go on after the word to end; all is over within twenty."""
SECONDS_TO_BEGIN = 60
"""So long nobody asks a new process whether it is still there: on little of a processor it takes
that, and whoever was taken for hung and started again would never begin."""
CONFIG = "ADAPTER_SERVED_CONFIG"
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


@dataclass(frozen=True)
class Place:
    """Where it listens and how: TLS with a certificate and its key, which proxies it believes."""

    host: str
    port: int
    workers: int = 1
    certificate: Path | None = None
    key: Path | None = None
    proxies: str = ""


def serve_here(app: ASGIApp, place: Place) -> bool:
    """Serves an application in this process until it is told to end; False if it never began."""
    server = uvicorn.Server(_config(app, place))
    with _listening(place) as listening, _let_end(server):
        server.run([listening])
    return server.started


def serve_beside(config: Path, place: Place) -> bool:
    """Serves what `adapter.toml` says in several processes until this one is told to end.

    False if one of them could not begin.
    """
    with _listening(place) as listening, tempfile.TemporaryDirectory() as folder:
        os.environ.update({CONFIG: str(config.absolute()), _FOLDER: folder})
        factory = "adapter.service.workers:worker_app"
        said = _config(factory, place, factory=True, workers=place.workers)
        several = _Several(said, sockets=[listening])
        several.run()
    return all(each.exitcode != STARTUP_FAILURE for each in several.processes)


def worker_app() -> ASGIApp:
    """The application of one worker; the adapter stays open for as long as the process lives.

    Raises:
        DeclarationError: the configuration cannot be used any more.
    """
    from adapter.service.serving import service_app  # noqa: PLC0415 - the folder was named before

    opened = ExitStack()
    service = opened.enter_context(open_service(Path(os.environ[CONFIG]), answers=True))
    write_logs(service.settings.logs)
    app = service_app(service)
    app.state.opened = opened  # else it would be closed here
    return app


class _Several(Multiprocess):
    """As uvicorn's, but for how long a new process may take to begin."""

    def __init__(self, said: uvicorn.Config, sockets: list[socket.socket]) -> None:
        super().__init__(said, sockets)
        self._begun: dict[int | None, float] = {}

    def keep_subprocess_alive(self) -> None:
        """Starts the dead again; asks how the others are when all had time to begin."""
        now = time.monotonic()
        ages = [now - self._begun.setdefault(each.pid, now) for each in self.processes]
        is_any_dead = not all(each.process.is_alive() for each in self.processes)
        if is_any_dead or min(ages) >= SECONDS_TO_BEGIN:
            super().keep_subprocess_alive()


def _config(app: ASGIApp | str, place: Place, **more: Any) -> uvicorn.Config:  # noqa: ANN401 - as
    return uvicorn.Config(  # uvicorn takes them
        app,
        http=HeadsInTime,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SECONDS_TO_FINISH,
        ssl_certfile=place.certificate,
        ssl_keyfile=place.key,
        proxy_headers=bool(place.proxies),
        forwarded_allow_ips=place.proxies or None,
        **more,
    )


@contextmanager
def _listening(place: Place) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    with socket.socket(family) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((place.host, place.port))
        except OSError as wrong:
            found = wrong.strerror or "none"
            expected = "an address of this machine, and a port that is free"
            action = "Take another, or end who listens there."
            problem = Problem(Origin("command line"), "--host, --port", expected, found, action)
            raise DeclarationError("It cannot listen there.", (problem,)) from wrong
        listening.set_inheritable(True)
        yield listening


@contextmanager
def _let_end(server: uvicorn.Server) -> Iterator[None]:
    """Has the word to end leave with 0: uvicorn gives it on to whoever heard it before.

    Until uvicorn listens itself, it is kept for it.
    """

    def end(*_: object) -> None:
        server.should_exit = True

    words = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(word, end) for word in words]
    try:
        yield
    finally:
        for word, heard in zip(words, before, strict=True):
            signal.signal(word, heard)
