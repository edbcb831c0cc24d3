"""Our searches find what HAPI finds: the same people, the same questions, resource by resource."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from adapter.server import Api, Caller, Ledger, api_app
from adapter.server.caller import read_scopes
from adapter.service import now
from adapter.simulate import serving
from tests.live.cohort import Delivered

BASE = "http://ours.example.org/fhir"
# Dates are asked for with their zone: without one, ours is that of the study, HAPI's another.
# HAPI does not find open periods by `ge`, and knows neither `:contains` nor two dates by OR.
WINDOW = "&date=ge2024-03-01T00:00:00Z&date=lt2024-03-15T00:00:00Z"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
SEARCHES = (
    "Observation?category=survey" + WINDOW,
    "Observation?category=http://terminology.hl7.org/CodeSystem/observation-category|survey"
    + WINDOW,
    f"Observation?category={CATEGORY}|{WINDOW}",
    "Observation?category=laboratory" + WINDOW,
    "Observation?code=http://loinc.org|" + WINDOW,
    "Observation?code=44261-6",
    "Observation?code=|44261-6",
    "Observation?code=44261-6,70274-6",
    "Observation?code:not=44261-6",
    "Observation?combo-code=44261-6",
    "Observation?status=final" + WINDOW,
    "Observation?status:not=final" + WINDOW,
    "Observation?date=ge2024-03-01T00:00:00Z&date=lt2024-03-04T00:00:00Z",
    "Observation?code=44261-6&date=gt2024-03-01T00:00:00Z",
    "Observation?code=44261-6&date=lt2024-03-01T00:00:00Z",
    "Observation?code=44261-6&date=le2024-03-01T00:00:00Z",
    "Observation?code=44261-6&date=ne2024-03-01T00:00:00Z",
    "Observation?code=44261-6&date=sa2024-03-01T00:00:00Z",
    "Observation?code=44261-6&date=eb2024-03-01T00:00:00Z",
    "Observation?value-quantity=gt40" + WINDOW,
    "Observation?value-quantity=ge40" + WINDOW,
    "Observation?value-quantity=lt10" + WINDOW,
    "Observation?value-quantity=le10" + WINDOW,
    "Observation?value-quantity=20" + WINDOW,
    "Observation?value-quantity=ne20" + WINDOW,
    "Observation?value-quantity=gt40|http://unitsofmeasure.org|{score}" + WINDOW,
    "Observation?value-quantity:missing=true" + WINDOW,
    "Observation?value-quantity:missing=false" + WINDOW,
    "Observation?derived-from:missing=true" + WINDOW,
    "Observation?code-value-quantity=44261-6$gt10",
    "Observation?subject:Patient.active=true&code=44261-6",
    "Observation?patient.active=true&code=44261-6",
    "QuestionnaireResponse?status=completed",
    "QuestionnaireResponse?status=in-progress",
    "QuestionnaireResponse?authored=ge2024-04-01T00:00:00Z",
    "QuestionnaireResponse?questionnaire:missing=true",
    "Questionnaire?status=active",
    "Questionnaire?title=PHQ",
    "Questionnaire?title=pHq",
    "Questionnaire?title:exact=PHQ",
    "Questionnaire?name=DASS",
    "Questionnaire?code=http://loinc.org|44250-9",
    "Patient?active=true",
    "Patient?active=false",
    "Patient?birthdate:missing=true",
    "Patient?_has:Observation:patient:code=44261-6",
    "Patient?_has:AdverseEvent:subject:severity=severe",
    "AdverseEvent?severity=mild",
    "AdverseEvent?seriousness:missing=false",
    "AdverseEvent?actuality=actual",
    "AdverseEvent?date=ge2024-01-01T00:00:00Z",
    "AdverseEvent?study:missing=false",
    "ResearchSubject?status=on-study",
    "ResearchSubject?date=sa2024-01-01T00:00:00Z",
    "ResearchStudy?status=completed",
    "Consent?status=active",
    "Consent?scope=research",
    "Consent?category:missing=false",
    "Provenance?recorded=ge2024",
    "CodeSystem?status=active",
    "ValueSet?url:missing=false",
)
ASKED_OF_A_PERSON = (
    "Observation?patient={id}",
    "Observation?patient=Patient/{id}",
    "Observation?subject={id}",
    "Observation?subject=Patient/{id}&category=survey",
    "Observation?subject:Patient={id}&date=ge2024-03",
    "QuestionnaireResponse?patient={id}&status=completed",
    "AdverseEvent?subject=Patient/{id}",
    "ResearchSubject?patient={id}",
    "Consent?patient={id}",
    "Patient?_id={id}",
    "Patient?_id={id},nobody",
    "Provenance?target=Patient/{id}",
)


@pytest.fixture(scope="module")
def ours(delivered: Delivered) -> Iterator[httpx.Client]:
    """Our own API over the ledger whose content HAPI has."""
    service = delivered.service

    async def anybody(_: object) -> Caller:
        return Caller("tester", "research", scopes=read_scopes(["system/*.rs"]))

    trial = service.trial
    ledger = Ledger(service.database, trial.identity, trial.forms, now, lambda _, __: True)
    ledger.catch_up()
    with (
        serving(api_app(Api(ledger, BASE, "0", anybody, trial))) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def theirs(delivered: Delivered) -> Iterator[httpx.Client]:
    """HAPI."""
    with httpx.Client(base_url=delivered.base_url, timeout=120) as client:
        yield client


def found(client: httpx.Client, query: str) -> list[str]:
    """The ids of all that is found, over all pages."""
    ids, url = list[str](), f"/{query}&_count=500"
    while url:
        answer = client.get(url)
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.json()
        ids += [entry["resource"]["id"] for entry in page.get("entry", ())]
        links = {link["relation"]: link["url"] for link in page.get("link", ())}
        url = links.get("next", "").removeprefix(BASE)
    return ids


@pytest.mark.parametrize("query", SEARCHES)
def test_we_find_what_hapi_finds(ours: httpx.Client, theirs: httpx.Client, query: str) -> None:
    mine = found(ours, query)

    assert len(set(mine)) == len(mine)
    assert set(mine) == set(found(theirs, query))


def test_some_of_the_searches_find_something_and_none_finds_all_alike(
    ours: httpx.Client,
) -> None:
    counts = {query: len(found(ours, query)) for query in SEARCHES}

    assert sum(1 for count in counts.values() if count) > len(SEARCHES) / 2
    assert len(set(counts.values())) > 20


@pytest.mark.parametrize("query", ASKED_OF_A_PERSON)
def test_we_find_of_a_person_what_hapi_finds(
    ours: httpx.Client, theirs: httpx.Client, query: str
) -> None:
    for person in found(ours, "Patient?active=true")[::20]:
        asked = query.format(id=person)
        assert set(found(ours, asked)) == set(found(theirs, asked))
