"""Who a participant is at a clinic stands in a file of its own, readable by its owner alone."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from adapter.errors import ConflictError, DeclarationError
from adapter.instruments.participant import DEMOGRAPHICS, Participant
from adapter.store.identities import Candidate, Candidates, Crosswalk
from adapter.store.told import Address
from tests.keys import CROSSWALK_KEYS
from tests.unit.store.ledger import LATER, NOW


@pytest.fixture
def crosswalk(tmp_path: Path) -> Iterator[Crosswalk]:
    opened = Crosswalk(tmp_path / "apart" / "who.sqlite", CROSSWALK_KEYS)
    yield opened
    opened.close()


def known(**identifiers: str) -> Participant:
    return Participant("1", identifiers=identifiers)


def test_only_its_owner_may_read_it(tmp_path: Path, crosswalk: Crosswalk) -> None:
    crosswalk.keep(known(ihi="8003600000000001"))

    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "apart").iterdir()
    }

    assert modes["who.sqlite"] == 0o600
    assert set(modes.values()) == {0o600}


def test_an_identifier_is_found_by_person_and_name(crosswalk: Crosswalk) -> None:
    crosswalk.keep(known(ihi="8003600000000001", mrn="A1"))

    assert crosswalk.identifier("1", "mrn") == "A1"
    assert crosswalk.identifier("1", "other") is None
    assert crosswalk.identifier("2", "mrn") is None


def test_a_link_is_found_by_clinic_and_person(crosswalk: Crosswalk) -> None:
    crosswalk.link("north", "1", "patient-7", NOW)

    crosswalk.link("north", "1", "patient-8", LATER)

    assert crosswalk.linked("north", "1") == "patient-8"
    assert crosswalk.linked("south", "1") is None
    assert crosswalk.linked("north", "2") is None


def test_a_person_is_found_by_the_clinic_and_its_patient(crosswalk: Crosswalk) -> None:
    crosswalk.link("north", "1", "patient-7", NOW)
    crosswalk.link("south", "2", "patient-7", NOW)
    crosswalk.link("north", "3", "patient-9", NOW)

    crosswalk.link("north", "1", "patient-8", LATER)

    assert crosswalk.participant_of("north", "patient-8") == "1"
    assert crosswalk.participant_of("north", "patient-7") is None
    assert crosswalk.participant_of("south", "patient-7") == "2"
    assert crosswalk.participant_of("north", "3") is None


def test_the_same_identifiers_again_leave_the_links(crosswalk: Crosswalk) -> None:
    crosswalk.keep(known(ihi="8003600000000001"))
    crosswalk.link("north", "1", "patient-7", NOW)

    crosswalk.keep(known(ihi="8003600000000001"))

    assert crosswalk.linked("north", "1") == "patient-7"


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(known(ihi="8003600000000002"), id="another value"),
        pytest.param(known(), id="none any more"),
        pytest.param(known(ihi="8003600000000001", mrn="A1"), id="one more"),
    ],
)
def test_a_changed_identifier_undoes_the_links_of_that_person(
    crosswalk: Crosswalk, changed: Participant
) -> None:
    crosswalk.keep(known(ihi="8003600000000001"))
    crosswalk.link("north", "1", "patient-7", NOW)
    crosswalk.link("north", "2", "patient-8", NOW)

    crosswalk.keep(changed)

    assert crosswalk.linked("north", "1") is None
    assert crosswalk.linked("north", "2") == "patient-8"
    assert crosswalk.identifier("1", "ihi") == changed.identifiers.get("ihi")


def test_what_was_kept_is_there_when_it_is_opened_again(
    tmp_path: Path, crosswalk: Crosswalk
) -> None:
    crosswalk.keep(known(ihi="8003600000000001"))
    crosswalk.close()

    again = Crosswalk(tmp_path / "apart" / "who.sqlite", CROSSWALK_KEYS)

    assert again.identifier("1", "ihi") == "8003600000000001"
    again.close()


PLAIN = """
CREATE TABLE identifier (
  participant TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (participant, name)) WITHOUT ROWID;
