"""Who read or wrote what over HTTP, about whom, and when: one line before each answer goes out.

Each process has a file of its own, locked for as long as it writes there, so that no line waits for
another process; whoever comes next goes on with the chain of a file that is free. A line is with
the operating system before its answer is; it is on the disk within a second. Names and ids in it
are ours: no query, no body, nothing else that was sent.
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapter.errors import LedgerError
from adapter.store import chain
from adapter.store.chain import Link, Seal

SYNC_SECONDS = 1.0
_AT_ONCE = 1 << 16  # bytes that are looked at for the end of a file
_MOST_FILES = 1000


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


class AccessLog:
    """The access log of one process; its threads may share it."""

    def __init__(self, audit: Path, seal: Seal) -> None:
        """Stands beside the audit log, under a name like its own; opens nothing yet."""
        self._audit, self._seal = audit, seal
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

    def _open(self) -> int:
        """The first file that nobody writes to, where its chain ends."""
        self._audit.parent.mkdir(parents=True, exist_ok=True)
        for path in _paths(self._audit):
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # given up by death, too
                self._end, self._number, self._last = _end_of(file)
            except BlockingIOError:
                os.close(file)
                continue
            except OSError:
                os.close(file)
                raise
            self._file = file
            self._closing.clear()
            self._syncing = threading.Thread(target=self._sync_now_and_then, daemon=True)
            self._syncing.start()
            return file
        raise OSError(errno.EAGAIN, "every file is in use")

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
    """The files that there are, in their order."""
    return [path for path in _paths(audit) if path.exists()]


def read_accesses(path: Path, after: int = 0) -> Iterator[tuple[Link, Access]]:
    """Every line behind a number that can be read, in order."""
    with path.open("rb") as file:
        for raw in file:
            link = chain.read_link(raw)
            access = None if link is None or link.number <= after else _access(link.said)
            if link is not None and access is not None:
                yield link, access


def verify(path: Path, seal: Seal, last: str = "") -> chain.Verified:
    """As `chain.verify`, of one file of accesses."""
    return chain.verify(path, seal, last, lambda link: _access(link.said) is not None)


def _paths(audit: Path) -> Iterator[Path]:
    for number in range(1, _MOST_FILES):
        yield audit.with_name(f"{audit.stem}-access-{number}.ndjson")


def _end_of(file: int) -> tuple[int, int, str]:
    """Where the last whole line ends, its number and its hash; half a line behind it is cut off."""
    size = os.fstat(file).st_size
    begins, tail = size, b""
    while begins > 0 and tail.count(b"\n") < 2:  # noqa: PLR2004 - one ends the line before it
        begins = max(0, begins - _AT_ONCE)
        tail = os.pread(file, size - begins, begins)
    whole = tail[: tail.rfind(b"\n") + 1]
    end = begins + len(whole)
    if end < size:
        os.ftruncate(file, end)  # a process was killed there: its answer never went out
    found = chain.read_link(whole.splitlines()[-1]) if whole else None
    return (end, 0, "") if found is None else (end, found.number, found.hash)


def _write_whole(file: int, text: bytes) -> None:
    if os.write(file, text) < len(text):
        raise OSError(errno.ENOSPC, "no room for the whole of it")


def _said(access: Access) -> dict[str, Any]:
    return {name: getattr(access, name) for name in Access.__slots__}


def _access(said: Mapping[str, Any]) -> Access | None:
    if said.keys() != set(Access.__slots__):
        return None
    return Access(**{**said, "about": tuple(said["about"])})
