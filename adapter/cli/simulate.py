"""`adapter simulate PERSONALITY`: a record system on this machine, until it is interrupted."""

from __future__ import annotations

import argparse
import itertools
import sys
from pathlib import Path

from adapter.service import now
from adapter.simulate import RecordSystem, record_system_app, serve


def record_system(data: Path | None) -> RecordSystem:
    """A full FHIR record system; `data` is the file that it remembers in, None to forget."""
    return RecordSystem(clock=now, ids=map(str, itertools.count(1)), journal=data)


def run_simulate(said: argparse.Namespace) -> int:
    """Serves the record system; Ctrl-C ends it."""
    system = record_system(said.data)
    print(f"FHIR R4 at http://127.0.0.1:{said.port}/fhir; Ctrl-C ends it", file=sys.stderr)
    serve(record_system_app(system), said.port)
    return 0
