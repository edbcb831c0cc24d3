"""What is extracted is R4 to a real validator, and a real server stores it once, however often."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from adapter.fhir.check import write
from adapter.fhir.extraction import Intake, extract
from adapter.fhir.terminology import build_code_systems
from adapter.fhir.text import read_text
from adapter.instruments.response import Response
from tests.answered import ALL, IDENTITY, OBSERVED, PARTICIPANTS, occasion_of
from tests.live.definitions import definitions
from tests.live.servers import RecordSystem, Validator
from tests.live.test_cohort_is_valid import errors_of
from tests.mutated import build, chance_of, seeded_response
from tests.rendered import in_a_group, with_own_codes, without_weights

Resource = dict[str, Any]
THEIRS = {**PARTICIPANTS, "Patient/theirs-41": "1"}
INTAKE = Intake(ALL, THEIRS, IDENTITY, "1.2.3")
FHIR = {"content-type": "application/fhir+json"}
every_form = pytest.mark.parametrize("name", OBSERVED)


def from_elsewhere(name: str, gaps: float = 0) -> tuple[Response, Resource]:
    """A response, and how another program at a clinic says it."""
    response = seeded_response(ALL[name], chance_of(name, gaps), gaps)
    resource = build(response)
    for variant in (with_own_codes, without_weights, in_a_group):
        variant(resource, ALL[name])
    theirs = {"reference": "Patient/theirs-41"}
    given = {"id": f"theirs-{name}", "subject": theirs, "source": theirs}
    resource = {**resource, **given}
    for word in ("identifier", "author", "extension"):
        resource.pop(word, None)
    return response, resource


def bundle_of(response: Response, resource: Resource, before: Resource | None = None) -> Resource:
    extraction = extract(resource, INTAKE, occasion_of(response), before)
    assert extraction.bundle is not None, extraction.issues
    return extraction.bundle


def amended(resource: Resource) -> Resource:
    """The response without its first answer."""
    (group,) = resource["item"]
    return {**resource, "status": "amended", "item": [{**group, "item": group["item"][1:]}]}


@pytest.fixture(scope="module")
def judge(validator: Validator) -> Validator:
    for definition in definitions():
        validator.define(definition)
    for system in build_code_systems(list(ALL.values()), None, IDENTITY):
        validator.define({**system, "content": "complete"})  # a code that is not in it is an error
    return validator


@every_form
def test_every_bundle_is_valid(judge: Validator, name: str) -> None:
    bundles = []
    for gaps in (0, 0.4, 0.8):
        response, resource = from_elsewhere(name, gaps)
        wrong = {**resource, "status": "entered-in-error"}
        changed = {**resource, "status": "amended", "authored": "2024-03-16T08:00:00+10:00"}
        bundles += [
            bundle_of(response, resource),
            bundle_of(response, build(response) | {"subject": resource["subject"]}),
            bundle_of(response, changed, resource),
            bundle_of(response, wrong, resource),
        ]

    verdicts = list(judge.validate_all(map(write, bundles)))

    assert [errors_of(issues) for issues in verdicts] == [set()] * len(bundles)


@pytest.fixture(scope="module")
def client(hapi: RecordSystem) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=hapi.base_url, timeout=120, headers=FHIR) as client:
        patient = b'{"resourceType":"Patient","id":"theirs-41"}'
        client.put("/Patient/theirs-41", content=patient).raise_for_status()
        yield client


@every_form
def test_a_real_server_stores_it_once(client: httpx.Client, name: str) -> None:
    response, resource = from_elsewhere(name)
    client.put(f"/QuestionnaireResponse/{resource['id']}", content=write(resource))
    text = write(bundle_of(response, resource))

    answers = [client.post("/", content=text) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
    first, again = (set(statuses(answer)) for answer in answers)
    assert "201" in first <= {"200", "201"}
    assert again == {"200"}
    stored = of_response(client, resource)
    assert Counter(code_of(each) for each in stored) == Counter(
        code_of(entry["resource"])
        for entry in read_text(text)["entry"]
        if entry["resource"]["resourceType"] == "Observation"
    )


def test_a_real_server_holds_an_amendment_in_place_of_what_was_extracted_first(
    client: httpx.Client,
) -> None:
    response, resource = from_elsewhere("phq-9", 0.1)
    resource["id"] = "theirs-amended"
    response = dataclasses.replace(response, repeat=2)
    client.put(f"/QuestionnaireResponse/{resource['id']}", content=write(resource))
    bundles = [
        bundle_of(response, resource),
        bundle_of(response, amended(resource), resource),
        bundle_of(response, {**resource, "status": "entered-in-error"}, resource),
    ]

    held = []
    for bundle in bundles:
        client.post("/", content=write(bundle)).raise_for_status()
        held.append({code_of(each): each["status"] for each in of_response(client, resource)})

    first, second, third = held
    assert set(first.values()) == {"final"}
    assert set(third.values()) == {"entered-in-error"}
    assert first.keys() == second.keys() == third.keys()
    assert {code for code, status in second.items() if status == "final"} == {
        f"phq-9-{item['linkId']}" for item in resource["item"][0]["item"][1:] if "answer" in item
    }
    assert second["phq-9-phq9-1"] == "entered-in-error"
    assert second["phq-9-total"] == second["phq-9"] == "amended"


def statuses(answer: httpx.Response) -> list[str]:
    return [entry["response"]["status"][:3] for entry in answer.json()["entry"]]


def of_response(client: httpx.Client, resource: Resource) -> list[Resource]:
    """The Observations that a server holds as derived from a response."""
    answer = client.get(
        "/Observation",
        params={"derived-from": f"QuestionnaireResponse/{resource['id']}", "_count": "200"},
    )
    return [entry["resource"] for entry in answer.json().get("entry", [])]


def code_of(observation: Resource) -> str:
    code: str = observation["code"]["coding"][-1]["code"]
    return code
