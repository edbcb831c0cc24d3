"""A ledger on PostgreSQL, through psycopg 3.

Writers are kept apart as SQLite keeps them apart, but by clinic: who touches one clinic's
deliveries alone holds that clinic's lock, and shares the ledger's with those of other clinics; who
touches anything else has the ledger to itself. So what holds on SQLite holds here, and workers of
different clinics do not wait for each other. `SKIP LOCKED` has no place in this: a clinic has one
writer at a time, and what it claims nobody else wants.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlsplit

import psycopg
from psycopg.adapt import Dumper
from psycopg.rows import RowMaker
from psycopg.sql import Literal

from adapter.errors import DeclarationError, LedgerError, Origin, Problem
from adapter.store.outage import Outage
from adapter.store.transaction import Connection, Rows, Transaction

Found = TypeVar("Found")
GONE_SECONDS = 90.0
IDLE_SECONDS = 60.0
_HASTE_SECONDS = 1.0
_LOST = (psycopg.OperationalError, psycopg.errors.IdleInTransactionSessionTimeout)
_ALONE = b"SELECT pg_advisory_xact_lock(7241009)"
_SHARED = b"SELECT pg_advisory_xact_lock_shared(7241009)"
_BETWEEN_TRIES_SECONDS = 0.25
_ENCODING = "UTF8"
_ROWS_AT_A_TIME = 200


class Row(tuple[Any, ...]):
    """Values by place, and by name."""

    __slots__ = ()
    places: ClassVar[dict[str, int]]

    def __getitem__(self, key: Any) -> Any:  # noqa: ANN401 - as rows do
        """One value."""
        return tuple.__getitem__(self, self.places[key] if isinstance(key, str) else key)

    def keys(self) -> Iterable[str]:
        """The names, so that `dict(row)` works."""
        return self.places.keys()


def _rows(cursor: psycopg.Cursor[Any]) -> RowMaker[Row]:
    return _row_of(tuple(column.name for column in cursor.description or ()))


@lru_cache(maxsize=512)
def _row_of(names: tuple[str, ...]) -> type[Row]:
    return type(
        "Row",
        (Row,),
        {"__slots__": (), "places": {name: place for place, name in enumerate(names)}},
    )


class _AsNumber(Dumper):
    """Truth is kept as 0 or 1, as SQLite does."""

    oid = 21  # int2

    def dump(self, obj: bool) -> bytes:  # noqa: FBT001 - psycopg calls it so
        return b"1" if obj else b"0"


class PostgresConnection:
    """A connection that comes back when the server was away, wherever nothing is half done."""

    def __init__(self, engine: PostgresEngine) -> None:
        """Connected as the engine says."""
        self._engine, self._name = engine, engine.name
        self._is_inside = False
        self._numbers = itertools.count(1)
        self._connection: psycopg.Connection[Any] | None = None
        self._patiently(lambda connection: connection)
        if engine.outage is not None:
            engine.outage.enter()

    def execute(self, statement: str, parameters: Sequence[Any] = (), /) -> Rows:
        """Runs one statement; outside a transaction, again where the server was away."""
        text = _in_postgres(statement)
        if self._is_inside:
            with _told(self._name):
                return self._open().execute(text, parameters)
        return self._patiently(lambda connection: connection.execute(text, parameters))

    def stream(self, statement: str, parameters: Sequence[Any] = (), /) -> Iterator[Any]:
        """A query's rows, some at a time: the server keeps the others.

        Outside a transaction it keeps them for as long as they are asked for, so that other
        statements may come between.
        """
        with _told(self._name):
            opened = self._open()
            name = f"stream_{next(self._numbers)}"
            with opened.cursor(name, withhold=not self._is_inside) as cursor:
                cursor.itersize = _ROWS_AT_A_TIME
                yield from cursor.execute(_in_postgres(statement), parameters)

    def executemany(self, statement: str, parameters: Iterable[Sequence[Any]], /) -> object:
        """Runs one statement for each of these."""
        with _told(self._name):
            cursor = self._open().cursor()
            cursor.executemany(_in_postgres(statement), list(parameters))
            return cursor

    def moment(self) -> float:
        """What the server's clock says, in seconds since 1970."""
        query = "SELECT extract(epoch FROM clock_timestamp())::float8"
        return float(self.execute(query).fetchone()[0])

    def begin(self, lane: str) -> None:
        """Opens a transaction, when the locks that it needs are free."""

        def open_in_lane(connection: psycopg.Connection[Any]) -> None:
            wanted = [b"BEGIN", _ALONE]
            if lane:
                name = Literal(lane).as_bytes(connection)
                alone_there = b"SELECT pg_advisory_xact_lock(1, hashtext(%b))" % name
                wanted = [b"BEGIN", _SHARED, alone_there]
            connection.execute(b"; ".join(wanted))  # one way there and back, not three

        self._patiently(open_in_lane)
        self._is_inside = True

    def commit(self) -> None:
        """Ends the transaction; all of it is on disk when this returns."""
        with _told(self._name):
            self._open().execute("COMMIT")
        self._is_inside = False

    def rollback(self) -> None:
        """Takes the transaction back; with a connection that is gone, the server did."""
        self._is_inside = False
        outage = self._engine.outage
        if self._connection is not None and outage is not None and outage.is_on:
            self._connection.close()
        elif self._connection is not None:
            try:
                self._connection.execute("ROLLBACK")
            except _LOST:
                self._connection.close()

    def close(self) -> None:
        """Ends the connection."""
        if self._connection is not None:
            self._connection.close()
        if self._engine.outage is not None:
            self._engine.outage.leave()

    def _open(self) -> psycopg.Connection[Any]:
        outage = self._engine.outage
        if outage is not None:
            outage.stop_if_away()
        if self._connection is None or self._connection.closed:
            if self._is_inside:
                raise psycopg.OperationalError("the connection was lost in a transaction")
            how: dict[str, Any] = {"autocommit": True, "row_factory": _rows}
            how["client_encoding"] = _ENCODING  # whatever the environment says
            url = self._engine.url
            opened = psycopg.connect(url, **how) if outage is None else outage.connect(**how)
            _check_encoding(opened, self._name)
            opened.adapters.register_dumper(bool, _AsNumber)
            milliseconds = max(1000, int(self._engine.idle_seconds * 1000))
            opened.execute(f"SET idle_in_transaction_session_timeout = {milliseconds}".encode())
            self._connection = opened
        return self._connection

    def _patiently(self, work: Callable[[psycopg.Connection[Any]], Found]) -> Found:
        """Waits only for a server that has answered before: a wrong address is told at once."""
        outage = self._engine.outage
        patience = self._engine.patience_seconds if outage is None else _HASTE_SECONDS
        until = time.monotonic() + patience
        while True:
            try:
                return work(self._open())
            except _LOST as wrong:
                is_lost = self._connection is not None and self._connection.closed
                is_waited_for = is_lost and (outage is None or not outage.is_on)
                if not is_waited_for or time.monotonic() >= until:
                    self.rollback()
                    raise _trouble(self._name, wrong) from wrong
                time.sleep(_BETWEEN_TRIES_SECONDS)


