"""`adapter serve`: FHIR over HTTP, until it is interrupted."""

from __future__ import annotations

import argparse
import sys

import uvicorn

from adapter.cli.opening import opened
from adapter.service.serving import service_app

SECONDS_TO_FINISH = 20


def run_serve(said: argparse.Namespace) -> int:
    """Serves on one address of this machine; a proxy before it speaks TLS."""
    with opened(said) as service:
        app = service_app(service)
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
