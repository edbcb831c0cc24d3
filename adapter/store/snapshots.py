"""The ledger as it stood at a place: the newest version of each resource by then, in their order.

Versions get their places in the order in which they are committed, for there is one writer of them
at a time; the moment that a version names is that of the work it belongs to, and may lie before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from adapter.fhir.search.criteria import Chained, Criterion, NamedBy
from adapter.instruments.participant import Participant
from adapter.store import exports, instances
from adapter.store.conditions import where
from adapter.store.exports import Job
from adapter.store.finding import MaySee, find
from adapter.store.transaction import Transaction

ROWS = 500
Row = tuple[int, int, str, str, int, str, bytes]
"""Place, version, participant, form, whether it is retracted, when it was written, text.

No value of a class: there may be a million of them, and to make one costs more than to read it.
"""
Which = Literal["all", "first", "later", "retracted"]
_ROW = "v.place, v.version, v.participant, v.form, v.is_retracted, v.created, v.text"
_NEWEST_BY_THEN = (
    f"SELECT {_ROW} FROM version AS v WHERE v.type = ? AND v.place > ? AND v.place <= ?"
    " AND NOT EXISTS (SELECT 1 FROM replaced AS r WHERE r.place = v.place AND r.newer <= ?)"
)
_CHOSEN = (
    f"SELECT {_ROW} FROM export_chosen AS c JOIN version AS v ON v.place = c.place"
    " WHERE c.type = ? AND c.place > ? AND c.job = ?"
)
_CHOOSE = (
    "INSERT INTO export_chosen (job, type, place) SELECT ?, v.type, v.place FROM newest AS n"
    " JOIN version AS v ON v.type = n.type AND v.id = n.id AND v.version = n.version WHERE"
)
_WHICH: dict[Which, str] = {
    "all": "",
    "first": " AND v.version = 1",
    "later": " AND v.version > 1",
    "retracted": " AND v.is_retracted = 1",
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Each resource's newest version when an export began, of one type.

    Of a filtered one, those that its filters let through.
    """

    tx: Transaction
    job: Job
    type: str
    is_filtered: bool = False

    def rows(self, after: int, which: Which = "all", most: int = ROWS) -> Iterator[list[Row]]:
        """The rows behind a place in their order, up to so many together.

        No cursor stays open in between.
        """
        job = self.job
        rest = (job.job,) if self.is_filtered else (job.place, job.place)
        query = f"{_CHOSEN if self.is_filtered else _NEWEST_BY_THEN}{_WHICH[which]}"
        query = f"{query} ORDER BY {'c' if self.is_filtered else 'v'}.place LIMIT ?"
        while True:
            rows = self.tx.execute(query, (self.type, after, *rest, most)).fetchall()
            if rows:
                yield rows
            if len(rows) < most:
                return
            after = rows[-1][0]

    def holds(self, place: int) -> bool:
        """Whether the newest version of a resource by then, at this place, is among them."""
        if not self.is_filtered:
            return True
        query = "SELECT 1 FROM export_chosen WHERE job = ? AND type = ? AND place = ?"
        return self.tx.execute(query, (self.job.job, self.type, place)).fetchone() is not None

    def at(self, place: int) -> Row:
        """The row at a place that there is."""
        query = f"SELECT {_ROW} FROM version AS v WHERE v.place = ?"
        row: Row = self.tx.execute(query, (place,)).fetchone()
        return row


def choose(
    tx: Transaction,
    job: str,
    resource_type: str,
    criteria: Sequence[Criterion],
    may_see: MaySee,
) -> None:
    """Keeps for an export what a search finds now; the index must be in step with the versions."""
    if any(isinstance(each, Chained | NamedBy) for each in criteria):
        found = [hit.first for hit in find(tx, resource_type, criteria, may_see)]
        tx.executemany(f"{_CHOOSE} n.first = ? ON CONFLICT DO NOTHING", [(job, f) for f in found])
        return
    fits, values = where(resource_type, criteria)
    tx.execute(f"{_CHOOSE} {fits} ON CONFLICT DO NOTHING", (job, *values))


def newest_place(tx: Transaction, job: Job, resource_type: str, resource_id: str) -> int | None:
    """Where the newest version of a resource stood when an export began, None without one."""
    row = tx.execute(
        "SELECT max(place) FROM version WHERE type = ? AND id = ? AND place <= ?",
        (resource_type, resource_id, job.place),
    ).fetchone()
    return row[0]  # type: ignore[no-any-return]


