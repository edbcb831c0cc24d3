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
from adapter.store.access_log import (
    Access,
    AccessLog,
    Lasting,
    access_files,
    read_accesses,
    verify,
    verify_all,
)
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


@pytest.fixture
def short(audit: Path) -> Iterator[AccessLog]:
    """A log whose files are long with two lines or three."""
    opened = AccessLog(audit, seal, Lasting(most_bytes=600))
    yield opened
    opened.close()


def problems_of(audit: Path) -> list[tuple[str, int | None]]:
    told = verify_all(audit, seal).values()
    return [(each.origin.file, each.origin.line) for _, _, wrong in told for each in wrong]


def test_a_long_file_is_left_and_the_next_one_goes_on_with_its_chain(
    audit: Path, short: AccessLog
) -> None:
    for _ in range(8):
        short.note([READ])

    names = [path.name for path in access_files(audit)]
    assert names[:2] == ["audit-access-1.ndjson", "audit-access-1-2.ndjson"]
    assert len(names) == len({*names}) > 2
    lines = [link.number for path in access_files(audit) for link, _ in read_accesses(path)]
    assert lines == list(range(1, 9))
    assert problems_of(audit) == []
    assert {path.stat().st_mode & 0o777 for path in access_files(audit)} == {0o600}


def test_whoever_comes_next_goes_on_with_the_newest_file(audit: Path, short: AccessLog) -> None:
    for _ in range(4):
        short.note([READ])
    short.close()

    later = AccessLog(audit, seal, Lasting(most_bytes=600))
    for _ in range(4):
        later.note([REFUSED])
    later.close()

    assert {path.name[:14] for path in access_files(audit)} == {"audit-access-1"}
    assert sum(len(written(path)) for path in access_files(audit)) == 8
    assert problems_of(audit) == []


def test_a_process_that_died_before_a_new_file_had_a_line_is_gone_on_behind(
    audit: Path, short: AccessLog
) -> None:
    short.note([READ, READ])
    short.close()
    audit.with_name("audit-access-1-2.ndjson").touch()

    short.note([REFUSED])

    assert [link.number for link, _ in read_accesses(access_files(audit)[1])] == [3]
    assert problems_of(audit) == []


@pytest.mark.parametrize("number", [0, 1])
def test_a_missing_file_is_found_and_named(audit: Path, short: AccessLog, number: int) -> None:
    for _ in range(8):
        short.note([READ])
    gone = access_files(audit)[number]
    gone.unlink()

    assert problems_of(audit) == [(gone.name, None)]


def test_a_file_in_the_place_of_another_is_found(audit: Path, short: AccessLog) -> None:
    for _ in range(8):
        short.note([READ])
    first, second, *_ = access_files(audit)
    second.write_bytes(first.read_bytes())

    assert (second.name, 1) in problems_of(audit)


def test_a_file_lasts_a_day_where_that_is_asked_for(audit: Path) -> None:
    log = AccessLog(audit, seal, Lasting(is_daily=True))
    for day in ("2024-09-01", "2024-09-01", "2024-09-02"):
        log.note([replace(READ, at=f"{day}T10:00:00.000+00:00")])
    log.close()

    assert [len(written(path)) for path in access_files(audit)] == [2, 1]
    assert problems_of(audit) == []


def test_two_writers_that_go_on_never_share_a_file(audit: Path) -> None:
    logs = [AccessLog(audit, seal, Lasting(most_bytes=600)) for _ in range(2)]
    for _ in range(8):
        for log in logs:
            log.note([READ])
    for log in logs:
        log.close()

    assert sum(len(written(path)) for path in access_files(audit)) == 16
    assert {path.name.split("-")[2].split(".")[0] for path in access_files(audit)} == {"1", "2"}
    assert problems_of(audit) == []
