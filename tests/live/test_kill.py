"""A delivery to a real FHIR server is killed at many points and resumed: all of it, once.

At a hundred in its long form (`make soak`).
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import httpx
import pytest

from tests.live.servers import RecordSystem
from tests.live.small import TRIAL, SmallTrial

KILLS = 100 if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else 40
SEED = 20230402
PEOPLE = 14
LONGEST_SECONDS = 0.08  # from one settled bundle to the kill: within the next bundle or two
PATIENCE_SECONDS = 60.0
Moment = Literal["while it started", "with a bundle under way", "between two bundles", "too late"]


@pytest.fixture
def trial(tmp_path: Path, empty_hapi: RecordSystem) -> SmallTrial:
    """An adapter whose ledger owes the first people of the trial, in small bundles."""
    lines = (TRIAL / "records.csv").read_text("utf-8").split("\n")[1:]
    people = sorted({line.split(",")[0] for line in lines if line})[:PEOPLE]
    small = SmallTrial(tmp_path, empty_hapi.base_url, frozenset(people))
    small.read(entries=8)
    return small


def test_a_delivery_killed_at_many_points_is_whole_and_nothing_is_there_twice(
    trial: SmallTrial, record_testsuite_property: Callable[[str, object], None]
) -> None:
    chance = random.Random(SEED)  # noqa: S311 - when to kill, and the same points each time
    ledger = trial.ledger
    killed: Counter[Moment] = Counter()
    start_seconds = [1.0]  # how long a push took to its first bundle, as measured last

    while killed.total() - killed["too late"] < KILLS:
        killed[_push_and_kill(trial, chance, start_seconds)] += 1
    record_testsuite_property("killed", dict(killed))
    trial.run("push")
    trial.run("verify")

    owed = _owed(ledger)
    there = dict(_held_by(trial.base_url, {kind for kind, _ in owed}))
    assert there.keys() == owed
    assert set(there.values()) == {"1"}  # an identical PUT makes no new version on this server
    states = _states(ledger)
    assert states.keys() == {"confirmed"}
    assert states["confirmed"] == len(owed)
    with sqlite3.connect(ledger) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    told = trial.clinic("push")
    assert not any(told[word] for word in ("created", "updated", "retracted"))
    assert killed["while it started"] >= KILLS / 10
    assert killed["with a bundle under way"] >= KILLS / 2


def _push_and_kill(trial: SmallTrial, chance: random.Random, start_seconds: list[float]) -> Moment:
    """Starts a push and kills it: one in five while it starts, the others while it delivers."""
    ledger = trial.ledger
    bundles = chance.randrange(3)  # to let through first; 0 kills before the first one is settled
    before, claimed = _settled(ledger), _claims(ledger)
    started = time.monotonic()
    pushing = trial.start("push")
    if chance.random() < 1 / 5:
        time.sleep(chance.uniform(0, start_seconds[0]))
    else:
        while pushing.poll() is None and time.monotonic() < started + PATIENCE_SECONDS:
            if _claims(ledger) != claimed:
                start_seconds[0] = min(start_seconds[0], time.monotonic() - started)
                if _settled(ledger) - before >= bundles * 4:
                    break
            time.sleep(0.005)
        time.sleep(chance.uniform(0, LONGEST_SECONDS))
    is_alive = pushing.poll() is None
    pushing.send_signal(signal.SIGKILL)
    pushing.wait()
    assert is_alive or _count(ledger, "state IN ('queued', 'claimed', 'uncertain')"), (
        "the delivery ended before it was killed often enough"
    )
    if not is_alive:
        return "too late"
    if _claims(ledger) == claimed:
        return "while it started"
    is_under_way = _count(ledger, "state = 'claimed'") > 0
    return "with a bundle under way" if is_under_way else "between two bundles"


def _settled(ledger: Path) -> int:
    return _count(ledger, "state IN ('accepted', 'confirmed')")


def _count(ledger: Path, condition: str) -> int:
    return _number(ledger, f"SELECT count(*) FROM delivery WHERE {condition}")  # noqa: S608


def _claims(ledger: Path) -> int:
    return _number(ledger, "SELECT coalesce(sum(attempts), 0) FROM delivery")


def _number(ledger: Path, query: str) -> int:
    with sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=30) as connection:
        return int(connection.execute(query).fetchone()[0])


def _states(ledger: Path) -> dict[str, int]:
    with sqlite3.connect(ledger) as connection:
        return dict(connection.execute("SELECT state, count(*) FROM delivery GROUP BY state"))


def _owed(ledger: Path) -> set[tuple[str, str]]:
    with sqlite3.connect(ledger) as connection:
        rows = connection.execute("SELECT type, id FROM delivery WHERE state <> 'held'")
        return {(kind, name) for kind, name in rows}


def _held_by(base: str, kinds: set[str]) -> Iterator[tuple[tuple[str, str], str]]:
    """Every resource that the server holds, by type and id, with its version; read by search."""
    for kind in sorted(kinds):
        url: str | None = f"{base}/{kind}?_count=500"
        while url is not None:
            bundle = httpx.get(url, timeout=60).raise_for_status().json()
            for entry in bundle.get("entry", ()):
                resource = entry["resource"]
                yield (kind, resource["id"]), resource["meta"]["versionId"]
            links = {link["relation"]: link["url"] for link in bundle["link"]}
            url = links.get("next")
