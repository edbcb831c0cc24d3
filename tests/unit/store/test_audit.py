"""What was decided is written down once, and no line of it can be changed unnoticed."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest

from adapter.errors import ConflictError, LedgerError
from adapter.store.audit import Act, AuditLog, read_lines, verify
from tests.unit.store.ledger import LATER, NOW

ACTS = [
    Act(NOW, "released", "north", "1", "Observation/a/1", "released"),
    Act(NOW, "held", "north", "2", "Observation/b/1", "consent-refused"),
    Act(NOW, "withdraw", record="1", what="share"),
    Act(LATER, "unblind", "north", "1", rule="emergency"),
]


def seal(before: str, line: str) -> str:
    return hashlib.blake2b(f"{before}|{line}".encode(), key=b"a key", digest_size=16).hexdigest()


def other_seal(before: str, line: str) -> str:
    return hashlib.blake2b(f"{before}|{line}".encode(), digest_size=16).hexdigest()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "logs" / "audit.ndjson"
    log = AuditLog(written, seal)
    log.add(ACTS)
    log.close()
    return written


def wrong_lines(path: Path, last: str = "") -> list[int | None]:
    return [problem.origin.line for problem in verify(path, seal, last)[2]]


def test_every_act_is_a_line_in_order(path: Path) -> None:
    assert [line.act for line in read_lines(path)] == ACTS
    assert [line.number for line in read_lines(path)] == [1, 2, 3, 4]
    assert verify(path, seal)[0] == 4
    assert wrong_lines(path) == []
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_log_that_is_not_there_yet_is_whole(tmp_path: Path) -> None:
    assert verify(tmp_path / "none", seal) == (0, "", [])
    assert list(read_lines(tmp_path / "none")) == []


def test_a_decision_that_is_the_same_is_no_news(path: Path) -> None:
    log = AuditLog(path, seal)

    log.add([ACTS[0], ACTS[1]])
    log.add([Act(LATER, "held", "north", "2", "Observation/b/1", "consent-withdrawn")])
    log.add([Act(LATER, "released", "south", "1", "Observation/a/1", "released")])

    rules = [line.act.rule for line in read_lines(path)][4:]
    assert rules == ["consent-withdrawn", "released"]


def test_two_writers_keep_one_chain(path: Path) -> None:
    one, two = AuditLog(path, seal), AuditLog(path, seal)
    for number in range(5):
        for log in (one, two):
            log.add([Act(NOW, "export", what=f"{number}")])

    assert verify(path, seal)[0] == 14
    assert wrong_lines(path) == []


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_changed_line_is_found(path: Path, number: int) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    lines[number - 1] = lines[number - 1].replace(b'"record":"', b'"record":"9')
    path.write_bytes(b"".join(lines))

    assert number in wrong_lines(path)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_line_that_was_taken_out_is_found(path: Path, number: int) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    del lines[number - 1]
    path.write_bytes(b"".join(lines))

    assert number in wrong_lines(path)


def test_a_chain_that_was_written_anew_without_the_key_is_found(path: Path) -> None:
    path.unlink()
    AuditLog(path, other_seal).add(ACTS)

    assert wrong_lines(path) == [1, 2, 3, 4]


def test_lines_that_were_cut_off_are_found_by_a_hash_that_was_kept(path: Path) -> None:
    _, last, _ = verify(path, seal)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))

    assert wrong_lines(path) == []
    assert wrong_lines(path, last) == [3]


def test_half_a_line_of_a_killed_process_gives_way_to_the_next(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b'{"line": 5, "at"')
    found = wrong_lines(path)

    AuditLog(path, seal).add([Act(LATER, "export")])

    assert found == [5]
    assert verify(path, seal)[0] == 5
    assert wrong_lines(path) == []


@pytest.mark.parametrize("spoilt", [b"no line\n", b'{"line": 7}\n', b"[]\n"])
def test_nothing_is_added_to_a_log_that_is_none(path: Path, spoilt: bytes) -> None:
    with path.open("ab") as file:
        file.write(spoilt)

    with pytest.raises(ConflictError, match="expected line 5"):
        AuditLog(path, seal).add([Act(LATER, "export")])

    assert wrong_lines(path) == [5]


def test_who_was_unblinded_is_known_to_every_process(path: Path, tmp_path: Path) -> None:
    early, none = AuditLog(path, seal), AuditLog(tmp_path / "none", seal)

    assert early.is_unblinded("north", "1")
    assert not early.is_unblinded("south", "1")
    assert not early.is_unblinded("north", "2")
    AuditLog(path, seal).add([Act(LATER, "unblind", "north", "2", rule="emergency")])
    assert early.is_unblinded("north", "2")
    assert not none.is_unblinded("north", "1")


def beside(path: Path) -> Path:
    return path.with_name("audit-decided.sqlite")


@pytest.mark.parametrize("spoilt", [None, b"no database, but longer than its first page" * 100])
def test_what_lies_beside_the_log_is_made_anew_where_it_is_gone_or_broken(
    path: Path, spoilt: bytes | None
) -> None:
    beside(path).unlink()
    if spoilt is not None:
        beside(path).write_bytes(spoilt)
    log = AuditLog(path, seal)

    log.add(ACTS[:2])

    assert log.is_unblinded("north", "1")
    assert verify(path, seal)[0] == 4
    assert beside(path).stat().st_mode & 0o777 == 0o600


def test_what_breaks_beside_the_log_while_it_is_read_is_told_and_made_anew(path: Path) -> None:
    with sqlite3.connect(beside(path)) as wrong:
        wrong.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (place,) = wrong.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'rule'"
        ).fetchone()
    wrong.close()
    with beside(path).open("r+b") as file:
        file.seek((place - 1) * 4096)
        file.write(b"\xff" * 4096)
    log = AuditLog(path, seal)

    with pytest.raises(LedgerError, match="found a broken file"):
        log.add(ACTS[:2])

    log.add(ACTS[:2])
    assert verify(path, seal)[0] == 4


def test_a_log_in_place_of_another_is_read_from_its_beginning(path: Path) -> None:
    log = AuditLog(path, seal)
    assert log.is_unblinded("north", "1")
    path.unlink()

    AuditLog(path, seal).add(ACTS[1:3])

    assert not log.is_unblinded("north", "1")
    log.add(ACTS[:2])
    assert [line.act for line in read_lines(path)] == [*ACTS[1:3], ACTS[0]]


def test_nobody_is_unblinded_by_what_lies_beside_the_log(path: Path) -> None:
    with sqlite3.connect(beside(path)) as wrong:
        wrong.execute("INSERT INTO unblinded VALUES (0)")
    wrong.close()
    log = AuditLog(path, seal)

    assert log.is_unblinded("north", "1")
    assert not log.is_unblinded("north", "")


def test_who_comes_later_reads_only_what_is_new(path: Path) -> None:
    first, *others = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([b" " * (len(first) - 1) + b"\n", *others]))

    AuditLog(path, seal).add([Act(LATER, "export")])

    assert wrong_lines(path)[0] == 1
    assert b'"export"' in path.read_bytes().splitlines()[-1]


def test_where_nothing_may_lie_beside_the_log_it_is_read_all_the_same(path: Path) -> None:
    beside(path).unlink()
    beside(path).mkdir()
    log = AuditLog(path, seal)

    log.add(ACTS[:2])

    assert log.is_unblinded("north", "1")
    assert verify(path, seal)[0] == 4


def test_very_many_decisions_are_read_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "audit.ndjson"
    many = [
        Act(NOW, "released", "north", "1", f"Observation/{n}/1", "released") for n in range(10_001)
    ]
    AuditLog(path, seal).add(many)
    beside(path).unlink()

    AuditLog(path, seal).add(many)

    assert verify(path, seal)[0] == len(many)
