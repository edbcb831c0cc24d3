"""What is fed again, poisoned, locked, restored or told by an odd clock still arrives once."""

from __future__ import annotations

import itertools
import math
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapter.errors import ConflictError, ResourceError
from adapter.simulate.versions import Resource
from adapter.store.database import Database
from adapter.sync.push import push
from adapter.sync.set_back import read_again
from adapter.sync.verify import verify
from tests.live.simulated import SEED, checked, opened_clinic, remembering, simulated
from tests.live.small import TRIAL, SmallTrial
from tests.live.survival import IS_FULL, Nursery, Owed, is_alive, note, wait_for

POISON = 666


def refusing_poison(resource: Resource) -> None:
    """Refuses one value; a Bundle is asked for as a whole, too, and passes."""
    if resource.get("valueInteger") == POISON:
        raise ResourceError("a value that is not taken")


def test_a_poison_among_many_is_found_by_halving_and_the_rest_arrives(
    where: Path | str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    people, entries = (1_112 if IS_FULL else 24), 48
    chance = random.Random(SEED)  # noqa: S311 - where it is
    who, turn = str(chance.randrange(people)), chance.randrange(4)
    name = f"Observation/o-{who}-{turn}-0"
    claims: list[int] = []
    with (
        simulated(check=refusing_poison) as system,
        Owed.opened(where, tmp_path, system.url, entries=entries) as owed,
    ):
        owed.fill(people, turns=4)
        owed.amend(who, turn, POISON)
        with opened_clinic(owed.job) as clinic:
            report = push(clinic, claims.append)
            more = len(system.layer.met) - len(claims)  # each claim is one bundle
            counted = {state: count for state, count in owed.counted().items() if count}
            owed.amend(who, turn, 6)
            mended = push(clinic)
        owed.order[who].remove(name)  # it was mended last
        owed.order[who].append(name)
        figures = checked(owed, system.clean)

    assert report.refused == {"Observation": 1}
    assert counted == {"accepted": people * 9 - 1, "quarantined": 1, "superseded": 1}
    assert 0 < more <= 2 * math.ceil(math.log2(entries))
    assert mended.created == {"Observation": 1}
    figures |= {"bundles": len(claims), "requests more for the one with the poison": more}
    note(f"poison: {request.node.callspec.id}", figures)


def test_the_same_export_fed_three_times_in_any_order_writes_once(tmp_path: Path) -> None:
    lines = (TRIAL / "records.csv").read_text("utf-8").split("\n")[1:]
    people = sorted({line.split(",")[0] for line in lines if line})[: 89 if IS_FULL else 4]
    chance = random.Random(SEED)  # noqa: S311 - in which order
    journal = tmp_path / "far.ndjson"
    with remembering(journal) as url:
        trial = SmallTrial(tmp_path, url, frozenset(people))
        trial.read()
        first = trial.clinic("push")
        written = journal.read_bytes()
        for _ in range(2):
            head, *rows = (tmp_path / "records.csv").read_text("utf-8").strip().split("\n")
            chance.shuffle(rows)
            (tmp_path / "records.csv").write_text("\n".join([head, *rows, ""]), "utf-8")
            trial.run("ingest")
            again = trial.clinic("push")

            assert not any(again[word] for word in ("created", "updated", "retracted"))
            assert journal.read_bytes() == written

    assert sum(first["created"].values()) > len(people) * 10
    note("fed three times", {"people": len(people), "written again": 0})


def test_a_ledger_restored_from_an_older_copy_doubles_nothing_and_takes_nothing_back(
    nursery: Nursery, tmp_path: Path
) -> None:
    people = 200 if IS_FULL else 10
    ledger, copy = tmp_path / "ledger.sqlite", tmp_path / "copy.sqlite"
    with simulated() as system, Owed.opened(ledger, tmp_path, system.url) as owed:
        owed.fill(people, turns=2)
        nursery.finish(owed.job)
        some, others = range(0, people, 2), range(1, people, 2)
        for participant in some:
            owed.amend(str(participant), 1, 200)  # the copy has yet to send it
        with closing(sqlite3.connect(ledger)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        nursery.finish(owed.job)
        changed: list[tuple[int, int, int]] = [
            *((participant, 1, 201) for participant in some),
            *((participant, 0, 300) for participant in others),
        ]
        for participant, turn, value in changed:
            owed.amend(str(participant), turn, value)
        nursery.finish(owed.job)
        restored = replace(owed.job, ledger=str(copy))
        again = Owed(restored, Database(copy))
        asked, written = len(system.layer.met), system.versions_of(owed.texts)
        with opened_clinic(restored) as clinic:
            with pytest.raises(ConflictError, match="found an older one"):
                push(clinic)  # nobody has read the trial's data again
            assert len(system.layer.met) == asked
            where = clinic.database, clinic.crosswalk, [clinic.name], clinic.now()
            with read_again(*where, always=False):
                for participant, turn, value in changed:  # what the trial holds by now
                    again.amend(str(participant), turn, value)
        nursery.finish(restored)
        rewritten = system.versions_of(owed.texts) - written
        with opened_clinic(restored) as clinic:
            told = verify(clinic)
        counted = {state for state, count in again.counted().items() if count}
        again.database.close()
        figures = checked(owed, system.clean)

    assert (told.missing, told.drifted) == ({}, {})
    assert counted == {"confirmed", "superseded"}
    assert rewritten == 0
    note("ledger restored", {**figures, "taken back": 0, "written again": rewritten})


def test_a_ledger_that_somebody_else_locks_for_seconds_is_waited_for(
    nursery: Nursery, tmp_path: Path
) -> None:
    seconds = 10 if IS_FULL else 3  # longer than the lease of the worker
    ledger = tmp_path / "ledger.sqlite"
    with (
        simulated({"latency": 1.0}) as system,
        Owed.opened(ledger, tmp_path, system.url, lease_seconds=1.0) as owed,
    ):
        owed.fill(10, turns=4)
        pid = nursery.start(owed.job)
        wait_for(lambda: owed.claims() > 10)
        with closing(sqlite3.connect(ledger, timeout=10, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            claims = owed.claims()
            time.sleep(seconds)
            assert (owed.claims(), is_alive(pid)) == (claims, True)
            other.execute("COMMIT")
        wait_for(lambda: not is_alive(pid))
        figures = checked(owed, system.clean)
    note("ledger locked", {**figures, "seconds": seconds})


def ticking(*starts: datetime) -> Callable[[], datetime]:
    """A clock that goes on by twenty minutes whenever it is read, six times from each start."""

    def moments() -> Iterator[datetime]:
        for start in starts[:-1]:
            yield from (start + timedelta(minutes=20 * step) for step in range(6))
        yield from (starts[-1] + timedelta(minutes=20 * step) for step in itertools.count())

    return moments().__next__


@pytest.mark.parametrize(
    "starts",
    [
        # Sydney, where the study is, has one hour twice and one not at all on these nights.
        pytest.param([datetime(2024, 4, 6, 15, tzinfo=UTC)], id="an hour twice"),
        pytest.param([datetime(2024, 10, 5, 15, tzinfo=UTC)], id="an hour left out"),
        pytest.param([datetime(2024, 6, 1, 15, tzinfo=UTC)] * 3, id="set back twice"),
    ],
)
def test_whatever_the_clock_does_everything_arrives_once_and_in_order(
    starts: list[datetime], where: Path | str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    values = itertools.count(100)
    with simulated() as system, Owed.opened(where, tmp_path, system.url) as owed:
        owed.fill(6, turns=4)
        with opened_clinic(owed.job) as known:
            clinic = replace(known, clock=ticking(*starts))
            push(clinic)
            for _ in range(20 if IS_FULL else 3):
                for participant in range(6):
                    owed.amend(str(participant), 1, next(values))
                push(clinic)
        figures = checked(owed, system.clean)
    note(f"clock: {request.node.callspec.id}", figures)
