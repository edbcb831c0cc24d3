"""What clinics wrote: the newest version of each of their responses, and what became of it.

A row names a resource at a clinic. It `stands` where the ledger's form instance says what it says;
what was decided by a person stays decided, because the hash of the trial's own row that was
overruled is kept with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from adapter.store import kept_back
from adapter.store.transaction import Transaction, among

InboxState = Literal["taken", "waiting", "left"]
Stands = Literal["apart", "held", "was-held"]


@dataclass(frozen=True, slots=True)
class Received:
    """One resource of a clinic.

    `text` is what was kept of it, about our pseudonymous Patient. `unit`, `form` and `timepoint`
    are '' as long as they are not known. `why` says what it waits for, or why it was taken or left.
    `trial_row` is the trial's own row (JSON) where that contradicts and a person has to choose, ''
    else; `row_hash` is the hash of the trial's row that waits or was overruled.
    """

    clinic: str
    type: str
    remote_id: str
    remote_version: str
    participant: str
    text: bytes
    state: InboxState
    why: str
    received: str
    form: str = ""
    timepoint: str = ""
    unit: str = ""
    stands: Stands = "apart"
    trial_row: str = ""
    row_hash: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Listed:
    """A resource of a clinic as a list names it, without a word of what was answered."""

    number: int
    clinic: str
    participant: str
    form: str
    timepoint: str
    state: InboxState
    why: str
    received: str


_LISTED = ", ".join(Listed.__slots__)
_COLUMNS = tuple(name for name in Received.__slots__ if name != "number")
_KEY = ("clinic", "type", "remote_id")


def keep(tx: Transaction, said: Received) -> Received:
    """Notes a resource as it is now; gives it with its number, which it keeps for ever.

    What waits no more gives no safety signal any more, as far as it gave one while it waited.
    """
    names, marks = ", ".join(_COLUMNS), ", ".join("?" * len(_COLUMNS))
    changed = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name not in _KEY)
    kept = tx.execute(
        f"INSERT INTO inbox ({names}) VALUES ({marks})"
        f" ON CONFLICT (clinic, type, remote_id) DO UPDATE SET {changed} RETURNING number",
        tuple(getattr(said, name) for name in _COLUMNS),
    )
    number = int(kept.fetchone()["number"])
    if said.state != "waiting":
        kept_back.drop(tx, kept_back.written_place(number))
    return replace(said, number=number)


def find(tx: Transaction, clinic: str, resource_type: str, remote_id: str) -> Received | None:
    """What is known of a clinic's resource, None for one never met."""
    return _first(tx, "clinic = ? AND type = ? AND remote_id = ?", clinic, resource_type, remote_id)


def numbered(tx: Transaction, number: int) -> Received | None:
    """The response of this number."""
    return _first(tx, "number = ? AND type = 'QuestionnaireResponse'", number)


def standing(tx: Transaction, unit: str) -> Received | None:
    """The response that a form instance came from, None where the trial's source gave it."""
    return _first(tx, "unit = ? AND stands = 'held'", unit)


def of_clinic(
    tx: Transaction,
    clinic: str,
    resource_type: str = "QuestionnaireResponse",
    *,
    waiting_first: bool = False,
) -> Iterator[Listed]:
    """Everything of a type that came from a clinic, in the order in which it came.

    `waiting_first`: what waits before all others. A few are held at a time, none with its text.
    """
    first = "state <> 'waiting', " if waiting_first else ""
    rows = tx.stream(
        f"SELECT {_LISTED} FROM inbox WHERE clinic = ? AND type = ? ORDER BY {first}number",
        (clinic, resource_type),
    )
    return (Listed(*row) for row in rows)


def waiting(tx: Transaction, clinic: str, after: int, count: int) -> list[Received]:
    """So many at most of what waits behind a number, in its order, and no row contradicts."""
    where = "clinic = ? AND number > ? AND state = 'waiting' AND trial_row = ''"
    return _all(tx, where, clinic, after, count=count)


def of_person(tx: Transaction, clinic: str, resource_type: str, participant: str) -> list[Received]:
    """Everything of a type that came from a clinic about a person."""
    where = "clinic = ? AND type = ? AND participant = ?"
    return _all(tx, where, clinic, resource_type, participant)


