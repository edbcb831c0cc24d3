"""The logs of acts and of accesses as AuditEvents, the newest first, a page at a time.

They are files that are appended to, and are read from their ends: nothing is kept in memory but the
page. Where a page goes on is said by where it stopped in each file, so that it stays what it is
while lines are added. Source: https://hl7.org/fhir/R4/auditevent.html
"""

from __future__ import annotations

import heapq
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from adapter.fhir.audit_event import build_access_event, build_audit_event, event_id
from adapter.fhir.identity import Identity
from adapter.fhir.search.criteria import Criterion, HasRange, Ids, Updated
from adapter.fhir.search.fits import fits
from adapter.fhir.search.index import found_by
from adapter.store.access_log import access_in, chains_of, parts_of
from adapter.store.audit import line_in
from adapter.store.backwards import end_of, lines_before, place_of
from adapter.store.chain import number_in, read_link

MOST_LINES = 50_000
MOST_BUILT = 5_000
"""So many of them are made into AuditEvents to see whether they fit."""
ACTS = 0
_ID = re.compile(r"(\d{1,3})-(\d{1,12})-([0-9a-f]{16})")
_CLOCK_SECONDS = 3600.0
"""So far a clock may have been set back between two lines."""
_LOWER = {"eq": 1, "ge": 1, "gt": 1, "sa": 1}
_UPPER = {"eq": 2, "le": 2, "lt": 2, "eb": 2}
"""Where in (prefix, low, high) the moments are behind and before which nothing fits."""
Place = tuple[int, int]
"""Which of the files of a log, counted from 1, and where in it."""
Ends = dict[int, Place]
"""By log, the place before which a page goes on."""


@dataclass(frozen=True, slots=True)
class Told:
    """A line of a log: where it stands, when it was written, its AuditEvent, whom it is about."""

    log: int
    place: Place
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
        earliest, until, built = _earliest(criteria), _latest(criteria), 0
        stopped = dict(ends)
        for number, told in enumerate(self._lines(criteria, ends)):
            if told.moment < earliest - _CLOCK_SECONDS:
                return Page(events, people, None)
            if len(events) == count or number == self.most_lines or built == MOST_BUILT:
                return Page(events, people, stopped)
            stopped[told.log] = told.place
            is_of_them = about is None or not set(about).isdisjoint(told.people)
            is_then = earliest <= told.moment <= until
            if not (is_of_them and is_then):
                continue  # told by the line alone
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
        last = until + _CLOCK_SECONDS
        return {log: self._behind(log, lambda raw: _moment_in(raw) <= last) for log in self._logs()}

    def one(self, name: str) -> Told | None:
        """The line of an AuditEvent by its id, None where there is none."""
        said = _ID.fullmatch(name)
        if said is None or int(said[1]) not in self._logs():
            return None
        log, number = int(said[1]), int(said[2])
        end = self._behind(log, lambda raw: number_in(raw) <= number)
        told = next(self._of(log, end), None)
        return told if told is not None and told.id == name else None

    def _behind(self, log: int, is_before: Callable[[bytes], bool]) -> Place:
        """The place in a log behind the last line that is before something."""
        parts = self._parts(log)
        for part in sorted(parts, reverse=True):
            with parts[part].open("rb") as file:
                first = file.readline()
            if first and (part == min(parts) or is_before(first)):
                return part, place_of(parts[part], end_of(parts[part]), is_before)
        return 1, 0

    def _logs(self) -> list[int]:
        return [*([ACTS] if self.audit.exists() else []), *chains_of(self.audit)]

    def _parts(self, log: int) -> dict[int, Path]:
        """The files of a log that are there, by their number; one may have been moved away."""
        return {1: self.audit} if log == ACTS else parts_of(self.audit, log)

    def _lines(self, criteria: Sequence[Criterion], ends: Ends) -> Iterator[Told]:
        """What is looked at, the newest first: those that are named, or every one."""
        named = [each.values for each in criteria if isinstance(each, Ids)]
        if not named:
            return self._newest_first(ends)
        known = (told for told in map(self.one, dict.fromkeys(named[0])) if told is not None)
        before = (told for told in known if told.place < ends.get(told.log, (0, 0)))
        return iter(sorted(before, key=_order))

    def _newest_first(self, ends: Ends) -> Iterator[Told]:
        known = self._logs()
        logs = (self._of(log, end) for log, end in ends.items() if log in known)
        return heapq.merge(*logs, key=_order)

    def _of(self, log: int, end: Place) -> Iterator[Told]:
        parts = self._parts(log)
        for part in sorted(parts, reverse=True):
            if part > end[0]:
                continue
            until = end[1] if part == end[0] else parts[part].stat().st_size
            for place, raw in lines_before(parts[part], until):
                told = self._read(log, (part, place), raw)
                if told is not None:
                    yield told

    def _read(self, log: int, place: Place, raw: bytes) -> Told | None:
        """A line of one log, None for what is none."""
        return self._act(place, raw) if log == ACTS else self._access(log, place, raw)

    def _act(self, place: Place, raw: bytes) -> Told | None:
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

    def _access(self, log: int, place: Place, raw: bytes) -> Told | None:
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


def _order(told: Told) -> tuple[float, int, int, int]:
    part, place = told.place
    return -told.moment, told.log, -part, -place


def _moment(said: str) -> float:
    return datetime.fromisoformat(said).timestamp()


def _moment_in(raw: bytes) -> float:
    """When a line was written; what is none is as old as anything."""
    link = read_link(raw)
    return _moment(str(link.said["at"])) if link is not None and "at" in link.said else 0.0


def _earliest(criteria: Sequence[Criterion]) -> float:
    """Before this moment nothing fits."""
    return max(_bounds(criteria, _LOWER), default=0.0)


def _latest(criteria: Sequence[Criterion]) -> float:
    """After this moment nothing fits."""
    return min(_bounds(criteria, _UPPER), default=math.inf)


def _bounds(criteria: Sequence[Criterion], places: Mapping[str, int]) -> Iterator[float]:
    for each in criteria:
        values: Sequence[Sequence[object]] = ()
        if isinstance(each, Updated) or (isinstance(each, HasRange) and each.parameter == "date"):
            values = each.values
        if len(values) == 1 and values[0][0] in places:
            yield float(str(values[0][places[str(values[0][0])]]))
