"""Each access is a line before it takes place, and no line of it can be changed unnoticed."""

from __future__ import annotations

import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from adapter.errors import LedgerError
from adapter.store.access_log import Access, AccessLog, access_files, read_accesses, verify
from tests.unit.store.ledger import NOW
from tests.unit.store.test_audit import seal

ROOT = Path(__file__).parents[3]
READ = Access(NOW, "r1", "fhir", "read", "an-ehr", 200, "", "Observation", "a1", ("1015",), 1)
REFUSED = Access(NOW, "r2", "fhir", "search-type", "", 401)


@pytest.fixture
def audit(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "audit.ndjson"


@pytest.fixture
def log(audit: Path) -> Iterator[AccessLog]:
    opened = AccessLog(audit, seal)
    yield opened
    opened.close()


def written(path: Path) -> list[Access]:
    return [access for _, access in read_accesses(path)]


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """As on a full disk: the system takes no byte more."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_every_access_is_a_line_in_order_and_the_chain_holds(audit: Path, log: AccessLog) -> None:
    log.note([READ])
    log.note([REFUSED, READ])

    (path,) = access_files(audit)
    assert path.name == "audit-access-1.ndjson"
    assert written(path) == [READ, REFUSED, READ]
    assert [access for _, access in read_accesses(path, after=2)] == [READ]
    count, last, problems = verify(path, seal)
    assert (count, len(last), problems) == (3, 32, [])
    assert path.stat().st_mode & 0o777 == 0o600


def test_two_writers_never_share_a_file_and_the_next_one_goes_on_with_the_chain(
    audit: Path, log: AccessLog
) -> None:
    other = AccessLog(audit, seal)
    log.note([READ])
    other.note([READ])
    other.close()
    third = AccessLog(audit, seal)
    third.note([REFUSED])
    third.close()

    one, two = access_files(audit)
    assert written(one) == [READ]
    assert written(two) == [READ, REFUSED]
    assert verify(two, seal)[2] == []


def test_half_a_line_that_a_killed_process_left_is_cut_off(audit: Path, log: AccessLog) -> None:
    log.note([READ])
    log.close()
    (path,) = access_files(audit)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:40])

    log.note([REFUSED])

    assert written(path) == [READ, REFUSED]
    assert verify(path, seal)[2] == []


def test_a_long_line_is_gone_on_behind(audit: Path, log: AccessLog) -> None:
    many = replace(READ, about=tuple(f"{number:07}" for number in range(20_000)))
    log.note([READ, many])
    log.close()

    log.note([REFUSED])

    (path,) = access_files(audit)
    assert verify(path, seal)[0] == 3
    assert verify(path, seal)[2] == []


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_changed_line_is_found(audit: Path, log: AccessLog, number: int) -> None:
    log.note([READ, READ, READ])
    (path,) = access_files(audit)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[number - 1] = lines[number - 1].replace(b"an-ehr", b"nobody")
    path.write_bytes(b"".join(lines))

    assert [problem.origin.line for problem in verify(path, seal)[2]] == [number]


@pytest.mark.parametrize("line", [b"{}\n", b'{"line":2,"hash":"x","at":""}\n', b"[1]\n"])
def test_what_is_no_line_of_accesses_is_told(audit: Path, log: AccessLog, line: bytes) -> None:
    log.note([READ])
    (path,) = access_files(audit)
    path.write_bytes(path.read_bytes() + line)

    assert [problem.origin.line for problem in verify(path, seal)[2]] == [2]
    assert written(path) == [READ]


@pytest.mark.parametrize("more", [0, 30], ids=["no byte", "half a line"])
def test_on_a_full_disk_it_refuses_and_the_chain_stays_whole(
    audit: Path, log: AccessLog, more: int
) -> None:
    log.note([READ])
    (path,) = access_files(audit)

    with no_file_longer_than(path.stat().st_size + more), pytest.raises(LedgerError):
        log.note([REFUSED])
    log.note([REFUSED])

    assert written(path) == [READ, REFUSED]
    assert verify(path, seal)[2] == []


def test_a_folder_that_cannot_be_written_is_a_trouble_of_the_ledger(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("no folder")

    with pytest.raises(LedgerError, match=r"audit\.ndjson"):
        AccessLog(tmp_path / "logs" / "audit.ndjson", seal).note([READ])


def test_threads_keep_one_chain(audit: Path, log: AccessLog) -> None:
    def note_many() -> None:
        for _ in range(200):
            log.note([READ])

    threads = [threading.Thread(target=note_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    (path,) = access_files(audit)
    assert verify(path, seal)[0] == 800
    assert verify(path, seal)[2] == []


def test_a_process_that_is_killed_gives_its_file_up(audit: Path, log: AccessLog) -> None:
    code = f"""
import os
from pathlib import Path
from tests.unit.store.test_access_log import REFUSED, AccessLog, seal
AccessLog(Path({str(audit)!r}), seal).note([REFUSED])
os.kill(os.getpid(), 9)
"""
    killed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert killed.returncode == -9

    log.note([READ])

    (path,) = access_files(audit)
    assert written(path) == [REFUSED, READ]
