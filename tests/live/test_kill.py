"""A delivery to a real FHIR server is killed at a hundred points and resumed: all of it, once."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.live.servers import RecordSystem

ROOT = Path(__file__).parents[2]
ADAPTER = Path(sys.executable).with_name("adapter")
TRIAL = ROOT / "fixtures" / "idbt-pain"
KILLS = 100
SEED = 20230402
PEOPLE = 14
LONGEST_SECONDS = 0.08  # from one settled bundle to the kill: within the next bundle or two
PATIENCE_SECONDS = 60.0


@pytest.fixture
def config(tmp_path: Path, empty_hapi: RecordSystem) -> Path:
    """An adapter whose ledger owes the first people of the trial, in small bundles."""
    with (TRIAL / "records.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = file.read().split("\n")
    kept = sorted({row.split(",")[0] for row in rows if row})[:PEOPLE]
    mine = [row for row in rows if row.split(",")[0] in kept]
    (tmp_path / "records.csv").write_text("\n".join([header, *mine, ""]), "utf-8")
    profile = (ROOT / "mappings/clinics/research-repository.yaml").read_text("utf-8")
    small = profile.replace("{entries: 50, bytes: 400000}", "{entries: 8, bytes: 100000}")
    assert small != profile
    (tmp_path / "clinic.yaml").write_text(small, "utf-8")
    (tmp_path / "key").write_text("synthetic people need no secret", "utf-8")
    path = tmp_path / "adapter.toml"
    path.write_text(
        f"""
study = "{ROOT / "mappings/studies/idbt-pain.yaml"}"
instruments = "{ROOT / "mappings/instruments"}"
ledger = "ledger.sqlite"
crosswalk = "crosswalk.sqlite"
key_file = "key"
[[sources]]
kind = "redcap"
dictionary = "{TRIAL / "dictionary.csv"}"
records = "records.csv"
as_of = 2024-08-30T17:05:00+10:00
[[clinics]]
profile = "clinic.yaml"
url = "{empty_hapi.base_url}"
""",
        "utf-8",
    )
    _run("ingest", path)
    return path


def test_a_delivery_killed_at_a_hundred_points_is_whole_and_nothing_is_there_twice(
    config: Path, empty_hapi: RecordSystem
) -> None:
    chance = random.Random(SEED)  # noqa: S311 - when to kill, and the same points each time
    ledger = config.parent / "ledger.sqlite"
    killed = 0

    while killed < KILLS:
        killed += _push_and_kill(config, ledger, chance)
    _run("push", config)
    _run("verify", config)

    owed = _owed(ledger)
    there = dict(_held_by(empty_hapi.base_url, {kind for kind, _ in owed}))
    assert there.keys() == owed
    assert set(there.values()) == {"1"}  # an identical PUT makes no new version on this server
    states = _states(ledger)
    assert states.keys() == {"confirmed", "held"}
    assert states["confirmed"] == len(owed)
    with sqlite3.connect(ledger) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    told = _run("push", config)
    assert not any(told["clinics"][0][word] for word in ("created", "updated", "retracted"))


def _push_and_kill(config: Path, ledger: Path, chance: random.Random) -> int:
    """Starts a push and kills it while it delivers; 1 when the kill met it alive."""
    settled = chance.randrange(3)  # bundles to let through first; 0 kills before the first one
    before = _settled(ledger)
    pushing = subprocess.Popen(
        [ADAPTER, "push", "--config", config, "--json"],
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


def _run(command: str, config: Path) -> dict[str, list[dict[str, dict[str, int]]]]:
    told = subprocess.run(
        [ADAPTER, command, "--config", config, "--json"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    document: dict[str, list[dict[str, dict[str, int]]]] = json.loads(told.stdout)
    return document
