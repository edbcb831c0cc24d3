"""Where a clinic was told about somebody: to which Patient, by which numbers.

What must be taken back is taken back there, whoever the participant is linked to by now, and also
where the trial holds no identifier of theirs any more. It stands in the file of the crosswalk, and
is sealed as all of that is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from adapter.store.sealing import Sealer

SCHEMA = """
CREATE TABLE IF NOT EXISTS told (     -- every column but `is_left` is a keyed hash, or sealed
  place   BLOB PRIMARY KEY,           -- of the clinic and the participant
  person  BLOB NOT NULL,              -- of the participant
  is_left INTEGER NOT NULL CHECK (is_left IN (0, 1)), -- whether they may be somebody else by now
  text    BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS told_by_person ON told (person);
CREATE INDEX IF NOT EXISTS told_left ON told (is_left) WHERE is_left = 1;
"""
ANY_CLINIC = ""
"""Stands for each clinic of which nothing is noted: what an adapter told that noted nothing."""


@dataclass(frozen=True, slots=True)
class Address:
    """Who somebody is at a clinic.

    `patient` is the id there, '' where we give it; `identifiers` are the trial's, by name. `number`
    counts the addresses at which the clinic was told: behind the first one resources have ids of
    their own. `arrives`: the one before is taken back, and what stands is owed to this one.
    """

    patient: str = ""
    identifiers: dict[str, str] = field(default_factory=dict, repr=False)
    number: int = 1
    arrives: bool = False


class Told:
    """The address of each participant at each clinic, as it was told last."""

    def __init__(self, connection: sqlite3.Connection, sealer: Sealer) -> None:
        """Makes its table in a file of SQLite, where there is none."""
        self._connection = connection
        self._sealer = sealer
        connection.executescript(SCHEMA)

    def to(self, clinic: str, participant: str) -> Address | None:
        """Where a clinic was told about somebody, None where it never was."""
        found = self._read(clinic, participant) or self._read(ANY_CLINIC, participant)
        return None if found is None else _address(found)

    def is_left(self, clinic: str, participant: str) -> bool:
        """Whether who they are was changed since, and what is there was not looked at yet."""
        places = [self._place(each, participant) for each in (clinic, ANY_CLINIC)]
        query = "SELECT is_left FROM told WHERE place = ?"
        rows = (self._connection.execute(query, (place,)).fetchone() for place in places)
        found = next((row for row in rows if row is not None), None)
        return found is not None and bool(found[0])

    def left(self, clinic: str) -> list[str]:
        """The participants of a clinic who may be somebody else there by now, in order."""
        rows = self._connection.execute("SELECT place, text FROM told WHERE is_left = 1").fetchall()
        said = [orjson.loads(self._sealer.open(text, place)) for place, text in rows]
        return sorted(
            {each["participant"] for each in said if each["clinic"] in {clinic, ANY_CLINIC}}
        )

    def keep(
        self, clinic: str, people: Iterable[tuple[str, Address]], *, is_left: bool = False
    ) -> None:
        """Notes addresses, in place of those that were noted; all of them at once."""
        with self._connection:
            for participant, address in people:
                said = {"clinic": clinic, "participant": participant, **asdict(address)}
                self.write(said, is_left=is_left)

    def leave(self, participant: str, clinic: str | None = None) -> None:
        """Marks that somebody may be somebody else; the caller's transaction commits it."""
        if clinic is None:
            person = self._sealer.place("person", participant)
            self._connection.execute("UPDATE told SET is_left = 1 WHERE person = ?", (person,))
            return
        for each in (clinic, ANY_CLINIC):
            place = self._place(each, participant)
            self._connection.execute("UPDATE told SET is_left = 1 WHERE place = ?", (place,))

    def held(self) -> Iterator[tuple[dict[str, Any], bool]]:
        """Everything, opened, and whether it is left."""
        rows = self._connection.execute("SELECT place, is_left, text FROM told").fetchall()
        for place, is_left, text in rows:
            yield orjson.loads(self._sealer.open(text, place)), bool(is_left)

    def take_over(self, held: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """What an adapter before this one told, it told to whom the people were then.

        It noted nothing of it: so it is taken from who they are as this one begins.
        """
        known = list(held)
        values = {
            said["participant"]: said["values"] for kind, said in known if kind == "identifiers"
        }
        for participant, identifiers in values.items():
            said = {"clinic": ANY_CLINIC, "participant": participant}
            self.write({**said, **asdict(Address("", identifiers))}, is_left=False)
        for kind, link in known:
            if kind == "link":
                said = {"clinic": link["clinic"], "participant": link["participant"]}
                address = Address(link["patient"], values.get(link["participant"], {}))
                self.write({**said, **asdict(address)}, is_left=False)

    def write(self, said: dict[str, Any], *, is_left: bool) -> None:
        """Seals one; the caller's transaction commits it."""
        place = self._place(said["clinic"], said["participant"])
        self._connection.execute(
            "INSERT INTO told (place, person, is_left, text) VALUES (?, ?, ?, ?) ON CONFLICT"
            " (place) DO UPDATE SET is_left = excluded.is_left, text = excluded.text",
            (
                place,
                self._sealer.place("person", said["participant"]),
                int(is_left),
                self._sealer.seal(orjson.dumps(said), place),
            ),
        )

    def _place(self, clinic: str, participant: str) -> bytes:
        return self._sealer.place("told", clinic, participant)

    def _read(self, clinic: str, participant: str) -> dict[str, Any] | None:
        place = self._place(clinic, participant)
        row = self._connection.execute("SELECT text FROM told WHERE place = ?", (place,)).fetchone()
        return None if row is None else orjson.loads(self._sealer.open(row[0], place))


def _address(said: dict[str, Any]) -> Address:
    return Address(**{name: said[name] for name in Address.__slots__})
