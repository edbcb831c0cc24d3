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
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Literal, get_args

from adapter.errors import ConflictError, Problem
from adapter.store import chain
from adapter.store.chain import Link, Seal

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
    """One file; several processes may write to it."""

    def __init__(self, path: Path, seal: Seal) -> None:
        """`seal` gives a keyed hash of the former hash and a line's text; nothing is read yet."""
        self.path, self._seal = path, seal
        self._read_to, self._number, self._last = 0, 0, ""
        self._rules: dict[tuple[str, str], str] = {}
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
        with os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # given up when the file is closed, or by death
            self._catch_up(file)
            lines = b"".join(self._line(act) for act in waiting if self._is_news(act))
            file.seek(self._read_to)
            file.truncate()  # half a line that a killed process left was never acted on
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
            self._read_to += len(lines)

    def is_unblinded(self, clinic: str, record: str) -> bool:
        """Whether a person's arm was made known to a clinic."""
        if self.path.exists() and self.path.stat().st_size != self._read_to:
            with self.path.open("rb") as file:
                self._catch_up(file)
        return (clinic, record) in self._unblinded

    def has_unblinded(self, clinic: str) -> bool:
        """Whether anybody's arm was made known to a clinic."""
        self.is_unblinded(clinic, "")  # so that what others wrote is read
        return any(known == clinic for known, _ in self._unblinded)

    def _is_news(self, act: Act) -> bool:
        is_decision = act.action in {"released", "held"}
        return not is_decision or self._rules.get((act.clinic, act.what)) != act.rule

    def _catch_up(self, file: BinaryIO) -> None:
        """Reads what others wrote since; the whole file at first."""
        file.seek(self._read_to)
        for raw in file:
            if not raw.endswith(b"\n"):
                return
            said = _read(raw)
            if said is None or said.number != self._number + 1:
                raise ConflictError(
                    f"{self.path.name}: expected line {self._number + 1} of the audit log; found "
                    "another. Nothing was done. `adapter audit verify` tells more."
                )
            self._take(said)
            self._read_to += len(raw)

    def _take(self, line: Line) -> None:
        self._number, self._last = line.number, line.hash
        act = line.act
        if act.action in {"released", "held"}:
            self._rules[act.clinic, act.what] = act.rule
        elif act.action == "unblind":
            self._unblinded.add((act.clinic, act.record))

    def _line(self, act: Act) -> bytes:
        link = chain.link(self._number + 1, asdict(act), self._last, self._seal)
        self._take(Line(link.number, act, link.hash))
        return chain.write_link(link)


def read_lines(path: Path) -> Iterator[Line]:
    """Every line that can be read, in order; nothing where there is no file."""
    if path.exists():
        with path.open("rb") as file:
            yield from filter(None, map(_read, file))


def newest(path: Path, before: int, limit: int) -> list[Line]:
    """The last lines, the newest first; those before the number `before`, where it is not 0."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        last = deque(file if not before else islice(file, before - 1), maxlen=limit)
    return [line for raw in reversed(last) if (line := _read(raw))]


def verify(path: Path, seal: Seal, last: str = "") -> tuple[int, str, list[Problem]]:
    """How many lines there are, the last hash, and what does not fit.

    `last` is a hash that was kept elsewhere: where it is not in the file, lines were cut off.
    """
    return chain.verify(path, seal, last, lambda link: _act(link) is not None)


def _read(raw: bytes) -> Line | None:
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
