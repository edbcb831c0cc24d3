"""In which Encounter of a clinic the results of a unit are filed: chosen once, and kept.

So a correction goes into the one that the result was filed in, and who goes on after a crash writes
the same. Whose Encounter it is stands here as a keyed hash: who is who belongs to the crosswalk.
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from adapter.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Filed:
    """An Encounter's id at the clinic, a hash of the Patient whose it is, and how it was chosen."""

    encounter: str
    whose: str
    how: str


@dataclass(frozen=True, slots=True)
class FiledIn:
    """Where the results of one form instance are filed, by its place in the source."""

    record: str
    event: str
    form: str
    encounter: str
    how: str


def filed_in(tx: Transaction, clinic: str, unit: str) -> Filed | None:
    """Where the results of a unit are filed at a clinic, None where nobody chose yet."""
    row = tx.execute(
        "SELECT encounter, whose, how FROM encounter WHERE clinic = ? AND unit = ?", (clinic, unit)
    ).fetchone()
    return None if row is None else Filed(*row)


def file_in(tx: Transaction, clinic: str, unit: str, filed: Filed, now: str) -> None:
    """Notes where the results of a unit are filed, in place of what was noted before."""
    tx.execute(
        "INSERT INTO encounter (clinic, unit, encounter, whose, how, chosen)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (clinic, unit) DO UPDATE SET"
        " encounter = excluded.encounter, whose = excluded.whose, how = excluded.how,"
        " chosen = excluded.chosen",
        (clinic, unit, filed.encounter, filed.whose, filed.how, now),
    )


def forget_refused(tx: Transaction, clinic: str) -> None:
    """Lets be chosen anew where what was refused is filed, as long as nothing of it is there."""
    tx.execute(
        "DELETE FROM encounter WHERE clinic = ? AND unit IN (SELECT unit FROM delivery"
        " WHERE clinic = ? AND state IN ('refused', 'quarantined')) AND unit NOT IN"
        " (SELECT unit FROM holding WHERE clinic = ? AND type = 'Observation')",
        (clinic, clinic, clinic),
    )


def holds_result(tx: Transaction, clinic: str, unit: str) -> bool:
    """Whether a clinic holds an Observation of a unit."""
    row = tx.execute(
        "SELECT 1 FROM holding WHERE clinic = ? AND unit = ? AND type = 'Observation' LIMIT 1",
        (clinic, unit),
    ).fetchone()
    return row is not None


def every(tx: Transaction, clinic: str) -> list[FiledIn]:
    """Where everything is filed at a clinic, by record, event and form."""
    rows = tx.execute(
        "SELECT e.encounter, e.how, i.form, i.place FROM encounter AS e"
        " JOIN instance AS i ON i.unit = e.unit WHERE e.clinic = ?",
        (clinic,),
    )
    found = [
        FiledIn(str(record), str(event), row["form"], row["encounter"], row["how"])
        for row in rows
        for record, event, *_ in (orjson.loads(row["place"]),)
    ]
    return sorted(found, key=lambda each: (each.record, each.event, each.form))
