"""Who read or wrote what over HTTP, about whom, and when: one line before each answer goes out.

Each process has a file of its own, locked for as long as it writes there, so that no line waits for
another process; whoever comes next goes on with the chain of a file that is free. A file that has
grown long is left as it is, and the next one goes on with its chain: no file is ever renamed. A
line is with the operating system before its answer is; it is on the disk within a second. Names
and ids in it are ours: no query, no body, nothing else that was sent.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapter.errors import LedgerError, Origin, Problem
from adapter.store import chain
from adapter.store.backwards import lines_before
from adapter.store.chain import FIRST, Ending, Link, Seal

SYNC_SECONDS = 1.0
_MOST_CHAINS = 1000
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND


@dataclass(frozen=True, slots=True)
class Access:
    """One access, or one that was refused.

    `request` is our own name of the request, `door` the part of the service; `interaction` is one
    of https://hl7.org/fhir/R4/valueset-restful-interaction.html, or another word of ours. `client`
    is a registered client and `person` somebody who signed in, '' where nobody was known. `type`
    and `id` name what it was about, '' for nothing of ours; `about` are participants, as the audit
    log names them; `count` is how many resources were given or taken. `status` is that of HTTP.
    """

    at: str
    request: str
    door: str
    interaction: str
    client: str
    status: int
    person: str = ""
    type: str = ""
    id: str = ""
    about: tuple[str, ...] = ()
    count: int = 0


@dataclass(frozen=True, slots=True)
class Lasting:
    """How long one file is gone on with: so many bytes, and for a day (UTC) where `is_daily`."""

    most_bytes: int = 64 << 20
    is_daily: bool = False


class AccessLog:
    """The access log of one process; its threads may share it."""

    def __init__(self, audit: Path, seal: Seal, lasting: Lasting = Lasting()) -> None:
        """Stands beside the audit log, under a name like its own; opens nothing yet."""
        self._audit, self._seal, self._lasting = audit, seal, lasting
        self._chain, self._day = 1, ""
        self._lock = threading.Lock()
        self._file: int | None = None
        self._end, self._number, self._last = 0, 0, ""
        self._is_synced, self._closing = True, threading.Event()
        self._syncing: threading.Thread | None = None

    def note(self, accesses: Iterable[Access]) -> None:
        """Writes accesses down, in one stroke: when this returns they may take place.

        Raises:
            LedgerError: they could not be written; none of them is.
        """
        with self._lock:
            try:
                self._write(list(accesses))
            except OSError as wrong:
                raise LedgerError(
                    f"{self._audit.name}: expected an access log that can be written beside it; "
                    f"found: {wrong.strerror}. Nothing is told before that can be noted."
                ) from wrong

    def close(self) -> None:
        """Brings everything to the disk, and gives the file to whoever comes next."""
        self._closing.set()
        if self._syncing is not None:
            self._syncing.join()
        with self._lock:
            if self._file is not None:
                self._sync()
                os.close(self._file)
                self._file = None

    def _write(self, accesses: list[Access]) -> None:
        file = self._open() if self._file is None else self._file
        if self._is_long(accesses):
            file = self._go_on()
        number, last, lines = self._number, self._last, list[bytes]()
        for access in accesses:
            link = chain.link(number + 1, _said(access), last, self._seal)
            number, last = link.number, link.hash
            lines.append(chain.write_link(link))
        text = b"".join(lines)
        try:
            _write_whole(file, text)
        except OSError:
            with suppress(OSError):
                os.ftruncate(file, self._end)  # half a line would end the chain
            raise
        self._end, self._number, self._last = self._end + len(text), number, last
        self._is_synced = False
        self._day = accesses[-1].at[:10] if accesses else self._day

    def _is_long(self, accesses: list[Access]) -> bool:
        is_over = self._lasting.is_daily and any(each.at[:10] != self._day for each in accesses)
        return self._end > 0 and (is_over or self._end >= self._lasting.most_bytes)

    def _go_on(self) -> int:
        """The next file of this chain, held before the one that is long is given up."""
        path = _part(self._audit, self._chain, _newest(self._audit, self._chain) + 1)
        former, file = self._file, os.open(path, _FLAGS | os.O_EXCL, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._sync()
        self._file, self._end = file, 0
        if former is not None:
            os.close(former)
        return file

    def _open(self) -> int:
        """The last file of the first chain that nobody writes to, where it ends."""
        self._audit.parent.mkdir(parents=True, exist_ok=True)
        for number in range(1, _MOST_CHAINS):
            file = self._hold(number)
            if file is None:
                continue
            self._file, self._chain = file, number
            self._closing.clear()
            self._syncing = threading.Thread(target=self._sync_now_and_then, daemon=True)
            self._syncing.start()
            return file
        raise OSError(errno.EAGAIN, "every file is in use")

    def _hold(self, number: int) -> int | None:
        """The last file of a chain, None where another process has it."""
        parts = parts_of(self._audit, number)
        newest = max(parts, default=1)
        path = _part(self._audit, number, newest)
        file = os.open(path, _FLAGS, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # given up by death, too
            self._end, link = _end_of(path, file)
            for former in reversed([*parts.values()][:-1]):  # its writer may have died at once
                link = link or _last_of(former)
        except BlockingIOError:
            os.close(file)
            return None
        except OSError:
            os.close(file)
            raise
        if _newest(self._audit, number) > newest:  # its writer went on with the next one meanwhile
            os.close(file)
            return None
        self._number, self._last = (link.number, link.hash) if link else (0, "")
        self._day = str(link.said.get("at", ""))[:10] if link else ""
        return file

    def _sync_now_and_then(self) -> None:
        while not self._closing.wait(SYNC_SECONDS):
            with suppress(OSError):  # the next line tells of a disk that fails
                self._sync()

    def _sync(self) -> None:
        file = self._file
        if file is not None and not self._is_synced:
            self._is_synced = True
            os.fsync(file)


def access_files(audit: Path) -> list[Path]:
    """The files that there are, chain by chain, each in its order."""
    return [path for number in chains_of(audit) for path in parts_of(audit, number).values()]


def chains_of(audit: Path) -> list[int]:
    """The numbers of the chains of which there is a file."""
    return sorted({number for number, _ in _named(audit)})


def parts_of(audit: Path, number: int) -> dict[int, Path]:
    """The files of one chain by their places in it, in order; one may have been moved away."""
    parts = sorted(part for chained, part in _named(audit) if chained == number)
    return {part: _part(audit, number, part) for part in parts}


def read_accesses(path: Path, after: int = 0) -> Iterator[tuple[Link, Access]]:
    """Every line behind a number that can be read, in order."""
    with path.open("rb") as file:
        for raw in file:
            found = access_in(raw)
            if found is not None and found[0].number > after:
                yield found


def access_in(raw: bytes) -> tuple[Link, Access] | None:
    """The access of a line, None where it is none."""
    link = chain.read_link(raw)
    access = None if link is None else _access(link.said)
    return None if link is None or access is None else (link, access)


def verify(path: Path, seal: Seal, last: str = "", before: Ending | None = FIRST) -> chain.Verified:
    """As `chain.verify`, of one file of accesses, behind the end of the one before it."""
    return chain.verify(path, seal, last, lambda link: _access(link.said) is not None, before)


def verify_all(audit: Path, seal: Seal) -> dict[Path, chain.Verified]:
    """Every file, each behind the one before it; one that is missing is told where it belongs."""
    found = dict[Path, chain.Verified]()
    for number in chains_of(audit):
        before: Ending | None = FIRST
        for part in range(1, _newest(audit, number) + 1):
            path = _part(audit, number, part)
            if not path.exists():
                found[path], before = (0, "", [_missing(path)]), None
                continue
            begins = _first_of(path) if before is None else before[0]
            count, last, _ = found[path] = verify(path, seal, "", before)
            before = (begins + count, last) if count else before
    return found


def _named(audit: Path) -> list[tuple[int, int]]:
    """Chain and place in it, of every file that is called like one of accesses."""
    pattern = re.compile(rf"{re.escape(audit.stem)}-access-(\d{{1,4}})(?:-(\d{{1,9}}))?\.ndjson")
    names = (pattern.fullmatch(path.name) for path in audit.parent.glob("*-access-*.ndjson"))
    return [(int(name[1]), int(name[2] or 1)) for name in names if name]


def _newest(audit: Path, number: int) -> int:
    """The place of the last file of a chain, 0 where there is none."""
    return max((part for chained, part in _named(audit) if chained == number), default=0)


def _part(audit: Path, number: int, part: int) -> Path:
    more = "" if part == 1 else f"-{part}"
    return audit.with_name(f"{audit.stem}-access-{number}{more}.ndjson")


def _missing(path: Path) -> Problem:
    expected, found = "a file of the log, which the next one goes on from", "none"
    action = "Put it back where it was; what was moved away is verified where all of it lies."
    return Problem(Origin(path.name), "", expected, found, action)


def _first_of(path: Path) -> int:
    """How many lines stand before a file's first one, by what that says."""
    with path.open("rb") as file:
        link = chain.read_link(file.readline())
    return link.number - 1 if link else 0


def _last_of(path: Path) -> Link | None:
    """The last line of a file that is written to no more."""
    file = os.open(path, os.O_RDWR)
    try:
        return _end_of(path, file)[1]
    finally:
        os.close(file)


def _end_of(path: Path, file: int) -> tuple[int, Link | None]:
    """Where the last whole line ends, and that line; half a line behind it is cut off."""
    size = os.fstat(file).st_size
    begins, line = next(lines_before(path, size), (0, b""))
    end = begins + len(line)
    if end < size:
        os.ftruncate(file, end)  # a process was killed there: its answer never went out
    return end, chain.read_link(line) if line else None


def _write_whole(file: int, text: bytes) -> None:
    if os.write(file, text) < len(text):
        raise OSError(errno.ENOSPC, "no room for the whole of it")


def _said(access: Access) -> dict[str, Any]:
    return {name: getattr(access, name) for name in Access.__slots__}


def _access(said: Mapping[str, Any]) -> Access | None:
    if said.keys() != set(Access.__slots__):
        return None
    return Access(**{**said, "about": tuple(said["about"])})
