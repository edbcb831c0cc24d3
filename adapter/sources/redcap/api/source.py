"""A REDCap project behind its API, as a source.

What it holds is read in batches of records, so that what is in memory does not grow with the rows;
the names of the records are held, a few dozen bytes each. Given a position to go on from, it tells
of the records that changed since then, and of those alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from adapter.errors import Origin, Problem
from adapter.instruments.response import Record
from adapter.instruments.study import Study
from adapter.sources.redcap.api.changes import Changes, before, read_changes
from adapter.sources.redcap.api.connection import Connection
from adapter.sources.redcap.api.export import Export
from adapter.sources.redcap.api.setup import Setup, read_setup
from adapter.sources.redcap.project import Project
from adapter.sources.source import FormShape

_MEND = "Mend it in REDCap; until then, what this run left open is read again by the next."
_RIGHTS = "Give the token's user the right to export all fields, or correct the mapping."


@dataclass(frozen=True, slots=True)
class Since:
    """Where to go on from: a position in the server's time, and what everything was read by."""

    position: str
    basis: str


@dataclass(frozen=True, slots=True)
class Reading:
    """How a project is read.

    `basis` stands for what reads it; `since` says by the project's name where to go on from, None
    for everything. `batch` is how many records are asked for at once, `overlap` how far a reading
    goes back behind its position. `only` are records of which alone it tells, whatever happened to
    others: such a reading says of no record that it is gone, and no other may go on from it.
    """

    basis: str = ""
    since: Callable[[str], Since | None] = lambda _: None
    batch: int = 100
    overlap: timedelta = timedelta(minutes=75)
    only: tuple[str, ...] | None = None


class ApiSource:
    """One project, and the records of it that are to be read."""

    def __init__(self, connection: Connection, study: Study, reading: Reading) -> None:
        """Reads what the project is made of, and which records there are to read.

        Everything is read where `reading` goes on from nowhere, and where the basis or the project
        is another one than by then.

        Raises:
            SourceError: the project cannot be read, or is not this study's.
        """
        self._study, self._batch = study, reading.batch
        self._setup = read_setup(connection)
        self._export = Export(connection, self._setup)
        self.scope: frozenset[str] | None
        self.basis = _digest(reading.basis, self._setup)
        if reading.only is None:
            since, begin = reading.since(self._setup.name), None
            if since is not None and since.basis == self.basis:
                begin = before(since.position, reading.overlap)
            # Before the records: what changes while they are read is met again next time.
            self._changes = read_changes(connection, self._setup, begin)
            self._records, self.scope = self._find_records(begin, self._changes)
        else:
            self._changes = Changes(None)
            self._records = self._find_named(reading.only)
            self.scope = frozenset(self._records)
        if self._records:
            self._export.hide_what_is_not_given(self._records[0])
        self._project = Project(
            self._setup.name, self._setup.dictionary, study, self._export.header
        )

    @property
    def name(self) -> str:
        """The host, and the project's number."""
        return self._setup.name

    @property
    def position(self) -> str | None:
        """Where the next reading may go on from, None where that is not known."""
        return self._changes.position

    @property
    def has_log(self) -> bool:
        """Whether the project's log may be read; without it everything is read every time."""
        return self._changes.has_log

    @property
    def shapes(self) -> Mapping[str, FormShape]:
        """The forms of the dictionary."""
        return self._project.shapes

    def missing_columns(self, form: str, fields: tuple[str, ...]) -> list[Problem]:
        """See `Source`."""
        missing = self._project.missing_columns(form, fields)
        return [*(_explained(problem) for problem in missing), *self._misplaced(form)]

    def missing_facts(self) -> list[Problem]:
        """See `Source`."""
        return [_explained(problem) for problem in self._project.missing_facts()]

    def records(self, forms: frozenset[str]) -> Iterator[Record | Problem]:
        """See `Source`."""
        asked = [form for form in self._setup.dictionary.forms if form in forms]
        if not asked:
            return
        for start in range(0, len(self._records), self._batch):
            for row in self._export.rows(self._records[start : start + self._batch], asked):
                if isinstance(row, Problem):
                    yield row
                    continue
                for each in self._project.records_of(row, forms):
                    yield replace(each, action=_MEND) if isinstance(each, Problem) else each

    def _find_records(
        self, begin: str | None, changes: Changes
    ) -> tuple[list[str], frozenset[str] | None]:
        """The records to read, and whom that tells everything of: None is everybody."""
        if begin is None or changes.is_unclear:
            return self._export.names(), None
        changed = self._export.names(dateRangeBegin=f"{begin}:00")
        others = sorted(changes.deleted - set(changed))
        # Of some only a part was deleted, and some names may have been used again.
        existing = self._export.names(records=others) if others else []
        return [*changed, *existing], frozenset({*changed, *others})

    def _find_named(self, names: tuple[str, ...]) -> list[str]:
        """Those of the records of these names that there are."""
        there = self._export.names(records=names) if names else []
        return [name for name in there if name in names]

    def _misplaced(self, form: str) -> list[Problem]:
        """Where the study asks a form, and the project does not."""
        placement, places = self._study.placement_of(form), self._setup.places
        if placement is None or places is None:
            return []
        points = [point for point in self._study.timepoints if point.id in placement.at]
        absent = [
            point for point in points if not any((event, form) in places for event in point.events)
        ]
        return [
            Problem(
                Origin(self.name),
                form,
                f"the form in an event of timepoint `{point.id}` ({', '.join(point.events)})",
                "none",
                "Correct `at` or the events in the study file, or the project.",
                "error" if len(absent) == len(points) else "warning",
            )
            for point in absent
        ]


def _digest(basis: str, setup: Setup) -> str:
    return hashlib.blake2b(f"{basis}\n{setup.digest}".encode(), digest_size=16).hexdigest()


def _explained(problem: Problem) -> Problem:
    return replace(problem, origin=replace(problem.origin, line=None), action=_RIGHTS)
