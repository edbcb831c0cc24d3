"""A simulated REDCap server and the adapter's connection to it, without a network or a wait."""

from __future__ import annotations

import csv
import io
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import httpx

from adapter.instruments.study import Study
from adapter.simulate.redcap import FaultName, RedcapProject, make_project
from adapter.sources.redcap.api import ApiSource, Clockwork, Connection, Reading, Since
from tests.in_process import ask_app
from tests.unit.ingest.project import (
    FORM_NAMES,
    LOG,
    WEEK_0,
    WEEK_4,
    Cells,
    columns,
    dictionary_csv,
    study,
)
from tests.unit.simulate.redcap.server import TOKEN, Server, Wall

URL = "https://redcap.example.org/api/"
NOW = datetime(2030, 1, 1, tzinfo=UTC)
"""What the adapter's own clock says, far from the server's."""
SYDNEY = ZoneInfo("Australia/Sydney")
Entries = list[Any]
LOST: dict[FaultName, type[httpx.TransportError]] = {
    "silent": httpx.ReadTimeout,
    "cut": httpx.RemoteProtocolError,
}


@dataclass
class Wire(httpx.BaseTransport):
    """The wire to a server: keeps what was asked, and can change what comes back.

    `rewrite` is given what was asked and the entries of a list in JSON.
    """

    server: Server
    asked: deque[dict[str, str]] = field(default_factory=deque)
    waits: list[float] = field(default_factory=list)
    rewrite: Callable[[dict[str, str], Entries], Entries] | None = None
    dates: bool = True

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        form = dict(parse_qsl(request.content.decode(), keep_blank_values=True))
        self.asked.append(form)
        faults = self.server.faults
        fault = faults.following[0] if faults.following else faults.rule
        if fault in LOST:
            faults.next()
            raise LOST[fault]("lost on the way", request=request)
        answer = ask_app(self.server.app, request)
        head, content = answer.headers, answer.content
        if self.rewrite is not None and content.startswith(b"["):
            content = json.dumps(self.rewrite(form, json.loads(content))).encode()
        if self.dates:
            now = self.server.wall.time.replace(tzinfo=SYDNEY).astimezone(UTC)
            head["Date"] = format_datetime(now, usegmt=True)
        del head["Content-Length"]
        # Piece by piece, as from a network: a response keeps what it was given as a whole.
        return httpx.Response(answer.status_code, headers=head, content=iter((content,)))

    @property
    def connection(self) -> Connection:
        """The adapter's connection; no wait takes any time."""
        clockwork = Clockwork(lambda: NOW, self.waits.append)
        return Connection(httpx.Client(transport=self, base_url=URL), TOKEN, clockwork)

    def only(self, *names: str) -> ApiSource:
        """The source, of some records alone."""
        return ApiSource(self.connection, study(), Reading(only=names))

    def contents(self) -> list[str]:
        """What was asked for, in order."""
        return [form["content"] for form in self.asked]

    def open(
        self,
        since: Since | None = None,
        *,
        of: Study | None = None,
        batch: int = 100,
        basis: str = "mappings",
        overlap: timedelta = timedelta(minutes=75),
    ) -> ApiSource:
        """The source, from where the last reading ended."""
        reading = Reading(basis, lambda _: since, batch, overlap)
        return ApiSource(self.connection, of or study(), reading)


def small_project(rows: list[Cells], wall: Wall) -> RedcapProject:
    """The small trial's project with these rows: all forms at both visits, incidents in the log."""
    header = columns()
    described = list(csv.DictReader(io.StringIO(dictionary_csv().decode())))
    written = [{name: row.get(name, "") for name in header} for row in rows]
    visits = [(event, form) for event in (WEEK_0, WEEK_4) for form in FORM_NAMES]
    places = [place for place in visits if place[1] != "incident"] + [(LOG, "incident")]
    return make_project(
        described,
        written,
        wall,
        title="A small trial",
        events=[
            {"unique_event_name": event, "event_name": event, "arm_num": "1"}
            for event in (WEEK_0, WEEK_4, LOG)
        ],
        mapping=[{"unique_event_name": event, "form": form} for event, form in places],
        repeating=[(LOG, "incident")],
        header=header,
        missing={},
    )


def small_wire(rows: list[Cells]) -> Wire:
    """A server with the small trial's project."""
    wall = Wall()
    return Wire(Server(small_project(rows, wall), wall))


def since(source: ApiSource) -> Since:
    """Where a source that was read whole may be gone on from."""
    assert source.position is not None
    return Since(source.position, source.basis)
