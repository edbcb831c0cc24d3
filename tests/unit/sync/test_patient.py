"""Whose record: the clinic's own patient, found by a number that never stands in an address."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import httpx
import orjson
import pytest

from adapter.errors import EhrError
from adapter.instruments.participant import DEMOGRAPHICS, Participant
from adapter.store.identities import Candidate, Candidates
from adapter.sync.profile import PatientRule
from tests.unit.sync.desk import CLINIC, IHI, limited, patient
from tests.unit.sync.far_side import Fault, answering, lost, outcome

if TYPE_CHECKING:
    from tests.unit.sync.conftest import Opened
    from tests.unit.sync.desk import Desk, Resource
    from tests.unit.sync.far_side import Take

OTHER = "8003608833357361"


def test_what_is_sent_is_about_the_clinics_own_patient(clinic: Desk) -> None:
    clinic.owe(clinic.response("r"))
    clinic.owe(clinic.observation("a", performer=[{"reference": "Patient/77"}]))

    report = clinic.push()

    assert report.created == {"QuestionnaireResponse": 1, "Observation": 1}
    for name in ("QuestionnaireResponse/r", "Observation/a"):
        assert (clinic.far.holds(name) or {})["subject"] == {"reference": "Patient/77"}
    ours = clinic.identity.patient("1").encode()
    assert all(ours not in request.content for request in clinic.far.requests)


@pytest.fixture
def asked(clinic: Desk) -> Desk:
    """The same clinic, where nobody said yet who person 2 is; the clinic has one of that number."""
    clinic.take_in("2")
    clinic.identify("2", OTHER)
    clinic.far.system.seed([patient("88", OTHER)])
    return clinic


def test_the_identifier_travels_in_the_body_and_stands_in_no_address(asked: Desk) -> None:
    asked.owe(asked.observation("a", participant="2"), participant="2")

    asked.push()

    search = asked.far.requests[0]
    assert (search.method, search.url.path) == ("POST", "/fhir/Patient/_search")
    assert search.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs(search.content.decode())["identifier"] == [f"{IHI}|{OTHER}"]
    assert all(OTHER not in str(request.url) for request in asked.far.requests)
    assert all(OTHER not in str(request.headers) for request in asked.far.requests)


def test_the_only_one_who_is_found_waits_for_a_persons_word(asked: Desk) -> None:
    asked.owe(asked.observation("a", participant="2"), participant="2")

    report = asked.push()

    assert report.held == {("Observation", "patient-unconfirmed"): 1}
    assert asked.far.holds("Observation/a") is None
    found = asked.crosswalk.candidates("clinic", "2")
    assert found == Candidates("clinic", "2", asked.clinic.now(), (Candidate("88"),))
    asked.crosswalk.link("clinic", "2", "88", asked.clinic.now())
    assert asked.push().created == {"Observation": 1}
    assert (asked.far.holds("Observation/a") or {})["subject"] == {"reference": "Patient/88"}
    assert asked.crosswalk.undecided() == []


def test_no_patient_is_ever_created(asked: Desk) -> None:
    asked.owe(asked.observation("a", participant="2"), participant="2")

    asked.push()

    writes = [each for each in asked.far.requests if "_search" not in each.url.path]
    assert writes == []


def graded(id_: str, grade: str) -> Resource:
    url = "http://hl7.org/fhir/StructureDefinition/match-grade"
    said = [{"url": "urn:other", "valueCode": "x"}, {"url": url, "valueCode": grade}]
    return {"resource": patient(id_), "search": {"mode": "match", "extension": said}}


@pytest.mark.parametrize(
    "told", [{}, {f"{DEMOGRAPHICS}family": "Example"}], ids=["a number", "a name, too"]
)
def test_a_match_is_asked_by_every_identifier_and_nothing_else(
    opened: Opened, told: dict[str, str]
) -> None:
    clinic = opened(CLINIC.model_copy(update={"patient": PatientRule(match=True)}))
    clinic.take_in("2")
    clinic.crosswalk.keep(Participant("2", identifiers={"ihi": OTHER, **told}))
    clinic.owe(clinic.observation("a", participant="2"), participant="2")
    entries = [graded("88", "certain"), graded("89", "possible"), graded("90", "certainly-not")]
    entries.append(graded("91", "a word of its own"))
    bundle = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
    clinic.far.faults.extend([answering(200, bundle)])

    report = clinic.push()

    (request,) = clinic.far.requests
    asked, *rest = orjson.loads(request.content)["parameter"]
    assert (request.method, request.url.path) == ("POST", "/fhir/Patient/$match")
    assert asked["resource"] == {
        "resourceType": "Patient",
        "identifier": [{"system": IHI, "value": OTHER}],
    }
    assert {"name": "onlyCertainMatches", "valueBoolean": False} in rest
    assert report.held == {("Observation", "patient-ambiguous"): 1}
    found = clinic.crosswalk.candidates("clinic", "2")
    assert found is not None
    assert found.patients == (
        Candidate("88", "certain"),
        Candidate("89", "possible"),
        Candidate("91", ""),
    )


def test_a_clinic_with_a_list_is_asked_for_nobody(opened: Opened) -> None:
    clinic = opened(CLINIC.model_copy(update={"patient": PatientRule(listed=True)}))
    clinic.take_in("2")
    clinic.identify("2", OTHER)
    clinic.owe(clinic.observation("a", participant="2"), participant="2")

    report = clinic.push()

    assert report.held == {("Observation", "patient-not-listed"): 1}
    assert clinic.far.requests == []


def test_a_persons_link_needs_no_search(clinic: Desk) -> None:
    clinic.far.system.seed([patient("p-9")])
    clinic.crosswalk.link("clinic", "1", "p-9", clinic.clinic.now())
    clinic.owe(clinic.observation("a"))

    clinic.push()

    assert [each.method for each in clinic.far.requests] == ["POST"]
    assert "_search" not in clinic.far.requests[0].url.path
    assert (clinic.far.holds("Observation/a") or {})["subject"] == {"reference": "Patient/p-9"}


def nobody(_: Desk) -> str:
    return OTHER


def two(desk: Desk) -> str:
    desk.far.system.seed([patient("78", OTHER), patient("79", OTHER), patient("80", OTHER)])
    return OTHER


@pytest.mark.parametrize(
    ("known", "rule"), [(nobody, "patient-not-found"), (two, "patient-ambiguous")]
)
def test_who_is_not_exactly_one_patient_is_held_by_that_rule_until_they_are(
    clinic: Desk, known: object, rule: str
) -> None:
    assert callable(known)
    clinic.take_in("2")
    clinic.identify("2", known(clinic))
    clinic.owe(clinic.observation("a", participant="2"), participant="2")
    clinic.owe(clinic.observation("b"))

    report = clinic.push()

    assert report.held == {("Observation", rule): 1}
    assert report.created == {"Observation": 1}
    assert clinic.states() == {"a": "held", "b": "accepted"}
    assert clinic.reasons() == {"a": rule}
    clinic.far.system.seed([patient("81")])
    clinic.crosswalk.link("clinic", "2", "81", clinic.clinic.now())
    assert clinic.push().created == {"Observation": 1}


def test_who_has_no_identifier_is_held_and_not_asked_for(clinic: Desk) -> None:
    clinic.take_in("2")
    clinic.owe(clinic.observation("a", participant="2"), participant="2")

    report = clinic.push()

    assert report.held == {("Observation", "patient-without-identifier"): 1}
    assert clinic.far.requests == []


def test_who_is_not_found_is_asked_for_once_a_push(opened: Opened) -> None:
    clinic = opened(limited(CLINIC, entries=2))
    clinic.take_in("2")
    clinic.identify("2", OTHER)
    for name in "abcde":
        clinic.owe(clinic.observation(name, participant="2"), participant="2")

    for _ in range(2):
        clinic.push()

    assert len(clinic.far.requests) == 2
    assert clinic.count() == {"held": 5}


def test_what_belongs_to_nobody_needs_no_patient(clinic: Desk) -> None:
    form = {"resourceType": "Questionnaire", "id": "q", "status": "active"}
    clinic.owe(form, participant="")

    report = clinic.push()

    assert report.created == {"Questionnaire": 1}
    assert len(clinic.far.requests) == 1


def searching(fault: Fault) -> Fault:
    """A fault that meets searches only."""
    return lambda request, take: (
        fault(request, take) if "_search" in request.url.path else take(request)
    )


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(answering(503), id="HTTP 503"),
        pytest.param(answering(500), id="HTTP 500"),
        pytest.param(answering(200, "<html>"), id="HTML"),
        pytest.param(answering(200, {"resourceType": "OperationOutcome"}), id="no bundle"),
        pytest.param(lost(httpx.ConnectError), id="nobody"),
        pytest.param(lost(httpx.ReadTimeout), id="no answer"),
    ],
)
def test_a_search_that_fails_leaves_everything_queued(asked: Desk, fault: Fault) -> None:
    asked.take_in("3", share="refused")
    asked.owe(asked.observation("held", participant="3"), participant="3")
    asked.owe({"resourceType": "Questionnaire", "id": "q", "status": "active"}, participant="")
    asked.owe(asked.observation("a", participant="2"), participant="2")
    asked.far.rule = searching(fault)

    with pytest.raises(EhrError, match=r"clinic: .* 6 times in a row") as raised:
        asked.push()

    assert raised.value.exit_code == 17
    assert asked.states() == {"held": "held", "q": "queued", "a": "queued"}
    asked.far.rule = None
    assert asked.push().created == {"Questionnaire": 1}
    assert asked.reasons() == {"held": "consent-refused", "a": "patient-unconfirmed"}


def test_a_search_that_is_refused_holds_that_person_and_nobody_else(clinic: Desk) -> None:
    clinic.take_in("2")
    clinic.identify("2", OTHER)
    clinic.owe(clinic.observation("a", participant="2"), participant="2")
    clinic.owe(clinic.observation("b"))

    def particular(request: httpx.Request, take: Take) -> httpx.Response:
        if OTHER.encode() in request.content:
            return httpx.Response(400, json=outcome("that is no identifier"))
        return take(request)

    clinic.far.rule = particular

    report = clinic.push()

    assert report.held == {("Observation", "patient-search-refused"): 1}
    assert clinic.states() == {"a": "held", "b": "accepted"}


def test_a_search_that_has_to_wait_keeps_all_else_waiting(asked: Desk) -> None:
    asked.owe({"resourceType": "Questionnaire", "id": "q", "status": "active"}, participant="")
    asked.owe(asked.observation("a", participant="2"), participant="2")
    asked.far.faults.extend([answering(429, Retry_After="21")])

    asked.push()

    waited = [(moment - asked.far.moments[0]).seconds for moment in asked.far.moments]
    assert waited == [0, 21, 21]
    assert asked.states() == {"q": "accepted", "a": "held"}


def test_an_outcome_among_the_matches_is_no_patient(asked: Desk) -> None:
    entries = [{"resource": patient("88")}, {"resource": outcome("a hint")}, {"fullUrl": "urn:x"}]
    bundle = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
    asked.far.faults.extend([answering(200, bundle)])
    asked.owe(asked.observation("a", participant="2"), participant="2")

    report = asked.push()

    assert report.held == {("Observation", "patient-unconfirmed"): 1}


def test_who_was_turned_down_is_proposed_no_more(asked: Desk) -> None:
    asked.owe(asked.observation("a", participant="2"), participant="2")
    first = asked.push()
    asked.crosswalk.turn_down("clinic", "2", asked.clinic.now())

    second = asked.push()

    assert first.held == {("Observation", "patient-unconfirmed"): 1}
    assert second.held == {("Observation", "patient-not-found"): 1}
    assert asked.crosswalk.undecided() == []


ODD: list[object] = [
    *({}, 7, {"resource": 7}, {"resource": {"resourceType": "Patient"}}),
    *({"resource": {"resourceType": "Patient", "id": 7}}, {"resource": {"id": "91"}}),
]
ODD_GRADES: list[object] = [7, {"extension": 7}, {"extension": [7, {}, {"url": 7}]}]


def test_what_is_no_patient_of_an_odd_answer_is_passed_over(opened: Opened) -> None:
    clinic = opened(CLINIC.model_copy(update={"patient": PatientRule(match=True)}))
    clinic.take_in("2")
    clinic.identify("2", OTHER)
    clinic.owe(clinic.observation("a", participant="2"), participant="2")
    whole = [{"resource": patient("88"), "search": search} for search in ODD_GRADES]
    bundle = {"resourceType": "Bundle", "entry": [*ODD, *whole]}
    clinic.far.faults.extend([answering(200, bundle)])

    clinic.push()

    found = clinic.crosswalk.candidates("clinic", "2")
    assert found is not None
    assert found.patients == (Candidate("88"),)


@pytest.mark.parametrize("entry", [7, None, {"resource": patient("88")}])
def test_an_answer_that_is_no_list_finds_nobody(asked: Desk, entry: object) -> None:
    asked.far.faults.extend([answering(200, {"resourceType": "Bundle", "entry": entry})])
    asked.owe(asked.observation("a", participant="2"), participant="2")

    assert asked.push().held == {("Observation", "patient-not-found"): 1}


@pytest.mark.parametrize(
    "said",
    [{}, {"create": True, "find_by": "ihi"}, {"listed": True, "match": True}],
    ids=["none", "two", "two others"],
)
def test_a_clinic_either_has_its_own_patients_or_gets_ours(said: Resource) -> None:
    with pytest.raises(ValueError, match="one of `create: true`, `find_by`"):
        PatientRule(**said)
