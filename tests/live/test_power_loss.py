"""What a push has told the disk to keep by the time that a request leaves.

The order of system calls of a real `adapter push`, as strace sees it. That the disk keeps what it
says is kept, nobody can see from here.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.installed import need_program
from tests.live.simulated import simulated
from tests.live.small import ADAPTER, SmallTrial

CALLS = "openat,write,pwrite64,fsync,fdatasync,sendto"
CALL = re.compile(r'\d+ +(\w+)\((?:AT_FDCWD<[^>]*>, )?(?:(\d+)<([^>]*)>|"([^"]*)")')
LEDGER, AUDIT, CROSSWALK = "ledger.sqlite-wal", "audit.ndjson", "crosswalk.sqlite-wal"
RESTED_ON = (LEDGER, AUDIT, CROSSWALK)


@dataclass
class Disk:
    """What was written and not synced yet, and how often what was synced, as the calls go by."""

    folder: Path
    known: set[str]
    """The names of the files that are on the disk."""
    unsynced: set[str] = field(default_factory=set)
    synced: list[str] = field(default_factory=list)
    made: set[str] = field(default_factory=set)
    left: list[tuple[set[str], list[str]]] = field(default_factory=list)
    """For each request what was unsynced when it left, and what was synced since the last one."""

    def see(self, line: str) -> None:
        """Follows one call, told by strace."""
        told = CALL.match(line)
        if told is None:
            return
        call, _, where, opened = told.groups()
        path = Path(where or opened)
        match call:
            case "openat" if "O_CREAT" in line and path.parent == self.folder:
                self.made |= {path.name} - self.known
            case "write" | "pwrite64" if path.parent == self.folder:
                self.unsynced.add(path.name)
            case "fsync" | "fdatasync" if path == self.folder:
                self.known |= self.made
                self.made.clear()
            case "fsync" | "fdatasync":
                self.unsynced.discard(path.name)
                self.synced.append(path.name)
            case "sendto" if '"POST /fhir' in line:
                self.left.append(({*self.unsynced, *self.made} & {*RESTED_ON}, self.synced))
                self.synced = []
            case _:
                pass


def test_no_request_leaves_before_what_it_rests_on_was_synced(tmp_path: Path) -> None:
    strace, calls = need_program("strace", debian="strace"), tmp_path / "calls"
    folder = Path(os.path.realpath(tmp_path)) / "trial"
    folder.mkdir()
    with simulated() as system:
        trial = SmallTrial(folder, system.url, frozenset({"1015"}))
        trial.read(entries=20)
        disk = Disk(folder, {each.name for each in folder.iterdir()})
        seen = [strace, "-f", "-y", "-s", "16", "-o", str(calls), "-e", f"trace={CALLS}"]
        pushed: list[str | Path] = [*seen, ADAPTER, "push", "--config", trial.config]
        subprocess.run(pushed, check=True, capture_output=True, timeout=300)

    for line in calls.read_text("utf-8", "replace").splitlines():
        disk.see(line)

    assert len(disk.left) > 3
    assert [unsynced for unsynced, _ in disk.left] == [set()] * len(disk.left)
    for _, synced in disk.left:  # the claim, and then the decision that lets it go
        assert LEDGER in synced
        assert AUDIT in synced
        assert synced.index(LEDGER) < synced.index(AUDIT)
    assert disk.unsynced.isdisjoint(RESTED_ON)  # nor is the last answer only in memory
    assert LEDGER in disk.synced


LAYING = """
import sys
from pathlib import Path
from adapter.store.durable import lay
folder = Path(sys.argv[1])
lay(b"a message", folder / ".part", folder / "whole")
"""


def test_a_file_that_is_laid_has_its_content_on_the_disk_before_its_name_and_then_that(
    tmp_path: Path,
) -> None:
    strace, calls = need_program("strace", debian="strace"), tmp_path / "calls"
    folder = Path(os.path.realpath(tmp_path)) / "folder"
    folder.mkdir()

    seen = [strace, "-y", "-o", str(calls), "-e", "trace=write,rename,renameat,renameat2,fsync"]
    subprocess.run([*seen, sys.executable, "-c", LAYING, str(folder)], check=True)

    told = [
        line.split("(")[0] for line in calls.read_text("utf-8").splitlines() if "folder" in line
    ]
    assert [name.removesuffix("at2").removesuffix("at") for name in told] == [
        *("write", "fsync", "rename", "fsync"),
    ]
    assert (folder / "whole").read_bytes() == b"a message"
