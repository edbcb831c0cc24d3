"""A delivery to a real FHIR server is killed at a hundred points and resumed: all of it, once."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.live.servers import RecordSystem
from tests.live.small import ADAPTER, TRIAL, SmallTrial

KILLS = 100
SEED = 20230402
PEOPLE = 14
LONGEST_SECONDS = 0.08  # from one settled bundle to the kill: within the next bundle or two
PATIENCE_SECONDS = 60.0


@pytest.fixture
def trial(tmp_path: Path, empty_hapi: RecordSystem) -> SmallTrial:
    """An adapter whose ledger owes the first people of the trial, in small bundles."""
    lines = (TRIAL / "records.csv").read_text("utf-8").split("\n")[1:]
    people = sorted({line.split(",")[0] for line in lines if line})[:PEOPLE]
    small = SmallTrial(tmp_path, empty_hapi.base_url, frozenset(people))
    small.read(entries=8)
    return small


def test_a_delivery_killed_at_a_hundred_points_is_whole_and_nothing_is_there_twice(
    trial: SmallTrial,
) -> None:
    chance = random.Random(SEED)  # noqa: S311 - when to kill, and the same points each time
    ledger = trial.ledger
    killed = 0

    while killed < KILLS:
        killed += _push_and_kill(trial, chance)
    trial.run("push")
    trial.run("verify")

    owed = _owed(ledger)
    there = dict(_held_by(trial.base_url, {kind for kind, _ in owed}))
    assert there.keys() == owed
    assert set(there.values()) == {"1"}  # an identical PUT makes no new version on this server
    states = _states(ledger)
    assert states.keys() == {"confirmed", "held"}
    assert states["confirmed"] == len(owed)
    with sqlite3.connect(ledger) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    told = trial.clinic("push")
    assert not any(told[word] for word in ("created", "updated", "retracted"))


def _push_and_kill(trial: SmallTrial, chance: random.Random) -> int:
    """Starts a push and kills it while it delivers; 1 when the kill met it alive."""
    ledger = trial.ledger
    settled = chance.randrange(3)  # bundles to let through first; 0 kills before the first one
    before = _settled(ledger)
    pushing = subprocess.Popen(
        [ADAPTER, "push", "--config", trial.config, "--json"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + PATIENCE_SECONDS
    started = _claims(ledger)
    while pushing.poll() is None and time.monotonic() < until:
        if _claims(ledger) != started and _settled(ledger) - before >= settled * 4:
            break
        time.sleep(0.005)
    time.sleep(chance.uniform(0, LONGEST_SECONDS))
    is_alive = pushing.poll() is None
    pushing.send_signal(signal.SIGKILL)
    pushing.wait()
    assert is_alive or _open(ledger) > 0, "the delivery ended before it was killed often enough"
    return int(is_alive)


def _settled(ledger: Path) -> int:
    return _count(ledger, "SELECT count(*) FROM delivery WHERE state IN ('accepted', 'confirmed')")


def _claims(ledger: Path) -> int:
    return _count(ledger, "SELECT coalesce(sum(attempts), 0) FROM delivery")


def _open(ledger: Path) -> int:
    states = "('queued', 'claimed', 'uncertain')"
    return _count(ledger, f"SELECT count(*) FROM delivery WHERE state IN {states}")  # noqa: S608


def _count(ledger: Path, query: str) -> int:
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
