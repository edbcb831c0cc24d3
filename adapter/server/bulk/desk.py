"""Takes orders for exports, tells how they stand, and gives out what was written.

Everything is in the ledger's database and in a folder that every worker sees, so that any of them
can answer. Before files are given out, the release gate is asked again: where somebody withdrew
since, they are taken away, and the client has to ask anew.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any

from adapter.fhir.operation_outcome import RefusalError, refuse
from adapter.instruments.study import Study
from adapter.release import CARE, PARTICIPATION, Subject, decide
from adapter.server.bulk.filters import criteria_of
from adapter.server.bulk.order import Order, kept_order
from adapter.server.caller import Caller
from adapter.server.ledger import Ledger, View
from adapter.store import exports, snapshots
from adapter.store.exports import Job, NewJob, WholeFile
from adapter.store.transaction import Transaction

GAP_SECONDS = 0.5  # between two questions about a status; who asks sooner is told to wait
_AGES = ((10.0, 1), (60.0, 5))  # an export as old in seconds is asked about again after so many
_SLOWEST = 30
_JOB = re.compile(r"[A-Za-z0-9_-]{32}")  # as `unique` makes them: nothing else is swept away


@dataclass(frozen=True)
class Desk:
    """Where exports are asked for. `folder` holds one folder a job.

    `basis` is a digest of the declarations: files that were written under others are not given out.
    `unique` gives a text that nobody can guess. `wakes` is set when there is work.
    """

    ledger: Ledger
    base: str
    folder: Path
    basis: str
    unique: Callable[[], str]
    hours: float = 24.0
    wakes: Event = field(default_factory=Event)

    def take(self, order: Order, client: str, *, is_aside: bool = False) -> str:
        """Begins an export; gives its name. One that is `aside` is written by who asks.

        Raises:
            RefusalError: 400 for a filter that no search would take, 404 for a patient who is not
                there, 429 while another export of this client is being written.
        """
        view = View(self.ledger, order.caller, self.ledger.database.read())
        asked, job = criteria_of(order, view), self.unique()
        is_searched = bool(asked) or order.associated == "latest"
        if is_searched:  # all but the last of it, so that the transaction is short
            self.ledger.catch_up()
        with self.ledger.database.write() as tx:
            if exports.running(tx, client):
                raise _too_many()
            ends = self._seconds() + self.hours * 3600 if is_aside else 0.0
            new = NewJob(job, client, order.as_text(), self.basis, ends)
            exports.begin(tx, new, self.ledger.now())
            for name in snapshots.people(tx, job) if order.clinic else ():
                if not self.ledger.is_linked(order.clinic, name):
                    snapshots.leave_out(tx, job, name)
            self._check_patients(tx, order, job)
            if is_searched:  # in the same transaction: what is found is what stands at this place
                self.ledger.catch_up_in(tx)
            by_then = View(self.ledger, order.caller, tx)
            for resource_type, criteria in asked:
                snapshots.choose(tx, job, resource_type, criteria, by_then.may_see)
        self.wakes.set()
        return job

    def status(self, job: str, caller: Caller) -> tuple[Job, list[WholeFile]]:
        """How an export of this client stands, and its files, as far as they are whole.

        Raises:
            RefusalError: 404 for one that is not theirs or is over, 410 where it was overtaken, 429
                for a question too soon after another.
        """
        known = self._theirs(job, caller)
        if known.state == "running":
            now = self.ledger.now().timestamp()
            if 0 <= now - known.polled < GAP_SECONDS:
                raise _too_soon()
            with self.ledger.database.write() as tx:
                exports.note_poll(tx, job, now)
            return known, []
        if known.state == "failed":
            raise refuse(500, "exception", "The export failed; the reason is in the server's log")
        return known, exports.files(self.ledger.database.read(), job)

    def file(self, job: str, number: int, caller: Caller) -> tuple[WholeFile, Path]:
        """A whole file of an export of this client, and where it stands.

        Raises:
            RefusalError: as for its status; 403 where the scopes do not allow its type.
        """
        known = self._theirs(job, caller)
        whole = exports.files(self.ledger.database.read(), job)
        found = next((each for each in whole if each.number == number), None)
        if known.state != "done" or found is None:
            raise _unknown()
        if found.kind != "error" and not (
            caller.may("r", found.type) and caller.may("s", found.type)
        ):
            raise refuse(403, "forbidden", "The scopes of this client do not allow the file's type")
        path = self.folder / job / found.name
        if not path.is_file():
            raise _unknown()
        return found, path

    def drop(self, job: str, client: str) -> None:
        """Ends an export of this client, and takes its files away.

        Raises:
            RefusalError: 404, for one that is not theirs, or is over.
        """
        known = exports.find(self.ledger.database.read(), job)
        if known is None or known.client != client:
            raise _unknown()
        self.forget(job)

    def forget(self, job: str) -> None:
        """Takes an export away, its files first."""
        shutil.rmtree(self.folder / job, ignore_errors=True)
        with self.ledger.database.write() as tx:
            exports.forget(tx, job)

    def sweep(self) -> None:
        """Takes away the exports whose time is over, and the folders that belong to none."""
        tx = self.ledger.database.read()
        for job in exports.ended(tx, self.ledger.now().timestamp()):
            self.forget(job)
        for left in self.folder.iterdir() if self.folder.is_dir() else ():
            if _JOB.fullmatch(left.name) and exports.find(tx, left.name) is None:
                shutil.rmtree(left, ignore_errors=True)

    def is_overtaken(self, job: Job, order: Order) -> bool:
        """Whether somebody may be known no more who could be when the export began."""
        if job.basis != self.basis:
            return True
        tx, study = self.ledger.database.read(), self.ledger.study
        today = self.ledger.now().astimezone(study.zone).date().isoformat()
        reader = order.caller.reader
        if order.clinic and not all(
            self.ledger.is_linked(order.clinic, name) for name in snapshots.people(tx, job.job)
        ):
            return True
        for then, now in snapshots.changed_people(tx, job.job):
            for form in _forms(study):
                subject = Subject(then.participant, form)
                was = decide(subject, study, reader, then, today).is_released
                if was and not decide(subject, study, reader, now, today).is_released:
                    return True
        return False

    def retry_after(self, job: Job) -> int:
        """After how many seconds it is worth while to ask again."""
        age = (self.ledger.now() - datetime.fromisoformat(job.moment)).total_seconds()
        return next((seconds for most, seconds in _AGES if age < most), _SLOWEST)

    def manifest(self, job: Job, files: list[WholeFile]) -> dict[str, Any]:
        """What is told of an export that is done."""
        lists: dict[str, list[dict[str, Any]]] = {"output": [], "deleted": [], "error": []}
        types = {"deleted": "Bundle", "error": "OperationOutcome"}
        for each in files:
            url = f"{self.base}/bulk/{job.job}/{each.name}"
            told = {"type": types.get(each.kind, each.type), "url": url, "count": each.count}
            lists[each.kind].append(told)
        if not lists["deleted"]:
            del lists["deleted"]
        return {
            "transactionTime": job.moment,
            "request": kept_order(job.said).request,
            "requiresAccessToken": True,
            **lists,
        }

    def _theirs(self, job: str, caller: Caller) -> Job:
        known = exports.find(self.ledger.database.read(), job)
        if known is None or known.client != caller.client:
            raise _unknown()
        if known.state not in {"running", "overtaken"} and known.ends <= self._seconds():
            self.forget(job)
            raise _unknown()
        order = kept_order(known.said)
        is_another = order.caller.reader != caller.reader
        if known.state == "overtaken" or is_another or self.is_overtaken(known, order):
            self.overtake(job)
            raise _overtaken()
        return known

    def overtake(self, job: str) -> None:
        """Takes the files of an export away that hold what may be known no more."""
        shutil.rmtree(self.folder / job, ignore_errors=True)
        with self.ledger.database.write() as tx:
            exports.settle(tx, job, "overtaken", self._seconds() + self.hours * 3600)

    def _seconds(self) -> float:
        return self.ledger.now().timestamp()

    def _check_patients(self, tx: Transaction, order: Order, job: str) -> None:
        """That every patient who is named is there, for this client."""
        if order.patients is None:
            return
        view = View(self.ledger, order.caller, tx)
        patient = self.ledger.identity.patient
        ids = {patient(name): name for name in snapshots.people(tx, job)}
        for each in order.patients:
            if each not in ids or not view.may_see(ids[each], PARTICIPATION):
                raise refuse(404, "not-found", "There is no such patient among those of the export")


def _forms(study: Study) -> list[str]:
    placed = [each.form for each in study.forms]
    return [PARTICIPATION, *placed, *(f"{CARE}{rule.type}" for rule in study.from_care)]


def _unknown() -> RefusalError:
    return refuse(404, "not-found", "There is no such export here")


def _overtaken() -> RefusalError:
    text = "What may be known has changed since the export began; ask for another one"
    return refuse(410, "expired", text)


def _too_many() -> RefusalError:
    return refuse(429, "throttled", "Another export of this client is being written")


def _too_soon() -> RefusalError:
    return refuse(429, "throttled", "The status was asked for a moment ago")
