"""The FHIR API over a ledger of a few people: what is read, found, refused, and not told."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote
from zoneinfo import ZoneInfo

import httpx
import orjson
import pytest
from starlette.requests import Request

from adapter.fhir.check import find_faults
from adapter.fhir.search.asked import read_criterion
from adapter.fhir.search.fits import fits
from adapter.fhir.search.index import found_by
from adapter.fhir.search.parameters import SERVED_TYPES, parameters
from adapter.server import Api, Caller, Ledger, api_app
from adapter.server.caller import read_scopes
from adapter.server.json_patch import PATCH_JSON
from adapter.server.writes import WRITABLE
from adapter.service import now, open_service
from adapter.simulate import serving
from tests.live.exporting import exporting
from tests.live.small import SmallTrial

BASE = "https://trial.example.org/fhir"
WITH_EVENT, OTHER, REFUSED = "1015", "1042", "1017"
NOWHERE = "http://127.0.0.1:9/fhir"  # nothing is sent in these tests
REPORTED_TO = {"ae_related": "4"}  # put down to the therapy: what the blinded must not be told
VALUES = {"token": "x", "reference": "x", "string": "x", "date": "2024", "quantity": "1"}
Resource = dict[str, Any]
ALIKE = (
    "Observation?code:text=p",
    "Observation?code=https://trial-fhir-adapter.example.org/fhir/CodeSystem/score|,x",
    "Observation?date=ge2024-03&date=lt2024-06",
    "Observation?date=ap2024-03",
    "Observation?value-quantity=ge20",
    "Observation?value-quantity=ne20",
    "Observation?value-quantity=lt12.5",
    "Observation?derived-from:missing=true",
    "Observation?code:not=https://trial-fhir-adapter.example.org/fhir/CodeSystem/score|pcl-c-total",
    "QuestionnaireResponse?authored=sa2024-03-01",
    "QuestionnaireResponse?authored=eb2024-03-01",
    "Questionnaire?title:contains=pain",
    "Questionnaire?context-type-value=focus$http://loinc.org|",
)


class Asking:
    """One caller's way to the API."""

    def __init__(self, client: httpx.Client) -> None:
        """`client` has the base of the API as its own."""
        self.client = client

    def get(self, path: str, status: int = 200, **headers: str) -> httpx.Response:
        """An answer of this status."""
        answer = self.client.get(path, headers=headers)
        assert answer.status_code == status, answer.text
        return answer

    def all(self, query: str) -> list[Resource]:
        """Everything that a search finds, over its pages."""
        found, url = list[Resource](), f"/{query}"
        while url:
            page = self.get(url).json()
            assert find_faults(page) == ()
            found += [entry["resource"] for entry in page.get("entry", ())]
            links = {link["relation"]: link["url"] for link in page["link"]}
            url = links.get("next", "").removeprefix(BASE)
        return found


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of three people, one with an adverse event; one refused to share with clinics."""
    folder = tmp_path_factory.mktemp("three")
    SmallTrial(folder, NOWHERE, frozenset({WITH_EVENT, OTHER, REFUSED})).read()
    return folder


@pytest.fixture
def trial(tmp_path: Path, taken_in: Path) -> SmallTrial:
    """A ledger of these people for one test alone."""
    shutil.copytree(taken_in, tmp_path, dirs_exist_ok=True)
    return SmallTrial(tmp_path, NOWHERE, frozenset({WITH_EVENT, OTHER, REFUSED}))


@pytest.fixture
def asking(trial: SmallTrial) -> Iterator[Callable[..., Asking]]:
    """Makes a way to the API for a caller."""
    with ExitStack() as stack:

        def open_for(
            purpose: str = "research",
            clinic: str = "",
            *,
            unblinded: bool = False,
            auditor: bool = False,
            scopes: str = "",
        ) -> Asking:
            allowed = read_scopes((scopes or "system/*.rs").split())
            caller = Caller("tester", purpose, clinic, unblinded, allowed, "", auditor)  # type: ignore[arg-type]

            async def known(_: Request) -> Caller:
                return caller

            service = stack.enter_context(open_service(trial.config))
            served, known_there = service.trial, service.crosswalk.linked
            ledger = Ledger(
                service.database,
                served.identity,
                served.forms,
                now,
                lambda clinic, participant: known_there(clinic, participant) is not None,
            )
            api = Api(ledger, BASE, "0", known, served, audit=service.audit.path)
            port = stack.enter_context(serving(api_app(api)))
            client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)
            return Asking(stack.enter_context(client))

        yield open_for


def test_what_the_server_says_of_itself_is_true(asking: Callable[..., Asking]) -> None:
    ask = asking(scopes="system/*.cruds", auditor=True)
    statement = ask.get("/metadata").json()

    assert find_faults(statement) == ()
    told = {each["type"]: each for each in statement["rest"][0]["resource"]}
    assert told.keys() == SERVED_TYPES | {"AuditEvent"}
    audits = told.pop("AuditEvent")
    assert [each["code"] for each in audits["interaction"]] == ["read", "search-type"]
    for parameter in audits["searchParam"]:
        value = VALUES.get(parameter["type"], "http://x.example")
        ask.get(f"/AuditEvent?{parameter['name']}={value}", 200, prefer="handling=strict")
    ask.get("/AuditEvent/0-1-0123456789abcdef", 404)
    ask.get("/AuditEvent/0-1-0123456789abcdef/_history", 404)
    assert ask.client.post("/AuditEvent", json={}).status_code == 405
    for name, said in told.items():
        assert {each["name"] for each in said["searchParam"]} >= set(parameters(name))
        offered = {each["code"] for each in said["interaction"]}
        versioned = set() if name == "Group" else {"vread", "history-instance"}
        written = set(WRITABLE.get(name, ()))
        patched = {"patch"} if "update" in written else set()
        assert offered == {"read", "search-type", *versioned, *written, *patched}
        kind = {"Content-Type": PATCH_JSON}
        steps = ask.client.patch(f"/{name}/1", content=b"[]", headers=kind)
        assert steps.status_code == (404 if patched else 405)
        for parameter in said["searchParam"]:
            value = VALUES.get(parameter["type"], "http://x.example")
            if parameter["type"] == "composite":
                value = "x$1"
            query = f"/{name}?{parameter['name']}={value}"
            ask.get(query, 200, prefer="handling=strict")
        for include in said.get("searchInclude", ()):
            ask.get(f"/{name}?_include={include}&_count=1")
        for include in said.get("searchRevInclude", ()):
            ask.get(f"/{name}?_revinclude={include}&_count=1")
        first = ask.get(f"/{name}?_count=1").json().get("entry", [None])[0]
        if first is not None:
            path = f"/{name}/{first['resource']['id']}"
            assert ask.get(path).json() == first["resource"]
            if not versioned:
                continue
            number = first["resource"]["meta"]["versionId"]
            assert ask.get(f"{path}/_history/{number}").json() == first["resource"]
            assert find_faults(ask.get(f"{path}/_history").json()) == ()
        for letter, answer in (
            ("create", ask.client.post(f"/{name}", json={})),
            ("update", ask.client.put(f"/{name}/1", json={})),
        ):
            is_offered = letter in WRITABLE.get(name, ())
            assert answer.status_code == (400 if is_offered else 405), answer.text
        assert ask.client.delete(f"/{name}/1").status_code == 405
    ask.get("/Immunization/1", 404)


def test_what_is_served_is_what_the_ledger_holds_and_says_which_version_it_is(
    trial: SmallTrial, asking: Callable[..., Asking]
) -> None:
    ask, blinded = asking(unblinded=True), asking()
    with open_service(trial.config) as service:
        rows = (
            service.database.read().execute("SELECT type, id, form, text FROM version").fetchall()
        )

    assert len(rows) > 300
    for row in rows[::7]:
        if row["form"].startswith("safety/"):  # for the trial's own staff alone
            ask.get(f"/{row['type']}/{row['id']}", 404)
            continue
        answer = ask.get(f"/{row['type']}/{row['id']}")
        served = answer.json()
        assert answer.headers["etag"] == f'W/"{served["meta"]["versionId"]}"'
        told = {"versionId", "lastUpdated", "security"}
        assert find_faults(served) == ()
        held = orjson.loads(row["text"])
        meta = {key: value for key, value in served["meta"].items() if key not in told}
        labels = held.get("meta", {}).pop("security", [])
        assert {**served, "meta": meta} == {**held, "meta": held.get("meta", {})}
        of_event = row["type"] == "Provenance" and "AdverseEvent/" in str(held["target"])
        is_withheld = blinded.client.get(f"/{row['type']}/{row['id']}").status_code == 404
        tells = row["type"] == "AdverseEvent" or of_event or is_withheld
        assert tells or served["meta"].get("security", []) == labels
        assert not tells or [each["code"] for each in served["meta"]["security"]] == ["V"]


def test_who_has_the_newest_version_is_told_so(asking: Callable[..., Asking]) -> None:
    ask = asking()
    path = f"/Observation/{ask.all('Observation?_count=1000')[0]['id']}"
    read = ask.get(path)

    assert ask.get(path, 304, **{"If-None-Match": read.headers["etag"]}).content == b""
    ask.get(path, 304, **{"If-Modified-Since": read.headers["last-modified"]})
    ask.get(path, 200, **{"If-None-Match": 'W/"77"'})
    for same in ("*", read.headers["etag"].removeprefix("W/"), f'"77", {read.headers["etag"]}'):
        ask.get(path, 304, **{"If-None-Match": same})
    ask.get(path, 200, **{"If-Modified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"})


def test_a_correction_is_a_version_of_its_own_and_a_page_goes_on_while_others_write(
    trial: SmallTrial, asking: Callable[..., Asking]
) -> None:
    ask = asking()
    first = ask.get("/Observation?_count=40").json()
    before = [entry["resource"]["id"] for entry in first["entry"]]

    trial.read("records-2.csv")

    rest, url = list[str](), first["link"][1]["url"].removeprefix(BASE)
    while url:
        page = ask.get(url).json()
        rest += [entry["resource"]["id"] for entry in page["entry"]]
        url = next((each["url"] for each in page["link"] if each["relation"] == "next"), "")
        url = url.removeprefix(BASE)
    assert len(set(before + rest)) == len(before + rest)
    assert set(before + rest) == {each["id"] for each in ask.all("Observation?_count=1000")}
    amended = ask.all("Observation?status=amended")
    assert amended
    for each in amended:
        history = ask.get(f"/Observation/{each['id']}/_history").json()
        assert [entry["resource"]["meta"]["versionId"] for entry in history["entry"]] == ["2", "1"]
        assert history["entry"][1]["resource"]["status"] == "final"
        old = ask.get(f"/Observation/{each['id']}/_history/1").json()
        assert old == history["entry"][1]["resource"]
        ask.get(f"/Observation/{each['id']}/_history/3", 404)


def test_a_part_of_a_resource_is_told_of_an_older_version_too(
    asking: Callable[..., Asking],
) -> None:
    ask = asking()
    path = f"/Observation/{ask.all('Observation?_count=1000')[0]['id']}"

    for where in (path, f"{path}/_history/1"):
        assert "subject" not in ask.get(f"{where}?_elements=effective").json()
        assert ask.get(f"{where}?_summary=text").json()["meta"]["tag"][-1]["code"] == "SUBSETTED"
        assert "SUBSETTED" not in ask.get(f"{where}?_summary=bogus").text
        for wrong in ("bogus", "count"):
            refused = ask.get(f"{where}?_summary={wrong}", 400, prefer="handling=strict")
            assert refused.json()["issue"][0]["code"] == "value"


def test_a_search_by_form_is_the_same_as_by_address(asking: Callable[..., Asking]) -> None:
    ask = asking()
    asked = {"category": "survey", "date": "ge2024", "_count": "5", "_sort": "-date"}

    by_address = ask.client.get("/Observation", params=asked)
    by_form = ask.client.post("/Observation/_search", data=asked)

    assert by_address.json() == by_form.json()
    assert len(by_address.json()["entry"]) == 5


def naive_texts(concept: Resource) -> list[str]:
    """What is read of a concept, said once more: its text, and what its codings display."""
    said = [concept.get("text", ""), *(each.get("display", "") for each in concept["coding"])]
    return [text.lower() for text in said if text]


def test_codes_are_found_by_what_they_are_called(asking: Callable[..., Asking]) -> None:
    ask = asking()
    every = ask.all("Observation?_count=1000")

    titles = sorted({each["code"]["text"] for each in every})
    begins = {title[:length].strip(" ,(") for title in titles[::9] for length in (3, 6)}
    for begin in (*begins, "no such words"):
        expected = {
            each["id"]
            for each in every
            if any(text.startswith(begin.lower()) for text in naive_texts(each["code"]))
        }
        asked = begin.upper().replace("E", "É")
        found = ask.all(f"Observation?code:text={quote(asked)}&_count=1000")
        assert {each["id"] for each in found} == expected
        assert len(found) < len(every)
        assert bool(found) == (begin in begins)


def test_value_sets_of_this_server_say_which_codes_are_meant(asking: Callable[..., Asking]) -> None:
    ask = asking()
    every = ask.all("AdverseEvent")
    assert every
    url = "https://trial-fhir-adapter.example.org/fhir/ValueSet/adverse-event-severity"

    inside = ask.all(f"AdverseEvent?severity:in={url}")
    outside = ask.all(f"AdverseEvent?severity:not-in={url}")
    by_person = ask.all(f"Patient?_has:AdverseEvent:subject:severity:in={url}")

    assert {each["id"] for each in inside} == {each["id"] for each in every if "severity" in each}
    assert len(inside) + len(outside) == len(every)
    assert by_person
    for unknown in (f"{url}|9", "http://hl7.org/fhir/ValueSet/observation-codes"):
        refused = ask.get(f"/AdverseEvent?severity:in={quote(unknown)}", 400).json()
        assert refused["issue"][0]["code"] == "not-supported"
        assert "9" not in refused["issue"][0]["diagnostics"]


def test_forms_are_found_by_what_they_are_about(asking: Callable[..., Asking]) -> None:
    ask = asking()
    about = "focus$http://loinc.org|"

    found = ask.all(f"Questionnaire?context-type-value={quote(about)}&_count=100")

    assert found
    loinc = [
        form
        for form in ask.all("Questionnaire?_count=100")
        if any(code["system"] == "http://loinc.org" for code in form["code"])
    ]
    assert [form["id"] for form in found] == [form["id"] for form in loinc]
    assert ask.all("Questionnaire?context-type-value=task$http://loinc.org|") == []


def test_what_fits_is_told_alike_by_the_index_and_by_the_resource_itself(
    asking: Callable[..., Asking],
) -> None:
    ask = asking(unblinded=True)
    zone = ZoneInfo("Australia/Sydney")

    found_some = 0
    for query in ALIKE:
        name, _, said = query.partition("?")
        every = ask.all(f"{name}?_count=1000")
        criteria = [read_criterion(name, *each, zone) for each in parse_qsl(said)]
        expected = {
            each["id"]
            for each in every
            if all(fits(one, found_by(each, zone), each["id"], moment(each)) for one in criteria)
        }
        assert {each["id"] for each in ask.all(f"{query}&_count=1000")} == expected, query
        found_some += 0 < len(expected) < len(every)
    assert found_some > len(ALIKE) / 2


def moment(resource: Resource) -> float:
    return datetime.fromisoformat(resource["meta"]["lastUpdated"]).timestamp()


def test_sorted_pages_come_in_order_and_hold_everything(asking: Callable[..., Asking]) -> None:
    ask = asking()
    everything = {each["id"] for each in ask.all("Observation?_count=1000")}

    for word in ("date", "-date", "_lastUpdated"):
        found = ask.all(f"Observation?_sort={word}&_count=33")
        assert len(found) == len(everything)
        assert {each["id"] for each in found} == everything
    days = [each["effectiveDateTime"] for each in ask.all("Observation?_sort=-date&_count=50")]
    assert days == sorted(days, reverse=True)


def test_totals_parts_and_what_comes_along(asking: Callable[..., Asking]) -> None:
    ask = asking()
    held = ask.all("Observation?_count=1000")

    counted = ask.get("/Observation?_summary=count").json()
    assert counted["total"] == len(held)
    assert "entry" not in counted
    assert ask.get("/Observation?_count=1&_total=accurate").json()["total"] == len(held)
    as_many = ask.get("/Observation?_count=99999999999999999999").json()
    assert len(as_many["entry"]) == len(held)
    ask.get("/Observation?_count=-1", 400)
    (part,) = (
        entry["resource"]
        for entry in ask.get("/Observation?_elements=value,status&_count=1").json()["entry"]
    )
    assert part["meta"]["tag"][-1]["code"] == "SUBSETTED"
    assert "subject" not in part
    assert {"status", "code"} <= part.keys()  # code must be there, asked for or not
    derived = next(each for each in held if "derivedFrom" in each)
    query = f"/Observation?_id={derived['id']}&_include=Observation:derived-from"
    page = ask.get(query + "&_total=accurate").json()
    modes = [entry["search"]["mode"] for entry in page["entry"]]
    assert modes == ["match", *["include"] * (len(modes) - 1)]
    assert len(modes) > 1
    assert page["total"] == 1


def test_who_refused_is_as_if_they_were_not_there(
    trial: SmallTrial, asking: Callable[..., Asking]
) -> None:
    research, care = asking("research"), asking("care")
    with open_service(trial.config) as service:
        patient = service.trial.identity.patient(REFUSED)

    seen = {each["id"] for each in research.all("Patient?_count=10")}
    assert patient in seen
    research.get(f"/Patient/{patient}")
    refused, never = care.get(f"/Patient/{patient}", 404), care.get("/Patient/never-was", 404)
    assert refused.content == never.content
    for query in (f"Patient?_id={patient}", f"Observation?patient={patient}"):
        assert care.all(query) == []
        assert care.get(f"/{query}&_summary=count").json()["total"] == 0
        assert care.get(f"/{query}&_total=accurate").json()["total"] == 0
    care.get(f"/Patient/{patient}/_history", 404)
    care.get(f"/Patient/{patient}/_history/1", 404)


def test_a_clinic_knows_of_its_own_patients_alone(
    trial: SmallTrial, asking: Callable[..., Asking]
) -> None:
    clinic, anybody = asking("care", "northside-clinic"), asking("care")
    with open_service(trial.config) as service:
        patient = service.trial.identity.patient(OTHER)
        assert anybody.all(f"Observation?patient={patient}&_count=500")
        assert clinic.all("Patient") == []
        clinic.get(f"/Patient/{patient}", 404)

        service.crosswalk.link("northside-clinic", OTHER, "77", service.now())

    assert [each["id"] for each in clinic.all("Patient")] == [patient]
    assert clinic.all("Observation?_count=500") == anybody.all(
        f"Observation?patient={patient}&_count=500"
    )


def test_the_blinded_cannot_tell_that_the_cause_of_an_event_was_corrected(
    trial: SmallTrial, asking: Callable[..., Asking]
) -> None:
    blinded, unblinded = asking(), asking(unblinded=True)
    (event,) = blinded.all("AdverseEvent")
    path = f"/AdverseEvent/{event['id']}"
    before = [blinded.get(at).content for at in (path, f"{path}/_history", "/AdverseEvent")]

    trial.correct_event(WITH_EVENT, REPORTED_TO)

    assert [blinded.get(at).content for at in (path, f"{path}/_history", "/AdverseEvent")] == before
    blinded.get(f"{path}/_history/2", 404)
    assert "suspectEntity" not in blinded.get(path).text
    assert blinded.get("/AdverseEvent").json()["meta"]["security"][0]["code"] == "R"
    assert unblinded.get("/AdverseEvent").json()["meta"]["security"][0]["code"] == "V"
    assert unblinded.get(f"{path}/_history").json()["total"] == 2
    assert "suspectEntity" in unblinded.get(path).json()
    first, later = (
        quote(each.get(path).json()["meta"]["lastUpdated"]) for each in (blinded, unblinded)
    )
    assert first != later
    for query in (
        "/AdverseEvent?_lastUpdated={}",
        "/Patient?_has:AdverseEvent:subject:_lastUpdated={}",
    ):
        found = [
            len(each.all(query.format(when).lstrip("/")))
            for each in (blinded, unblinded)
            for when in (first, later)
        ]
        assert found == [1, 0, 0, 1], query
    assert blinded.all("AdverseEvent?_sort=-_lastUpdated") == blinded.all("AdverseEvent")


def test_scopes_are_held_to(asking: Callable[..., Asking]) -> None:
    ask = asking(scopes="system/Observation.s system/Patient.read system/Consent.dus")

    ask.get("/Patient?_count=1")
    found = ask.get("/Observation?_count=1").json()["entry"][0]["resource"]
    for refused in (f"/Observation/{found['id']}", "/Consent", "/AdverseEvent?_count=1"):
        answer = ask.get(refused, 403)
        assert answer.json()["issue"][0]["code"] == "forbidden"


def test_of_a_type_that_may_not_be_read_nothing_comes_along(asking: Callable[..., Asking]) -> None:
    ask = asking(scopes="system/Observation.rs system/Device.s")
    everything = asking()
    for query, of in (
        ("_include=Observation:subject", "Patient"),
        ("_include=Observation:subject:Patient", "Patient"),
        ("_include=Observation:derived-from", "QuestionnaireResponse"),
        ("_revinclude=Provenance:target", "Provenance"),
    ):
        path = f"/Observation?derived-from:missing=false&_count=3&{query}"
        whole = everything.get(path).json()["entry"]
        assert of in {each["resource"]["resourceType"] for each in whole}
        *told, outcome = ask.get(path).json()["entry"]
        assert {each["resource"]["resourceType"] for each in told} == {"Observation"}
        assert len(told) == 3
        assert outcome["search"]["mode"] == "outcome"
        assert outcome["resource"]["issue"][0]["code"] == "suppressed"
        ask.get(path, 403, prefer="handling=strict")
        entry = {"request": {"method": "GET", "url": path.removeprefix("/")}}
        bundle = {"resourceType": "Bundle", "type": "batch", "entry": [entry]}
        (answer,) = ask.client.post("/", json=bundle).json()["entry"]
        assert find_faults(answer["resource"]) == ()
        assert of not in {each["resource"]["resourceType"] for each in answer["resource"]["entry"]}


@pytest.mark.parametrize(
    "query",
    [
        "Observation?subject:Patient.identifier=1042",
        "Observation?patient.active=true",
        "Observation?_has:Provenance:target:_id:missing=false",
        "Observation?derived-from:QuestionnaireResponse.status=completed",
    ],
)
def test_a_chain_leads_to_no_type_that_may_not_be_searched(
    asking: Callable[..., Asking], query: str
) -> None:
    ask = asking(scopes="system/Observation.rs system/Patient.r system/Provenance.r")

    assert asking().get(f"/{query}").json()["entry"]
    refused = ask.get(f"/{query}", 403).json()
    assert refused["issue"][0]["code"] == "forbidden"
    assert "1042" not in str(refused)


def test_a_page_has_a_name_that_says_nothing_and_opens_no_other_search(
    asking: Callable[..., Asking],
) -> None:
    ask = asking()
    pages, url = list[str](), "/Observation?_count=40&_sort=-date"
    while url:
        links = {each["relation"]: each["url"] for each in ask.get(url).json()["link"]}
        url = links.get("next", "").removeprefix(BASE)
        pages += [url.partition("_page=")[2]] if url else []

    assert len({*pages}) == len(pages) > 3
    assert {len(each) for each in pages} == {len(pages[0])}
    last = pages[0][:-2] + ("AA" if pages[0][-2:] != "AA" else "BA")
    for other in (
        f"/Observation?_count=40&_sort=date&_page={pages[0]}",
        f"/Observation?_count=41&_sort=-date&_page={pages[0]}",
        f"/Patient?_count=40&_page={pages[0]}",
        f"/Observation?_count=40&_sort=-date&_page={last}",
        f"/Observation?_count=40&_sort=-date&_page={pages[0][1:]}",
    ):
        assert ask.get(other, 400).json()["issue"][0]["code"] == "value"


def test_what_is_gone_counts_in_no_total(trial: SmallTrial, asking: Callable[..., Asking]) -> None:
    ask = asking()
    assert ask.get("/AdverseEvent?_summary=count").json()["total"] == 1

    trial.read(without="adverse_event")

    for query in ("", "_count=0&", "_total=accurate&", "patient:missing=true&"):
        told = ask.get(f"/AdverseEvent?{query}_summary=count").json()
        assert told["total"] == 0, query
    assert "entry" not in ask.get("/AdverseEvent").json()


def test_an_absolute_reference_means_ours_under_our_own_address_alone(trial: SmallTrial) -> None:
    with exporting(trial.config) as bulk:
        (patient, *_) = bulk.everything("Patient")
        own = f"/Observation?patient={BASE}/Patient/{patient['id']}&_summary=count"
        assert bulk.ask(own).json()["total"] > 0
        for base in ("https://evil.example.org/other", "https://trial.example.org", f"{BASE}/x"):
            path = f"/Observation?patient={base}/Patient/{patient['id']}&_summary=count"
            assert bulk.ask(path).json()["total"] == 0, base


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/Observation?date=yesterday", 400, "value"),
        ("/Observation?code:foo=1", 400, "not-supported"),
        ("/Observation?_count=-1", 400, "value"),
        ("/Observation?_count=-1&_summary=count", 400, "value"),
        ("/Observation?_summary=some", 400, "value"),
        ("/Observation?_sort=code", 400, "not-supported"),
        ("/Observation?_include=Observation:code", 400, "not-supported"),
        ("/Observation?_include:iterate=Observation:subject", 400, "not-supported"),
        ("/Observation?_sort:desc=date", 400, "not-supported"),
        ("/Observation?_count:exact=1", 400, "not-supported"),
        ("/Observation?_id:not=abc", 400, "not-supported"),
        ("/Observation?_lastUpdated:foo=2024", 400, "not-supported"),
        ("/Observation?_page=%ff", 400, "value"),
        ("/Observation?_page=", 400, "value"),
        ("/Observation?_page=W10", 400, "value"),
        ("/Observation/x/y/z", 404, "not-found"),
        ("/observation", 404, "not-found"),
        ("/Observation/..%2f..%2fetc", 404, "not-found"),
        ("/Observation/" + "a" * 65, 404, "not-found"),
        ("/Observation/x/_history/1e9", 404, "not-found"),
        ("/Observation?_format=xml", 406, "not-supported"),
        ("/Observation?_format=", 406, "not-supported"),
    ],
)
def test_what_cannot_be_answered_is_refused_as_fhir_says(
    asking: Callable[..., Asking], path: str, status: int, code: str
) -> None:
    answer = asking().get(path, status)

    outcome = answer.json()
    assert find_faults(outcome) == ()
    assert outcome["issue"][0]["code"] == code
    assert answer.headers["content-type"] == "application/fhir+json"


def test_an_unknown_parameter_is_passed_over_and_told_or_refused_as_the_client_wants(
    asking: Callable[..., Asking],
) -> None:
    ask = asking()
    page = ask.get("/Observation?bogus=Anna-Maria&_count=1").json()

    assert "bogus" not in str(page)
    warning = page["entry"][-1]
    assert warning["search"]["mode"] == "outcome"
    assert "Anna-Maria" not in str(page)
    strict = ask.get("/Observation?bogus=Anna-Maria", 400, prefer="handling=strict")
    assert strict.json()["issue"][0]["code"] == "not-supported"
    assert "Anna-Maria" not in strict.text
    assert "bogus" not in strict.text
    ask.get("/Observation?date=Anna-Maria", 400)


def test_formats_are_agreed_on(asking: Callable[..., Asking]) -> None:
    ask = asking()

    for accepted in ("application/fhir+json", "text/json", "*/*", "text/html, */*;q=0.1"):
        ask.get("/Patient?_count=1", accept=accepted)
    for refused in ("application/xml", "application/fhir+json; fhirVersion=5.0"):
        ask.get("/Patient?_count=1", 406, accept=refused)
    ask.get("/Patient?_count=1&_format=json", accept="application/xml")
    assert re.search(r"\n  ", ask.get("/Patient?_count=1&_pretty=true").text)
    sent = ask.client.post(
        "/Patient/_search", content=b"<a/>", headers={"content-type": "text/xml"}
    )
    assert sent.status_code == 415
    for said, status in (("xml", 406), ("json", 200)):
        form = {"_count": "1", "_format": said}
        sent = ask.client.post("/Patient/_search", data=form, headers={"accept": "text/xml"})
        assert sent.status_code == status
    sent = ask.client.post("/Patient/_search", data={"_id": "a" * 70_000})
    assert sent.status_code == 413
