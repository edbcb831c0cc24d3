"""Our searches find what HAPI finds: the same people, the same questions, resource by resource."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from adapter.server import Api, Caller, Ledger, api_app
from adapter.server.caller import read_scopes
from adapter.service import Service, now
from adapter.simulate import serving
from tests.live.cohort import IDBT_PAIN, Delivered, take_in
from tests.postgresql import PostgreSql

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
    "Observation?value-quantity=gt40||{score}" + WINDOW,
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
VALUE_SET = "https://trial-fhir-adapter.example.org/fhir/ValueSet"
SEVERITIES, OTHERS = f"{VALUE_SET}/adverse-event-severity", f"{VALUE_SET}/ders-18-frequency"
USE = "http://terminology.hl7.org/CodeSystem/usage-context-type"
MODIFIED = (
    "Observation?code:text=DERS-18 t",
    "Observation?code:text=ders-18 AWARE",
    "Observation?code:text=Beck,COMPAS",
    "Observation?code:text=NIH&code:text=Beck",
    "Observation?combo-code:text=beck",
    "Observation?code:text=total",  # some end so, and none begins so
    "Observation?patient.active=true&code:text=Beck",
    "Provenance?target:Observation.code:text=Beck",
    "AdverseEvent?severity:text=m",
    "AdverseEvent?severity:text=ild",
    "AdverseEvent?event:text=Agg",
    "AdverseEvent?seriousness:text=Non",
    f"AdverseEvent?severity:in={SEVERITIES}",
    f"AdverseEvent?severity:in={OTHERS},{SEVERITIES}",
    f"AdverseEvent?severity:in={OTHERS}",
    f"AdverseEvent?severity:not-in={SEVERITIES}",
    f"AdverseEvent?severity:not-in={OTHERS}",
    f"Observation?code:not-in={SEVERITIES}&date=ge2024-03-01T00:00:00Z&date=lt2024-03-04T00:00:00Z",
    "Questionnaire?context-type-value=focus$http://loinc.org|90971-3",
    "Questionnaire?context-type-value=focus$90971-3",
    "Questionnaire?context-type-value=focus$http://loinc.org|",
    f"Questionnaire?context-type-value={USE}|$http://snomed.info/sct|",
    f"Questionnaire?context-type-value={USE}|focus$1284852002",
    "Questionnaire?context-type-value=focus$|90971-3",
    "Questionnaire?context-type-value=task$90971-3",
)
"""By modifiers, and by pairs, that HAPI has, too."""
REFUSED_THERE = {
    # R4 lets every search of the other type stand behind `_has`, with its modifiers
    # (https://hl7.org/fhir/R4/search.html#has); HAPI takes what is behind for a name.
    "Patient?_has:Observation:patient:code:text=Beck": (400, "Unknown parameter name"),
    f"Patient?_has:AdverseEvent:subject:severity:in={SEVERITIES}": (400, "Unknown parameter name"),
    # R4 has it for every reference (#modifiers); HAPI has it for none.
    "Provenance?entity:identifier=1001/week-0/ders18/1": (400, "Unsupported search modifier"),
    # HAPI has an index for it, which it keeps where it is told to alone.
    "Patient?identifier:of-type=http://x.example|MR|1": (405, "not enabled on this server"),
    # No server can say what is in a set that it does not know; we answer 400, HAPI 404.
    f"AdverseEvent?severity:in={SEVERITIES}-of-others": (404, "Unknown ValueSet"),
}
"""What HAPI refuses: its status, and a part of what it says."""
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
    with _asked(delivered.service) as client:
        yield client


@pytest.fixture(scope="module")
def elsewhere(
    postgresql: PostgreSql, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """Our own API over a ledger of the same content on PostgreSQL; the other is a file."""
    folder = tmp_path_factory.mktemp("elsewhere")
    with (
        take_in(folder, IDBT_PAIN, 1, ledger=postgresql.new()) as service,
        _asked(service) as client,
    ):
        yield client


@contextmanager
def _asked(service: Service) -> Iterator[httpx.Client]:
    """Somebody who may read everything of a ledger."""

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


@pytest.mark.parametrize("query", [*SEARCHES, *MODIFIED])
def test_we_find_what_hapi_finds(ours: httpx.Client, theirs: httpx.Client, query: str) -> None:
    mine = found(ours, query)

    assert len(set(mine)) == len(mine)
    assert set(mine) == set(found(theirs, query))


@pytest.mark.parametrize("query", [*SEARCHES, *MODIFIED])
def test_both_databases_find_the_same_in_the_same_order(
    ours: httpx.Client, elsewhere: httpx.Client, query: str
) -> None:
    assert found(elsewhere, query) == found(ours, query)


def test_a_unit_is_found_by_what_people_call_it_which_hapi_does_not_know(
    ours: httpx.Client, theirs: httpx.Client
) -> None:
    by_code, by_word = (
        f"Observation?value-quantity=gt40||{unit}{WINDOW}" for unit in ("{score}", "score")
    )

    assert found(ours, by_word) == found(ours, by_code) != []
    assert found(theirs, by_word) == []


def test_some_of_the_searches_find_something_and_none_finds_all_alike(
    ours: httpx.Client,
) -> None:
    counts = {query: len(found(ours, query)) for query in SEARCHES}

    assert sum(1 for count in counts.values() if count) > len(SEARCHES) / 2
    assert len(set(counts.values())) > 20


def test_modifiers_find_something_and_leave_something_out(ours: httpx.Client) -> None:
    counts = {query: len(found(ours, query)) for query in MODIFIED}

    assert sum(1 for count in counts.values() if count) > len(MODIFIED) / 2
    assert len(set(counts.values())) > 6


@pytest.mark.parametrize("query", REFUSED_THERE)
def test_what_hapi_refuses_is_said_here(theirs: httpx.Client, query: str) -> None:
    status, text = REFUSED_THERE[query]

    answer = theirs.get(f"/{query}")

    assert answer.status_code == status, answer.text
    assert text in answer.text


@pytest.mark.parametrize(
    ("query", "another"),
    [
        ("Patient?_has:Observation:patient:code:text=Beck", "Observation?code:text=Beck"),
        (
            f"Patient?_has:AdverseEvent:subject:severity:in={SEVERITIES}",
            f"AdverseEvent?severity:in={SEVERITIES}",
        ),
    ],
)
def test_what_hapi_refuses_it_finds_when_it_is_asked_from_the_other_side(
    ours: httpx.Client, theirs: httpx.Client, query: str, another: str
) -> None:
    answer = theirs.get(f"/{another}&_elements=subject&_count=1000").json()

    subjects = {entry["resource"]["subject"]["reference"] for entry in answer["entry"]}
    assert {f"Patient/{each}" for each in found(ours, query)} == subjects


def test_a_reference_is_found_by_the_identifier_that_hapi_holds_of_it(
    ours: httpx.Client, theirs: httpx.Client
) -> None:
    (query,) = (each for each in REFUSED_THERE if "entity:identifier" in each)
    said = query.partition("=")[2]

    ids = found(ours, query)

    held = theirs.get(f"/Provenance?_id={','.join(ids)}").json()["entry"]
    assert len(held) == len(ids) == 1
    (entity,) = held[0]["resource"]["entity"]
    assert entity["what"]["identifier"]["value"] == said
    system = entity["what"]["identifier"]["system"]
    assert found(ours, query.replace(said, f"{system}|{said}")) == ids
    assert found(ours, query.replace(said, f"{system}-of-others|{said}")) == []
    refused = ours.get(f"/AdverseEvent?severity:in={SEVERITIES}-of-others")
    assert refused.status_code == 400


@pytest.mark.parametrize("query", ASKED_OF_A_PERSON)
def test_we_find_of_a_person_what_hapi_finds(
    ours: httpx.Client, theirs: httpx.Client, query: str
) -> None:
    for person in found(ours, "Patient?active=true")[::20]:
        asked = query.format(id=person)
        assert set(found(ours, asked)) == set(found(theirs, asked))
