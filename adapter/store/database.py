"""The ledger: a file of SQLite, or a database of PostgreSQL; one connection a thread.

Nothing above knows which. A right to be the only one at some work (`sole_writer`) is a lease in the
database itself, and everything that is written under it is refused once the lease has passed on.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from adapter.errors import ConflictError, LedgerError
from adapter.store import leases
from adapter.store.leases import Lease
from adapter.store.schema import SCHEMA_VERSION, create
from adapter.store.sqlite import SqliteEngine, told_as_trouble
from adapter.store.transaction import Connection, Engine, Transaction

__all__ = ["SCHEMA_VERSION", "Database", "Transaction"]

Item = TypeVar("Item")
POSTGRES = ("postgresql://", "postgres://")


class Database:
    """One ledger. Threads may share it; each gets its own connection."""

    turn_seconds: float = 0.25
    """After so long whoever writes much lets others in between."""

    def __init__(
        self,
        where: Path | str,
        lease_seconds: float = leases.LEASE_SECONDS,
        *,
        waits: bool = True,
    ) -> None:
        """Opens the ledger at a path or a `postgresql://` URL, and makes it where there is none.

        An older one is brought to the present schema. `waits`: a database that goes away is waited
        for; else it is told at once, for somebody waits for an answer.

        Raises:
            ConflictError: the ledger was written by a newer adapter.
            DeclarationError: the file is no database, or cannot be had.
            LedgerError: the database cannot be reached.
        """
        self.engine = _engine(where, lease_seconds, waits=waits)
        self.lease_seconds = lease_seconds
        self._local = threading.local()
        self._connections: list[Connection] = []
        found = self.engine.version(self.read())
        if found == 0:
            with self.write() as tx:
                found = self.engine.version(tx)  # somebody may have made it meanwhile
                if found == 0:
                    create(tx, self.engine.dialect)
                    found = SCHEMA_VERSION
        if found > SCHEMA_VERSION:
            self.close()
            raise ConflictError(
                f"{self.engine.name}: expected a ledger of schema up to {SCHEMA_VERSION}; found "
                f"{found}. Use the adapter that wrote it, or a newer one."
            )
        if found < SCHEMA_VERSION:
            # Only who has an older ledger pays for Alembic.
            from adapter.store.migration import migrate  # noqa: PLC0415

            self.close()
            migrate(self.engine)

    @property
    def path(self) -> Path:
        """The file of a ledger on SQLite.

        Raises:
            AttributeError: it is no file.
        """
        path: Path = self.engine.path  # type: ignore[attr-defined]
        return path

    @contextmanager
    def write(self, lane: str = "") -> Iterator[Transaction]:
        """One transaction: all of it is on disk when this returns, or none of it.

        `lane` names a clinic whose deliveries alone it touches; others may then write beside it.

        Raises:
            ConflictError: a right to be alone, held by this thread, has passed to somebody else.
            LedgerError: the disk is full, or the database is away.
        """
        connection = self._connection()
        with told_as_trouble(self.engine.name):
            connection.begin(lane)
            try:
                self._held[:] = [leases.keep(connection, held) for held in self._held]
                yield connection
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    def write_each(self, items: Iterable[Item], write: Callable[[Transaction, Item], None]) -> None:
        """Writes these one after the other, in transactions so short that others get in between.

        Each is in one transaction as a whole; what was committed stays when a later one fails.

        Raises:
            ConflictError: as for `write`.
            LedgerError: likewise.
        """
        left = deque(items)
        while left:
            with self.write() as tx:
                until = time.monotonic() + self.turn_seconds
                write(tx, left.popleft())  # one at least, however short a turn is
                while left and time.monotonic() < until:
                    write(tx, left.popleft())

    def learn_sizes(self, tables: Iterable[str]) -> None:
        """Looks how much these tables hold by now, where queries are planned by that.

        PostgreSQL looks by itself within a minute or so; until then it takes full tables for empty
        ones, and a search that takes a blink may take minutes.
        """
        if self.engine.dialect == "postgresql":
            with self.write() as tx:
                for table in tables:
                    tx.execute(f"ANALYZE {table}")

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
    def sole_writer(self, name: str, seconds: float | None = None) -> Iterator[None]:
        """Holds the right to be the only one who does this, and what this thread writes to that.

        A killed process of this machine gives it up at once, any other after some `seconds` in
        which it wrote nothing.

        Raises:
            ConflictError: another process holds it.
        """
        with self.write() as tx:
            lease = leases.take(tx, name, seconds or self.lease_seconds)
        if lease is None:
            raise ConflictError(
                f"Expected to be alone with `{name}`; another process is at work on it. "
                "Wait until it has ended, then run this again."
            )
        self._held.append(lease)
        try:
            yield
        finally:
            self._held[:] = [held for held in self._held if held.name != name]
            with suppress(LedgerError), self.write() as tx:  # else it ends by itself
                leases.release(tx, lease)

    def renew(self, ahead_seconds: float = 0.0) -> None:
        """Makes sure of every right that this thread holds, where it could lapse soon.

        `ahead_seconds`: this thread sleeps for so long now.

        Raises:
            ConflictError: it has passed to somebody else.
        """
        soon = any(held.seconds / 2 < ahead_seconds or held.is_ageing() for held in self._held)
        if soon:
            with self.write(self._held[0].name) as tx:
                self._held[:] = [leases.keep(tx, held, ahead_seconds) for held in self._held]

    @property
    def _held(self) -> list[Lease]:
        held: list[Lease] | None = getattr(self._local, "held", None)
        if held is None:
            held = self._local.held = []
        return held

    def _connection(self) -> Connection:
        known: Connection | None = getattr(self._local, "connection", None)
        if known is None:
            known = self._local.connection = self.engine.connect()
            self._connections.append(known)
        return known


@contextmanager
def open_present(where: Path | str) -> Iterator[Transaction | None]:
    """A connection to read a ledger of the present schema with; None where there is none such.

    Raises:
        DeclarationError: the file is no database, or cannot be had.
        LedgerError: the database cannot be reached.
    """
    if isinstance(where, Path) and not where.exists():
        yield None
        return
    engine = _engine(where, leases.LEASE_SECONDS, waits=False)
    connection = engine.connect()
    try:
        yield connection if engine.version(connection) == SCHEMA_VERSION else None
    finally:
        connection.close()


def _engine(where: Path | str, lease_seconds: float, *, waits: bool) -> Engine:
    if isinstance(where, str) and where.startswith(POSTGRES):
        # Only who keeps a ledger there pays for the driver.
        from adapter.store.outage import Outage  # noqa: PLC0415
        from adapter.store.postgresql import PostgresEngine  # noqa: PLC0415

        outage = None if waits else Outage(where)
        return PostgresEngine(where, idle_seconds=lease_seconds, outage=outage)
    return SqliteEngine(Path(where))
