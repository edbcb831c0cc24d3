"""What each source says of a person, as it was read last: several may say a part each."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import orjson

from adapter.instruments.participant import Participant
from adapter.store.cursors import Cursor, cursor, cursors_of, forget_cursor, keep_cursor
from adapter.store.instances import facts_of, read_facts
from adapter.store.paging import AT_ONCE, paged
from adapter.store.transaction import Transaction

_HEARD = "heard "


@dataclass(frozen=True, slots=True)
class Said:
    """One source's word: `forms` are those with facts of which it holds a row of this person."""

    source: str
    forms: frozenset[str]
    person: Participant


def said_by(tx: Transaction, name: str, sources: Collection[str]) -> list[Said]:
    """What some sources say of a person, in the order of their keys."""
    query = "SELECT forms, facts FROM said WHERE source = ? AND participant = ?"
    rows = {each: tx.execute(query, (each, name)).fetchone() for each in sorted(sources)}
    return [
        Said(source, frozenset(orjson.loads(row["forms"])), read_facts(name, row["facts"]))
        for source, row in rows.items()
        if row is not None
    ]


def keep_said(tx: Transaction, said: Said, run: int) -> None:
    """Keeps a source's word, in place of its last one."""
    name, forms = said.person.participant, orjson.dumps(sorted(said.forms)).decode()
    tx.execute(
        "INSERT INTO said (source, participant, forms, facts, run) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (source, participant) DO UPDATE SET forms = excluded.forms,"
        " facts = excluded.facts, run = excluded.run",
        (said.source, name, forms, facts_of(said.person), run),
    )


def unmet(tx: Transaction, source: str, run: int, scope: Collection[str] | None) -> Iterator[str]:
    """Of whom a source spoke before, and not in this ingest; `scope` None: of everybody it could.

    Whoever goes through them may write.
    """
    if scope is None:
        return paged(lambda name: _behind(tx, source, run, name))
    query = "SELECT 1 FROM said WHERE participant = ? AND source = ? AND run <> ?"
    return (name for name in sorted(scope) if tx.execute(query, (name, source, run)).fetchone())


def drop_said(tx: Transaction, name: str, source: str) -> None:
    """Forgets what a source said of a person."""
    tx.execute("DELETE FROM said WHERE participant = ? AND source = ?", (name, source))


def forget_sources(tx: Transaction, configured: Collection[str]) -> None:
    """Forgets what sources said that are not configured any more, and that they were read."""
    known = [row["source"] for row in tx.execute("SELECT DISTINCT source FROM said")]
    for source in known:
        if source not in configured:
            tx.execute("DELETE FROM said WHERE source = ?", (source,))
    for each in cursors_of(tx, _HEARD):
        if each.removeprefix(_HEARD) not in configured:
            forget_cursor(tx, each)


def note_heard(tx: Transaction, source: str, now: str) -> None:
    """Notes that a source was read whole, so that all its words are here."""
    keep_cursor(tx, Cursor(f"{_HEARD}{source}", "", "", now))


def unheard(tx: Transaction, sources: Collection[str]) -> frozenset[str]:
    """Those of some sources that were never read whole, or whose words were forgotten since."""
    return frozenset(each for each in sources if cursor(tx, f"{_HEARD}{each}") is None)


def _behind(tx: Transaction, source: str, run: int, name: str) -> list[str]:
    rows = tx.execute(
        "SELECT participant FROM said WHERE source = ? AND participant > ? AND run <> ?"
        " ORDER BY participant LIMIT ?",
        (source, name, run, AT_ONCE),
    )
    return [row["participant"] for row in rows]
