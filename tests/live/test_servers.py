"""The two judges work, and the record system behaves as the routes to it assume."""

import json
import socket
from collections.abc import Iterator, Mapping

import httpx
import pytest
import pytest_socket

from tests.live.java import JavaError
from tests.live.servers import RecordSystem, Validator

PATIENT = {"resourceType": "Patient", "id": "servers-patient"}
OBSERVATION = {
    "resourceType": "Observation",
    "id": "servers-observation",
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">14</div>'},
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "44261-6"}]},
    "subject": {"reference": "Patient/servers-patient"},
    "effectiveDateTime": "2026-03-01",
    "performer": [{"display": "the trial"}],
    "valueInteger": 14,
}
QUESTIONNAIRE = {
    "resourceType": "Questionnaire",
    "url": "https://example.org/fhir/Questionnaire/servers",
    "version": "1.0.0",
    "status": "active",
    "item": [{"linkId": "asked", "text": "How many?", "type": "integer", "required": True}],
}
RESPONSE = {
    "resourceType": "QuestionnaireResponse",
    "questionnaire": "https://example.org/fhir/Questionnaire/servers|1.0.0",
    "status": "completed",
    "item": [{"linkId": "asked", "answer": [{"valueInteger": 3}]}],
}


@pytest.fixture
def client(empty_hapi: RecordSystem) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=empty_hapi.base_url, timeout=60) as client:
        yield client


def test_a_put_under_an_unused_id_creates_the_resource(client: httpx.Client) -> None:
    response = client.put("/Patient/servers-patient", json=PATIENT)

    assert (response.status_code, response.headers["etag"]) == (201, 'W/"1"')


def test_the_same_put_again_keeps_the_version(client: httpx.Client) -> None:
    client.put("/Patient/servers-patient", json=PATIENT)

    response = client.put("/Patient/servers-patient", json=PATIENT)

    assert (response.status_code, response.headers["etag"]) == (200, 'W/"1"')


def test_a_stale_if_match_is_refused_and_changes_nothing(client: httpx.Client) -> None:
    for gender in ("female", "male"):
        client.put("/Patient/servers-patient", json=PATIENT | {"gender": gender})

    response = client.put(
        "/Patient/servers-patient",
        json=PATIENT | {"gender": "other"},
        headers={"If-Match": 'W/"1"'},
    )

    assert response.status_code == 409
    assert client.get("/Patient/servers-patient").json()["gender"] == "male"


def test_a_transaction_stores_its_entries_in_whatever_order(client: httpx.Client) -> None:
    response = client.post("/", json=transaction(OBSERVATION, PATIENT))

    entries = response.json()["entry"]
    assert response.status_code == 200
    assert [entry["response"]["status"] for entry in entries] == ["201 Created", "201 Created"]
    assert client.get("/Observation/servers-observation").json()["valueInteger"] == 14


def test_one_bad_entry_stops_its_whole_transaction(client: httpx.Client) -> None:
    orphan = OBSERVATION | {"id": "servers-orphan", "subject": {"reference": "Patient/nobody"}}

    response = client.post("/", json=transaction(PATIENT, OBSERVATION, orphan))

    assert response.status_code == 400
    assert client.get("/Patient/servers-patient").status_code == 404
    assert client.get("/Observation/servers-observation").status_code == 404


def test_an_erased_record_system_has_forgotten_that_there_was_something(
    client: httpx.Client, empty_hapi: RecordSystem
) -> None:
    client.put("/Patient/servers-patient", json=PATIENT)
    client.delete("/Patient/servers-patient")

    empty_hapi.erase()

    assert client.get("/Patient/servers-patient").status_code == 404  # and not 410


def test_only_loopback_is_open_to_the_tests_of_this_folder() -> None:
    with (
        socket.socket() as outward,
        pytest.warns(UserWarning, match=r"192\.0\.2\.1"),
        pytest.raises(pytest_socket.SocketConnectBlockedError),
    ):
        outward.connect(("192.0.2.1", 80))


def test_the_validator_accepts_a_good_observation(validator: Validator) -> None:
    issues = validator.validate(encode(OBSERVATION))

    assert not [issue for issue in issues if issue.is_error]


def test_the_validator_rejects_a_status_that_is_none(validator: Validator) -> None:
    issues = validator.validate(encode(OBSERVATION | {"status": "finalx"}))

    assert {issue.location for issue in issues if issue.is_error} == {"Observation.status"}


def test_the_validator_judges_a_response_by_the_questionnaire_it_was_given(
    validator: Validator,
) -> None:
    validator.define(QUESTIONNAIRE)

    complete, empty = validator.validate_all([encode(RESPONSE), encode(RESPONSE | {"item": []})])

    assert not [issue for issue in complete if issue.is_error]
    assert any("required item 'asked'" in issue.message for issue in empty if issue.is_error)


def test_the_validator_says_so_when_it_cannot_read_a_definition(validator: Validator) -> None:
    with pytest.raises(JavaError, match="needs a url"):
        validator.define(PATIENT)


def test_text_that_is_no_resource_is_an_error_and_not_an_end(validator: Validator) -> None:
    nothing, list_, good = validator.validate_all([b"", b"[]", encode(OBSERVATION)])

    assert nothing[0].is_error
    assert list_[0].is_error
    assert not any(issue.is_error for issue in good)


def test_verdicts_come_in_the_order_of_the_resources(validator: Validator) -> None:
    statuses = ["final" if index % 3 else "finalx" for index in range(600)]

    verdicts = validator.validate_all(encode(OBSERVATION | {"status": each}) for each in statuses)

    assert [any(issue.is_error for issue in issues) for issues in verdicts] == [
        status == "finalx" for status in statuses
    ]


def test_a_run_of_verdicts_left_half_way_does_not_spoil_the_next(validator: Validator) -> None:
    verdicts = validator.validate_all([encode(OBSERVATION | {"status": "finalx"})] * 200)
    assert any(issue.is_error for issue in next(verdicts))
    del verdicts

    issues = validator.validate(encode(OBSERVATION))

    assert not any(issue.is_error for issue in issues)


def transaction(*resources: Mapping[str, object]) -> dict[str, object]:
    entries = [
        {
            "resource": resource,
            "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"},
        }
        for resource in resources
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def encode(resource: Mapping[str, object]) -> bytes:
    return json.dumps(resource).encode()
