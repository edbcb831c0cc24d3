"""Several processes write the exports of one ledger, in a file or on PostgreSQL."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from adapter.fhir.search.parameters import SERVED_TYPES
from tests.live.export_worker import LINES_A_FILE
from tests.live.exporting import exporting, names
from tests.live.small import ROOT, SmallTrial
from tests.postgresql import PostgreSql

CLIENTS = ("one", "two", "three")


@pytest.fixture(params=["sqlite", "postgresql"])
def trial(request: pytest.FixtureRequest, tmp_path: Path) -> SmallTrial:
    """Somebody with an adverse event, and somebody else."""
    database = "ledger.sqlite"
    if request.param == "postgresql":
        server: PostgreSql = request.getfixturevalue("postgresql")
        database = server.new(request.getfixturevalue("empty_ledger"))
    people = frozenset({"1015", "1042"})
    trial = SmallTrial(tmp_path, "http://127.0.0.1:9/fhir", people, database=database)
    trial.read()
    return trial


def worker(trial: SmallTrial, looks: int = 0) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.live.export_worker", str(trial.config), str(looks)]
    return subprocess.Popen(command, cwd=ROOT)


def test_each_export_is_written_once_and_that_of_a_killed_process_is_gone_on_with(
    trial: SmallTrial,
) -> None:
    with exporting(trial.config) as bulk:
        asked = {name: bulk.as_(name=name).begin() for name in CLIENTS}
        killed = worker(trial, looks=25).wait(60)
        first = sorted((bulk.desk.folder / asked["one"][-32:]).glob("*.ndjson"))
        before = {path: path.stat().st_ino for path in first}
        together = [worker(trial), worker(trial)]
        ended = [each.wait(120) for each in together]

        assert killed == -signal.SIGKILL
        assert ended == [0, 0]
        assert len(before) > 5
        assert {path: path.stat().st_ino for path in first} == before
        found = sorted(
            name
            for type_ in SERVED_TYPES
            for name in names(bulk.everything(f"{type_}?_count=1000"))
        )
        for name, where in asked.items():
            manifest = bulk.as_(name=name).manifest(where)
            assert all(each["count"] <= LINES_A_FILE for each in manifest["output"])
            assert names(bulk.lines(manifest)) == found
            assert len(manifest["output"]) > len(before)
