"""Writes the files of exports, beside the answering of requests: one at a time in each worker.

Whoever writes one holds a lease, and writes down each file when it is whole; what a killed worker
left is gone on with by the next that looks, its unfinished file from its beginning.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from threading import Event, Thread

import orjson

from adapter.errors import AdapterError, ConflictError
from adapter.export.parts import Block, write_part
from adapter.fhir.operation_outcome import Issue, operation_outcome
from adapter.server.bulk.contents import Contents, contents_of
from adapter.server.bulk.desk import Desk
from adapter.server.bulk.order import Order, kept_order
from adapter.store import exports
from adapter.store.exports import Job, Kind, WholeFile

LINES_A_FILE = 100_000
LOOK_SECONDS = 2.0  # how soon the work of a worker that died is seen
_LOG = logging.getLogger(__name__)


class _GivenUpError(Exception):
    """The export was taken back, or overtaken, or this worker stops."""


@dataclass
class Worker:
    """Does the work of a desk in a thread, until it is stopped."""

    desk: Desk
    lines_a_file: int = LINES_A_FILE
    _stops: Event = field(default_factory=Event)
    _thread: Thread | None = None

    def start(self) -> None:
        """Begins; what was left undone is gone on with."""
        self._thread = Thread(target=self._run, name="export", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends between two blocks; another worker, or this one when started again, goes on."""
        self._stops.set()
        self.desk.wakes.set()
        if self._thread is not None:
            self._thread.join()

    def work(self) -> None:
        """Writes every export that waits and that nobody else writes."""
        self.desk.sweep()
        for job in exports.running(self.desk.ledger.database.read()):
            if self._stops.is_set():
                return
            alone = self.desk.ledger.database.sole_writer(f"export {job.job}")
            with suppress(ConflictError, _GivenUpError), alone:  # another has it; it is no more
                if self._is_running(job):  # and no other has written it meanwhile
                    self._write(job)

    def _run(self) -> None:
        while not self._stops.is_set():
            self.desk.wakes.clear()
            try:
                self.work()
            except AdapterError as trouble:  # a ledger that is away comes back
                _LOG.warning("Exports wait: %s", type(trouble).__name__)
            self.desk.wakes.wait(LOOK_SECONDS)

    def _write(self, job: Job) -> None:
        desk, order = self.desk, kept_order(job.said)
        try:
            for folder in (desk.folder, desk.folder / job.job):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            contents = contents_of(job, order, desk.ledger)
            contents = replace(contents, most=min(contents.most, self.lines_a_file))
            if desk.is_overtaken(job, order):
                desk.overtake(job.job)
                return
            for kind, resource_type in _steps(order):
                self._write_type(contents, kind, resource_type)
            self._settle(job, "done")
        except (_GivenUpError, AdapterError):
            raise
        except Exception as wrong:  # noqa: BLE001 - whatever it is, the client has to learn of it
            # Its words may hold an answer: the log gets where it was, and of which kind.
            _LOG.error("An export failed: %s", type(wrong).__name__)
            self._settle(job, "failed")

    def _write_type(self, contents: Contents, kind: Kind, resource_type: str) -> None:
        """Goes on with the files of a type where the last whole one ends."""
        desk, job = self.desk, contents.job
        whole = exports.files(desk.ledger.database.read(), job.job)
        mine = [each for each in whole if (each.kind, each.type) == (kind, resource_type)]
        number, after = len(whole) + 1, mine[-1].place if mine else 0
        if kind == "error":
            source = iter(() if mine else (_passed_over(contents.order),))
        else:
            of_kind = contents.lines if kind == "output" else contents.deletions
            source = of_kind(resource_type, after)
        blocks = self._watched(source, job)
        enough = self.lines_a_file - contents.most + 1  # or another block might be too much
        while True:
            path = desk.folder / job.job / exports.name_of(number)
            part = write_part(path, blocks, enough)
            if part is None:
                return
            with desk.ledger.database.write() as tx:
                if exports.find(tx, job.job) is not None:
                    told = (part.count, part.place, part.about)
                    whole_file = WholeFile(number, kind, resource_type, *told)
                    exports.add_file(tx, job.job, whole_file)
            number += 1

    def _watched(self, blocks: Iterator[Block], job: Job) -> Iterator[Block]:
        """The same, for as long as they are wanted and this worker has the right to them."""
        for block in blocks:
            self._check(job)
            yield block

    def _check(self, job: Job) -> None:
        self.desk.ledger.database.renew()
        if self._stops.is_set():
            raise _GivenUpError
        if not self._is_running(job):
            shutil.rmtree(self.desk.folder / job.job, ignore_errors=True)
            raise _GivenUpError

    def _is_running(self, job: Job) -> bool:
        known = exports.find(self.desk.ledger.database.read(), job.job)
        return known is not None and known.state == "running"

    def _settle(self, job: Job, state: exports.State) -> None:
        self._check(job)
        ends = self.desk.ledger.now().timestamp() + self.desk.hours * 3600
        with self.desk.ledger.database.write() as tx:
            exports.settle(tx, job.job, state, ends)


def _steps(order: Order) -> Iterator[tuple[Kind, str]]:
    for resource_type in order.types:
        yield "output", resource_type
    if order.since:
        for resource_type in order.types:
            yield "deleted", resource_type
    if order.passed_over:
        yield "error", ""


def _passed_over(order: Order) -> Block:
    issues = (Issue("not-supported", text, severity="warning") for text in order.passed_over)
    return Block([orjson.dumps(operation_outcome(*issues))], 0)
