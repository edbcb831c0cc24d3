"""Who decided what about whom, and when: one line each, and every line covers the one before.

A file of its own, apart from the ledger: it can lie on storage that is written once, it outlives a
ledger that is set back, and it is the same whatever database the ledger is on. A line is on the
disk before its act takes effect. Each hash is keyed, so that nobody without the study's key can
write a chain that fits. No answer, name or date of birth stands in it.

What it cannot tell by itself is that its last lines were cut off: keep the last hash elsewhere.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import BinaryIO, Literal, get_args

from adapter.errors import ConflictError, Problem
from adapter.store import chain
from adapter.store.backwards import end_of, lines_before, place_of
from adapter.store.chain import Link, Seal
from adapter.store.decided import Decided, Reached
from adapter.store.durable import keep_names

Action = Literal[
    "released",
    "held",
    "link",
    "withdraw",
    "unblind",
    "retry",
    "export",
    "acknowledge",
    "move",
    "forget",
    "take",
    "leave",
]
DECISIONS = frozenset({"released", "held"})
"""What the gate says; everything else is an act of a person."""
_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Act:
    """One decision or act.

    `what` names a version of a resource (`Type/id/version`), a consent or a folder; `rule` is what
    the gate said, or why a person did it.
    """

    at: str
    action: Action
    clinic: str = ""
    record: str = ""
    what: str = ""
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """An act in its place in the chain."""

    number: int
    act: Act
    hash: str


class AuditLog:
    """One file; several processes may write to it, and threads."""

    def __init__(self, path: Path, seal: Seal) -> None:
        """`seal` gives a keyed hash of the former hash and a line's text; nothing is read yet."""
        self.path, self._seal = path, seal
        self._decided, self._alone = Decided(path), threading.Lock()
        self._reached = Reached()
        self._unblinded: set[tuple[str, str]] = set()

    def add(self, acts: Iterable[Act]) -> None:
        """Writes acts down; a decision that is the same as the last about it is none.

        Raises:
            ConflictError: the file does not hold the chain that it should.
        """
        waiting = list(acts)
        if not waiting:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._locked(os.O_CREAT) as file:
            fresh = _Fresh(self._reached)
            lines = b"".join(self._line(act, fresh) for act in waiting if self._is_news(act, fresh))
            file.seek(self._reached.ends)
            file.truncate()  # half a line that a killed process left was never acted on
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
            if self._reached.ends == 0:
                keep_names(self.path.parent)
            self._keep(fresh)

    def is_unblinded(self, clinic: str, record: str) -> bool:
        """Whether a person's arm was made known to a clinic."""
        if self.path.exists() and self.path.stat().st_size != self._reached.ends:
            with self._locked():
                pass
        return (clinic, record) in self._unblinded

    def has_unblinded(self, clinic: str) -> bool:
        """Whether anybody's arm was made known to a clinic."""
        self.is_unblinded(clinic, "")  # so that what others wrote is read
        return any(known == clinic for known, _ in self._unblinded)

    def close(self) -> None:
        """Shuts what lies beside the file."""
        self._decided.close()

    @contextmanager
    def _locked(self, flags: int = 0) -> Iterator[BinaryIO]:
        """The file, read as far as it goes; nobody else reads or writes it so meanwhile.

        Raises:
            LedgerError: what lies beside it cannot be written, or was broken.
        """
        with (
            self._alone,
            self._decided.watched(),
            os.fdopen(os.open(self.path, os.O_RDWR | flags, 0o600), "r+b") as file,
        ):
            fcntl.flock(file, fcntl.LOCK_EX)  # given up when the file is closed, or by death
            self._catch_up(file)
            yield file

    def _is_news(self, act: Act, fresh: _Fresh) -> bool:
        if act.action not in DECISIONS:
            return True
        about = (act.clinic, act.what)
        known = fresh.rules[about] if about in fresh.rules else self._decided.rule(about)
        return known != act.rule

    def _catch_up(self, file: BinaryIO) -> None:
        """Reads what was written since this, or any process, did so; the whole file at first."""
        reached = self._decided.reached()
        if reached.number and not _is_there(file, reached):
            self._decided.clear()
            reached = Reached()
        if reached != self._reached:
            self._unblinded = set(_unblinded(file, self._decided.unblinded()))
            self._reached = reached
        fresh = _Fresh(reached)
        file.seek(reached.ends)
        for raw in file:
            if not raw.endswith(b"\n"):
                break
            said = line_in(raw)
            if said is None or said.number != fresh.reached.number + 1:
                raise ConflictError(
                    f"{self.path.name}: expected line {fresh.reached.number + 1} of the audit log; "
                    "found another. Nothing was done. `adapter audit verify` tells more."
                )
            fresh.take(said, len(raw))
            if len(fresh.rules) >= _AT_ONCE:
                self._keep(fresh)
                fresh = _Fresh(self._reached)
        if fresh.reached != self._reached:
            self._keep(fresh)

    def _keep(self, fresh: _Fresh) -> None:
        self._decided.keep(fresh.rules, fresh.unblinded.values(), fresh.reached)
        self._unblinded = self._unblinded | fresh.unblinded.keys()  # others may go through it
        self._reached = fresh.reached

    def _line(self, act: Act, fresh: _Fresh) -> bytes:
        said = {name: getattr(act, name) for name in Act.__slots__}
        link = chain.link(fresh.reached.number + 1, said, fresh.reached.hash, self._seal)
        raw = chain.write_link(link)
        fresh.take(Line(link.number, act, link.hash), len(raw))
        return raw


