"""A backup that is made in the midst of a push is restored, and nothing is there twice."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from tests.live.simulated import remembering
from tests.live.small import SmallTrial

PEOPLE = frozenset({"1015", "1042"})


def states(ledger: Path) -> dict[str, int]:
    with closing(sqlite3.connect(ledger, timeout=10)) as connection:
        return dict(connection.execute("SELECT state, count(*) FROM delivery GROUP BY state"))


def restore(folder: Path, copy: Path, *names: str) -> None:
    """As `docs/operator.md` says: the databases in place of what there is, the logs stay."""
    for name in names:
        for beside in ("-wal", "-shm"):
            (folder / f"{name}{beside}").unlink(missing_ok=True)
        (folder / name).write_bytes((copy / name).read_bytes())


def test_a_backup_made_in_the_midst_of_a_push_restores_and_doubles_nothing(tmp_path: Path) -> None:
    copy, journal = tmp_path / "copy", tmp_path / "far.ndjson"
    with remembering(journal) as url:
        trial = SmallTrial(tmp_path, url, PEOPLE)
        trial.read(entries=1)  # so that a push takes longer than a copy
        pushing = trial.start("push")
        while not states(trial.ledger).get("accepted"):
            assert pushing.poll() is None
            time.sleep(0.02)
        told = trial.run("backup", "--out", str(copy))
        in_copy = states(copy / "ledger.sqlite")
        assert pushing.wait(120) == 0
        trial.clinic("verify")
        whole, there = states(trial.ledger), journal.read_bytes()

        restore(tmp_path, copy, "ledger.sqlite")
        assert trial.try_to("push") == 14  # nobody has read the trial's data again
        restore(tmp_path, copy, "ledger.sqlite", "crosswalk.sqlite")
        trial.run("ingest", "--restored")  # of both nothing tells but a person
        trial.run("push")
        back = trial.clinic("verify")

    assert set(told["files"]) == {"ledger.sqlite", "crosswalk.sqlite", "audit.ndjson"}
    for name, digest in told["files"].items():
        assert hashlib.sha256((copy / name).read_bytes()).hexdigest() == digest
        assert (copy / name).stat().st_mode & 0o077 == 0
    assert json.loads((copy / "manifest.json").read_bytes()) == told
    assert in_copy.keys() - {"accepted", "confirmed"}, "the copy was made when all was over"
    assert states(trial.ledger) == whole
    assert (back["missing"], back["drifted"]) == ({}, {})
    assert journal.read_bytes() == there  # nothing was written again at the record system
