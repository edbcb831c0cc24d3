"""`adapter simulate PERSONALITY`: a record system, or a REDCap server, until it is interrupted."""

from __future__ import annotations

import argparse
import itertools
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from adapter.cli.simulate_options import chance_of, tls_of, wrong
from adapter.cli.simulate_practice import run_practice
from adapter.cli.simulated import PRACTICE_KINDS, REDCAP_TOKEN
from adapter.fhir.r4 import NotR4Error, parse_json
from adapter.service import now
from adapter.simulate import (
    FAULTS,
    FULL,
    PERSONALITIES,
    Bearer,
    FaultLayer,
    Personality,
    RecordSystem,
    RefusalError,
    Site,
    record_system_app,
    serve,
)
from adapter.simulate.hooks import hooks, post_in_background
from adapter.simulate.redcap import FAULTS as REDCAP_FAULTS
from adapter.simulate.redcap import (
    Faults,
    ProjectFiles,
    RedcapProject,
    Trigger,
    open_project,
    redcap_app,
    tell_in_background,
)

if TYPE_CHECKING:
    from starlette.types import ASGIApp


def record_system(
    data: Path | None,
    personality: Personality = FULL,
    clock: Callable[[], datetime] = now,
) -> RecordSystem:
    """A FHIR record system; `data` is the file that it remembers in, None to forget."""
    ids = map(str, itertools.count(1))
    return RecordSystem(clock=clock, ids=ids, journal=data, personality=personality)


def redcap_project(files: ProjectFiles, timezone: str) -> RedcapProject:
    """A REDCap project out of its files, on a server in a time zone.

    Raises:
        DeclarationError: a file or the zone is not what it should be.
    """
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise wrong("--timezone", "an IANA time zone, such as Australia/Sydney") from None

    def local_time() -> datetime:
        return now().astimezone(zone).replace(tzinfo=None)

    try:
        return open_project(files, local_time)
    except (OSError, UnicodeDecodeError, KeyError, ValueError, IndexError):
        expected = "a data dictionary and records, as REDCap downloads them in UTF-8"
        raise wrong("--dictionary and --records", expected) from None


def faults_of(names: list[str]) -> Faults:
    """The faults of these names, each of which meets one request.

    Raises:
        DeclarationError: there is no such fault.
    """
    if not set(names) <= set(REDCAP_FAULTS):
        raise wrong("--fault", f"one of {', '.join(REDCAP_FAULTS)}")
    return Faults(deque(each for name in names for each in REDCAP_FAULTS if each == name))


def run_simulate(said: argparse.Namespace) -> int:
    """Serves what is asked for; Ctrl-C ends it."""
    tls = tls_of(said)
    if said.personality in PRACTICE_KINDS:
        return run_practice(said, tls)
    if said.personality == "redcap":
        app, where = _redcap(said), "REDCap's API at {}/api/"
    else:
        app, where = _fhir(said), "FHIR R4 at {}/fhir"
    origin = f"{'https' if tls else 'http'}://127.0.0.1:{said.port}"
    print(f"{where.format(origin)}; Ctrl-C ends it", file=sys.stderr)
    serve(app, said.port, tls, dates=said.personality == "redcap")
    return 0


def _fhir(said: argparse.Namespace) -> ASGIApp:
    def clock() -> datetime:
        return now() + timedelta(seconds=said.clock_skew)

    site = Site(frozenset(said.code), said.needs_encounter, said.sign_after)
    kind = replace(PERSONALITIES[said.personality](site), largest_page=said.largest_page)
    system = record_system(said.data, kind, clock)
    system.written = hooks(post_in_background())
    if said.load is not None:
        _load(system, said.load)
    app: ASGIApp = record_system_app(system)
    if said.token:
        app = Bearer(app, said.token)
    return FaultLayer(app, chance_of(said, FAULTS), clock)


def _redcap(said: argparse.Namespace) -> ASGIApp:
    if said.dictionary is None or said.records is None:
        raise wrong("--dictionary and --records", "both, for a REDCap project to serve")
    files = ProjectFiles(said.dictionary, said.records, said.events, said.mapping)
    project = redcap_project(files, said.timezone)
    project.reports["1"] = project.design.forms
    if said.trigger is not None:
        own = f"{'https' if said.tls else 'http'}://127.0.0.1:{said.port}/"
        project.saved = tell_in_background(Trigger(said.trigger, own))
    token = said.token or REDCAP_TOKEN
    print(f"the token is {token}", file=sys.stderr)
    return redcap_app(project, (token,), faults_of(said.fault))


def _load(system: RecordSystem, path: Path) -> None:
    try:
        lines = path.read_bytes().splitlines()
        system.seed(parse_json(line) for line in lines if line.strip())
    except (OSError, NotR4Error, RefusalError):
        expected = "a file with one R4 resource a line, each with an id"
        raise wrong("--load", expected) from None
