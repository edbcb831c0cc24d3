"""`adapter simulate PERSONALITY`: a record system, or a REDCap server, until it is interrupted."""

from __future__ import annotations

import argparse
import itertools
import sys
from collections import deque
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from adapter.errors import DeclarationError, Origin, Problem
from adapter.service import now
from adapter.simulate import RecordSystem, record_system_app, serve
from adapter.simulate.redcap import (
    FAULTS,
    Faults,
    ProjectFiles,
    RedcapProject,
    open_project,
    redcap_app,
)


def record_system(data: Path | None) -> RecordSystem:
    """A full FHIR record system; `data` is the file that it remembers in, None to forget."""
    return RecordSystem(clock=now, ids=map(str, itertools.count(1)), journal=data)


def redcap_project(files: ProjectFiles, timezone: str) -> RedcapProject:
    """A REDCap project out of its files, on a server in a time zone.

    Raises:
        DeclarationError: a file or the zone is not what it should be.
    """
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise _wrong("--timezone", "an IANA time zone, such as Australia/Sydney") from None

    def local_time() -> datetime:
        return now().astimezone(zone).replace(tzinfo=None)

    try:
        return open_project(files, local_time)
    except (OSError, UnicodeDecodeError, KeyError, ValueError, IndexError):
        expected = "a data dictionary and records, as REDCap downloads them in UTF-8"
        raise _wrong("--dictionary and --records", expected) from None


def faults_of(names: list[str]) -> Faults:
    """The faults of these names, each of which meets one request.

    Raises:
        DeclarationError: there is no such fault.
    """
    if not set(names) <= set(FAULTS):
        raise _wrong("--fault", f"one of {', '.join(FAULTS)}")
    return Faults(deque(each for name in names for each in FAULTS if each == name))


def run_simulate(said: argparse.Namespace) -> int:
    """Serves what is asked for; Ctrl-C ends it."""
    if said.personality == "redcap":
        if said.dictionary is None or said.records is None:
            raise _wrong("--dictionary and --records", "both, for a REDCap project to serve")
        files = ProjectFiles(said.dictionary, said.records, said.events, said.mapping)
        project = redcap_project(files, said.timezone)
        project.reports["1"] = project.design.forms
        print(
            f"REDCap's API at http://127.0.0.1:{said.port}/api/ with the token {said.token}; "
            "Ctrl-C ends it",
            file=sys.stderr,
        )
        serve(redcap_app(project, (said.token,), faults_of(said.fault)), said.port)
        return 0
    system = record_system(said.data)
    print(f"FHIR R4 at http://127.0.0.1:{said.port}/fhir; Ctrl-C ends it", file=sys.stderr)
    serve(record_system_app(system), said.port)
    return 0


def _wrong(setting: str, expected: str) -> DeclarationError:
    found, action = "something else", "Correct the command line."
    problem = Problem(Origin("command line"), setting, expected, found, action)
    return DeclarationError("Nothing can be simulated.", (problem,))