CREATE TABLE patient_link (
  clinic TEXT NOT NULL, participant TEXT NOT NULL, remote_id TEXT NOT NULL, linked TEXT NOT NULL,
  PRIMARY KEY (clinic, participant)) WITHOUT ROWID;
INSERT INTO identifier VALUES ('Planted-1', 'ihi', '8003600000000001');
INSERT INTO patient_link VALUES ('north', 'Planted-1', 'planted-patient', '2024-01-01');
INSERT INTO patient_link VALUES ('north', 'Planted-2', 'planted-twice', '2024-01-01');
INSERT INTO patient_link VALUES ('north', 'Planted-3', 'planted-twice', '2024-01-01');
"""
PLANTED = (b"8003600000000001", b"Planted", b"planted")


def bytes_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


def test_the_file_and_what_lies_beside_it_tell_nobody(tmp_path: Path, crosswalk: Crosswalk) -> None:
    crosswalk.keep(Participant("Planted-1", identifiers={"ihi": "8003600000000001"}))
    crosswalk.link("north", "Planted-1", "planted-patient", NOW)
    crosswalk.propose(Candidates("south", "Planted-1", NOW, (Candidate("planted-other"),)))
    open_files = bytes_in(tmp_path / "apart")
    crosswalk.close()

    assert [each for each in PLANTED if each in open_files + bytes_in(tmp_path / "apart")] == []


def test_a_plain_file_is_sealed_in_place(tmp_path: Path) -> None:
    path = tmp_path / "who.sqlite"
    with closing(sqlite3.connect(path)) as plain:
        plain.execute("PRAGMA journal_mode = WAL")
        plain.executescript(PLAIN)
    before = bytes_in(tmp_path)

    first = Crosswalk(path, CROSSWALK_KEYS)
    known = first.identifier("Planted-1", "ihi"), first.linked("north", "Planted-1")
    twice = first.linked("north", "Planted-2"), first.linked("north", "Planted-3")
    first.close()

    assert all(each in before for each in PLANTED)
    assert (first.was_plain, known) == (True, ("8003600000000001", "planted-patient"))
    assert twice == (None, None)
    assert [each for each in PLANTED if each in bytes_in(tmp_path)] == []
    with closing(Crosswalk(path, CROSSWALK_KEYS)) as again:
        assert not again.was_plain


def test_an_older_key_opens_and_the_newest_seals(tmp_path: Path) -> None:
    path, newest = tmp_path / "who.sqlite", "the newest key of the tests, no secret"
    with closing(Crosswalk(path, CROSSWALK_KEYS)) as crosswalk:
        crosswalk.link("north", "1", "patient-7", NOW)

    with closing(Crosswalk(path, [newest, *CROSSWALK_KEYS])) as both:
        assert both.was_older
        assert both.linked("north", "1") == "patient-7"
    with closing(Crosswalk(path, [newest])) as alone:
        assert not alone.was_older
        assert alone.linked("north", "1") == "patient-7"
    with pytest.raises(DeclarationError):
        Crosswalk(path, CROSSWALK_KEYS)


def test_a_name_that_is_corrected_leaves_the_links(crosswalk: Crosswalk) -> None:
    crosswalk.keep(known(ihi="8003600000000001"))
    crosswalk.link("north", "1", "patient-7", NOW)
    named = {"ihi": "8003600000000001", f"{DEMOGRAPHICS}family": "Zed"}

    crosswalk.keep(known(**named))

    assert crosswalk.linked("north", "1") == "patient-7"
    assert crosswalk.identifiers("1") == named


def test_where_a_clinic_was_told_outlives_the_link_and_a_new_key(tmp_path: Path) -> None:
    path, newest = tmp_path / "who.sqlite", "the newest key of the tests, no secret"
    told = Address("patient-7", {"ihi": "8003600000000001"}, 2)
    with closing(Crosswalk(path, CROSSWALK_KEYS)) as crosswalk:
        crosswalk.keep(known(ihi="8003600000000001"))
        crosswalk.link("north", "1", "patient-7", NOW)
        crosswalk.told.keep("north", [("1", told)])
        before = crosswalk.told.left("north")
        crosswalk.forget("1")

    with closing(Crosswalk(path, [newest, *CROSSWALK_KEYS])) as both:
        assert (both.linked("north", "1"), both.identifiers("1")) == (None, {})
        assert (before, both.told.left("north"), both.told.left("south")) == ([], ["1"], [])
        assert (both.told.to("north", "1"), both.told.to("south", "1")) == (told, None)


def test_a_file_of_before_takes_over_who_the_people_are(tmp_path: Path) -> None:
    path, ihi = tmp_path / "who.sqlite", {"ihi": "8003600000000001"}
    with closing(Crosswalk(path, CROSSWALK_KEYS)) as crosswalk:
        crosswalk.keep(known(**ihi))
        crosswalk.link("north", "1", "patient-7", NOW)
    with closing(sqlite3.connect(path)) as older:
        older.executescript("DROP TABLE told; PRAGMA user_version = 0;")

    with closing(Crosswalk(path, CROSSWALK_KEYS)) as upgraded:
        upgraded.keep(known())

        assert upgraded.told.to("north", "1") == Address("patient-7", ihi)
        assert upgraded.told.to("practice", "1") == Address("", ihi)
        assert upgraded.told.left("practice") == ["1"]


@pytest.mark.parametrize("keys", [[], ["short"], [*CROSSWALK_KEYS, "short"]])
def test_a_key_that_could_be_guessed_is_none(tmp_path: Path, keys: list[str]) -> None:
    with pytest.raises(DeclarationError):
        Crosswalk(tmp_path / "who.sqlite", keys)


def test_a_row_that_was_laid_in_another_s_place_is_noticed(
    tmp_path: Path, crosswalk: Crosswalk
) -> None:
    crosswalk.link("north", "1", "patient-7", NOW)
    crosswalk.link("north", "2", "patient-8", NOW)
    with closing(sqlite3.connect(tmp_path / "apart" / "who.sqlite")) as other, other:
        (first,), (second,) = other.execute("SELECT text FROM sealed").fetchall()
        other.execute("UPDATE sealed SET text = ? WHERE text = ?", (first, second))

    with pytest.raises(DeclarationError, match="changed by somebody else"):
        [crosswalk.linked("north", record) for record in "12"]


def test_who_was_turned_down_stays_so_until_an_identifier_changes(crosswalk: Crosswalk) -> None:
    crosswalk.keep(known(ihi="8003600000000001"))
    for name in ("patient-8", "patient-7"):
        crosswalk.propose(Candidates("north", "1", NOW, (Candidate(name),)))
        crosswalk.turn_down("north", "1", NOW)

    again = crosswalk.turn_down("north", "1", LATER)
    before = crosswalk.turned_down("north", "1")
    elsewhere = crosswalk.turned_down("south", "1") | crosswalk.turned_down("north", "2")
    crosswalk.keep(known(ihi="8003600000000002"))

    assert (again, crosswalk.undecided()) == (0, [])
    assert (sorted(before), elsewhere) == (["patient-7", "patient-8"], frozenset())
    assert crosswalk.turned_down("north", "1") == frozenset()


def test_nobody_is_a_patient_who_is_somebody_else(crosswalk: Crosswalk) -> None:
    crosswalk.link("north", "1", "patient-7", NOW)

    with pytest.raises(ConflictError):
        crosswalk.link("north", "2", "patient-7", NOW)

    crosswalk.link("south", "2", "patient-7", NOW)
    crosswalk.link("north", "1", "patient-8", NOW)
    crosswalk.link("north", "2", "patient-7", NOW)
    assert crosswalk.linked("north", "2") == "patient-7"
