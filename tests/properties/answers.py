"""A reading of REDCap's API in which one answer is spoilt, and what must hold of it.

The laws: reading ends; it gives records and problems, or says that the source cannot be read; who
is told of, still there, and not touched is given; a position is a time; no message holds an answer
or the token.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import httpx

from adapter.errors import Problem, SourceError
from adapter.instruments.fields import fields_of
from adapter.instruments.participant import fact_fields
from adapter.instruments.response import Record
from adapter.simulate.redcap import Place
from adapter.sources.redcap.api import ApiSource, Clockwork, Connection, Reading, Since
from adapter.sources.source import Source
from tests.properties.readers import (
    ALL_FORMS,
    CANARY,
    NAMES,
    Given,
    Mutation,
    given,
    project,
)
from tests.unit.ingest.project import WEEK_4, person, small_trial
from tests.unit.simulate.redcap.server import TOKEN
from tests.unit.sources.redcap_api.wire import NOW, URL, Wire, small_wire

GONE, PLACE = "104", re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d")


@dataclass(frozen=True)
class Spoilt:
    """Which answer is spoilt, as the how manieth of its kind, and what comes in its place."""

    request: int
    status: int
    content: bytes


@dataclass
class Remembering(httpx.BaseTransport):
    """A server that stands still: each question is put to it once. One answer may be spoilt."""

    wire: Wire
    spoilt: Spoilt | None = None
    asked: list[bytes] = field(default_factory=list)
    answers: dict[bytes, tuple[int, bytes, str]] = field(default_factory=dict)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        question = request.read()
        if not self.asked or self.asked[-1] != question:  # else it is asked again
            self.asked.append(question)
        if question not in self.answers:
            answer = self.wire.handle_request(request)
            self.answers[question] = (answer.status_code, answer.read(), answer.headers["Date"])
        status, content, date = self.answers[question]
        if self.spoilt is not None and self.spoilt.request == len(self.asked) - 1:
            status, content = self.spoilt.status, self.spoilt.content
        return httpx.Response(status, headers={"Date": date}, content=content)


class Far:
    """A project that was read once, and changed since: all of it is known by heart."""

    def __init__(self, *, is_full: bool) -> None:
        rows = [*project(), person(GONE)]
        wire = small_wire(rows)
        wire.server.wall.wait(days=2)
        before = wire.open(basis="")
        assert before.position is not None
        self.since = None if is_full else Since(before.position, before.basis)
        wire.server.wall.wait(hours=3)
        for name in NAMES:
            place = Place(name, WEEK_4)
            wire.server.project.save(place, {"mood_note": f"{CANARY} again, {name}"})
        wire.server.project.delete(GONE)
        self.server = Remembering(wire)
        self.http = httpx.Client(transport=self.server, base_url=URL)
        self.records = [given(each) for each in self._read().records(ALL_FORMS)]
        self.questions = [*self.server.asked]

    def _read(self) -> ApiSource:
        self.server.asked.clear()
        connection = Connection(self.http, TOKEN, Clockwork(lambda: NOW, lambda _: None))
        reading = Reading("", lambda _: self.since, batch=2)
        return ApiSource(connection, small_trial().study, reading)

    def content(self, request: int) -> bytes:
        """The whole answer to the how manieth question."""
        return self.server.answers[self.questions[request]][1]

    def check(self, spoilt: Spoilt, mutations: Sequence[Mutation] | None) -> str:
        """Reads it with one answer spoilt; gives what became of it.

        `mutations` are those of the answer, None where nothing is left of it.

        Raises:
            AssertionError: a law does not hold.
        """
        self.server.spoilt = spoilt
        found: list[Record | Problem] = []
        source, refusal = None, ""
        try:
            source = self._read()
            found.extend(source.records(ALL_FORMS))
        except SourceError as refused:
            found, refusal = list(refused.problems), str(refused)
        self.server.spoilt = None
        problems = [each for each in found if isinstance(each, Problem)]
        said = (f"{each.field} {each.expected} {each.found} {each.action}" for each in problems)
        for words in (refusal, *said):
            assert CANARY not in words
            assert TOKEN not in words
        if refusal or source is None:
            assert problems
            return "refused"
        assert source.position is None or PLACE.fullmatch(source.position)
        scope = set(NAMES) if source.scope is None else source.scope
        there = self._untouched(spoilt.request, mutations) & scope
        records = {_without_unread(given(each)) for each in found if isinstance(each, Record)}
        told = _told_to_lack(source)  # what the whole form lacks, ingest tells, and reads it not
        lost = [
            each
            for each in self.records
            if each[0] in there and each[2] not in told and _without_unread(each) not in records
        ]
        assert problems or not lost, f"lost and not told: {lost}"
        return "told" if problems else "read"

    def _untouched(self, request: int, mutations: Sequence[Mutation] | None) -> set[str]:
        """The people whose records must be given whatever else was changed.

        What the log says decides who is told of, and not what of them; what the project is made of
        decides over everybody.
        """
        match parse_qs(self.questions[request])[b"content"][0]:
            case b"log":
                return set(NAMES)
            case b"record" if mutations is not None:
                places = [(at, at + taken_out) for at, _, taken_out in mutations]
                touched = {
                    name
                    for name, part in _parts(self.content(request)).items()
                    if any(at < part.stop and to >= part.start for at, to in places)
                }
                return {*NAMES} - touched
        return set()


def _without_unread(each: Given) -> Given:
    """A record without what nothing reads, and nobody misses: one field, and a person's state."""
    cells = tuple(cell for cell in each[6] if cell[0] != "full_name")
    is_person = each[2] in {"participant", "consent"}
    return (*each[:4], "" if is_person else each[4], "" if is_person else each[5], cells)


def _told_to_lack(source: Source) -> set[str]:
    """The forms that are told to lack a column."""
    trial = small_trial()
    told = {problem.field for problem in source.missing_facts()}
    facts = fact_fields(trial.study)
    lacking = {form for form, name in facts if any(name in field for field in told)}
    for placed in trial.study.forms:
        fields = fields_of(trial.forms[placed.form], placed, trial.study)
        if placed.source_form in source.shapes and source.missing_columns(
            placed.source_form, fields
        ):
            lacking.add(placed.source_form)
    return lacking


def _parts(content: bytes) -> dict[str, range]:
    """Where each person's objects stand in a list of rows, which is in their order."""
    found = {name: content.find(f'"{name}"'.encode()) for name in NAMES}
    starts = {name: content.rfind(b"{", 0, at) for name, at in found.items() if at >= 0}
    ends = [*starts.values(), len(content)][1:]
    return {name: range(starts[name], end) for name, end in zip(starts, ends, strict=False)}
