"""Beside the HTTP service: records that a source said were saved are fetched, and now and then all.

A trigger that was lost, or that nobody could be told of, only delays: the next reading of what has
changed finds it, and a record that was told again and again is fetched once. What waits stands in
the ledger, so that who is killed goes on where it was. Whoever else takes in at this moment goes
first: a ledger has one ingest at a time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

from adapter.errors import AdapterError, ConflictError, Origin, Problem, SourceError
from adapter.service.running import Service
from adapter.service.taking_in import records_of, take_in, take_in_all
from adapter.service.triggers import source_of, triggered_sources
from adapter.settings import RedcapApiSettings
from adapter.store import triggered
from adapter.store.triggered import Triggered
from adapter.waiting import wait_seconds

AT_ONCE = 100
"""So many records are fetched together; one that could not be had is then tried alone."""
GIVEN_UP = 12
"""So often a record is tried; after that it is left to the next reading of all."""
LOOKED_EVERY_SECONDS = 2.0
"""So often the ledger is looked at: where several processes answer, none of them rings here."""
TOGETHER_SECONDS = 0.2
"""What is saved within this time is fetched together."""
BUSY_SECONDS = 1.0


class Bell:
    """Wakes who works beside the service; several threads may ring."""

    def __init__(self) -> None:
        """Silent."""
        self._rung, self._over = threading.Event(), threading.Event()

    def ring(self) -> None:
        """There is something to do."""
        self._rung.set()

    def end(self) -> None:
        """There is nothing to do any more."""
        self._over.set()
        self._rung.set()

    @property
    def is_over(self) -> bool:
        """Whether the service ends."""
        return self._over.is_set()

    def wait(self, seconds: float) -> bool:
        """Waits for a ring, so long at most; whether it rang."""
        is_rung = self._rung.wait(seconds)
        self._rung.clear()
        return is_rung

    def rest(self, seconds: float) -> None:
        """Waits so long, whoever rings; not when the service ends."""
        self._over.wait(seconds)

    def go_on(self, _: int = 0) -> None:
        """Lets pass while the service goes on; called after each part of a reading.

        Raises:
            ConflictError: the service ends.
        """
        if self.is_over:
            raise ConflictError("The service ends; what was not read is found when it is back.")


@dataclass
class _Chore:
    """Something to do when it is due, by a clock that only grows; it says in how many seconds."""

    do: Callable[[], float]
    due: float = 0.0
    failures: int = 0


@dataclass(frozen=True)
class Work:
    """What is done beside the service. `tell` is given whatever goes wrong; nothing ends it."""

    service: Service
    bell: Bell
    every_seconds: float | None
    tell: Callable[[Exception], None]

    def go_on(self) -> None:
        """Works until the bell says that it is over."""
        fetching = _Chore(self._fetch_some)
        chores = [fetching, *([] if self.every_seconds is None else [_Chore(self._read_all)])]
        while not self.bell.is_over:
            for chore in chores:
                if chore.due <= time.monotonic():
                    self._try(chore)
            first = min(chore.due for chore in chores)
            is_rung = self.bell.wait(max(0.0, first - time.monotonic()))
            if is_rung and not fetching.failures:
                self.bell.rest(TOGETHER_SECONDS)
                fetching.due = 0.0

    def _try(self, chore: _Chore) -> None:
        try:
            seconds = chore.do()
        except ConflictError:  # somebody else takes in; what waits goes on waiting
            chore.due = time.monotonic() + BUSY_SECONDS
        except Exception as trouble:  # noqa: BLE001 - it is told, and tried again; else all would end
            chore.failures += 1
            chore.due = time.monotonic() + wait_seconds(chore.failures, None)
            self.tell(trouble)
        else:
            chore.failures, chore.due = 0, time.monotonic() + seconds

    def _read_all(self) -> float:
        """Reads what has changed in every source."""
        take_in_all(self.service, lambda: nullcontext(self.bell.go_on))
        return self.every_seconds or 0.0

    def _fetch_some(self) -> float:
        """Fetches who waits longest in one source."""
        for settings in triggered_sources(self.service.settings):
            source = source_of(settings)
            some = triggered.waiting(self.service.database.read(), source, AT_ONCE)
            if not some:
                continue
            if some[0].failures:  # what spoilt the fetching of others is fetched alone
                some = some[:1]
            try:
                self._fetch(settings, source, [each.record for each in some])
            except ConflictError:
                raise
            except AdapterError:
                self._note_failure(some)
                raise
            with self.service.database.write() as tx:
                for each in some:
                    triggered.settle(tx, each)
            return 0.0
        return LOOKED_EVERY_SECONDS

    def _fetch(self, settings: RedcapApiSettings, source: str, names: list[str]) -> None:
        self.bell.go_on()
        with records_of(self.service, settings, names, self.bell.rest) as snapshot:
            if snapshot.source.name != source:
                raise _another_project(source)
            if snapshot.scope:  # those that are not there are left to a reading of all
                take_in(self.service, snapshot, self.bell.go_on)

    def _note_failure(self, some: list[Triggered]) -> None:
        with self.service.database.write() as tx:
            for each in some:
                triggered.fail(tx, each)
                if each.failures + 1 >= GIVEN_UP and self.every_seconds is not None:
                    triggered.settle(tx, each)


@contextmanager
def catching_up(
    opened: AbstractContextManager[Service],
    every_seconds: float | None,
    tell: Callable[[Exception], None],
) -> Iterator[Bell]:
    """Works from a thread of its own, with an adapter of its own, for as long as the context lasts.

    `every_seconds` is how often everything is looked through, None for never.
    """
    bell = Bell()
    with opened as service:
        work = Work(service, bell, every_seconds, tell)
        thread = threading.Thread(target=work.go_on, name="catching-up", daemon=True)
        thread.start()
        try:
            yield bell
        finally:
            bell.end()
            thread.join()


def _another_project(source: str) -> SourceError:
    problem = Problem(
        Origin("adapter.toml"),
        "trigger.project",
        f"the number of the project that the token opens, for {source}",
        "another one",
        "Correct `project`, or the token.",
    )
    return SourceError("A trigger is that of another project.", (problem,))
