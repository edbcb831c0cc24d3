"""What touches very many is written in turns: whoever is killed between two leaves each whole.

The next run goes on, and comes to the ledger that nobody disturbed. A process of its own is killed,
on both databases.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from adapter.release import Receiver
from adapter.store.database import Database, Transaction
from tests.unit.ingest.project import (
    CLINIC,
    EVERYTHING,
    Bench,
    people,
)

PEOPLE = 4
DYING = """
import sys
from pathlib import Path
from tests.unit.ingest import test_turns
folder, where, step, query, number = sys.argv[1:]
where = where if "://" in where else Path(where)
database = test_turns.Dying(where, query, int(number))
test_turns.STEPS[step](test_turns.bench_at(Path(folder), database))
"""
GONE = "SELECT count(*) FROM participant WHERE is_missing = 1"
OWED = "SELECT count(*) FROM delivery WHERE clinic = 'newcomer'"
DOCUMENTED = "SELECT count(*) FROM version WHERE type = 'DocumentReference'"
CONTENTS = (
    "SELECT type, id, version, is_retracted, text FROM version ORDER BY type, id, version",
    "SELECT clinic, type, id, version, action, state FROM delivery ORDER BY clinic, seq",
    "SELECT unit, status FROM instance ORDER BY unit",
)


class Dying(Database):
    """Each turn writes one; at the border where a query counts so many, the process is killed."""

    turn_seconds = 0.0

    def __init__(self, where: Path | str, query: str, number: int) -> None:
        self._query, self._number, self._is_open = query, number, False
        super().__init__(where)
        self._is_open = True

    @contextmanager
    def write(self, lane: str = "") -> Iterator[Transaction]:
        with super().write(lane) as tx:
            yield tx
        if self._is_open and self.read().execute(self._query).fetchone()[0] == self._number:
            signal.raise_signal(signal.SIGKILL)


def bench_at(folder: Path, database: Database) -> Bench:
    opened = Bench.open(folder)
    opened.database.close()
    return replace(opened, database=database)


def lose_all_but_one(bench: Bench) -> None:
    bench.ingest(*people(1), missing_limit=PEOPLE)


def join(bench: Bench) -> None:
    """Somebody new takes everything, and the clinic documents in place of resources."""
    newcomer = Receiver("newcomer", "care", EVERYTHING - {"Provenance"})
    reader = Receiver(CLINIC, "care", frozenset({"DocumentReference"}), frozenset({"document"}))
    joined = replace(bench.trial, receivers=(reader, newcomer))
    replace(bench, trial=joined).ingest(*people(PEOPLE))


STEPS = {"lose": lose_all_but_one, "join": join}


def begin(folder: Path, where: Path | str, *, is_delivered: bool) -> Bench:
    folder.mkdir(exist_ok=True)
    bench = bench_at(folder, Database(where))
    bench.ingest(*people(PEOPLE))
    if is_delivered:
        bench.deliver(CLINIC)
    return bench


def undisturbed(folder: Path, step: str, *, is_delivered: bool) -> list[list[tuple[object, ...]]]:
    with closing(begin(folder, folder / "clean.sqlite", is_delivered=is_delivered)) as bench:
        STEPS[step](bench)
        return contents(bench)


def contents(bench: Bench) -> list[list[tuple[object, ...]]]:
    read = bench.database.read()
    return [[tuple(row) for row in read.execute(query)] for query in CONTENTS]


def killed(bench: Bench, where: Path | str, step: str, query: str, number: int) -> int:
    """How a process of its own ended, which takes this step and dies at that border."""
    said = [str(bench.folder), str(where), step, query, str(number)]
    return subprocess.run([sys.executable, "-c", DYING, *said], check=False).returncode


def test_who_dies_between_two_people_taken_back_leaves_each_of_them_whole(
    where: Path | str, tmp_path: Path
) -> None:
    gone = 2
    clean = undisturbed(tmp_path / "clean", "lose", is_delivered=True)
    with closing(begin(tmp_path / "killed", where, is_delivered=True)) as bench:
        ended = killed(bench, where, "lose", GONE, gone)
        of_each = Counter(
            row[0]
            for row in bench.database.read().execute(
                "SELECT participant FROM instance WHERE status = 'entered-in-error'"
            )
        )
        lose_all_but_one(bench)
        told = contents(bench)

    assert ended == -signal.SIGKILL
    assert sorted(of_each.values()) == [2] * gone
    assert told == clean


@pytest.mark.parametrize(
    ("query", "number"),
    [(DOCUMENTED, 1), (OWED, 20)],
    ids=["the first document", "some owed"],
)
def test_who_dies_while_somebody_new_is_owed_everything_owes_it_once_and_in_order(
    where: Path | str, tmp_path: Path, query: str, number: int
) -> None:
    clean = undisturbed(tmp_path / "clean", "join", is_delivered=False)
    with closing(begin(tmp_path / "killed", where, is_delivered=False)) as bench:
        ended = killed(bench, where, "join", query, number)
        half = bench.owed(CLINIC)
        join(bench)
        told = contents(bench)

    assert ended == -signal.SIGKILL
    assert half.keys() == {"put DocumentReference"}  # never beside what it gets no more
    assert told == clean
