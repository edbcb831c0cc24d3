"""People at the pages: links that let one in, sessions, and the signals that they acknowledged.

Shared by all workers. Of a link and of a session only a hash is kept. Times are seconds since 1970.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from adapter.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Session:
    """Who is signed in, until when at the latest, and when they were seen last."""

    person: str
    ends: float
    seen: float


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """That a person has seen a version of a Flag, and when (ISO 8601 with its offset)."""

    flag: str
    version: int
    person: str
    at: str


def invite(tx: Transaction, digest: bytes, person: str, ends: float, now: float) -> None:
    """Notes a link; those that have ended are forgotten."""
    tx.execute("DELETE FROM invitation WHERE ends <= ?", (now,))
    tx.execute(
        "INSERT INTO invitation (hash, person, ends) VALUES (?, ?, ?)", (digest, person, ends)
    )


def spend(tx: Transaction, digest: bytes, now: float) -> str | None:
    """Whom a link lets in, which it does once; None for one that is spent, ended or unknown."""
    row = tx.execute(
        "DELETE FROM invitation WHERE hash = ? AND ends > ? RETURNING person", (digest, now)
    ).fetchone()
    return None if row is None else str(row["person"])


def begin(tx: Transaction, digest: bytes, session: Session) -> None:
    """Notes that somebody has signed in; sessions that have ended are forgotten."""
    tx.execute("DELETE FROM session WHERE ends <= ?", (session.seen,))
    tx.execute(
        "INSERT INTO session (hash, person, ends, seen) VALUES (?, ?, ?, ?)",
        (digest, session.person, session.ends, session.seen),
    )


def session(tx: Transaction, digest: bytes) -> Session | None:
    """The session of this hash, None where there is none."""
    row = tx.execute("SELECT person, ends, seen FROM session WHERE hash = ?", (digest,)).fetchone()
    return None if row is None else Session(row["person"], row["ends"], row["seen"])


def see(tx: Transaction, digest: bytes, now: float) -> None:
    """Notes that the person was there."""
    tx.execute("UPDATE session SET seen = ? WHERE hash = ? AND seen < ?", (now, digest, now))


def end(tx: Transaction, digest: bytes) -> None:
    """Ends a session."""
    tx.execute("DELETE FROM session WHERE hash = ?", (digest,))


def acknowledge(tx: Transaction, said: Acknowledged) -> bool:
    """Notes that somebody has seen a version of a Flag; False where somebody had before."""
    done = tx.execute(
        "INSERT INTO acknowledgement (flag, version, person, at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (said.flag, said.version, said.person, said.at),
    )
    return done.rowcount == 1


def acknowledged(tx: Transaction, flags: Collection[str]) -> dict[str, Acknowledged]:
    """The last acknowledgement of each of these Flags that has one, by the Flag's id."""
    found: dict[str, Acknowledged] = {}
    for flag in flags:
        row = tx.execute(
            "SELECT flag, version, person, at FROM acknowledgement WHERE flag = ?"
            " ORDER BY version DESC LIMIT 1",
            (flag,),
        ).fetchone()
        if row is not None:
            found[flag] = Acknowledged(row["flag"], row["version"], row["person"], row["at"])
    return found
