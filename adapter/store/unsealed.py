"""What an older adapter, who sealed nothing, wrote into the crosswalk: read once, then sealed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any


def is_plain(tx: sqlite3.Connection) -> bool:
    """Whether the file is one that an older adapter wrote, who sealed nothing."""
    names = {row[0] for row in tx.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return {"identifier", "patient_link"} <= names


def read_plain(tx: sqlite3.Connection) -> Iterator[tuple[str, dict[str, Any]]]:
    """What an older adapter wrote; of two records that were one Patient, nobody's link is kept."""
    people: dict[str, dict[str, str]] = {}
    for participant, name, value in tx.execute("SELECT participant, name, value FROM identifier"):
        people.setdefault(participant, {})[name] = value
    for participant, values in people.items():
        yield "identifiers", {"participant": participant, "values": values}
    once = (
        "SELECT clinic, participant, remote_id, linked FROM patient_link AS l WHERE 1 = (SELECT"
        " count(*) FROM patient_link WHERE clinic = l.clinic AND remote_id = l.remote_id)"
    )
    for row in tx.execute(once):
        yield "link", dict(zip(("clinic", "participant", "patient", "linked"), row, strict=True))
