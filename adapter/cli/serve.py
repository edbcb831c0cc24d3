"""`adapter serve`: FHIR over HTTP, until it is interrupted."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from adapter.cli.last_resort import told_without_words
from adapter.cli.opening import opened
from adapter.cli.terminal import warn
from adapter.errors import AdapterError
from adapter.service import Service, now, open_service
from adapter.service.catching_up import catching_up
from adapter.service.serving import service_app
from adapter.service.triggers import triggered_sources

SECONDS_TO_FINISH = 20


def run_serve(said: argparse.Namespace) -> int:
    """Serves on one address of this machine; a proxy before it speaks TLS."""
    with opened(said) as service, _catching_up(service, said) as ring:
        app = service_app(service, ring)
        print(f"FHIR R4 at http://{said.host}:{said.port}/fhir; Ctrl-C ends it", file=sys.stderr)
        uvicorn.run(
            app,
            host=said.host,
            port=said.port,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=SECONDS_TO_FINISH,
        )
    return 0


@contextmanager
def _catching_up(service: Service, said: argparse.Namespace) -> Iterator[Callable[[], None]]:
    """Who fetches what a source said was saved, and reads everything now and then; to be rung."""
    serve = service.settings.serve
    minutes = serve.reconcile_minutes if serve else None
    if minutes is None and not triggered_sources(service.settings):
        yield lambda: None
        return
    every_seconds = None if minutes is None else minutes * 60
    # An adapter of its own: it writes from another thread than those that answer.
    opened_again = open_service(said.config, clock=said.clock or now)
    with catching_up(opened_again, every_seconds, _tell) as bell:
        yield bell.ring


def _tell(trouble: Exception) -> None:
    warn(str(trouble) if isinstance(trouble, AdapterError) else told_without_words(trouble))
