"""A linked Patient who is gone, merged, not in use or somebody else: a person says who is who."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import httpx
import pytest

from adapter.errors import EhrError
from adapter.store.identities import Candidate
from adapter.sync.capability import Capability
from adapter.sync.profile import PatientRule
from tests.unit.sync.desk import CLINIC, NUMBER, Desk, patient
from tests.unit.sync.far_side import answering, lost, outcome

if TYPE_CHECKING:
    from tests.unit.sync.conftest import Opened

Resource = dict[str, Any]


def merged_into(other: str) -> Resource:
    link = {"other": {"reference": other}, "type": "replaced-by"}
    return {**patient("77", NUMBER), "active": False, "link": [link]}


NOT_IN_USE = {**patient("77", NUMBER), "active": False}
SOMEBODY_ELSE = patient("77", "8003608000000000")
CHANGES = [
    pytest.param(merged_into("Patient/78"), "patient-merged", id="merged"),
    pytest.param({**SOMEBODY_ELSE, "active": False}, "patient-differs", id="somebody else"),
    pytest.param(NOT_IN_USE, "patient-inactive", id="not in use"),
    pytest.param(None, "patient-gone", id="gone"),
]


def change(desk: Desk, becomes: Resource | None) -> None:
    """Somebody at the clinic changes Patient 77, or takes them out."""
    desk.far.system.seed([patient("78")])
    if becomes is None:
        desk.far.delete("Patient/77")
    else:
        desk.far.put(becomes)


@pytest.mark.parametrize(("becomes", "rule"), CHANGES)
def test_nothing_new_is_sent_until_a_person_looked(
    clinic: Desk, becomes: Resource | None, rule: str
) -> None:
    change(clinic, becomes)
    clinic.owe(clinic.observation("a"))

    report = clinic.push()
    waits = clinic.plan()

    assert report.held == waits.held == {("Observation", rule): 1}
    assert clinic.reasons() == {"a": rule}
    assert clinic.far.requests == []
    assert clinic.crosswalk.linked("clinic", "1") == "77"  # nobody is followed by a program


def test_whom_a_patient_was_merged_into_is_proposed_and_gets_it_when_a_person_says_so(
    clinic: Desk,
) -> None:
    change(clinic, merged_into("Patient/78"))
    clinic.owe(clinic.observation("a"))
    clinic.push()

    found = clinic.crosswalk.candidates("clinic", "1")
    assert found is not None
    assert found.patients == (Candidate("78"),)
    clinic.crosswalk.link("clinic", "1", "78", clinic.clinic.now())

    assert clinic.push().created == {"Observation": 1}
    assert (clinic.far.holds("Observation/a") or {})["subject"] == {"reference": "Patient/78"}


@pytest.mark.parametrize(
    ("other", "proposed"),
    [
        pytest.param("https://clinic.example.org/fhir/Patient/78", ["78"], id="said in full"),
        pytest.param("Patient/77/../78", [], id="no reference"),
        pytest.param("RelatedPerson/78", [], id="no Patient"),
    ],
)
def test_only_a_patient_is_proposed(clinic: Desk, other: str, proposed: list[str]) -> None:
    bundle = {"resourceType": "Bundle", "entry": [{"resource": merged_into(other)}]}
    clinic.owe(clinic.observation("a"))
    clinic.far.told_of_people = answering(200, bundle)

    assert clinic.push().held == {("Observation", "patient-merged"): 1}
    found = clinic.crosswalk.candidates("clinic", "1")
    assert [each.patient for each in (found.patients if found else ())] == proposed


def test_who_was_turned_down_is_proposed_no_more(clinic: Desk) -> None:
    change(clinic, merged_into("Patient/78"))
    clinic.owe(clinic.observation("a"))
    clinic.push()
    clinic.crosswalk.turn_down("clinic", "1", clinic.clinic.now())

    assert clinic.push().held == {("Observation", "patient-merged"): 1}
    assert clinic.crosswalk.candidates("clinic", "1") is None


def test_who_is_it_all_the_same_by_a_persons_word_gets_what_waited(clinic: Desk) -> None:
    change(clinic, SOMEBODY_ELSE)
    clinic.owe(clinic.observation("a"))
    clinic.push()
    now = clinic.clinic.now()
    clinic.crosswalk.link("clinic", "1", "77", now)  # the same id once more is no such word
    assert clinic.push().held == {("Observation", "patient-differs"): 1}

    clinic.crosswalk.link("clinic", "1", "77", now, although_different=True)
    clinic.crosswalk.link("clinic", "1", "77", now)  # nor does it take one back

    assert clinic.push().created == {"Observation": 1}


def test_a_word_about_one_patient_is_none_about_another(clinic: Desk) -> None:
    now = clinic.clinic.now()
    clinic.far.system.seed([patient("78", "8003608000000000")])
    clinic.crosswalk.link("clinic", "1", "77", now, although_different=True)
    clinic.crosswalk.link("clinic", "1", "78", now)
    clinic.owe(clinic.observation("a"))

    assert clinic.push().held == {("Observation", "patient-differs"): 1}


def test_what_stands_with_somebody_else_is_for_a_person_and_names_no_number(
    clinic: Desk,
) -> None:
    clinic.owe(clinic.observation("a"))
    clinic.push()
    change(clinic, SOMEBODY_ELSE)

    report = clinic.verify()
    waits = clinic.reasons()["a"]

    assert (report.astray, report.drifted) == ({"patient-differs": 1}, {"Observation": 1})
    assert waits.startswith("patient-differs: look there who the person is")
    assert "800360" not in str(clinic.rows())
    now = clinic.clinic.now()
    clinic.crosswalk.link("clinic", "1", "77", now, although_different=True)
    clinic.retry()
    clinic.push()
    assert clinic.verify().confirmed == {"Observation": 1}


def test_who_is_in_use_again_gets_what_waited(clinic: Desk) -> None:
    change(clinic, NOT_IN_USE)
    clinic.owe(clinic.observation("a"))
    clinic.push()
    clinic.far.put(patient("77", NUMBER))

    assert clinic.push().created == {"Observation": 1}


@pytest.mark.parametrize(("becomes", "rule"), CHANGES[:3])
def test_what_must_go_goes_all_the_same(clinic: Desk, becomes: Resource, rule: str) -> None:
    clinic.owe(clinic.observation("a"))
    clinic.push()
    change(clinic, becomes)
    clinic.owe(clinic.observation("b"))
    clinic.owe(clinic.observation("a"), action="retract")

    report = clinic.push()

    assert (report.retracted, report.held) == ({"Observation": 1}, {("Observation", rule): 1})
    assert (clinic.far.holds("Observation/a") or {})["status"] == "entered-in-error"


@pytest.mark.parametrize(("becomes", "rule"), CHANGES[:1])
def test_reading_back_finds_what_stands_with_somebody_who_is_no_patient_any_more(
    clinic: Desk, becomes: Resource, rule: str
) -> None:
    clinic.owe(clinic.observation("a"))
    clinic.push()
    change(clinic, becomes)
    moved = {**(clinic.far.holds("Observation/a") or {}), "subject": {"reference": "Patient/78"}}
    clinic.far.put(moved)  # as a record system does when it merges

    report = clinic.verify()

    assert (report.astray, report.drifted) == ({rule: 1}, {"Observation": 1})
    assert clinic.reasons()["a"].startswith(f"{rule}: look there who the person is")
    clinic.retry()
    assert clinic.push().held == {("Observation", rule): 1}
    clinic.crosswalk.link("clinic", "1", "78", clinic.clinic.now())
    clinic.push()
    assert clinic.crosswalk.undecided() == []  # nobody is asked again
    assert clinic.verify().confirmed == {"Observation": 1}
    assert (clinic.far.holds("Observation/a") or {})["subject"] == {"reference": "Patient/78"}


def test_what_is_lost_with_its_patient_is_not_made_again_for_nobody(clinic: Desk) -> None:
    clinic.owe(clinic.observation("a"))
    clinic.push()
    clinic.far.delete("Observation/a")
    clinic.far.delete("Patient/77")

    report = clinic.verify()

    assert (report.astray, report.missing) == ({"patient-gone": 1}, {})
    assert clinic.states() == {"a": "refused"}


def test_somebody_out_of_use_keeps_what_stands_there(clinic: Desk) -> None:
    clinic.owe(clinic.observation("a"))
    clinic.push()
    change(clinic, NOT_IN_USE)

    report = clinic.verify()

    assert (report.astray, report.confirmed) == ({"patient-inactive": 1}, {"Observation": 1})


def test_each_is_asked_for_once_a_push_and_in_no_address(clinic: Desk) -> None:
    for name in "abc":
        clinic.owe(clinic.observation(name))

    clinic.push()

    (asked,) = clinic.far.people
    assert parse_qs(asked.content.decode()) == {"_id": ["77"]}
    assert (asked.method, asked.url.path) == ("POST", "/fhir/Patient/_search")


@pytest.mark.parametrize("status", [400, 403, 404, 405])
def test_a_clinic_that_tells_nothing_of_its_patients_is_taken_at_a_persons_word(
    clinic: Desk, status: int
) -> None:
    clinic.owe(clinic.observation("a"))
    clinic.far.told_of_people = answering(status, outcome("no such search"))

    assert clinic.push().created == {"Observation": 1}


def test_a_statement_without_a_search_of_patients_asks_for_none(opened: Opened) -> None:
    listed = CLINIC.model_copy(update={"patient": PatientRule(listed=True)})
    desk = opened(listed)
    writes = frozenset({"create", "update"})
    types: dict[str, frozenset[str]] = {"Observation": writes}
    said = Capability(types, frozenset({"transaction"}))
    desk.clinic = replace(desk.clinic, capability=said)
    desk.owe(desk.observation("a"))

    desk.push()

    assert desk.far.people == []


def test_without_an_answer_nothing_is_sent_and_nothing_is_said_against_anybody(
    clinic: Desk,
) -> None:
    clinic.owe(clinic.observation("a"))
    clinic.far.told_of_people = lost(httpx.ConnectError)

    with pytest.raises(EhrError, match="found 6 times in a row"):
        clinic.push()

    assert clinic.states() == {"a": "queued"}
    assert clinic.far.requests == []


def test_reading_back_ends_where_nobody_answers_who_is_who(clinic: Desk) -> None:
    clinic.owe(clinic.observation("a"))
    clinic.push()
    clinic.far.told_of_people = lost(httpx.ConnectError)

    with pytest.raises(EhrError, match="Run it again later"):
        clinic.verify()


def test_our_own_patients_are_asked_for_by_nobody(desk: Desk) -> None:
    desk.owe(desk.observation("a"))

    desk.push()
    desk.verify()

    assert desk.far.people == []
