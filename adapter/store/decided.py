"""What the audit log said last about each thing, beside the log: nobody reads all of it again.

A million decisions fit in no process's memory, and reading them takes too long to begin with. This
file is made from the log alone; where it is gone, broken, or of another log, it is made anew. It
says nothing by itself of who was unblinded, only where the log says so: whoever changes it makes
nobody know more.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from pathlib import Path

from adapter.errors import LedgerError
from adapter.store.sqlite import told_as_trouble

About = tuple[str, str]
"""A clinic, and the version of a resource (`Type/id/version`)."""
_TABLES = """
CREATE TABLE IF NOT EXISTS reached (begins INTEGER, ends INTEGER, number INTEGER, hash TEXT);
CREATE TABLE IF NOT EXISTS rule (clinic TEXT, what TEXT, rule TEXT, PRIMARY KEY (clinic, what))
  WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS unblinded (begins INTEGER PRIMARY KEY);
"""


@dataclass(frozen=True, slots=True)
class Reached:
    """The last line of the log that is known here: its bytes, its number, its hash."""

    begins: int = 0
    ends: int = 0
    number: int = 0
    hash: str = ""


class Decided:
    """The file beside a log. Whoever calls holds the lock of the log."""

    def __init__(self, log: Path) -> None:
        """Nothing is opened yet."""
        self.path = log.with_name(f"{log.stem}-decided.sqlite")
        self._opened: sqlite3.Connection | None = None

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Tells of a full disk; throws a broken file away, so that the next one is made anew.

        Raises:
            LedgerError: either was met inside.
        """
        with told_as_trouble(self.path.name):
            try:
                yield
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError as wrong:
                self._throw_away()
                raise LedgerError(
                    f"{self.path.name}: expected what was made of the audit log; found a broken "
                    "file. It is gone, and is made anew when you run this again."
                ) from wrong

    def reached(self) -> Reached:
        """How far it was made; nothing of a log where it says nothing."""
        row = self._connection().execute("SELECT * FROM reached").fetchone()
        return Reached() if row is None else Reached(*row)

    def rule(self, about: About) -> str | None:
        """What was said last about a version, None for nothing."""
        query = "SELECT rule FROM rule WHERE clinic = ? AND what = ?"
        row = self._connection().execute(query, about).fetchone()
        return None if row is None else str(row[0])

    def unblinded(self) -> list[int]:
        """Where the lines of the log begin that say of an unblinding."""
        rows = self._connection().execute("SELECT begins FROM unblinded ORDER BY begins")
        return [int(row[0]) for row in rows]

    def keep(self, rules: Mapping[About, str], unblinded: Iterable[int], reached: Reached) -> None:
        """Notes what more lines said, and how far they go."""
        with self._connection() as tx:
            tx.execute("BEGIN")
            said = [(*about, rule) for about, rule in rules.items()]
            tx.executemany("INSERT OR REPLACE INTO rule VALUES (?, ?, ?)", said)
            begins = [(each,) for each in unblinded]
            tx.executemany("INSERT OR IGNORE INTO unblinded VALUES (?)", begins)
            tx.execute("DELETE FROM reached")
            tx.execute("INSERT INTO reached VALUES (?, ?, ?, ?)", astuple(reached))

    def clear(self) -> None:
        """Forgets everything: it is of another log."""
        with self._connection() as tx:
            tx.execute("BEGIN")
            for table in ("rule", "unblinded", "reached"):
                tx.execute(f"DELETE FROM {table}")

    def close(self) -> None:
        """Shuts the file."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _connection(self) -> sqlite3.Connection:
        if self._opened is None:
            self._opened = self._made()
            if self._opened is None:  # broken: it is made anew
                self._throw_away()
                self._opened = self._made()
            if self._opened is None:  # beside the log nothing may lie: a file of this process
                self._opened = _open("")
        return self._opened

    def _made(self) -> sqlite3.Connection | None:
        try:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            return _open(str(self.path))
        except (OSError, sqlite3.DatabaseError):
            return None

    def _throw_away(self) -> None:
        self.close()
        for end in ("", "-wal", "-shm"):
            with suppress(OSError):
                self.path.with_name(f"{self.path.name}{end}").unlink()


def _open(name: str) -> sqlite3.Connection:
    opened = sqlite3.connect(name, isolation_level=None, check_same_thread=False)
    # It can be made anew, so that no commit has to wait for the disk.
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL"):
        opened.execute(f"PRAGMA {pragma}")
    opened.executescript(_TABLES)
    return opened
