"""The logs of acts and of accesses as AuditEvents, the newest first, a page at a time.

They are files that are appended to, and are read from their ends: nothing is kept in memory but the
page. Where a page goes on is said by where it stopped in each file, so that it stays what it is
while lines are added. Source: https://hl7.org/fhir/R4/auditevent.html
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from adapter.fhir.audit_event import build_access_event, build_audit_event, event_id
from adapter.fhir.identity import Identity
from adapter.fhir.search.criteria import Criterion, HasRange, Updated
from adapter.fhir.search.fits import fits
from adapter.fhir.search.index import found_by
from adapter.store.access_log import access_files, access_in
from adapter.store.audit import line_in
from adapter.store.backwards import end_of, lines_before, place_of
from adapter.store.chain import read_link

MOST_LINES = 100_000
MOST_BUILT = 20_000
"""So many of them are made into AuditEvents to see whether they fit."""
ACTS = 0
_ID = re.compile(r"(\d{1,3})-(\d{1,12})-([0-9a-f]{16})")
_CLOCK_SECONDS = 3600.0
"""So far a clock may have been set back between two lines."""
_LOWER = {"eq": 1, "ge": 1, "gt": 1, "sa": 1}
_UPPER = {"eq": 2, "le": 2, "lt": 2, "eb": 2}
"""Where in (prefix, low, high) the moments are behind and before which nothing fits."""
Ends = dict[int, int]
"""By log, the place in its file before which a page goes on."""


@dataclass(frozen=True, slots=True)
class Told:
    """A line of a log: where it stands, when it was written, its AuditEvent, whom it is about."""

    log: int
    place: int
    moment: float
    id: str
    people: tuple[str, ...]
    build: Callable[[], dict[str, Any]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Page:
    """What fits of it, and where the next page goes on; None where nothing is left."""

    events: Sequence[dict[str, Any]]
    people: Collection[str]
    next: Ends | None


@dataclass(frozen=True)
class Trail:
    """The logs beside an audit log; `zone` is that of dates without one.

    `most_lines` are looked at for one page; it goes on behind them, be it empty.
    """

    audit: Path
    identity: Identity
    zone: tzinfo
    most_lines: int = MOST_LINES

    def page(
        self, criteria: Sequence[Criterion], about: Sequence[str] | None, count: int, ends: Ends
    ) -> Page:
        """So many events at most that fit, behind where the last page ended.

        `about` are the people of whom one has to be in it, None for whoever it is.
        """
        events, people = list[dict[str, Any]](), dict[str, None]()
        latest, built = _earliest(criteria), 0
        stopped = dict(ends)
        for number, told in enumerate(self._newest_first(ends)):
            if told.moment < latest - _CLOCK_SECONDS:
                return Page(events, people, None)
            if len(events) == count or number == self.most_lines or built == MOST_BUILT:
                return Page(events, people, stopped)
            stopped[told.log] = told.place
            if about is not None and not set(about) & set(told.people):
                continue
            built += 1
            event = told.build()
            found = found_by(event, self.zone)
            if all(fits(each, found, told.id, told.moment) for each in criteria):
                events.append(event)
                people |= dict.fromkeys(told.people)
        return Page(events, people, None)

    def begin(self, criteria: Sequence[Criterion]) -> Ends:
        """Where a first page begins: at the end of each log, or where its time is over."""
        until = _latest(criteria)
        ends = {log: end_of(path) for log, path in self._files().items()}
        if until is None:
            return ends
        files, last = self._files(), until + _CLOCK_SECONDS
        return {
            log: place_of(files[log], end, lambda raw: _moment_in(raw) <= last)
            for log, end in ends.items()
        }

    def one(self, name: str) -> Told | None:
        """The line of an AuditEvent by its id, None where there is none."""
        said = _ID.fullmatch(name)
        path = self._files().get(int(said[1])) if said else None
        if said is None or path is None:
            return None
        number = int(said[2])
        end = end_of(path)
        place = place_of(path, end, lambda raw: _number_in(raw) < number)
        with path.open("rb") as file:
            file.seek(place)
            told = self._read(int(said[1]), place, file.readline())
        return told if told is not None and told.id == name else None

    def _files(self) -> dict[int, Path]:
        acts = {ACTS: self.audit} if self.audit.exists() else {}
        numbered = ((path.stem.rpartition("-")[2], path) for path in access_files(self.audit))
        return {**acts, **{int(number): path for number, path in numbered}}

    def _newest_first(self, ends: Ends) -> Iterator[Told]:
        files = self._files()
        logs = (self._of(log, files[log], end) for log, end in ends.items() if log in files)
        return heapq.merge(*logs, key=lambda told: (-told.moment, told.log, -told.place))

    def _of(self, log: int, path: Path, end: int) -> Iterator[Told]:
        for place, raw in lines_before(path, end):
            told = self._read(log, place, raw)
            if told is not None:
                yield told

    def _read(self, log: int, place: int, raw: bytes) -> Told | None:
        """A line of one log, None for what is none."""
        return self._act(place, raw) if log == ACTS else self._access(log, place, raw)

    def _act(self, place: int, raw: bytes) -> Told | None:
        line = line_in(raw)
        if line is None:
            return None
        name, act, identity = event_id(ACTS, line.number, line.hash), line.act, self.identity
        return Told(
            log=ACTS,
            place=place,
            moment=_moment(act.at),
            id=name,
            people=(act.record,) if act.record else (),
            build=lambda: build_audit_event(
                identity, name, asdict(act), identity.patient(act.record)
            ),
        )

    def _access(self, log: int, place: int, raw: bytes) -> Told | None:
        found = access_in(raw)
        if found is None:
            return None
        (link, access), identity = found, self.identity
        name = event_id(log, link.number, link.hash)
        patients = map(identity.patient, access.about)
        return Told(
            log=log,
            place=place,
            moment=_moment(access.at),
            id=name,
            people=access.about,
            build=lambda: build_access_event(identity, name, asdict(access), patients),
        )


# Private functions


def _moment(said: str) -> float:
    return datetime.fromisoformat(said).timestamp()


def _moment_in(raw: bytes) -> float:
    """When a line was written; what is none is as old as anything."""
    link = read_link(raw)
    return _moment(str(link.said["at"])) if link is not None and "at" in link.said else 0.0


def _number_in(raw: bytes) -> int:
    link = read_link(raw)
    return 0 if link is None else link.number


def _earliest(criteria: Sequence[Criterion]) -> float:
    """Before this moment nothing fits."""
    return max(_bounds(criteria, _LOWER), default=0.0)


def _latest(criteria: Sequence[Criterion]) -> float | None:
    """After this moment nothing fits, None where something may."""
    return min(_bounds(criteria, _UPPER), default=None)


def _bounds(criteria: Sequence[Criterion], places: Mapping[str, int]) -> Iterator[float]:
    for each in criteria:
        values: Sequence[Sequence[object]] = ()
        if isinstance(each, Updated) or (isinstance(each, HasRange) and each.parameter == "date"):
            values = each.values
        if len(values) == 1 and values[0][0] in places:
            yield float(str(values[0][places[str(values[0][0])]]))
