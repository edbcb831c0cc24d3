"""Whatever happens to who delivers: everything arrives once, in each person's order.

Each test has a short form here and a long one in `make soak`, which writes `docs/survival.md`.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from adapter.errors import LedgerError
from adapter.simulate import FAULTS
from adapter.sync.clinic import Clinic
from adapter.sync.push import push
from adapter.sync.verify import verify
from tests.live import servers
from tests.live.simulated import SEED, checked, opened_clinic, remembering, simulated
from tests.live.survival import IS_FULL, Nursery, Owed, is_alive, note, wait_for
from tests.postgresql import PostgreSql

KILLS = 250 if IS_FULL else 8
ON_THE_WAY_SECONDS = 0.1
"""How much longer one request may take to come than another."""


@pytest.fixture(params=["simulator", "hapi"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A record system that is empty."""
    if request.param == "simulator":
        with simulated() as system:
            yield system.url
        return
    hapi: servers.RecordSystem = request.getfixturevalue("empty_hapi")
    yield f"{hapi.base_url}/"


def test_workers_killed_at_random_points_lose_nothing_and_double_nothing(
    nursery: Nursery, where: Path | str, tmp_path: Path, url: str, request: pytest.FixtureRequest
) -> None:
    chance = random.Random(SEED)  # noqa: S311 - when to kill
    with Owed.opened(where, tmp_path, url) as owed:
        people = max(6, KILLS // 5)
        owed.fill(people, turns=4)
        kills, values = 0, itertools.count(100)
        while kills < KILLS:
            if owed.left() < 16:  # there is always something under way
                for participant in range(people):
                    owed.amend(str(participant), chance.randrange(4), next(values))
            claims = owed.claims()
            pid = nursery.start(owed.job)
            wait_for(lambda: owed.claims() > claims or not is_alive(pid))  # noqa: B023 - at once
            time.sleep(chance.uniform(0, 0.03))
            with suppress(ProcessLookupError):  # it was done before: no kill
                os.kill(pid, signal.SIGKILL)
                kills += 1
            wait_for(lambda: not is_alive(pid))  # noqa: B023
        nursery.finish(owed.job)
        figures = checked(owed, url)
    note(f"killed: {request.node.callspec.id}", {"kills": kills, **figures})


# Every fault that loses something at once: `latency` takes time only, `silent` lasts until a
# time-out, `expired` is for the tests of signing in.
MIXED = tuple(sorted(FAULTS.keys() - {"latency", "expired", "silent"}))
NOT_TAKEN = frozenset({"broken", "html", "dropped"})
"""Whoever meets these cannot tell that nothing has happened."""


def test_with_a_third_of_all_requests_going_wrong_everything_arrives_once(
    nursery: Nursery, where: Path | str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    share = 0.3
    rates = dict.fromkeys(MIXED, share / len(MIXED))
    people = 400 if IS_FULL else 50
    plain = tmp_path / "plain"
    plain.mkdir()
    with simulated() as system, Owed.opened(plain / "ledger.sqlite", plain, system.url) as owed:
        owed.fill(people, turns=4)
        nursery.finish(owed.job)
        least = len(system.layer.met)
    how = {"timeout_seconds": 0.5}
    with simulated(rates) as system, Owed.opened(where, tmp_path, system.url, **how) as owed:
        owed.fill(people, turns=4)
        nursery.finish(owed.job)
        asked, wrong = len(system.layer.met), sum(map(bool, system.layer.met))
        figures = checked(owed, system.clean)

    # A fault costs one more request: the same again, or, where nobody knows, a look at all that was
    # in the bundle. Where the look finds nothing, that is sent again.
    floor = least + wrong + sum(met in NOT_TAKEN for met in system.layer.met)
    assert wrong / asked > share / 2
    assert asked <= floor
    figures |= {
        "faults": wrong,
        "requests a message": round(asked / least, 2),
        "and no fewer than": round((least + wrong) / least, 2),
    }
    note(f"faults: {request.node.callspec.id}", figures)


def test_faults_and_killed_workers_cost_a_clinic_no_more_requests_than_it_allows(
    nursery: Nursery, where: Path | str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    chance = random.Random(SEED)  # noqa: S311 - when to kill
    kills, per_second, burst = (20 if IS_FULL else 2), 16.0, 8
    rates = dict.fromkeys(("dropped", "reset"), 0.05)
    how = {"requests_per_second": per_second, "burst": burst, "hurry": 1.0, "entries": 1}
    with simulated(rates) as system, Owed.opened(where, tmp_path, system.url, **how) as owed:
        owed.fill(8 * kills, turns=1)
        for _ in range(kills):
            asked = len(system.layer.met)
            pid = nursery.start(owed.job)
            wait_for(lambda: len(system.layer.met) >= asked + burst)  # noqa: B023 - at once
            time.sleep(chance.uniform(0, 0.2))
            os.kill(pid, signal.SIGKILL)
            wait_for(lambda: not is_alive(pid))  # noqa: B023
        nursery.finish(owed.job)
        figures = checked(owed, system.clean)

    came = [moment.timestamp() for moment in system.layer.moments]
    over = max(
        last - first + 1 - burst - per_second * (came[last] - came[first] + ON_THE_WAY_SECONDS)
        for first in range(len(came))
        for last in range(first, len(came))
    )
    assert over <= 0
    figures |= {"kills": kills, "requests": len(came), "beyond the budget": 0}
    note(f"budget: {request.node.callspec.id}", figures)


def test_a_worker_frozen_past_its_lease_changes_nothing_that_another_did(
    nursery: Nursery, where: Path | str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    chance = random.Random(SEED)  # noqa: S311 - whom to freeze, and when
    freezes, people, values = 40 if IS_FULL else 2, 10, itertools.count(100)
    slow = {"latency": 1.0}
    with (
        simulated(slow) as system,
        Owed.opened(where, tmp_path, system.url, lease_seconds=0.3, timeout_seconds=1) as owed,
    ):
        owed.fill(people, turns=4)
        workers = [nursery.start(owed.job) for _ in range(4)]
        fenced = 0
        for turn in range(freezes):
            if owed.left() < people:
                for participant in range(people):
                    owed.amend(str(participant), turn % 4, next(values))
            workers = [pid if is_alive(pid) else nursery.start(owed.job) for pid in workers]
            wait_for(lambda: owed.holder() in workers)  # noqa: B023 - at once
            frozen, token = owed.holder(), owed.token()
            time.sleep(chance.uniform(0, 0.2))
            if owed.token() != token or not is_alive(frozen):
                continue
            os.kill(frozen, signal.SIGSTOP)
            fenced += has_passed_on(owed, token)  # not where it froze in a transaction of SQLite
            os.kill(frozen, signal.SIGCONT)
        for pid in workers:
            wait_for(lambda: not is_alive(pid))  # noqa: B023
        figures = checked(owed, system.clean)

    assert fenced >= freezes / 2
    note(f"frozen: {request.node.callspec.id}", {**figures, "workers": 4, "frozen": fenced})


def test_a_database_that_is_away_for_a_while_is_waited_for(
    nursery: Nursery, tmp_path: Path
) -> None:
    seconds = 60 if IS_FULL else 2
    server = PostgreSql.start()
    try:
        with simulated({"latency": 1.0}) as system:
            url = server.new()
            with Owed.opened(url, tmp_path, system.url) as owed:
                owed.fill(12, turns=4)
                pid = nursery.start(owed.job)
                wait_for(lambda: owed.claims() > 10)
                server.rest()
                time.sleep(seconds)
                server.go_on()
                wait_for(lambda: not is_alive(pid))
                figures = checked(owed, system.clean)
    finally:
        server.stop()
    note("database away", {**figures, "seconds": seconds})


def test_a_server_restored_from_an_older_backup_gets_again_what_it_lost_and_nothing_else(
    nursery: Nursery, where: Path | str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    journal, backup = tmp_path / "far.ndjson", tmp_path / "backup.ndjson"
    with remembering(journal) as url, Owed.opened(where, tmp_path, url) as owed:
        owed.fill(20, turns=3)
        nursery.finish(owed.job)
        shutil.copy(journal, backup)
        for participant in range(0, 20, 4):
            owed.amend(str(participant), 1, 200)
        for participant in range(1, 20, 4):
            owed.answer(str(participant), "new", 7, f"{participant}-new")
        nursery.finish(owed.job)
    with remembering(backup) as url:
        job = replace(owed.job, url=url)
        with httpx.Client(base_url=url, timeout=60) as ask:
            by_hand = "Observation/o-3-1-0"
            changed = {**json.loads(owed.texts[by_hand][-1]), "valueInteger": 99}
            assert ask.put(by_hand, json=changed).is_success

            with opened_clinic(job) as clinic:
                report = verify(clinic)
                sent = push(clinic)
                again = verify(clinic)

            assert report.missing == {"Observation": 10}
            assert report.drifted == {"Observation": 1}
            assert (sent.created, sent.updated) == ({"Observation": 5}, {"Observation": 5})
            assert (again.missing, again.drifted) == ({}, {})
            assert ask.get(by_hand).json()["valueInteger"] == 99
    found = {"lost there": 10, "changed there": 1, "found": 11, "taken for lost by mistake": 0}
    note(f"server restored: {request.node.callspec.id}", {**found, "sent again": 10})


def test_a_full_disk_loses_nothing_and_a_later_push_goes_on(tmp_path: Path) -> None:
    with simulated() as system:
        where = tmp_path / "ledger.sqlite"
        with Owed.opened(where, tmp_path, system.url) as owed:
            owed.fill(30, turns=4)
            with opened_clinic(owed.job) as clinic:
                pages = clinic.database.read().execute("PRAGMA page_count").fetchone()[0]
                clinic.database.read().execute(f"PRAGMA max_page_count = {pages}")
                with pytest.raises(LedgerError, match="database or disk is full") as raised:
                    fill_and_push(clinic)
                clinic.database.read().execute("PRAGMA max_page_count = 1073741823")

                push(clinic)

            assert raised.value.exit_code == 18
            figures = checked(owed, system.clean)
    note("disk full", figures)


def has_passed_on(owed: Owed, token: int) -> bool:
    """Whether the lease goes to somebody else within its time."""
    until = time.monotonic() + 8
    while time.monotonic() < until and owed.token() == token:
        time.sleep(0.01)
    return owed.token() != token


def fill_and_push(clinic: Clinic) -> None:
    """Takes in what no longer fits, and pushes."""
    with clinic.database.write() as tx:
        for number in range(10_000):
            tx.execute("INSERT INTO shape VALUES (?, '', ?, 1)", (str(number), "x" * 2000))
    push(clinic)
