"""Keeps the index that searches use in step with the versions.

It is made of the versions alone and can be made anew at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from adapter.fhir.search.index import Found, Range, Token, Words
from adapter.store.conditions import TABLES
from adapter.store.transaction import Transaction
from adapter.store.versions import Version

BATCH = 500


def catch_up(tx: Transaction, found_by: Callable[[Version], Iterable[Found]]) -> int:
    """Takes the next versions that are not in the index yet into it; gives how many there were.

    `found_by` gives what a version is found by, nothing for what no search may find.
    """
    row = tx.execute("SELECT place FROM indexed").fetchone()
    rows = tx.execute(
        "SELECT place, created, type, id, version, unit, participant, form, is_retracted, text"
        " FROM version WHERE place > ? ORDER BY place LIMIT ?",
        (row["place"], BATCH),
    ).fetchall()
    for each in rows:
        version = Version(*(each[name] for name in Version.__slots__))
        _take(tx, each["place"], each["created"], version, found_by(version))
    if rows:
        tx.execute("UPDATE indexed SET place = ?", (rows[-1]["place"],))
    return len(rows)


def is_behind(tx: Transaction) -> bool:
    """Whether versions were put that are not in the index yet."""
    row = tx.execute(
        "SELECT coalesce((SELECT max(place) FROM version), 0) > place AS behind FROM indexed"
    ).fetchone()
    return bool(row["behind"])


def _take(
    tx: Transaction, place: int, created: str, version: Version, found: Iterable[Found]
) -> None:
    first = tx.execute(
        "INSERT INTO newest (first, type, id, version, participant, form, is_retracted, updated)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (type, id) DO UPDATE SET"
        " version = excluded.version, participant = excluded.participant, form = excluded.form,"
        " is_retracted = excluded.is_retracted, updated = excluded.updated RETURNING first",
        (
            place,
            version.type,
            version.id,
            version.version,
            version.participant,
            version.form,
            version.is_retracted,
            datetime.fromisoformat(created).timestamp(),
        ),
    ).fetchone()["first"]
    if first != place:
        for table in TABLES:
            tx.execute(f"DELETE FROM {table} WHERE first = ?", (first,))
    for each in dict.fromkeys(found):
        match each:
            case Token(parameter, system, value):
                tx.execute(
                    "INSERT INTO found_token (type, parameter, value, system, first)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (version.type, parameter, value, system, first),
                )
            case Range(parameter, low, high, system, unit):
                tx.execute(
                    "INSERT INTO found_range (type, parameter, low, high, system, unit, first)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (version.type, parameter, low, high, system, unit, first),
                )
            case Words(parameter, exact, plain):
                tx.execute(
                    "INSERT INTO found_words (type, parameter, plain, exact, first)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (version.type, parameter, plain, exact, first),
                )
