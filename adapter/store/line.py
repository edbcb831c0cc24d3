"""Writers to a ledger on SQLite, one behind the other.

SQLite has no line: whoever waits looks again every tenth of a second, and whoever writes much, one
transaction close behind the other, never lets them in. So whoever wants to write asks first for a
lock on the folder, and gives it up as soon as they write: who waits has it, and comes next. It is a
courtesy: whoever cannot have it within a moment goes on without it.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_POLITE_SECONDS = 5.0
_NAP_SECONDS = 0.005


class Line:
    """One place in the line; each connection has its own."""

    def __init__(self, folder: Path, polite_seconds: float = _POLITE_SECONDS) -> None:
        """`folder` is that of the ledger; after so many seconds somebody goes on out of line."""
        self._polite = polite_seconds
        self._folder: int | None = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)

    @contextmanager
    def first(self) -> Iterator[bool]:
        """Whoever is inside comes next; gives whether they were let first."""
        folder = self._folder
        is_first = folder is not None and self._is_taken(folder)
        try:
            yield is_first
        finally:
            if is_first and folder is not None:
                fcntl.flock(folder, fcntl.LOCK_UN)

    def leave(self) -> None:
        """Stands there no more."""
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None

    def _is_taken(self, folder: int) -> bool:
        until = time.monotonic() + self._polite
        while True:
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:  # whoever has it may be frozen
                    return False
                time.sleep(_NAP_SECONDS)
            except OSError:  # a file system without such locks
                return False
            else:
                return True
