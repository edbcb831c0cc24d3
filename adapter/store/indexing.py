"""Keeps the index that searches use in step with the versions.

It is made of the versions alone and can be made anew at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from adapter.fhir.search.index import Found, Range, Token, Words
from adapter.store.conditions import TABLES
from adapter.store.reading import WRITTEN, Written, as_written, numbered
from adapter.store.transaction import Transaction
from adapter.store.versions import Version

BATCH = 500
INDEXED = ("newest", *TABLES)
"""The tables that searches go through."""


def catch_up(
    tx: Transaction,
    found_by: Callable[[Version], Iterable[Found]],
    is_news: Callable[[Version, Version], bool],
) -> int:
    """Takes the next versions that are not in the index yet into it; gives how many there were.

    `found_by` gives what a version is found by, nothing for what no search may find. `is_news` says
    of a version, and of the one before it, whether a blinded reader can tell them apart.
    """
    row = tx.execute("SELECT place FROM indexed").fetchone()
    rows = tx.execute(
        f"SELECT {WRITTEN} FROM version AS v WHERE place > ? ORDER BY place LIMIT ?",
        (row["place"], BATCH),
    ).fetchall()
    for each in rows:
        written = as_written(each)
        version = written.version
        _take(tx, written, found_by(version), is_told=_is_told(tx, version, is_news))
    if rows:
        tx.execute("UPDATE indexed SET place = ?", (rows[-1]["place"],))
    return len(rows)


def is_behind(tx: Transaction) -> bool:
    """Whether versions were put that are not in the index yet."""
    row = tx.execute(
        "SELECT coalesce((SELECT max(place) FROM version), 0) > place AS behind FROM indexed"
    ).fetchone()
    return bool(row["behind"])


def _is_told(
    tx: Transaction, version: Version, is_news: Callable[[Version, Version], bool]
) -> bool:
    if version.version == 1:  # most are, and cost no look at one before
        return True
    before = numbered(tx, version.type, version.id, version.version - 1)
    return before is None or is_news(before.version, version)


def _take(tx: Transaction, written: Written, found: Iterable[Found], *, is_told: bool) -> None:
    version, place = written.version, written.place
    moment = datetime.fromisoformat(written.created).timestamp()
    told = ", told = excluded.told" if is_told else ""
    first = tx.execute(
        "INSERT INTO newest"
        " (first, type, id, version, participant, form, is_retracted, updated, told)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (type, id) DO UPDATE SET"
        " version = excluded.version, participant = excluded.participant, form = excluded.form,"
        f" is_retracted = excluded.is_retracted, updated = excluded.updated{told} RETURNING first",
        (
            place,
            version.type,
            version.id,
            version.version,
            version.participant,
            version.form,
            version.is_retracted,
            moment,
            moment,
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
