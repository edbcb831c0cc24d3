"""`adapter serve`: FHIR over HTTP, until it is told to end."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from adapter.cli.last_resort import told_without_words
from adapter.cli.opening import opened
from adapter.cli.terminal import warn
from adapter.errors import AdapterError
from adapter.service import Service, now, open_service
from adapter.service.catching_up import catching_up
from adapter.service.triggers import triggered_sources
from adapter.service.workers import Place, serve_beside, serve_here

USAGE, FAILED = 2, 1


def run_serve(said: argparse.Namespace) -> int:
    """Serves on one address, by itself with TLS or behind a proxy that speaks it."""
    if (said.tls_cert is None) != (said.tls_key is None):
        warn("expected --tls-cert and --tls-key together")
        return USAGE
    place = Place(
        said.host, said.port, said.workers, said.tls_cert, said.tls_key, said.proxy_headers
    )
    scheme = "http" if place.certificate is None else "https"
    with opened(said, answers=True) as service, _catching_up(service, said) as ring:
        told = f"FHIR R4 at {scheme}://{said.host}:{said.port}/fhir; Ctrl-C ends it"
        if place.workers > 1 and service.settings.serve is not None:
            print(told, file=sys.stderr)
            return 0 if serve_beside(said.config, place) else FAILED
        from adapter.service.serving import service_app  # noqa: PLC0415 - several do it themselves

        app = service_app(service, ring)
        print(told, file=sys.stderr)
        return 0 if serve_here(app, place) else FAILED


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
