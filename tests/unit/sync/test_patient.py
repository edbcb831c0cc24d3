"""Whose record: the clinic's own patient, found by a number that never stands in an address."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import httpx
import pytest

from adapter.errors import EhrError
from adapter.sync.profile import PatientRule
from tests.unit.sync.desk import CLINIC, IHI, NUMBER, limited, patient
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


def test_the_identifier_travels_in_the_body_and_stands_in_no_address(clinic: Desk) -> None:
    clinic.owe(clinic.observation("a"))

    clinic.push()

    search = clinic.far.requests[0]
    assert (search.method, search.url.path) == ("POST", "/fhir/Patient/_search")
    assert search.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs(search.content.decode())["identifier"] == [f"{IHI}|{NUMBER}"]
    assert all(NUMBER not in str(request.url) for request in clinic.far.requests)
    assert all(NUMBER not in str(request.headers) for request in clinic.far.requests)


def test_a_patient_is_looked_for_once(clinic: Desk) -> None:
    clinic.owe(clinic.observation("a"))
    clinic.push()
    clinic.owe(clinic.observation("b"))

    clinic.push()

    assert sum("_search" in request.url.path for request in clinic.far.requests) == 1
    assert clinic.crosswalk.linked("clinic", "1") == "77"


def test_a_persons_link_needs_no_search(clinic: Desk) -> None:
    clinic.far.system.seed([patient("p-9")])
    clinic.crosswalk.link("clinic", "1", "p-9", clinic.clinic.now())
    clinic.owe(clinic.observation("a"))

    clinic.push()

    assert len(clinic.far.requests) == 1
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
def test_a_search_that_fails_leaves_everything_queued(clinic: Desk, fault: Fault) -> None:
    clinic.take_in("2", share="refused")
    clinic.owe(clinic.observation("held", participant="2"), participant="2")
    clinic.owe({"resourceType": "Questionnaire", "id": "q", "status": "active"}, participant="")
    clinic.owe(clinic.observation("a"))
    clinic.far.rule = searching(fault)

    with pytest.raises(EhrError, match=r"clinic: .* 6 times in a row") as raised:
        clinic.push()

    assert raised.value.exit_code == 17
    assert clinic.states() == {"held": "held", "q": "queued", "a": "queued"}
    clinic.far.rule = None
    assert clinic.push().created == {"Questionnaire": 1, "Observation": 1}


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


def test_a_search_that_has_to_wait_keeps_all_else_waiting(clinic: Desk) -> None:
    clinic.owe({"resourceType": "Questionnaire", "id": "q", "status": "active"}, participant="")
    clinic.owe(clinic.observation("a"))
    clinic.far.faults.extend([answering(429, Retry_After="21")])

    clinic.push()

    waited = [(moment - clinic.far.moments[0]).seconds for moment in clinic.far.moments]
    assert waited == [0, 21, 21]
    assert clinic.states() == {"q": "accepted", "a": "accepted"}


def test_an_outcome_among_the_matches_is_no_patient(clinic: Desk) -> None:
    entries = [{"resource": patient("77")}, {"resource": outcome("a hint")}, {"fullUrl": "urn:x"}]
    bundle = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
    clinic.far.faults.extend([answering(200, bundle)])
    clinic.owe(clinic.observation("a"))

    report = clinic.push()

    assert report.created == {"Observation": 1}


@pytest.mark.parametrize("said", [{}, {"create": True, "find_by": "ihi"}], ids=["neither", "both"])
def test_a_clinic_either_has_its_own_patients_or_gets_ours(said: Resource) -> None:
    with pytest.raises(ValueError, match="either `create: true` or `find_by`"):
        PatientRule(**said)
