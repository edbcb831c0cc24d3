"""Who a participant is at a clinic: kept in a file of its own, apart from the data, and sealed.

Identifiers such as an IHI or a record number stand here and nowhere else; the ledger holds study
numbers. Without the crosswalk's own key the file tells how many people are in it, and nothing more
of them: what is looked for is found by a keyed hash. Beside them stands how far each clinic's turns
came (`turns`), because this file is not restored when the ledger is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from adapter.errors import ConflictError
from adapter.instruments.participant import DEMOGRAPHICS, Participant
from adapter.store.sealing import Sealer, wrong_key
from adapter.store.sqlite import made
from adapter.store.told import Told
from adapter.store.turns import Turns
from adapter.store.unsealed import is_plain, read_plain

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sealed (   -- every column but `kind` is a keyed hash, or sealed
  place  BLOB PRIMARY KEY,            -- of the kind, the clinic and the participant
  kind   TEXT NOT NULL CHECK (kind IN ('identifiers', 'link', 'candidates')),
  person BLOB NOT NULL,               -- of the participant
  target BLOB UNIQUE,                 -- of a link: of the clinic and its Patient
  text   BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sealed_by_person ON sealed (person);
CREATE TABLE IF NOT EXISTS seal (mark BLOB NOT NULL);
"""
_NOTES_TOLD = 1
"""The version of the file since which it says where clinics were told about people."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A Patient of a clinic who may be somebody; `grade` is how sure the clinic is, or ''."""

    patient: str
    grade: str = ""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Who a participant may be at a clinic, as it said at `found`; a person has to say which."""

    clinic: str
    participant: str
    found: str
    patients: tuple[Candidate, ...]


class Crosswalk:
    """From participant to a clinic's Patient."""

    def __init__(self, path: Path, keys: Sequence[str]) -> None:
        """Opens the file at `path`; a new one is readable by its owner alone.

        `keys` are newest first. A file that was not sealed, or with an older key, is sealed anew
        with the newest; `was_plain` and `was_older` tell so.

        Raises:
            DeclarationError: the file is none, or none of the keys opens it.
        """
        self._sealer = Sealer(keys)
        self.was_plain = self.was_older = False
        with made(path, "crosswalk"):
            path.touch(mode=0o600)
            self._connection = sqlite3.connect(path, timeout=60, check_same_thread=False)
            self._connection.execute("PRAGMA journal_mode = WAL")
            # What is written over or taken out is gone from the file, too.
            self._connection.execute("PRAGMA secure_delete = ON")
            self._connection.executescript(_SCHEMA)
            self.turns = Turns(self._connection)
            self.told = Told(self._connection, self._sealer)
        try:
            self._take_over(keys)
        except BaseException:
            self._connection.close()
            raise

    def keep(self, person: Participant) -> None:
        """Keeps a person's identifiers as read last; a changed one undoes their links.

        A name or a date of birth is none: nobody is found by it.
        """
        place = self._sealer.place("identifiers", person.participant)
        known = self._read(place)
        if known is not None and known["values"] == person.identifiers:
            return
        with self._connection as tx:
            if known is not None and _numbers(known["values"]) != _numbers(person.identifiers):
                self._forget(tx, person.participant)
            said = {"participant": person.participant, "values": person.identifiers}
            self._write("identifiers", said)

    def forget(self, participant: str) -> None:
        """Undoes the links of somebody who is gone, and what is known of who they are.

        Where something was told to a clinic about them, it can still be taken back there.
        """
        with self._connection as tx:
            self._forget(tx, participant)

    def identifier(self, participant: str, name: str) -> str | None:
        """The value of one identifier, None where the source holds none."""
        return self.identifiers(participant).get(name)

    def identifiers(self, participant: str) -> dict[str, str]:
        """Every identifier that the source holds of a person, by name."""
        known = self._read(self._sealer.place("identifiers", participant))
        return {} if known is None else dict(known["values"])

    def link(
        self,
        clinic: str,
        participant: str,
        remote_id: str,
        now: str,
        *,
        although_different: bool = False,
    ) -> None:
        """Notes which Patient of a clinic a participant is, by a person's word.

        `although_different`: they are, whatever identifiers the Patient has; that stands until
        they are linked to another one.

        Raises:
            ConflictError: somebody else is that Patient.
        """
        if self.linked(clinic, participant) == remote_id:
            although_different |= self.is_although_different(clinic, participant)
        said: dict[str, Any] = {"clinic": clinic, "participant": participant}
        said |= {"patient": remote_id, "linked": now, "although_different": although_different}
        try:
            with self._connection as tx:
                self._write("link", said)
                self.told.leave(participant, clinic)
                candidates = self._sealer.place("candidates", clinic, participant)
                tx.execute("DELETE FROM sealed WHERE place = ?", (candidates,))
        except sqlite3.IntegrityError as wrong:
            raise ConflictError(
                f"Expected a Patient of {clinic} who is nobody else; "
                "another record is linked to this one. Find out who is who, and link that one anew."
            ) from wrong

    def linked(self, clinic: str, participant: str) -> str | None:
        """The id of the clinic's Patient, None while nobody linked it."""
        known = self._read(self._sealer.place("link", clinic, participant))
        return None if known is None else str(known["patient"])

    def is_although_different(self, clinic: str, participant: str) -> bool:
        """Whether the person who linked them knew that the Patient's identifiers are others."""
        known = self._read(self._sealer.place("link", clinic, participant)) or {}
        return bool(known.get("although_different"))  # an older file does not say

    def participant_of(self, clinic: str, remote_id: str) -> str | None:
        """Who the Patient of this id is, by a person's word; None where nobody was linked to it."""
        target = self._sealer.place("target", clinic, remote_id)
        row = self._connection.execute(
            "SELECT place, text FROM sealed WHERE target = ?", (target,)
        ).fetchone()
        known = None if row is None else orjson.loads(self._sealer.open(row[1], row[0]))
        return None if known is None else str(known["participant"])

    def propose(self, candidates: Candidates) -> None:
        """Keeps who a participant may be, in place of what was known of that."""
        said = orjson.loads(orjson.dumps(asdict(candidates)))
        not_they = self.turned_down(candidates.clinic, candidates.participant)
        with self._connection:
            self._write("candidates", {**said, "turned_down": sorted(not_they)})

    def candidates(self, clinic: str, participant: str) -> Candidates | None:
        """Who a participant may be at a clinic, None where nobody was found, or it is decided."""
        known = self._read(self._sealer.place("candidates", clinic, participant))
        return None if known is None or not known["patients"] else _candidates(known)

    def turn_down(self, clinic: str, participant: str, now: str) -> int:
        """Notes, by a person's word, that a participant is none of their candidates; how many.

        It stands until an identifier of theirs changes, or somebody links them.
        """
        asked = self.candidates(clinic, participant)
        if asked is None:
            return 0
        names = {each.patient for each in asked.patients}
        kept = sorted(names | self.turned_down(clinic, participant))
        said = asdict(Candidates(clinic, participant, now, ()))
        with self._connection:
            self._write("candidates", {**said, "turned_down": kept})
        return len(names)

    def turned_down(self, clinic: str, participant: str) -> frozenset[str]:
        """The ids of the clinic's Patients who a participant is not."""
        known = self._read(self._sealer.place("candidates", clinic, participant)) or {}
        return frozenset(known.get("turned_down", ()))  # an older file does not say

    def undecided(self) -> list[Candidates]:
        """Everybody who waits for a person's word, by clinic and participant."""
        everything = (said for kind, said in self._everything() if kind == "candidates")
        found = [_candidates(said) for said in everything if said["patients"]]
        return sorted(found, key=lambda each: (each.clinic, each.participant))

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def _forget(self, tx: sqlite3.Connection, participant: str) -> None:
        tx.execute("DELETE FROM sealed WHERE person = ?", (self._person(participant),))
        self.told.leave(participant)

    def _person(self, participant: str) -> bytes:
        return self._sealer.place("person", participant)

    def _read(self, place: bytes) -> dict[str, Any] | None:
        row = self._connection.execute(
            "SELECT text FROM sealed WHERE place = ?", (place,)
        ).fetchone()
        return None if row is None else orjson.loads(self._sealer.open(row[0], place))

    def _write(self, kind: str, said: dict[str, Any]) -> None:
        clinic = [said["clinic"]] if "clinic" in said else []
        place = self._sealer.place(kind, *clinic, said["participant"])
        target = self._sealer.place("target", *clinic, said["patient"]) if kind == "link" else None
        self._connection.execute(
            "INSERT INTO sealed (place, kind, person, target, text) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (place) DO UPDATE SET target = excluded.target, text = excluded.text",
            (
                place,
                kind,
                self._person(said["participant"]),
                target,
                self._sealer.seal(orjson.dumps(said), place),
            ),
        )

    def _everything(self) -> Iterator[tuple[str, dict[str, Any]]]:
        rows = self._connection.execute("SELECT place, kind, text FROM sealed").fetchall()
        for place, kind, text in rows:
            yield kind, orjson.loads(self._sealer.open(text, place))

    def _take_over(self, keys: Sequence[str]) -> None:
        """Seals what was plain, and what an older key sealed, with the newest one."""
        with self._connection as tx:
            tx.execute("BEGIN IMMEDIATE")
            marked = tx.execute("SELECT mark FROM seal").fetchone()
            mark = None if marked is None else bytes(marked[0])
            self.was_plain = is_plain(tx)
            notes_told = tx.execute("PRAGMA user_version").fetchone()[0] >= _NOTES_TOLD
            tx.execute(f"PRAGMA user_version = {_NOTES_TOLD}")
            self.was_older = mark not in {None, self._sealer.mark}
            if mark is not None and not self.was_older and not self.was_plain:
                if not notes_told:
                    self.told.take_over(self._everything())
                return
            if self.was_older and all(Sealer([key]).mark != mark for key in keys):
                raise wrong_key()
            held = [*self._everything(), *(read_plain(tx) if self.was_plain else ())]
            told = list(self.told.held())
            for table in ("identifier", "patient_link"):
                tx.execute(f"DROP TABLE IF EXISTS {table}")
            tx.execute("DELETE FROM sealed")
            tx.execute("DELETE FROM told")
            for kind, said in held:
                self._write(kind, said)
            for address, is_left in told:
                self.told.write(address, is_left=is_left)
            if not notes_told:
                self.told.take_over(held)
            tx.execute("DELETE FROM seal")
            tx.execute("INSERT INTO seal (mark) VALUES (?)", (self._sealer.mark,))
        self._connection.execute("VACUUM")  # no page of before remains, neither here nor beside
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _numbers(values: dict[str, str]) -> dict[str, str]:
    """The identifiers by which somebody may be found, without who they are else."""
    return {name: said for name, said in values.items() if not name.startswith(DEMOGRAPHICS)}


def _candidates(said: dict[str, Any]) -> Candidates:
    patients = tuple(Candidate(**each) for each in said["patients"])
    return Candidates(said["clinic"], said["participant"], said["found"], patients)
