"""Who is who at a clinic is said by a person: one by one, from a list, or out of candidates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

import pytest

from adapter.store import claiming, inbox, settling
from adapter.store.database import Database
from adapter.store.deliveries import Delivery, Settlement
from adapter.store.holdings import Holding
from adapter.store.identities import Candidate, Candidates, Crosswalk
from adapter.store.inbox import Received
from adapter.store.told import Address
from tests.keys import CROSSWALK_KEY
from tests.unit.cli.site import Said, Site
from tests.unit.ingest.project import CLINIC, NOW, mood, person

IHI = "8003608166690503"
TOLD = Delivery(1, CLINIC, "Observation", "a", 1, "put", "unit", "1", "mood", "accepted", 1, "1")


@pytest.fixture
def trial(site: Site) -> Site:
    """A site that has read three people."""
    site.export(person("1", ihi=IHI), person("2"), person("3"))
    assert site.run("ingest").code == 0
    return site


@contextmanager
def crosswalk_of(site: Site) -> Iterator[Crosswalk]:
    path = site.folder / "state" / "who.sqlite"
    with closing(Crosswalk(path, [CROSSWALK_KEY])) as crosswalk:
        yield crosswalk


def test_a_list_links_its_good_lines_and_tells_the_others(trial: Site) -> None:
    trial.write(
        "links.csv",
        f"clinic,record,patient\n{CLINIC},1,p-1\n{CLINIC},404,p-4\nnowhere,2,p-2\n{CLINIC},2\n"
        f"{CLINIC},3,p-1\n\n{CLINIC},2,p-2\n",
    )

    said = trial.run("link", "--list", str(trial.folder / "links.csv"), "--json")

    assert said.code == 12
    assert said.document["linked"] == 2
    found = {each["line"]: each["expected"] for each in said.document["findings"]}
    assert found == {
        3: "a record that takes part",
        4: f"one of the clinics repository, {CLINIC}",
        5: "clinic, record and patient",
        6: f"a Patient of {CLINIC} who is nobody else",
    }
    with crosswalk_of(trial) as crosswalk:
        assert [crosswalk.linked(CLINIC, record) for record in "123"] == ["p-1", "p-2", None]


@pytest.mark.parametrize(
    "text",
    ["", "record,clinic,patient\n", "clinic;record;patient\n", '"', "\ufeffclinic\n"],
    ids=["empty", "another order", "semicolons", "open", "one column"],
)
def test_a_list_that_is_none_links_nobody(trial: Site, text: str) -> None:
    trial.write("links.csv", text)

    assert trial.run("link", "--list", str(trial.folder / "links.csv")).code == 11


def test_neither_a_list_nor_a_record_is_a_wrong_command_line(trial: Site) -> None:
    assert trial.run("link", CLINIC, "1").code == 2


def test_two_records_are_never_one_patient(trial: Site) -> None:
    trial.run("link", CLINIC, "1", "p-1")

    said = trial.run("link", CLINIC, "2", "p-1")

    assert said.code == 14
    assert "who is nobody else" in said.err


def test_a_candidate_waits_until_a_person_confirms_it(trial: Site) -> None:
    waiting = Candidates(CLINIC, "1", NOW, (Candidate("p-7", "certain"), Candidate("p-8")))
    with crosswalk_of(trial) as crosswalk:
        crosswalk.propose(waiting)
    listed = trial.run("candidates", "--json").document["candidates"]
    in_words = trial.run("candidates").out
    other = trial.run("confirm", CLINIC, "1", "p-9")
    nobody = trial.run("confirm", CLINIC, "2", "p-7")

    said = trial.run("confirm", CLINIC, "1", "p-8")

    assert listed == [
        {
            "clinic": CLINIC,
            "participant": "1",
            "found": NOW,
            "patients": [
                {"patient": "p-7", "grade": "certain"},
                {"patient": "p-8", "grade": ""},
            ],
        }
    ]
    assert "p-7" in in_words
    assert (other.code, nobody.code, said.code) == (15, 15, 0)
    assert trial.run("candidates", "--json").document == {"candidates": []}
    assert "nobody waits" in trial.run("candidates").out
    with crosswalk_of(trial) as crosswalk:
        assert crosswalk.linked(CLINIC, "1") == "p-8"


def test_candidates_are_turned_down_by_a_person_and_that_is_on_record(trial: Site) -> None:
    with crosswalk_of(trial) as crosswalk:
        crosswalk.propose(Candidates(CLINIC, "1", NOW, (Candidate("p-7"), Candidate("p-8"))))

    said = trial.run("confirm", CLINIC, "1", "--none", "--json")
    again = trial.run("confirm", CLINIC, "1", "--none")

    acts = trial.run("audit", "show", "--json").document["audit"]
    told = [(each["action"], each["record"], each["rule"]) for each in acts]
    assert (said.document, again.code) == ({"clinic": CLINIC, "turned_down": 2}, 15)
    assert told == [("link", "1", "none-of-candidates")]
    assert "p-7" not in json.dumps(acts)
    with crosswalk_of(trial) as crosswalk:
        assert (crosswalk.linked(CLINIC, "1"), crosswalk.undecided()) == (None, [])
        assert crosswalk.turned_down(CLINIC, "1") == {"p-7", "p-8"}


@pytest.mark.parametrize("more", [(), ("p-7", "--none")], ids=["neither", "both"])
def test_a_word_has_to_be_plain(trial: Site, more: tuple[str, ...]) -> None:
    assert trial.run("confirm", CLINIC, "1", *more).code == 2


def test_a_key_is_exchanged_by_a_line_above_it(trial: Site) -> None:
    trial.run("link", CLINIC, "1", "p-1")
    key = trial.folder / "who.key"
    from adapter.cli import main  # noqa: PLC0415 - `keys` takes no configuration

    main(["keys", "crosswalk", "--out", str(key)])
    first, second = trial.run("status"), trial.run("status")
    newest = key.read_text("utf-8").splitlines()[0]
    key.write_text(newest)

    assert "with the newest key now" in first.err
    assert second.err == ""
    assert trial.run("status").code == 0
    with closing(Crosswalk(trial.folder / "state" / "who.sqlite", [newest])) as crosswalk:
        assert crosswalk.linked(CLINIC, "1") == "p-1"
        assert crosswalk.identifier("1", "ihi") == IHI


@pytest.mark.parametrize("text", ["another key, which is long enough to be one", "puny"])
def test_the_wrong_key_opens_nothing_and_is_not_told(trial: Site, text: str) -> None:
    trial.write("who.key", text)

    said = trial.run("status")

    assert said.code == 10
    assert "crosswalk_key_env or crosswalk_key_file" in said.err
    assert text not in said.err


@pytest.mark.parametrize("patient", ["", "Patient/p1", "p 1", "p" * 65])
def test_what_is_no_id_of_a_patient_is_linked_to_nobody(trial: Site, patient: str) -> None:
    said = trial.run("link", CLINIC, "1", patient)

    assert said.code == 15
    assert "behind `Patient/`" in said.err


def test_what_stands_with_another_patient_is_moved_by_a_word_alone(trial: Site) -> None:
    trial.run("link", CLINIC, "1", "p-1")
    _stands(trial)

    without = trial.run("link", CLINIC, "1", "p-2", "--json")
    same = trial.run("link", CLINIC, "1", "p-1", "--json")
    said = trial.run("link", CLINIC, "1", "p-2", "--replace", "--json")

    assert (without.code, same.code, said.code) == (14, 0, 0)
    assert "because 1 resources of this record stand with another" in without.err
    assert "taken_back_and_told_anew" not in same.document
    assert said.document["taken_back_and_told_anew"] == 1


def test_a_list_tells_how_much_its_links_undid(trial: Site) -> None:
    trial.run("link", CLINIC, "1", "p-1")
    _stands(trial)
    trial.write("links.csv", f"clinic,record,patient\n{CLINIC},1,p-2\n{CLINIC},2,p-3\n")
    links = ("link", "--list", str(trial.folder / "links.csv"))

    without = trial.run(*links, "--json")
    said = trial.run(*links, "--replace", "--json")
    again = trial.run(*links, "--replace")

    assert (without.code, without.document["linked"]) == (12, 1)
    assert said.code == 0
    assert said.document == {"linked": 2, "taken_back_and_told_anew": 1, "findings": []}
    assert (again.code, again.out.splitlines()[0].split(",")[0]) == (0, "linked: 2")


def test_who_is_it_although_the_identifiers_differ_is_said_of_one_and_is_on_record(
    trial: Site,
) -> None:
    trial.write("links.csv", f"clinic,record,patient\n{CLINIC},2,p-2\n")

    said = trial.run("link", CLINIC, "1", "p-1", "--although-different")
    many = trial.run("link", "--list", str(trial.folder / "links.csv"), "--although-different")

    acts = trial.run("audit", "show", "--json").document["audit"]
    told = [(each["action"], each["record"], each["rule"]) for each in acts]
    assert (said.code, many.code) == (0, 2)
    assert told == [("link", "1", "although-different")]
    assert not any(word in json.dumps(acts) for word in ("p-1", IHI))
    with crosswalk_of(trial) as crosswalk:
        known = [crosswalk.is_although_different(CLINIC, record) for record in "12"]
    assert known == [True, False]


def test_a_plan_holds_no_one_any_more_by_what_was_found_of_whom_they_were_before(
    site: Site,
) -> None:
    site.export({**person("1"), **mood("1", "2", "0")})
    site.run("ingest")
    site.run("link", CLINIC, "1", "mistyped")
    with closing(Database(site.ledger)) as ledger, ledger.write() as tx:
        claimed = claiming.claim_of(tx, CLINIC, "1", claiming.Room(1000), NOW)
        held = [Settlement(each.seq, "held", rule="patient-gone") for each in claimed]
        settling.settle(tx, held, NOW)
    before = _of_clinic(site.run("plan", "--json"))

    site.run("link", CLINIC, "1", "p-1")

    after = _of_clinic(site.run("plan", "--json"))
    assert before["held_by"] == {"patient-gone": len(held)}
    assert (after["held_by"], after["create"]) == ({}, len(held) + before["create"])


def _of_clinic(said: Said) -> dict[str, Any]:
    (found,) = (each for each in said.document["clinics"] if each["name"] == CLINIC)
    return dict(found)


def _stands(site: Site) -> None:
    """The clinic was told something of record 1."""
    with crosswalk_of(site) as crosswalk:
        crosswalk.told.keep(CLINIC, [("1", Address("p-1"))])
    with closing(Database(site.folder / "state" / "ledger.sqlite")) as ledger, ledger.write() as tx:
        settling.hold(tx, TOLD, Holding(1, "put", "1"))


def test_what_was_taken_in_from_another_patient_is_taken_back_by_a_word_alone(
    trial: Site,
) -> None:
    trial.run("link", CLINIC, "1", "p-1")
    _came(trial, "r1")

    without = trial.run("link", CLINIC, "1", "p-2", "--json")
    same = trial.run("link", CLINIC, "1", "p-1", "--json")
    said = trial.run("link", CLINIC, "1", "p-2", "--replace", "--json")
    _came(trial, "r2")
    with crosswalk_of(trial) as crosswalk:  # the clinic says that it merged them
        crosswalk.propose(Candidates(CLINIC, "1", NOW, (Candidate("p-3"),)))
    merged = trial.run("confirm", CLINIC, "1", "p-3", "--json")
    after = trial.run("link", CLINIC, "1", "p-3", "--json")

    assert (without.code, same.code, said.code, merged.code) == (14, 0, 0, 0)
    assert "1 resources were taken in from another Patient" in without.err
    told = [each.document.get("taken_in_and_taken_back") for each in (same, said, merged, after)]
    assert told == [None, 1, None, None]


def _came(site: Site, name: str) -> None:
    """An answer of the clinic stands as one of record 1."""
    said = Received(CLINIC, "QuestionnaireResponse", name, "1", "1", b"{}", "taken", "it fits", NOW)
    with closing(Database(site.folder / "state" / "ledger.sqlite")) as ledger, ledger.write() as tx:
        inbox.keep(tx, replace(said, form="mood", timepoint="week-0", unit="u", stands="held"))


ELSEWHERE = "http://127.0.0.1:10/fhir"
FORMER = 'formerly = ["http://127.0.0.1:9/fhir/"]'


def move_clinic(site: Site, more: str = "") -> None:
    """Gives the clinic another address; the repository keeps its own."""
    before, name, after = (site.folder / "adapter.toml").read_text("utf-8").partition(CLINIC)
    moved = after.replace('url = "http://127.0.0.1:9/fhir"', f'url = "{ELSEWHERE}"\n{more}', 1)
    site.write("adapter.toml", before + name + moved)


def test_nobody_is_linked_at_another_server_of_the_same_name(trial: Site) -> None:
    trial.run("link", CLINIC, "1", "p-1")
    move_clinic(trial)

    said = trial.run("link", CLINIC, "2", "p-2")

    assert said.code == 14
    assert ELSEWHERE in said.err
    assert 'formerly = ["http://127.0.0.1:9/fhir"]' in said.err
    with crosswalk_of(trial) as crosswalk:
        assert [crosswalk.linked(CLINIC, record) for record in "12"] == ["p-1", None]


def test_a_server_whose_address_changed_is_the_same_one_where_a_person_says_so(
    trial: Site,
) -> None:
    trial.run("link", CLINIC, "1", "p-1")
    move_clinic(trial, FORMER)

    assert trial.run("link", CLINIC, "2", "p-2").code == 0
    with crosswalk_of(trial) as crosswalk:
        assert crosswalk.turns.server(CLINIC) == ELSEWHERE


def test_a_clinic_that_nobody_was_linked_at_may_have_any_address(trial: Site) -> None:
    move_clinic(trial)

    assert trial.run("link", CLINIC, "1", "p-1").code == 0
