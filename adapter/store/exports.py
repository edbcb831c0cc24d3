"""Bulk exports: what was asked for, where it stands, which of its files are whole.

Every worker knows of all of them. Who writes the files of one holds a lease; whoever takes it over
goes on behind the last file that is whole. A job that is gone leaves one line: its moment stands
for a place in the ledger, which a later `_since` goes by.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import orjson

from adapter.store.transaction import Transaction

State = Literal["running", "done", "failed", "overtaken", "gone"]
Kind = Literal["output", "deleted", "error"]
_STEP = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Job:
    """An export. `place` is that of the last version in it, `moment` the instant that says so.

    `said` is JSON, what was asked for; `polled` and `ends` are seconds since 1970.
    """

    job: str
    client: str
    said: str
    basis: str
    place: int
    moment: str
    state: State
    polled: float
    ends: float


@dataclass(frozen=True, slots=True)
class WholeFile:
    """A file that is whole; `place` is that of the version that it ends with.

    `about` are the participants whose data stand in it.
    """

    number: int
    kind: Kind
    type: str
    count: int
    place: int
    about: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its own name in the folder of its job."""
        return name_of(self.number)


@dataclass(frozen=True, slots=True)
class NewJob:
    """An export that is asked for: what stands in a `Job` from the beginning.

    With `ends` it waits for no worker: who asks writes it, and it is over then at the latest.
    """

    job: str
    client: str
    said: str
    basis: str
    ends: float = 0.0


def begin(tx: Transaction, new: NewJob, now: datetime) -> None:
    """Notes an export that takes in what is committed.

    No two moments are the same, and a later one has no earlier place, whatever the clock does.
    Everybody's consents are kept as they are, so that all of it goes by the same.
    """
    last = tx.execute("SELECT max(moment) AS moment FROM export").fetchone()["moment"]
    moment = now.astimezone(UTC)
    if last is not None:
        moment = max(moment, datetime.fromisoformat(last) + _STEP)
    row = tx.execute("SELECT coalesce(max(place), 0) AS place FROM version").fetchone()
    tx.execute(
        "INSERT INTO export (job, client, said, basis, place, moment, state, polled, ends)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?)",
        (
            new.job,
            new.client,
            new.said,
            new.basis,
            row["place"],
            as_instant(moment),
            "done" if new.ends else "running",
            new.ends,
        ),
    )
    tx.execute(
        "INSERT INTO export_person (job, participant, facts)"
        " SELECT ?, participant, facts FROM participant WHERE is_missing = 0",
        (new.job,),
    )


def as_instant(moment: datetime) -> str:
    """A moment as a transactionTime: to the millisecond, which every client can repeat."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def find(tx: Transaction, job: str) -> Job | None:
    """An export that is not gone, None where there is none."""
    row = tx.execute("SELECT * FROM export WHERE job = ? AND state <> 'gone'", (job,)).fetchone()
    return None if row is None else _job(row)


def running(tx: Transaction, client: str | None = None) -> list[Job]:
    """The exports that are not written yet, the oldest first; of one client, or of all."""
    rows = tx.execute("SELECT * FROM export WHERE state = 'running' ORDER BY moment").fetchall()
    return [_job(row) for row in rows if client in {None, row["client"]}]


def ended(tx: Transaction, now: float) -> list[str]:
    """The exports whose time is over."""
    rows = tx.execute(
        "SELECT job FROM export WHERE state NOT IN ('running', 'gone') AND ends <= ?", (now,)
    )
    return [row["job"] for row in rows]


def note_poll(tx: Transaction, job: str, now: float) -> None:
    """Notes that its status was asked."""
    tx.execute("UPDATE export SET polled = ? WHERE job = ?", (now, job))


def settle(tx: Transaction, job: str, state: State, ends: float) -> None:
    """Notes what became of a running one, or that a done one was overtaken."""
    tx.execute(
        "UPDATE export SET state = ?, ends = ? WHERE job = ? AND state IN ('running', 'done')",
        (state, ends, job),
    )


def forget(tx: Transaction, job: str) -> None:
    """Forgets an export but for its moment and its place."""
    tx.execute("UPDATE export SET state = 'gone', said = '' WHERE job = ?", (job,))
    for table in ("export_file", "export_chosen", "export_person"):
        tx.execute(f"DELETE FROM {table} WHERE job = ?", (job,))


def add_file(tx: Transaction, job: str, whole: WholeFile) -> None:
    """Notes that a file is whole."""
    tx.execute(
        "INSERT INTO export_file (job, number, kind, type, count, place, about)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            job,
            whole.number,
            whole.kind,
            whole.type,
            whole.count,
            whole.place,
            orjson.dumps(whole.about).decode(),
        ),
    )


def files(tx: Transaction, job: str) -> list[WholeFile]:
    """The files that are whole, in their order."""
    rows = tx.execute("SELECT * FROM export_file WHERE job = ? ORDER BY number", (job,))
    return [
        WholeFile(
            row["number"],
            row["kind"],
            row["type"],
            row["count"],
            row["place"],
            tuple(orjson.loads(row["about"])),
        )
        for row in rows
    ]


def name_of(number: int) -> str:
    """The name of a file in the folder of its job."""
    return f"{number:04}.ndjson"


def _job(row: Any) -> Job:  # noqa: ANN401 - a row of either database
    return Job(*(row[name] for name in Job.__slots__))
