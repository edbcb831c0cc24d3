"""How far each clinic's turns came and where, noted apart from the ledger: with the crosswalk.

A ledger that was restored from an older copy owes again what was sent since, and does not know of
withdrawals that came since. Its own tokens (`leases`) are then behind what is noted here.
"""

from __future__ import annotations

import sqlite3

SCHEMA = """
CREATE TABLE IF NOT EXISTS turn (
  clinic TEXT PRIMARY KEY,
  token  INTEGER NOT NULL             -- of the last lease under which the clinic was asked
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS server (
  clinic  TEXT PRIMARY KEY,
  address TEXT NOT NULL               -- at which it was asked last, and people are linked
) WITHOUT ROWID;
"""


class Turns:
    """The token of each clinic's last turn, and the address of its server."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Makes its tables in a file of SQLite, where there are none."""
        self._connection = connection
        connection.executescript(SCHEMA)

    def last(self, clinic: str) -> int:
        """The token of a clinic's last turn, 0 before the first."""
        query = "SELECT token FROM turn WHERE clinic = ?"
        row = self._connection.execute(query, (clinic,)).fetchone()
        return 0 if row is None else int(row[0])

    def keep(self, clinic: str, token: int) -> None:
        """Notes a turn; an earlier one than the last changes nothing."""
        with self._connection:
            self._connection.execute(
                "INSERT INTO turn (clinic, token) VALUES (?, ?) ON CONFLICT (clinic)"
                " DO UPDATE SET token = excluded.token WHERE turn.token < excluded.token",
                (clinic, token),
            )

    def server(self, clinic: str) -> str:
        """The address at which a clinic was so far, '' where it was nowhere yet."""
        query = "SELECT address FROM server WHERE clinic = ?"
        row = self._connection.execute(query, (clinic,)).fetchone()
        return "" if row is None else str(row[0])

    def keep_server(self, clinic: str, address: str) -> None:
        """Notes where a clinic is."""
        with self._connection:
            self._connection.execute(
                "INSERT INTO server (clinic, address) VALUES (?, ?) ON CONFLICT (clinic)"
                " DO UPDATE SET address = excluded.address",
                (clinic, address),
            )
