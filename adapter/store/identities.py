"""Who a participant is at a clinic: kept in a file of its own, apart from the data.

Identifiers such as an IHI or a record number stand here and nowhere else; the ledger holds study
numbers.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from adapter.instruments.participant import Participant
from adapter.store.sqlite import made

_SCHEMA = """
CREATE TABLE IF NOT EXISTS identifier (
  participant TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (participant, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS patient_link (
  clinic TEXT NOT NULL, participant TEXT NOT NULL, remote_id TEXT NOT NULL, linked TEXT NOT NULL,
  PRIMARY KEY (clinic, participant)) WITHOUT ROWID;
"""


class Crosswalk:
    """From participant to a clinic's Patient."""

    def __init__(self, path: Path) -> None:
        """Opens the file at `path`; a new one is readable by its owner alone."""
        with made(path, "crosswalk"):
            path.touch(mode=0o600)
            self._connection = sqlite3.connect(path, timeout=60, check_same_thread=False)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.executescript(_SCHEMA)

    def keep(self, person: Participant) -> None:
        """Keeps a person's identifiers as read last; a changed one undoes their links."""
        known = dict(
            self._connection.execute(
                "SELECT name, value FROM identifier WHERE participant = ?", (person.participant,)
            ).fetchall()
        )
        if known == person.identifiers:
            return
        with self._connection as tx:
            tx.execute("DELETE FROM identifier WHERE participant = ?", (person.participant,))
            tx.execute("DELETE FROM patient_link WHERE participant = ?", (person.participant,))
            tx.executemany(
                "INSERT INTO identifier (participant, name, value) VALUES (?, ?, ?)",
                [(person.participant, name, value) for name, value in person.identifiers.items()],
            )

    def identifier(self, participant: str, name: str) -> str | None:
        """The value of one identifier, None where the source holds none."""
        row = self._connection.execute(
            "SELECT value FROM identifier WHERE participant = ? AND name = ?", (participant, name)
        ).fetchone()
        return None if row is None else str(row[0])

    def link(self, clinic: str, participant: str, remote_id: str, now: str) -> None:
        """Notes which Patient of a clinic a participant is."""
        with self._connection as tx:
            tx.execute(
                "INSERT OR REPLACE INTO patient_link (clinic, participant, remote_id, linked)"
                " VALUES (?, ?, ?, ?)",
                (clinic, participant, remote_id, now),
            )

    def linked(self, clinic: str, participant: str) -> str | None:
        """The id of the clinic's Patient, None while nobody linked it."""
        row = self._connection.execute(
            "SELECT remote_id FROM patient_link WHERE clinic = ? AND participant = ?",
            (clinic, participant),
        ).fetchone()
        return None if row is None else str(row[0])

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()
