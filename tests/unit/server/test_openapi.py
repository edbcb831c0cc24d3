"""The description of the service says what is mounted, in OpenAPI's words."""

from __future__ import annotations

import re
from typing import Any

import pytest

from adapter.fhir.search.parameters import SERVED_TYPES, parameters
from adapter.server.capability import Software, capability_statement
from adapter.server.described import mounted
from adapter.server.hooks import Hooks, hook_routes
from adapter.server.openapi import openapi

STATEMENT = capability_statement(Software("1", "https://x.example/y/fhir", "2024"), exports=True)
GET, POST, PUT = frozenset({"GET", "HEAD"}), frozenset({"POST"}), frozenset({"PUT"})


def described(*mounted: tuple[str, frozenset[str]]) -> dict[str, Any]:
    return openapi(STATEMENT, mounted)


def test_an_interaction_is_told_of_every_type_that_has_it_and_of_no_other() -> None:
    said = described(("/fhir/{type}/{id}", GET), ("/fhir/{type}/{id}", PUT))["paths"]

    assert said.keys() == {f"/fhir/{name}/{{id}}" for name in SERVED_TYPES}
    assert [path for path in said if "put" in said[path]] == ["/fhir/QuestionnaireResponse/{id}"]
    assert not any("head" in each for each in said.values())


def test_a_search_takes_what_the_capability_statement_says() -> None:
    said = described(("/fhir/{type}", GET))["paths"]["/fhir/Observation"]["get"]

    names = {each["name"] for each in said["parameters"]}
    assert names >= {*parameters("Observation"), "_id", "_lastUpdated", "_count", "_include"}
    assert said["security"] == [{"token": []}]


def test_an_operation_is_told_where_it_is_one_and_what_refuses_others_is_not() -> None:
    said = described(("/fhir/{type}/$validate", POST), ("/fhir/{type}/${name}", POST))["paths"]

    assert said.keys() == {f"/fhir/{name}/$validate" for name in SERVED_TYPES}


def test_other_addresses_are_told_with_what_stands_in_their_path() -> None:
    said = described(("/auth/token", POST), ("/fhir/bulk/{job}", GET), ("/fhir/", POST))

    assert said["paths"].keys() == {"/auth/token", "/fhir/bulk/{job}", "/fhir"}
    assert "security" not in said["paths"]["/auth/token"]["post"]
    (job, *_) = said["paths"]["/fhir/bulk/{job}"]["get"]["parameters"]
    assert (job["name"], job["in"], job["required"]) == ("job", "path", True)
    assert said["servers"] == [{"url": "https://x.example/y"}]


def test_hooks_are_told_as_they_are_mounted_and_who_calls_needs_a_token() -> None:
    ledger = Hooks(None, (), "", lambda _, __: None)  # type: ignore[arg-type]

    said = described(*mounted(hook_routes(ledger)))["paths"]

    assert {path: set(methods) for path, methods in said.items()} == {
        "/cds-services": {"get"},
        "/cds-services/trial-outcomes": {"post"},
        "/cds-services/trial-outcomes/feedback": {"post"},
    }
    assert "security" not in said["/cds-services"]["get"]
    called = said["/cds-services/trial-outcomes"]["post"]
    assert called["security"] == [{"token": []}]
    schema = called["requestBody"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["hook", "hookInstance", "context"]
    told = said["/cds-services/trial-outcomes/feedback"]["post"]["requestBody"]["content"]
    assert told["application/json"]["schema"]["required"] == ["feedback"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("date", "ge2024-03-01"), ("value-quantity", "gt10"), ("code", "http://loinc.org|44261-6")],
)
def test_values_as_people_write_them_fit_the_patterns(name: str, value: str) -> None:
    said = described(("/fhir/{type}", GET))["paths"]["/fhir/Observation"]["get"]

    (schema,) = (each["schema"] for each in said["parameters"] if each["name"] == name)
    assert re.search(schema["pattern"], value)
    assert not re.search(schema["pattern"], "")
