"""What each kind of record system takes, refuses, overlooks and hides."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx
import pytest

from adapter.fhir.r4 import check_resource
from adapter.simulate import PERSONALITIES, Site, serving
from adapter.simulate.personalities import racing
from adapter.simulate.personality import EVERYTHING
from tests.unit.simulate.clinic import (
    IHI,
    Clinic,
    Resource,
    bundle,
    entry,
    expressions,
    observation,
    patient,
    refusal,
)

CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
ROW = {"system": "http://clinic.test/rows", "code": "ders-total"}
SITE = Site(codes=frozenset({"http://clinic.test/rows|ders-total"}))
ENCOUNTER = {
    "resourceType": "Encounter",
    "id": "e1",
    "status": "in-progress",
    "class": {"code": "AMB"},
    "subject": {"reference": "Patient/1"},
}


def clinic_of(name: str, site: Site = SITE) -> Clinic:
    """A record system of this kind that knows one patient and one visit."""
    clinic = Clinic(personality=PERSONALITIES[name](site))
    clinic.system.seed([patient("1", "8003608166690503"), ENCOUNTER])
    return clinic


def result(id_: str | None = None, **changes: object) -> Resource:
    """A total that every kind takes that takes Observations; None takes an element away."""
    vital = {"coding": [{"system": CATEGORY, "code": "vital-signs"}]}
    whole = observation(
        id_,
        "Patient/1",
        category=[vital],
        code={"coding": [ROW]},
        effectiveDateTime="2026-03-01T20:00:00+11:00",
        valueQuantity={"value": 41, "unit": "{score}"},
    )
    return {name: value for name, value in {**whole, **changes}.items() if value is not None}


def note(kind: str = "text/plain", id_: str | None = None) -> Resource:
    attachment = {"contentType": kind, "data": "REVSUw=="}
    said: Resource = {"resourceType": "DocumentReference", "status": "current"}
    if id_ is not None:
        said["id"] = id_
    return {**said, "subject": {"reference": "Patient/1"}, "content": [{"attachment": attachment}]}


def response(id_: str | None = None, status: str = "completed") -> Resource:
    said: Resource = {"resourceType": "QuestionnaireResponse", "status": status}
    if id_ is not None:
        said["id"] = id_
    return {**said, "subject": {"reference": "Patient/1"}}


def created(answer: httpx.Response) -> str:
    """The id that the server gave."""
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


# What each says of itself


@pytest.mark.parametrize("name", PERSONALITIES)
def test_the_statement_of_each_kind_is_true(name: str) -> None:
    clinic = clinic_of(name)
    statement = clinic.get("metadata").json()
    (rest,) = statement["rest"]
    claimed = {
        each["type"]: {one["code"] for one in each["interaction"]} for each in rest["resource"]
    }
    asks: dict[str, Callable[[str], httpx.Response]] = {
        "read": lambda kind: clinic.get(f"{kind}/nobody"),
        "vread": lambda kind: clinic.get(f"{kind}/nobody/_history/1"),
        "history-instance": lambda kind: clinic.get(f"{kind}/nobody/_history"),
        "create": lambda kind: clinic.post({"resourceType": kind}),
        "update": lambda kind: clinic.put({"resourceType": kind, "id": "nobody"}),
        "delete": lambda kind: clinic.delete(f"{kind}/nobody"),
        "search-type": clinic.get,
    }

    refused = {
        (kind, code)
        for kind in claimed
        for code, ask in asks.items()
        if "The methods of this path" in ask(kind).text
    }
    takes_bundles = clinic.batch().status_code == 200

    check_resource(statement)
    assert rest["documentation"] == PERSONALITIES[name](SITE).says
    assert refused == {
        (kind, code) for kind, codes in claimed.items() for code in EVERYTHING - codes
    }
    assert takes_bundles is ("interaction" in rest)
    assert refusal(clinic.get("Basic")) == (404, ["not-supported"])


@pytest.mark.parametrize("name", sorted(set(PERSONALITIES) - {"full", "racing"}))
def test_a_kind_that_takes_no_bundles_says_so(name: str) -> None:
    assert refusal(clinic_of(name).transact()) == (405, ["not-supported"])


@pytest.mark.parametrize("name", sorted(set(PERSONALITIES) - {"full", "racing"}))
def test_where_the_server_gives_the_ids_an_update_creates_nothing(name: str) -> None:
    clinic = clinic_of(name)
    resource = response("mine") if name == "questionnaire-only" else result("mine")

    assert refusal(clinic.put(resource, if_match='W/"1"')) == (405, ["not-supported"])


@pytest.mark.parametrize("name", sorted(set(PERSONALITIES) - {"full", "racing"}))
def test_where_conditions_are_overlooked_an_update_needs_an_id(name: str) -> None:
    clinic = clinic_of(name)
    kind = "QuestionnaireResponse" if name == "questionnaire-only" else "Observation"

    answer = clinic.ask("PUT", f"{kind}?identifier=urn:x|1", {"resourceType": kind})

    assert refusal(answer) == (405, ["not-supported"])


# Vital signs only


@pytest.mark.parametrize(
    ("change", "code", "place"),
    [
        ({"status": "preliminary"}, "business-rule", "status"),
        ({"status": "amended"}, "business-rule", "status"),
        (
            {"category": [{"coding": [{"system": CATEGORY, "code": "survey"}]}]},
            "business-rule",
            "category",
        ),
        ({"category": None}, "business-rule", "category"),
        ({"code": {"coding": [{**ROW, "code": "phq-total"}]}}, "code-invalid", "code"),
        ({"code": {"text": "DERS-18"}}, "code-invalid", "code"),
        ({"effectiveDateTime": "2026-03-01"}, "value", "effectiveDateTime"),
        ({"effectiveDateTime": None}, "required", "effectiveDateTime"),
        ({"component": [{"code": {"text": "part"}}]}, "not-supported", "component"),
        (
            {"modifierExtension": [{"url": "urn:x", "valueBoolean": True}]},
            "extension",
            "Observation.modifierExtension",
        ),
    ],
)
def test_vitals_only_refuses_what_it_does_not_file(
    change: dict[str, Any], code: str, place: str
) -> None:
    clinic = clinic_of("vitals-only")

    answer = clinic.post(result(**change))

    assert refusal(answer) == (422, [code])
    assert expressions(answer) == [place]
    assert clinic.ids("Observation") == []


def test_vitals_only_overlooks_what_it_does_not_keep() -> None:
    clinic = clinic_of("vitals-only")
    more: dict[str, Any] = {
        "identifier": [{"system": "urn:x", "value": "1"}],
        "note": [{"text": "see the report"}],
    }

    id_ = created(clinic.post(result(**more), if_none_exist="identifier=urn:x|1"))

    assert clinic.get(f"Observation/{id_}").json().keys().isdisjoint(more)
    assert clinic.ids("Observation?identifier=urn:x|1") == []


def test_vitals_only_updates_the_version_that_is_named_and_no_other() -> None:
    clinic = clinic_of("vitals-only")
    id_ = created(clinic.post(result()))
    corrected = result(id_, status="corrected", valueQuantity={"value": 40})

    unnamed = clinic.put(corrected)
    stale = clinic.put(corrected, if_match='W/"2"')
    named = clinic.put(corrected, if_match='W/"1"')
    retracted = clinic.put(result(id_, status="entered-in-error"), if_match='W/"2"')

    assert refusal(unnamed) == (412, ["required"])
    assert refusal(stale) == (412, ["conflict"])
    assert (named.status_code, named.headers["etag"]) == (200, 'W/"2"')
    assert retracted.status_code == 200
    assert clinic.get(f"Observation/{id_}").json()["status"] == "entered-in-error"


@pytest.mark.parametrize(
    "change",
    [
        {"subject": {"reference": "Patient/2"}},
        {"category": [{"coding": [{"system": CATEGORY, "code": "laboratory"}]}]},
    ],
)
def test_vitals_only_moves_nothing_to_another_patient_or_category(change: dict[str, Any]) -> None:
    clinic = clinic_of("vitals-only")
    clinic.system.seed([patient("2")])
    id_ = created(clinic.post(result()))

    answer = clinic.put(result(id_, **change), if_match='W/"1"')

    assert refusal(answer) == (422, ["business-rule"])


@pytest.mark.parametrize("name", ["vitals-only", "unsigned-queue", "create-only"])
def test_where_visits_are_needed_a_result_without_one_is_refused(name: str) -> None:
    clinic = clinic_of(name, Site(needs_encounter=True))
    visit = {"reference": "Encounter/e1"}

    missing = clinic.post(result())
    named = clinic.post(result(encounter=visit))

    assert refusal(missing) == (422, ["required"])
    assert named.status_code == 201


@pytest.mark.parametrize("name", ["vitals-only", "unsigned-queue", "create-only"])
@pytest.mark.parametrize(
    ("visit", "code"),
    [
        pytest.param("e-of-2", "business-rule", id="another patient's"),
        pytest.param("e-cancelled", "business-rule", id="cancelled"),
        pytest.param("nowhere", "not-found", id="not known"),
    ],
)
def test_where_visits_are_needed_only_one_of_the_subject_will_do(
    name: str, visit: str, code: str
) -> None:
    clinic = clinic_of(name, Site(needs_encounter=True))
    of_another = {**ENCOUNTER, "id": "e-of-2", "subject": {"reference": "Patient/2"}}
    cancelled = {**ENCOUNTER, "id": "e-cancelled", "status": "cancelled"}
    clinic.system.seed([patient("2"), of_another, cancelled])

    refused = clinic.post(result(encounter={"reference": f"Encounter/{visit}"}))

    assert refusal(refused) == (422, [code])


@pytest.mark.parametrize("name", ["vitals-only", "unsigned-queue", "create-only"])
def test_a_site_without_a_list_of_codes_files_any_code(name: str) -> None:
    clinic = clinic_of(name, Site())

    assert (
        clinic.post(result(code={"coding": [{"system": "urn:x", "code": "y"}]})).status_code == 201
    )
    assert refusal(clinic.post(result(code={"text": "words"}))) == (422, ["code-invalid"])


# The unsigned queue


def test_what_arrives_in_the_queue_is_out_of_sight_until_it_is_signed() -> None:
    clinic = clinic_of("unsigned-queue")

    id_ = created(clinic.post(result()))
    before = clinic.get(f"Observation/{id_}").status_code, clinic.ids("Observation")
    waits = clinic.ask("GET", "../desk").json()
    signed = clinic.ask("POST", "../desk/sign").json()
    found = clinic.get(f"Observation/{id_}")

    assert before == (404, [])
    assert [each["reference"] for each in waits["waiting"]] == [f"Observation/{id_}"]
    assert signed == {"sign": [f"Observation/{id_}"]}
    assert (found.status_code, found.headers["etag"]) == (200, 'W/"2"')
    assert "tag" not in found.json()["meta"]
    assert clinic.ids("Observation") == [id_]
    assert clinic.ask("GET", "../desk").json() == {"waiting": []}


def test_an_update_goes_into_the_same_unsigned_document_and_what_is_signed_is_closed() -> None:
    clinic = clinic_of("unsigned-queue")
    id_ = created(clinic.post(result()))
    corrected = result(id_, valueQuantity={"value": 40})

    updated = clinic.put(corrected)
    clinic.ask("POST", "../desk/sign")
    late = clinic.put(result(id_, valueQuantity={"value": 39}))

    assert updated.status_code == 200
    assert refusal(late) == (409, ["conflict"])
    assert clinic.get(f"Observation/{id_}").json()["valueQuantity"] == {"value": 40}


def test_somebody_may_sign_one_and_throw_another_away() -> None:
    clinic = clinic_of("unsigned-queue")
    first, second = (created(clinic.post(each)) for each in (result(), note()))
    named = json.dumps({"references": [f"Observation/{first}"]})

    signed = clinic.ask("POST", "../desk/sign", named).json()
    thrown = clinic.ask("POST", "../desk/discard").json()

    assert signed == {"sign": [f"Observation/{first}"]}
    assert thrown == {"discard": [f"DocumentReference/{second}"]}
    assert refusal(clinic.put(note(id_=second))) == (405, ["not-supported"])
    assert clinic.get(f"DocumentReference/{second}").status_code == 410


@pytest.mark.parametrize(("waited", "status"), [(59.0, 404), (60.0, 200)])
def test_a_site_signs_after_its_own_time(waited: float, status: int) -> None:
    clinic = clinic_of("unsigned-queue", Site(sign_after_seconds=60))
    id_ = created(clinic.post(result()))

    clinic.wait(waited)

    assert clinic.get(f"Observation/{id_}").status_code == status
    assert bool(clinic.ask("GET", "../desk").json()["waiting"]) is (status == 404)


@pytest.mark.parametrize(("kind", "status"), [("text/rtf", 201), ("application/pdf", 422)])
def test_the_queue_takes_notes_that_can_be_read_in_the_chart(kind: str, status: int) -> None:
    answer = clinic_of("unsigned-queue").post(note(kind))

    assert answer.status_code == status


def test_a_pdf_that_lies_elsewhere_may_be_referred_to() -> None:
    document = note("application/pdf")
    document["content"][0]["attachment"] = {
        "contentType": "application/pdf",
        "url": "http://files.test/1.pdf",
    }

    assert clinic_of("unsigned-queue").post(document).status_code == 201


# Create without overwrite


def test_what_is_created_twice_is_there_twice_whatever_the_condition() -> None:
    clinic = clinic_of("create-only")
    once = result(identifier=[{"system": "urn:x", "value": "1"}])

    ids = [created(clinic.post(once, if_none_exist="identifier=urn:x|1")) for _ in range(2)]

    assert clinic.ids("Observation?identifier=urn:x|1") == ids
    assert refusal(clinic.put({**once, "id": ids[0]})) == (405, ["not-supported"])


@pytest.mark.parametrize(
    ("resource", "status"),
    [(result(status="amended"), 422), (note(), 201), (note("application/pdf"), 422)],
)
def test_create_only_takes_final_results_and_plain_notes(resource: Resource, status: int) -> None:
    assert clinic_of("create-only").post(resource).status_code == status


# Questionnaires only


def test_questionnaire_only_creates_and_updates_responses_and_nothing_else() -> None:
    clinic = clinic_of("questionnaire-only")
    id_ = created(clinic.post(response()))

    updated = clinic.put(response(id_, "entered-in-error"))

    assert updated.status_code == 200
    assert clinic.get(f"QuestionnaireResponse/{id_}").json()["status"] == "entered-in-error"
    assert refusal(clinic.post(result())) == (405, ["not-supported"])
    assert refusal(clinic.get("DocumentReference/1")) == (404, ["not-supported"])


# Racing


def conditionally(base: str, together: threading.Barrier | None = None) -> httpx.Response:
    headers = {
        "if-none-exist": f"identifier={IHI}|1",
        "content-type": "application/fhir+json",
    }
    content = json.dumps(patient(None, "1"))
    with httpx.Client(base_url=base, trust_env=False) as client:
        if together is not None:
            together.wait()
        return client.post("/Patient", content=content, headers=headers)


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_of_two_conditional_creates_at_once_both_create_and_the_third_is_refused() -> None:
    clinic = Clinic(personality=replace(racing(SITE), gap_seconds=20))
    together = threading.Barrier(2)
    with serving(clinic.app) as port, ThreadPoolExecutor() as pool:
        base = f"http://127.0.0.1:{port}/fhir"

        both = list(pool.map(lambda _: conditionally(base, together), range(2)))
        third = conditionally(base)

    assert [answer.status_code for answer in both] == [201, 201]
    assert len(clinic.ids(f"Patient?identifier={IHI}|1")) == 2
    assert refusal(third) == (412, ["multiple-matches"])


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_of_two_transactions_at_once_both_create() -> None:
    clinic = Clinic(personality=replace(racing(SITE), gap_seconds=20))
    once = entry("POST", "Patient", patient(None, "1"), ifNoneExist=f"identifier={IHI}|1")
    headers = {"content-type": "application/fhir+json"}
    with serving(clinic.app) as port, ThreadPoolExecutor() as pool:

        def transact(_: int) -> int:
            url = f"http://127.0.0.1:{port}/fhir"
            content = json.dumps(bundle("transaction", once))
            return httpx.post(url, content=content, headers=headers, trust_env=False).status_code

        statuses = list(pool.map(transact, range(2)))

    assert statuses == [200, 200]
    assert len(clinic.ids("Patient")) == 2


def test_one_who_comes_alone_creates_once() -> None:
    clinic = Clinic(personality=replace(racing(SITE), gap_seconds=0.01))

    answers = [clinic.post(patient(None, "1"), if_none_exist=f"identifier={IHI}|1") for _ in "12"]

    assert [answer.status_code for answer in answers] == [201, 200]


# Pages


def test_a_server_cuts_pages_to_its_own_size() -> None:
    clinic = Clinic(personality=replace(PERSONALITIES["full"](SITE), largest_page=2))
    for number in range(3):
        clinic.put(patient(f"p{number}"))
    clinic.put(patient("p0", active=True))
    clinic.put(patient("p0", active=False))

    page = clinic.get("Patient?_count=500").json()
    history = clinic.get("Patient/p0/_history?_count=500").json()

    for shown in (page, history):
        assert len(shown["entry"]) == 2
        assert [link["relation"] for link in shown["link"]] == ["self", "next"]
        assert shown["total"] == 3
