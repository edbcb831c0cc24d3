"""The CapabilityStatement is true: what it claims is done, what it does not claim is refused."""

from __future__ import annotations

import pytest

from adapter.fhir.r4 import RESOURCE_TYPES, check_resource
from adapter.simulate.parameters import STORED_TYPES
from tests.unit.simulate.clinic import Clinic, bundle

NOT_KEPT = {"Bundle", "OperationOutcome", "Parameters"}


def test_what_is_kept_is_what_is_read() -> None:
    assert STORED_TYPES == RESOURCE_TYPES - NOT_KEPT


def test_the_statement_is_r4_and_names_the_server_that_was_asked(clinic: Clinic) -> None:
    statement = clinic.get("metadata").json()

    check_resource(statement)
    assert statement["fhirVersion"] == "4.0.1"
    assert statement["implementation"]["url"] == "http://clinic.test/fhir"
    assert statement["rest"][0]["interaction"] == [{"code": "transaction"}, {"code": "batch"}]


@pytest.mark.parametrize("name", sorted(STORED_TYPES))
def test_each_type_does_what_it_claims(name: str) -> None:
    clinic = Clinic(check=None)
    statement = clinic.get("metadata").json()
    claimed = {each["type"]: each for each in statement["rest"][0]["resource"]}[name]
    resource = {"resourceType": name, "id": "r1"}

    statuses = {
        "update": clinic.put(resource).status_code,
        "create": clinic.post(resource).status_code,
        "read": clinic.get(f"{name}/r1").status_code,
        "vread": clinic.get(f"{name}/r1/_history/1").status_code,
        "history-instance": clinic.get(f"{name}/r1/_history").status_code,
        "search-type": clinic.get(name).status_code,
        "delete": clinic.delete(f"{name}/r1").status_code,
    }
    dates = {"date": "2026", "token": "x", "reference": "x", "uri": "x"}
    searches = [
        clinic.get(f"{name}?{each['name']}={dates[each['type']]}").status_code
        for each in claimed["searchParam"]
    ]

    assert {each["code"] for each in claimed["interaction"]} == set(statuses)
    assert set(statuses.values()) <= {200, 201}
    assert set(searches) == {200}


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "Patient?identifier=1"), ("GET", "Patient/_history"), ("PATCH", "Patient/p1")],
)
def test_what_is_not_claimed_is_refused(clinic: Clinic, method: str, path: str) -> None:
    assert clinic.ask(method, path).status_code in {404, 405}


def test_a_bundle_is_taken_at_the_base_and_nowhere_else(clinic: Clinic) -> None:
    assert clinic.post(bundle("transaction")).status_code == 404
