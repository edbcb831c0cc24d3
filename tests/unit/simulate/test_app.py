"""HTTP: formats, methods and paths, and what goes wrong outside every interaction."""

from __future__ import annotations

import pytest

from tests.unit.simulate.clinic import Clinic, Resource, patient, refusal


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "", 405),
        ("PATCH", "Patient/p1", 405),
        ("POST", "Patient/p1", 405),
        ("DELETE", "Patient", 405),
        ("PUT", "metadata", 405),
        ("POST", "Patient/p1/_history", 405),
        ("OPTIONS", "Patient", 405),
        ("GET", "../elsewhere", 404),
    ],
)
def test_a_method_or_path_that_is_not_offered_is_refused(
    clinic: Clinic, method: str, path: str, status: int
) -> None:
    answer = clinic.ask(method, path, patient("p1") if method in {"POST", "PUT"} else None)

    assert refusal(answer) == (status, ["not-found" if status == 404 else "not-supported"])


@pytest.mark.parametrize(
    "kind",
    [
        "application/fhir+xml",
        "text/plain",
        "",
        "application/fhir+json; charset=latin-1",
        "application/fhir+json; fhirVersion=5.0",
    ],
)
def test_content_of_another_kind_is_refused(clinic: Clinic, kind: str) -> None:
    answer = clinic.ask("PUT", "Patient/p1", patient("p1"), {"content-type": kind})

    assert refusal(answer) == (415, ["not-supported"])


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("metadata", "application/fhir+xml"),
        ("metadata", "application/fhir+json; fhirVersion=3.0"),
        ("metadata?_format=xml", "*/*"),
    ],
)
def test_an_answer_of_another_kind_is_not_given(clinic: Clinic, path: str, accept: str) -> None:
    answer = clinic.get(path, accept=accept)

    assert refusal(answer) == (406, ["not-supported"])


def test_a_failure_of_the_record_system_tells_nothing_of_its_reason() -> None:
    def fail(resource: Resource) -> None:
        raise LookupError(resource["id"])

    clinic = Clinic(check=fail)

    answer = clinic.put(patient("secret"))

    assert refusal(answer) == (500, ["exception"])
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("metadata", "application/fhir+json; fhirVersion=4.0"),
        ("metadata", "text/html, application/json;q=0.9"),
        ("metadata", ""),
        ("metadata?_format=json", "application/fhir+xml"),
        ("metadata?_format=application/fhir+json", "application/fhir+xml"),
    ],
)
def test_an_answer_is_fhir_json(clinic: Clinic, path: str, accept: str) -> None:
    answer = clinic.get(path, accept=accept)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/fhir+json"


@pytest.mark.parametrize("kind", ["application/json", "Application/FHIR+JSON; charset=UTF-8"])
def test_content_is_json_by_any_of_its_names(clinic: Clinic, kind: str) -> None:
    answer = clinic.ask("PUT", "Patient/p1", patient("p1"), {"content-type": kind})

    assert answer.status_code == 201


def test_a_head_is_a_read_without_content(clinic: Clinic) -> None:
    clinic.put(patient("p1"))

    answer = clinic.ask("HEAD", "Patient/p1")

    assert answer.status_code == 200
    assert answer.headers["etag"] == 'W/"1"'


def test_a_slash_at_the_end_means_nothing(clinic: Clinic) -> None:
    assert clinic.get("Patient/").status_code == 200
    assert clinic.ask("POST", "/", {"resourceType": "Bundle", "type": "batch"}).status_code == 200
