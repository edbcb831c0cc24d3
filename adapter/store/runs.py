"""Ingests as the ledger notes them: when each ran over which source, and what it kept back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from adapter.errors import Origin, Problem
from adapter.store.transaction import Transaction


def start_run(tx: Transaction, source: str, now: str) -> int:
    """Opens an ingest; gives its number."""
    started = tx.execute(
        "INSERT INTO run (source, started) VALUES (?, ?) RETURNING run", (source, now)
    )
    return int(started.fetchone()["run"])


def end_run(tx: Transaction, run: int, now: str) -> None:
    """Closes an ingest."""
    tx.execute("UPDATE run SET ended = ? WHERE run = ?", (now, run))


def last_run(tx: Transaction) -> int | None:
    """The number of the newest ingest that ended, None when there was none."""
    row = tx.execute("SELECT max(run) FROM run WHERE ended <> ''").fetchone()
    return row[0]  # type: ignore[no-any-return]


def last_runs(tx: Transaction, files: Collection[str], projects: int) -> list[int]:
    """The newest ingest that ended of each source, in order.

    A source is a file, by its name (as often as it stands in `files`), or one of so many
    `projects`, which are called otherwise.
    """
    runs = list[int]()
    for name, times in Counter(files).items():
        rows = tx.execute(
            "SELECT run FROM run WHERE source = ? AND ended <> '' ORDER BY run DESC LIMIT ?",
            (name, times),
        )
        runs += [row["run"] for row in rows]
    known = [*files, ""]  # so that the list is never empty
    marks = ", ".join("?" * len(known))
    rows = tx.execute(
        f"SELECT max(run) AS run FROM run WHERE ended <> '' AND source NOT IN ({marks})"
        " GROUP BY source ORDER BY max(run) DESC LIMIT ?",
        (*known, projects),
    )
    return sorted([*runs, *(row["run"] for row in rows)])


def reject(tx: Transaction, problem: Problem, form: str, run: int) -> None:
    """Keeps a row's problem, so that `status` can list it until a later ingest finds it mended."""
    origin = problem.origin
    tx.execute(
        "INSERT INTO rejection (file, line, record, event, form, field, expected, found, action,"
        " severity, run) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            origin.file,
            origin.line or 0,
            origin.record,
            origin.event,
            form,
            problem.field,
            problem.expected,
            problem.found,
            problem.action,
            problem.severity,
            run,
        ),
    )


def rejections(tx: Transaction, run: int) -> Iterator[Problem]:
    """What an ingest could not take in, in the order it was met; a few are held at a time."""
    rows = tx.stream("SELECT * FROM rejection WHERE run = ? ORDER BY number", (run,))
    return (problem_of(row, row["severity"]) for row in rows)


def problem_of(row: Mapping[str, Any], severity: str) -> Problem:
    """A finding from a row that has its columns."""
    origin = Origin(row["file"], row["line"] or None, row["record"], row["event"])
    return Problem(
        origin, row["field"], row["expected"], row["found"], row["action"], severity=severity
    )


def carry_rejections(tx: Transaction, run: int, scope: Collection[str]) -> None:
    """Keeps what the last whole reading of the same source rejected and this one did not look at.

    `scope` is whom this one told everything of.
    """
    rows = tx.stream(
        "SELECT * FROM rejection WHERE record <> '' AND run = (SELECT max(before.run) FROM run"
        " AS before, run AS this WHERE this.run = ? AND before.source = this.source"
        " AND before.ended <> '' AND before.run < this.run) ORDER BY number",
        (run,),
    )
    for row in rows:
        if row["record"] not in scope:
            said = {**dict(row), "run": run}
            del said["number"]
            names, marks = ", ".join(said), ", ".join("?" * len(said))
            tx.execute(f"INSERT INTO rejection ({names}) VALUES ({marks})", tuple(said.values()))


def count_rejections(tx: Transaction, run: int) -> int:
    """How many problems an ingest kept."""
    row = tx.execute("SELECT count(*) FROM rejection WHERE run = ?", (run,)).fetchone()
    return int(row[0])
