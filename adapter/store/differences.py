"""Where the source's own totals are not ours: told until the record or the rule changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from adapter.errors import Problem
from adapter.store.runs import problem_of
from adapter.store.transaction import Transaction


def keep_differences(tx: Transaction, unit: str, found: Iterable[Problem]) -> None:
    """Keeps what was found in a form instance, in place of what was found before."""
    tx.execute("DELETE FROM difference WHERE unit = ?", (unit,))
    tx.executemany(
        "INSERT INTO difference (unit, field, file, line, record, event, expected, found, action)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                unit,
                problem.field,
                problem.origin.file,
                problem.origin.line or 0,
                problem.origin.record,
                problem.origin.event,
                problem.expected,
                problem.found,
                problem.action,
            )
            for problem in found
        ],
    )


def differences(tx: Transaction) -> Iterator[Problem]:
    """All of them, as warnings, by record and event; the lines are those of when they were met."""
    rows = tx.stream("SELECT * FROM difference ORDER BY record, event, field")
    return (problem_of(row, "warning") for row in rows)