def of_both(tx: Transaction, clinic: str, participant: str) -> list[Received]:
    """Everything, of any type, that came from a clinic about a person."""
    return _all(tx, "clinic = ? AND participant = ?", clinic, participant)


def held_of(tx: Transaction, participant: str) -> list[Received]:
    """What stands of a person."""
    return _all(tx, "participant = ? AND stands = 'held'", participant)


def count_waiting(tx: Transaction, clinic: str, forms: Collection[str] | None = None) -> int:
    """How many wait for a person; of these `forms` alone, where they are given."""
    of_forms, named = among(forms)
    row = tx.execute(
        f"SELECT count(*) FROM inbox WHERE clinic = ? AND state = 'waiting'{of_forms}",
        (clinic, *named),
    ).fetchone()
    return int(row[0])


def listed(  # noqa: PLR0913, PLR0917 - what a person looks them up by
    tx: Transaction,
    clinic: str,
    state: str,
    skip: int,
    count: int,
    forms: Collection[str] | None = None,
) -> list[Received]:
    """So many at most of what came in a state ('' for any), the newest first, behind so many."""
    of_forms, named = among(forms)
    is_in, word = (" AND state = ?", (state,)) if state else ("", ())
    rows = tx.execute(
        f"SELECT * FROM inbox WHERE clinic = ?{is_in}{of_forms}"
        " ORDER BY number DESC LIMIT ? OFFSET ?",
        (clinic, *word, *named, count, skip),
    )
    return [_received(dict(row)) for row in rows]


def clients(tx: Transaction) -> list[str]:
    """The names of the clients that wrote over HTTP, as they stand where a clinic's would."""
    rows = tx.execute(
        "SELECT DISTINCT clinic FROM inbox WHERE substr(clinic, 1, 7) = 'client:' ORDER BY clinic"
    )
    return [str(row["clinic"]) for row in rows]


def name_there(tx: Transaction, clinic: str, participant: str, unit: str) -> str | None:
    """The id of the clinic's own response that stands there for ours; None where ours is there.

    Rows are found by the `participant`, whose unit it is: there may be a million of a clinic.

    It goes on standing for ours after it was taken back, so that a retraction names what was named.
    """
    row = tx.execute(
        "SELECT remote_id FROM inbox AS i WHERE clinic = ? AND participant = ? AND unit = ?"
        " AND stands <> 'apart' AND type = 'QuestionnaireResponse'"
        " AND NOT EXISTS (SELECT 1 FROM holding"
        " WHERE clinic = i.clinic AND type = i.type AND id = i.unit)"
        " AND NOT EXISTS (SELECT 1 FROM delivery"
        " WHERE clinic = i.clinic AND type = i.type AND id = i.unit"
        " AND state IN ('claimed', 'uncertain')) ORDER BY stands, number DESC LIMIT 1",
        (clinic, participant, unit),
    ).fetchone()
    return None if row is None else str(row["remote_id"])


def give_up(tx: Transaction, participant: str, unit: str) -> None:
    """After the trial's source holds a form instance whose clinic took its own response back."""
    tx.execute(
        "UPDATE inbox SET stands = 'apart'"
        " WHERE participant = ? AND unit = ? AND stands = 'was-held'",
        (participant, unit),
    )


def rehash(tx: Transaction, unit: str, before: str, now: str) -> None:
    """After the trial's row of a unit was hashed by other columns, and says what it said."""
    tx.execute("UPDATE inbox SET row_hash = ? WHERE unit = ? AND row_hash = ?", (now, unit, before))


def _first(tx: Transaction, where: str, *values: object) -> Received | None:
    found = _all(tx, where, *values)
    return found[0] if found else None


def _all(tx: Transaction, where: str, *values: object, count: int = -1) -> list[Received]:
    limit, more = ("", ()) if count < 0 else (" LIMIT ?", (count,))
    rows = tx.execute(f"SELECT * FROM inbox WHERE {where} ORDER BY number{limit}", values + more)
    return [_received(dict(row)) for row in rows]


def _received(row: dict[str, Any]) -> Received:
    return Received(**{**row, "text": bytes(row["text"])})  # some drivers give a memoryview