@dataclass(frozen=True, slots=True)
class PostgresEngine:
    """A ledger behind a `postgresql://` URL; a password may stand in it, or where libpq looks.

    `patience_seconds` is how long a server that is away is waited for; where there is an `outage`,
    nobody waits for it. After `idle_seconds` without a word in a transaction the server takes it
    back: a process that was frozen there must not hold everybody up.
    """

    url: str = field(repr=False)
    patience_seconds: float = GONE_SECONDS
    idle_seconds: float = IDLE_SECONDS
    outage: Outage | None = None
    dialect: ClassVar[str] = "postgresql"
    begin_alone: ClassVar[str] = _ALONE.decode()

    @property
    def alchemy_url(self) -> str:
        """Where SQLAlchemy finds it, by the same driver."""
        return f"postgresql+psycopg://{self.url.partition('://')[2]}"

    @property
    def name(self) -> str:
        """Host and database: nothing of who signs in, and how."""
        said = urlsplit(self.url)
        return f"postgresql://{said.hostname or ''}{said.path}"

    def connect(self) -> Connection:
        """A connection.

        Raises:
            DeclarationError: the database could not hold every letter.
            LedgerError: the server did not answer, or did not let us in.
        """
        return PostgresConnection(self)

    def version(self, tx: Transaction) -> int:
        """The number of the schema, 0 in an empty database."""
        if tx.execute("SELECT to_regclass('alembic_version')").fetchone()[0] is None:
            return 0
        row = tx.execute("SELECT version_num FROM alembic_version").fetchone()
        return 0 if row is None else int(row[0])


@lru_cache(maxsize=512)
def _in_postgres(statement: str) -> bytes:
    """The same statement with psycopg's sign for a value."""
    return statement.replace("%", "%%").replace("?", "%s").encode()


class _told:  # noqa: N801 - used like a function
    """Tells of a connection that was lost."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, wrong: BaseException | None, __: object) -> None:
        if isinstance(wrong, _LOST):
            raise _trouble(self._name, wrong) from wrong


def _check_encoding(opened: psycopg.Connection[Any], name: str) -> None:
    """A database in SQL_ASCII gives bytes for text; in any other code letters have no place."""
    found = opened.info.parameter_status("server_encoding") or "no word of it"
    if found == _ENCODING:
        return
    opened.close()
    problem = Problem(
        Origin(name),
        "ledger",
        f"a database in {_ENCODING}",
        found,
        f"Make another one: CREATE DATABASE ledger ENCODING '{_ENCODING}' TEMPLATE template0.",
    )
    raise DeclarationError("The ledger cannot be kept there.", (problem,))


def _trouble(name: str, wrong: psycopg.Error) -> LedgerError:
    said = str(wrong).strip().splitlines()
    return LedgerError(
        f"{name}: expected a ledger that answers; found: {said[0] if said else 'silence'}. What "
        "was committed is whole; run this again when the database is back."
    )
