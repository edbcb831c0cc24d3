"""`adapter simulate v2-folder|v2-mllp`: a practice that takes HL7 v2, until it is interrupted."""

from __future__ import annotations

import argparse
import sys
from contextlib import AbstractContextManager

from adapter.cli.simulate_options import chance_of, wrong
from adapter.fhir.r4 import NotR4Error
from adapter.service import now
from adapter.simulate import Tls, serve
from adapter.simulate.hl7v2 import (
    MLLP_FAULTS,
    Folders,
    Known,
    MllpFaults,
    Practice,
    mllp_serving,
    practice_app,
    read_people,
    watching,
)


def run_practice(said: argparse.Namespace, tls: Tls | None) -> int:
    """Serves a practice; what it has filed is listed over HTTP. Ctrl-C ends it."""
    practice = Practice(now, _people(said))
    taking, where = _taking(practice, said, tls)
    with taking:
        origin = f"http://127.0.0.1:{said.port}"
        print(f"HL7 v2 {where}, what is filed at {origin}/filed; Ctrl-C ends it", file=sys.stderr)
        serve(practice_app(practice), said.port)
    return 0


def _taking(
    practice: Practice, said: argparse.Namespace, tls: Tls | None
) -> tuple[AbstractContextManager[object], str]:
    """How messages reach the practice, and where."""
    if said.personality == "v2-mllp":
        faults = MllpFaults(chance_of(said, MLLP_FAULTS))
        where = f"over MLLP{' with TLS' if tls else ''} at 127.0.0.1:{said.mllp_port}"
        return mllp_serving(practice, said.mllp_port, tls, faults), where
    folders = (said.incoming, said.acknowledgements)
    if not all(folder is not None and folder.is_dir() for folder in folders):
        raise wrong("--incoming and --acknowledgements", "two folders")
    if said.fault:
        raise wrong("--fault", "no fault: a folder has none")
    return watching(practice, Folders(*folders)), f"from the folder {said.incoming}"


def _people(said: argparse.Namespace) -> tuple[Known, ...] | None:
    if said.load is None:
        return None
    try:
        return read_people(said.load.read_bytes().splitlines())
    except (OSError, NotR4Error):
        raise wrong("--load", "a file with one R4 resource a line") from None
