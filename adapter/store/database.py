"""The ledger's file: SQLite in WAL mode, synchronous FULL, one connection a thread.

A commit is on the disk before it is acted on; writers group their work, because a commit costs a
sync. Measured: 32 rows a commit are about twenty times the rate of one.
"""

from __future__ import annotations

import fcntl
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from adapter.errors import ConflictError, DeclarationError, Origin, Problem

Transaction = sqlite3.Connection
SCHEMA_VERSION = 4


class Database:
    """One ledger. Threads may share it; each gets its own connection."""

    def __init__(self, path: Path) -> None:
        """Opens the ledger at `path`, and makes it where there is none.

        Raises:
            ConflictError: the file was written by a newer adapter.
            DeclarationError: the file is no database, or cannot be had.
        """
        self.path = path
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        with made(path, "ledger"), self.write() as tx:
            found = tx.execute("PRAGMA user_version").fetchone()[0]
            if found < SCHEMA_VERSION:  # every version so far added tables and indexes alone
                for statement in _statements():
                    tx.execute(statement)
                tx.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        if found > SCHEMA_VERSION:
            self.close()
            raise ConflictError(
                f"{path.name}: expected a ledger of schema up to {SCHEMA_VERSION}; found {found}. "
                "Use the adapter that wrote it, or a newer one."
            )

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """One transaction: all of it is on disk when this returns, or none of it."""
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def read(self) -> Transaction:
        """A connection to read with; every statement sees what is committed by then."""
        return self._connection()

    def close(self) -> None:
        """Closes every thread's connection."""
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        self._local = threading.local()

    @contextmanager
    def sole_writer(self, name: str) -> Iterator[None]:
        """Holds the right to be the only one who does this; a killed process gives it up at once.

        Raises:
            ConflictError: another process holds it.
        """
        lock = self.path.with_name(f"{self.path.name}.{name}.lock")
        with lock.open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ConflictError(
                    f"Expected to be alone with `{name}`; another process is at work on it. "
                    "Wait until it has ended, then run this again."
                ) from None
            yield

    def _connection(self) -> sqlite3.Connection:
        known: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if known is None:
            known = sqlite3.connect(
                self.path, timeout=60, isolation_level=None, check_same_thread=False
            )
            known.row_factory = sqlite3.Row
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                known.execute(f"PRAGMA {pragma}")
            self._local.connection = known
            self._connections.append(known)
        return known


@contextmanager
def made(path: Path, setting: str) -> Iterator[None]:
    """Makes the folder of a database, and tells of a file that cannot be one by its setting.

    Raises:
        DeclarationError: opening it inside failed.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except (OSError, sqlite3.DatabaseError) as wrong:
        found = getattr(wrong, "strerror", None) or str(wrong)
        expected = "a database of the adapter, or a place for one"
        problem = Problem(Origin(path.name), setting, expected, found, "Check the setting.")
        raise DeclarationError("A database cannot be opened.", (problem,)) from wrong


def _statements() -> Iterator[str]:
    text = files("adapter.store").joinpath("schema.sql").read_text("utf-8")
    bare = "\n".join(line.split("--")[0] for line in text.splitlines())
    return (statement for part in bare.split(";") if (statement := part.strip()))
