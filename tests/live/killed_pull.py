"""A pull in a process of its own, killed where it is told to: around a request, or a transaction.

The clinic is the same in each process, built from the same story; the ledger lies in a folder.
"""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import httpx

from adapter.store.database import Database, Transaction
from adapter.sync.profile import PullRule
from tests.unit.sync.far_side import Take
from tests.unit.sync.test_care import CONDITION, STUDY
from tests.unit.sync.ward import PROFILE, Ward

PATIENTS = {"1": "77", "2": "78", "3": "79"}
EVERYTHING = (
    "SELECT * FROM version",
    "SELECT * FROM delivery",
    "SELECT * FROM inbox",
    "SELECT * FROM cursor",
    "SELECT * FROM instance",
    "SELECT * FROM holding",
)
IN_PAGES = PROFILE.model_copy(update={"pull": PullRule(page=2)})


@dataclass
class Point:
    """Where it is killed: at the so many-th of its requests and transactions, each in two halves.

    The first half ends before it takes effect, the second after. 0 is nowhere; `passed` counts.
    """

    at: int
    passed: int = 0

    def reach(self) -> None:
        """Dies here, if it is here."""
        self.passed += 1
        if self.passed == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


def begin(folder: Path) -> None:
    """The trial's first reading, and the first pull."""
    ward = _open(folder, Point(0))
    ward.admit(*PATIENTS)
    ward.ingest(**{f"p{name}": {"agree_care": "1"} for name in PATIENTS})
    _first_days(ward)
    ward.pull()
    ward.http.close()
    ward.close()


def go_on(folder: Path, at: int, *, is_full: bool) -> int:
    """The pull of some days later; how many points it passed.

    By then somebody answered again, changed an answer, deleted one, or entered it in error.
    """
    point = Point(at)
    ward = _open(folder, point)
    _first_days(ward)
    _later_days(ward)
    ward.pull(is_full=is_full)
    ward.http.close()
    ward.close()
    return point.passed


def held(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Everything that the ledger says."""
    with sqlite3.connect(folder / "ledger.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {asked: sorted(connection.execute(asked)) for asked in EVERYTHING}


# Private functions


class _Dying(Database):
    """Opening it is no part of a pull."""

    point = Point(0)

    @contextmanager
    def write(self, lane: str = "") -> Iterator[Transaction]:
        with super().write(lane) as tx:
            yield tx
            self.point.reach()
        self.point.reach()


def _first_days(ward: Ward) -> None:
    """Everybody answers, and has a condition."""
    for name, patient in PATIENTS.items():
        about = {"subject": {"reference": f"Patient/{patient}"}}
        ward.write(f"r{name}", 1, 2, 3, **about)
        ward.far.put({**CONDITION, **about, "id": f"c{name}"})


def _later_days(ward: Ward) -> None:
    """One changes an answer and answers again, one's are deleted, one's was an error.

    Hours lie between, so that no overlap reads again what a pull left out.
    """
    ward.write("r1", 1, 2, 2)
    ward.now += timedelta(hours=1)
    ward.write("r1-later", 3, 3, 3, authored="2024-03-04T09:00:00+11:00")
    ward.now += timedelta(hours=1)
    ward.write("r1-when", 1, 1, 1, authored="2023-03-04T09:00:00+11:00")
    ward.far.delete("QuestionnaireResponse/r2")
    ward.far.delete("Condition/c2")
    ward.write("r3", 1, 2, 3, status="entered-in-error", subject={"reference": "Patient/79"})
    ward.far.put({**CONDITION, "id": "c4", "subject": {"reference": "Patient/79"}})
    ward.now += timedelta(hours=1)
    ward.far.put({**CONDITION, "id": "c5", "subject": {"reference": "Patient/79"}})


def _open(folder: Path, point: Point) -> Ward:
    ward = Ward(folder, folder / "ledger.sqlite", IN_PAGES, STUDY)
    ward.open()
    ward.connect()
    database = _Dying(folder / "ledger.sqlite")
    database.point = point
    ward.database.close()
    ward.database = database
    ward.bench = replace(ward.bench, database=database)

    def dying(request: httpx.Request, take: Take) -> httpx.Response:
        point.reach()
        answer = take(request)
        point.reach()
        return answer

    ward.far.rule = dying
    return ward
