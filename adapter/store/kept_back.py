"""What was not taken in and is watched all the same: rows of a source, and what clinics wrote.

Of a signal that fired its name, level and reason are kept, and never the answer. A row stays until
it is taken in or gone; what a clinic wrote, as long as it waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from adapter.store.transaction import Transaction

Kind = Literal["row", "blank", "unreadable", "written"]
"""A row that did not fit; a form marked complete without an answer; a row of which not even the
form is known; a response in the inbox."""


@dataclass(frozen=True, slots=True)
class KeptBack:
    """One thing that is kept back.

    `place` tells it from all others. `file` and `line` are those of a row; of what was written at
    a clinic the clinic and the number in the inbox. `fired` has signal, level and reason of each
    signal. `is_seen`: every signal of the form could be judged. `run` met it last.
    """

    place: str
    kind: Kind
    record: str
    event: str
    form: str
    file: str
    line: int
    fired: tuple[tuple[str, str, str], ...] = ()
    is_seen: bool = True
    run: int = 0


def keep(tx: Transaction, said: KeptBack) -> None:
    """Notes something that is kept back, in place of what was noted of it before."""
    tx.execute(
        "INSERT INTO kept_back (place, kind, record, event, form, file, line, signals, is_seen,"
        " run) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (place) DO UPDATE SET"
        " kind = excluded.kind, record = excluded.record, event = excluded.event,"
        " form = excluded.form, file = excluded.file, line = excluded.line,"
        " signals = excluded.signals, is_seen = excluded.is_seen, run = excluded.run",
        (
            said.place,
            said.kind,
            said.record,
            said.event,
            said.form,
            said.file,
            said.line,
            orjson.dumps(said.fired).decode(),
            int(said.is_seen),
            said.run,
        ),
    )


def find(tx: Transaction, place: str) -> KeptBack | None:
    """What is kept back at a place, None for nothing."""
    row = tx.execute("SELECT * FROM kept_back WHERE place = ?", (place,)).fetchone()
    return None if row is None else _kept_back(row)


def drop(tx: Transaction, place: str) -> None:
    """Notes that nothing is kept back at a place any more."""
    tx.execute("DELETE FROM kept_back WHERE place = ?", (place,))


def places(tx: Transaction) -> frozenset[str]:
    """Where something is kept back."""
    return frozenset(row["place"] for row in tx.execute("SELECT place FROM kept_back"))


def listed(tx: Transaction) -> Iterator[KeptBack]:
    """All that is kept back, by record and place; a few are held at a time."""
    return (_kept_back(row) for row in tx.stream("SELECT * FROM kept_back ORDER BY record, place"))


def unmet(tx: Transaction, run: int) -> list[KeptBack]:
    """What of the sources is kept back and was not met by this ingest."""
    rows = tx.execute("SELECT * FROM kept_back WHERE run <> ? AND kind <> 'written'", (run,))
    return [_kept_back(row) for row in rows]


def written_place(number: int) -> str:
    """The place of a response in the inbox, by its number there."""
    return f"inbox {number}"


def _kept_back(row: Any) -> KeptBack:  # noqa: ANN401 - a row of either database
    fired = tuple((each[0], each[1], each[2]) for each in orjson.loads(row["signals"]))
    said = {name: row[name] for name in ("place", "kind", "record", "event", "form", "file")}
    return KeptBack(
        **said, line=row["line"], fired=fired, is_seen=row["is_seen"] == 1, run=row["run"]
    )
