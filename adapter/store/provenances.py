"""Provenances that wait to tell of what never leaves: what they name would not be there."""

from __future__ import annotations

from adapter.fhir.text import read_text
from adapter.store.deliveries import cancel
from adapter.store.transaction import Transaction
from adapter.store.versions import Version


def forget(tx: Transaction, clinic: str, version: Version, now: str) -> None:
    """Takes back what never left, and the Provenances that wait to tell of it."""
    cancel(tx, clinic, version, now)
    cancel_provenances(tx, clinic, version.unit, f"{version.type}/{version.id}", now)


def cancel_provenances(tx: Transaction, clinic: str, unit: str, reference: str, now: str) -> None:
    """Takes back the Provenances of a unit that name this `Type/id` and have not left yet."""
    waiting = tx.execute(
        "SELECT d.seq, v.text FROM delivery AS d JOIN version AS v"
        " ON v.type = d.type AND v.id = d.id AND v.version = d.version"
        " WHERE d.clinic = ? AND d.unit = ? AND d.type = 'Provenance' AND d.action = 'put'"
        " AND d.state IN ('queued', 'held', 'refused', 'quarantined')",
        (clinic, unit),
    ).fetchall()
    for row in waiting:
        if any(each["reference"] == reference for each in read_text(row["text"])["target"]):
            tx.execute(
                "UPDATE delivery SET state = 'superseded', updated = ? WHERE seq = ?",
                (now, row["seq"]),
            )
