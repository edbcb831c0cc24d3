"""The seam between the store's SQL and a database: one text for SQLite and for PostgreSQL.

SQL is written in what both understand (`ON CONFLICT`, `RETURNING`, no `rowid`), with `?` for a
value. A row gives its values by name and by place, in the order of the query.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, ClassVar, Protocol, TypeVar

Value = TypeVar("Value")
_AT_ONCE = 500


class Rows(Protocol):
    """What a statement gave; every row can be had once."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""
        ...

    def fetchone(self) -> Any:  # noqa: ANN401 - a row, or None behind the last
        """The next row, None behind the last."""
        ...

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """The rows that are left, one after the other."""
        ...


class Transaction(Protocol):
    """Where statements are run: inside `Database.write`, or each by itself with `Database.read`."""

    def execute(self, statement: str, parameters: Sequence[Any] = (), /) -> Rows:
        """Runs one statement."""
        ...

    def stream(self, statement: str, parameters: Sequence[Any] = (), /) -> Iterator[Any]:
        """Runs one query, and gives its rows while only a few of them are held at a time."""
        ...

    def executemany(self, statement: str, parameters: Iterable[Sequence[Any]], /) -> object:
        """Runs one statement for each of these."""
        ...

    def moment(self) -> float:
        """What the database's own clock says, in seconds since 1970."""
        ...


class Connection(Transaction, Protocol):
    """One way to a database; a thread has its own."""

    def begin(self, lane: str) -> None:
        """Opens a transaction, behind all writers that it must not run beside.

        `lane` is a clinic whose deliveries alone are touched, '' for anything else.
        """
        ...

    def commit(self) -> None:
        """Ends the transaction; all of it is on disk when this returns."""
        ...

    def rollback(self) -> None:
        """Takes the transaction back."""
        ...

    def close(self) -> None:
        """Ends the connection."""
        ...


class Engine(Protocol):
    """One kind of database, at one place."""

    @property
    def name(self) -> str:
        """The ledger as messages name it, without a password."""
        ...

    dialect: ClassVar[str]
    """`sqlite` or `postgresql`."""

    @property
    def alchemy_url(self) -> str:
        """Where SQLAlchemy finds it: for migrations alone."""
        ...

    begin_alone: ClassVar[str]
    """The statement after which no writer runs beside a migration."""

    def connect(self) -> Connection:
        """A new connection.

        Raises:
            LedgerError: the database cannot be reached.
            DeclarationError: it is no database of the adapter.
        """
        ...

    def version(self, tx: Transaction) -> int:
        """The number of the schema that is there, 0 for none."""
        ...


def in_parts(values: Sequence[Value]) -> Iterator[tuple[str, Sequence[Value]]]:
    """So many of these as go into one statement, behind their marks, until all are told."""
    for start in range(0, len(values), _AT_ONCE):
        some = values[start : start + _AT_ONCE]
        yield ", ".join("?" * len(some)), some


def among(forms: Collection[str] | None) -> tuple[str, tuple[str, ...]]:
    """The condition that a row belongs to one of these forms, with its values; None for any."""
    if forms is None:
        return "", ()
    return f" AND form IN ({', '.join('?' * len(forms))})", tuple(sorted(forms))