def provenances(
    tx: Transaction, job: Job, resource_type: str, resource_id: str
) -> list[tuple[str, str, str]]:
    """The Provenances of a resource when an export began, the newest first.

    Each is its id, whose it is and from which form. The index must be in step with the versions.
    """
    rows = tx.execute(
        "SELECT n.id, n.participant, n.form FROM found_token AS t JOIN newest AS n"
        " ON n.first = t.first WHERE t.type = 'Provenance' AND t.parameter = 'target'"
        " AND t.value = ? AND t.system = ? AND t.first <= ? AND n.is_retracted = 0"
        " ORDER BY t.first DESC",
        (resource_id, resource_type, job.place),
    )
    return [(row["id"], row["participant"], row["form"]) for row in rows.fetchall()]


def is_known_before(tx: Transaction, resource_type: str, resource_id: str, place: int) -> bool:
    """Whether a resource had a version at a place."""
    row = tx.execute(
        "SELECT place FROM version WHERE type = ? AND id = ? AND version = 1",
        (resource_type, resource_id),
    ).fetchone()
    return row is not None and row["place"] <= place


def person(tx: Transaction, job: str, name: str) -> Participant | None:
    """A person's facts when an export began, None for somebody who was not there."""
    row = tx.execute(
        "SELECT facts FROM export_person WHERE job = ? AND participant = ?", (job, name)
    ).fetchone()
    return None if row is None else instances.read_facts(name, row["facts"])


def people(tx: Transaction, job: str) -> list[str]:
    """Everybody who was there when an export began."""
    rows = tx.execute("SELECT participant FROM export_person WHERE job = ?", (job,))
    return [row["participant"] for row in rows]


def leave_out(tx: Transaction, job: str, name: str) -> None:
    """Takes somebody out of an export before it is written."""
    tx.execute("DELETE FROM export_person WHERE job = ? AND participant = ?", (job, name))


def changed_people(tx: Transaction, job: str) -> list[tuple[Participant, Participant | None]]:
    """Whose facts are others than when an export began: then, and now, None for who is gone."""
    rows = tx.execute(
        "SELECT e.participant, e.facts AS facts_then, p.facts AS facts_now FROM export_person AS e"
        " LEFT JOIN participant AS p ON p.participant = e.participant AND p.is_missing = 0"
        " WHERE e.job = ? AND (p.facts IS NULL OR p.facts <> e.facts)",
        (job,),
    ).fetchall()
    return [
        (
            instances.read_facts(row["participant"], row["facts_then"]),
            None
            if row["facts_now"] is None
            else instances.read_facts(row["participant"], row["facts_now"]),
        )
        for row in rows
    ]


def changed_after(tx: Transaction, moment: datetime) -> tuple[int, datetime | None]:
    """What is newer than a moment: what was put behind a place, and names no earlier moment.

    The moment of an earlier export stands for its place alone. Any other one stands for the place
    of the last export before it, and for itself; where an ingest was at work then, for when that
    began, for all that it puts is told with that moment.
    """
    said = exports.as_instant(moment)
    row = tx.execute(
        "SELECT moment, place FROM export WHERE moment <= ? ORDER BY moment DESC LIMIT 1", (said,)
    ).fetchone()
    place = 0 if row is None else int(row["place"])
    if row is not None and datetime.fromisoformat(row["moment"]) == moment:
        return place, None
    return place, min(moment, _begun(tx, moment)).replace(microsecond=0)


def _begun(tx: Transaction, moment: datetime) -> datetime:
    """When the first of the ingests began that were at work at a moment; itself without one."""
    begun, sources = moment, set[str]()
    for run in tx.execute("SELECT source, started, ended FROM run ORDER BY run DESC LIMIT 1000"):
        is_its_last = run["source"] not in sources
        sources.add(run["source"])
        started = datetime.fromisoformat(run["started"])
        # One that never ended was killed, unless it is its source's last.
        ends = datetime.fromisoformat(run["ended"]) if run["ended"] else None
        is_at_work = is_its_last if ends is None else ends >= moment
        if started <= moment and is_at_work:
            begun = min(begun, started)
    return begun
