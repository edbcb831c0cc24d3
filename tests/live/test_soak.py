"""Very many messages by one worker in one process: none lost, none twice, and it stays as it began.

A few thousand here, a million in `make soak`, which writes `docs/survival.md`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from adapter.simulate import serving
from tests.live.nursery import Job
from tests.live.soaking import Sink, owe
from tests.live.survival import IS_FULL, ROOT, note

MESSAGES = int(os.environ.get("SOAK_MESSAGES", "1000000")) if IS_FULL else 2_000
STEADY_FROM = 50_000 if IS_FULL else 500
A_BUNDLE = 200 if IS_FULL else 50


@pytest.mark.timeout(7200 if IS_FULL else 120)
def test_a_worker_that_delivers_very_much_grows_in_nothing(tmp_path: Path) -> None:
    sink = Sink(bytearray(MESSAGES))
    with serving(sink) as port:
        job = Job(
            str(tmp_path / "ledger.sqlite"),
            str(tmp_path / "crosswalk.sqlite"),
            f"http://127.0.0.1:{port}/",
            entries=A_BUNDLE,
        )
        owe(job, MESSAGES)
        said = json.dumps({**asdict(job), "steady_from": STEADY_FROM}) + "\n"
        worker = subprocess.run(
            [sys.executable, "-m", "tests.live.soaking"],
            cwd=ROOT,
            input=said,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    told = json.loads(worker.stdout)

    lost, doubled = sink.came.count(0), MESSAGES - sink.came.count(0) - sink.came.count(1)
    assert (lost, doubled, sink.out_of_turn) == (0, 0, 0)
    assert told["growth"] < 0.10
    assert told["wal_mib"] < 64
    ratio = told["p99_ms"] / told["median_ms"]
    if IS_FULL:  # of so few bundles as in the short form, one that waits for the disk is the p99
        assert ratio <= 3
    note(
        "very many in one process",
        {
            "messages": MESSAGES,
            "lost": lost,
            "doubled": doubled,
            "memory grew by": f"{told['growth']:.1%}",
            "WAL, MiB": round(told["wal_mib"], 1),
            "p99 of claim and settle over the median": round(ratio, 1),
        },
    )
