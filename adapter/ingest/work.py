"""What one ingest works with, and what it tells of itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Literal, TypeVar

from adapter.errors import Problem
from adapter.ingest.trial import Trial
from adapter.sources.source import Source
from adapter.store import runs
from adapter.store.cursors import Cursor
from adapter.store.database import Database, Transaction
from adapter.store.identities import Crosswalk

Outcome = Literal["created", "changed", "unchanged", "rejected", "empty", "retracted"]
RECORDS_A_COMMIT = 256
Batched = TypeVar("Batched")


@dataclass(slots=True)
class Report:
    """What an ingest did: outcomes per form, and how many problems it kept.

    `is_whole`: every row and every form could be read; only then is what is missing gone.
    `newcomers` are the people whom no ingest had met before, `kept_back` those whose own row does
    not let them be met, and `explained` those of whose forms it was said why they wait.
    `are_people_read`: what the source says of who takes part could be read. `undated` counts, per
    form, what was taken in and of which nothing says when it was answered.
    """

    run: int
    counts: dict[str, Counter[Outcome]] = field(default_factory=dict)
    problems: int = 0
    is_whole: bool = True
    newcomers: set[str] = field(default_factory=set)
    kept_back: set[str] = field(default_factory=set)
    explained: set[str] = field(default_factory=set)
    are_people_read: bool = True
    undated: Counter[str] = field(default_factory=Counter)

    def add(self, form: str, outcome: Outcome) -> None:
        """Counts one form instance."""
        self.counts.setdefault(form, Counter())[outcome] += 1


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A source to read, the moment it tells of, and how many vanished records are believed.

    `missing_limit` None: it is not the whole project, so nothing missing is retracted. `scope` is
    whom it tells everything of, None for everybody. `cursor` is how far the source has been read
    once all of this is, None for a source that is always read from its beginning. `notes` are worth
    knowing of how it is read. `key` tells the source apart from the `others` that are configured.
    """

    source: Source
    as_of: datetime
    missing_limit: int | None
    scope: frozenset[str] | None = None
    cursor: Cursor | None = None
    notes: tuple[Problem, ...] = ()
    key: str = ""
    others: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Ledger:
    """Where what was read is kept: the data, and apart from it who is who."""

    database: Database
    crosswalk: Crosswalk


@dataclass(frozen=True, slots=True)
class Ingest:
    """One run over one snapshot of a source.

    `watched` is where rows were kept back before. `last_day` is the last local day that may stand
    in the source without a warning. `unheard` are the other sources of which not all was read yet.
    """

    database: Database
    crosswalk: Crosswalk
    trial: Trial
    snapshot: Snapshot
    report: Report
    now: str
    step: Callable[[int], None]
    watched: frozenset[str] = frozenset()
    last_day: str = ""
    unheard: frozenset[str] = frozenset()


def reject(
    tx: Transaction,
    work: Ingest,
    form: str,
    problems: Iterable[Problem],
    *,
    counts: bool = True,
) -> None:
    """Keeps problems with their reason; with `counts` they are one form instance rejected."""
    for problem in problems:
        runs.reject(tx, problem, form, work.report.run)
    if counts:
        work.report.add(form or "unreadable row", "rejected")


def batches(items: Iterable[Batched], size: int) -> Iterator[list[Batched]]:
    """What is taken in together, in one transaction."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