@dataclass(slots=True)
class _Fresh:
    """What lines said that are not noted beside the log yet, and how far they go.

    `unblinded` is where the lines begin that made an arm known, and to which clinic whose.
    """

    reached: Reached
    rules: dict[tuple[str, str], str] = field(default_factory=dict)
    unblinded: dict[tuple[str, str], int] = field(default_factory=dict)

    def take(self, line: Line, size: int) -> None:
        act, begins = line.act, self.reached.ends
        self.reached = Reached(begins, begins + size, line.number, line.hash)
        if act.action in DECISIONS:
            self.rules[act.clinic, act.what] = act.rule
        elif act.action == "unblind":
            self.unblinded[act.clinic, act.record] = begins


def _is_there(file: BinaryIO, reached: Reached) -> bool:
    """Whether a line stands where it did."""
    file.seek(reached.begins)
    found = chain.read_link(file.read(reached.ends - reached.begins))
    return found is not None and (found.number, found.hash) == (reached.number, reached.hash)


def _unblinded(file: BinaryIO, places: Iterable[int]) -> Iterator[tuple[str, str]]:
    """Who was unblinded for which clinic, as the lines say that begin there."""
    for begins in places:
        file.seek(begins)
        line = line_in(file.readline())
        if line is not None and line.act.action == "unblind":
            yield line.act.clinic, line.act.record


def read_lines(path: Path) -> Iterator[Line]:
    """Every line that can be read, in order; nothing where there is no file."""
    if path.exists():
        with path.open("rb") as file:
            yield from filter(None, map(line_in, file))


def newest_first(path: Path, before: int = 0) -> Iterator[Line]:
    """Every line that can be read, the last first; where it is not 0, before the number `before`.

    It is read from the end: who takes a page of it pays for a page.
    """
    if path.exists():
        end = end_of(path)
        if before:
            end = place_of(path, end, lambda raw: chain.number_in(raw) < before)
        yield from filter(None, (line_in(raw) for _, raw in lines_before(path, end)))


def verify(path: Path, seal: Seal, last: str = "") -> tuple[int, str, list[Problem]]:
    """How many lines there are, the last hash, and what does not fit.

    `last` is a hash that was kept elsewhere: where it is not in the file, lines were cut off.
    """
    return chain.verify(path, seal, last, lambda link: _act(link) is not None)


def line_in(raw: bytes) -> Line | None:
    """The act of a line, None where it is none."""
    link = chain.read_link(raw)
    act = None if link is None else _act(link)
    return None if link is None or act is None else Line(link.number, act, link.hash)


def _act(link: Link) -> Act | None:
    try:
        at, named, *more = (str(link.said[each.name]) for each in fields(Act))
        (action,) = (known for known in get_args(Action) if known == named)
    except (KeyError, ValueError):
        return None
    return Act(at, action, *more)
