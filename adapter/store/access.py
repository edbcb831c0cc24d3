"""Tokens that were given out, and assertions that were spent on them; shared by all workers.

Of a token its hash is kept, never itself. Times are seconds since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapter.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Known:
    """To whom a token was given, and for what."""

    client: str
    scope: str


def spend(tx: Transaction, issuer: str, jti: str, ends: float, now: float) -> bool:
    """Notes that an assertion was used; False where it was before. Ended ones are forgotten."""
    tx.execute("DELETE FROM spent WHERE ends < ?", (now,))
    done = tx.execute(
        "INSERT INTO spent (issuer, jti, ends) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (issuer, jti, ends),
    )
    return done.rowcount == 1


def keep_token(tx: Transaction, digest: bytes, client: str, scope: str, ends: float) -> None:
    """Notes a token that is given out."""
    tx.execute(
        "INSERT INTO token (hash, client, scope, ends) VALUES (?, ?, ?, ?)",
        (digest, client, scope, ends),
    )


def token(tx: Transaction, digest: bytes, now: float) -> Known | None:
    """To whom a token was given that has not ended, None for any other."""
    row = tx.execute(
        "SELECT client, scope FROM token WHERE hash = ? AND ends > ?", (digest, now)
    ).fetchone()
    return None if row is None else Known(row["client"], row["scope"])


def forget_tokens(tx: Transaction, now: float) -> None:
    """Forgets those that have ended."""
    tx.execute("DELETE FROM token WHERE ends <= ?", (now,))
