"""Transactions, which happen whole or not at all, and batches, in which each entry is by itself."""

from __future__ import annotations

import pytest

from tests.unit.simulate.clinic import (
    IHI,
    NEVER,
    Clinic,
    Resource,
    bundle,
    entry,
    expressions,
    observation,
    patient,
    refusal,
)

OTHER = "urn:uuid:00000000-0000-4000-8000-000000000001"
NEW = entry("PUT", "Patient/new", patient("new"))


@pytest.mark.parametrize(
    ("content", "code", "place"),
    [
        pytest.param(patient("p1"), "invalid", [], id="no bundle"),
        pytest.param(bundle("collection"), "invalid", ["Bundle.type"], id="of another type"),
        pytest.param(
            {**bundle("transaction"), "entry": {}}, "structure", ["Bundle.entry"], id="no list"
        ),
        pytest.param(bundle("batch", NEW, {}), "structure", ["Bundle.entry[1]"], id="empty entry"),
        pytest.param(
            bundle("batch", entry("GET", "Patient/p1", ifNoneExists="identifier=1")),
            "structure",
            ["Bundle.entry[0].request.ifNoneExists"],
            id="a condition that is misspelt",
        ),
    ],
)
def test_a_bundle_that_is_none_is_refused_whole(
    clinic: Clinic, content: Resource, code: str, place: list[str]
) -> None:
    answer = clinic.ask("POST", "", content)

    assert refusal(answer) == (400, [code])
    assert expressions(answer) == place
    assert clinic.ids("Patient") == []


@pytest.mark.parametrize(
    ("last", "status", "code", "place"),
    [
        pytest.param({"fullUrl": NEVER}, 400, "required", "", id="no request"),
        pytest.param(entry("PATCH", "Patient/p1"), 400, "required", "", id="another method"),
        pytest.param(entry("GET", ""), 400, "structure", ".request.url", id="no url"),
        pytest.param(entry("GET", "/"), 400, "invalid", "", id="no path"),
        pytest.param(entry("PUT", "Patient/p1"), 400, "required", "", id="no resource"),
        pytest.param(
            entry("PUT", "Patient/p2", patient("p1")), 400, "invalid", ".resource.id", id="other id"
        ),
        pytest.param(
            entry("PUT", "Patient/77", patient("77")), 400, "not-supported", ".resource.id", id="77"
        ),
        pytest.param(
            entry("PUT", "Patient/p1", patient("p1", nick="x")),
            400,
            "structure",
            ".resource.nick",
            id="no R4",
        ),
        pytest.param(
            entry("PUT", "Patient/p1", patient("p1"), ifMatch='W/"7"'),
            412,
            "conflict",
            "",
            id="stale",
        ),
        pytest.param(
            entry("PUT", "Observation/o1", observation("o1", "Patient/nobody")),
            400,
            "not-found",
            ".resource.subject",
            id="a reference to nobody",
        ),
        pytest.param(
            entry("PUT", "Observation/o1", observation("o1", OTHER)),
            400,
            "not-found",
            ".resource.subject",
            id="a placeholder of nobody",
        ),
        pytest.param(
            entry("PUT", "Observation/o1", observation("o1", "Patient?identifier=fresh")),
            404,
            "not-found",
            ".resource.subject",
            id="a condition that only this transaction would fulfil",
        ),
        pytest.param(
            entry("POST", "Bundle", bundle("batch")), 404, "not-supported", "", id="not kept"
        ),
        pytest.param(entry("DELETE", "Patient/p1"), 409, "conflict", "", id="still referred to"),
        pytest.param(entry("DELETE", "Patient"), 400, "not-supported", "", id="delete of a type"),
        pytest.param(
            entry("PUT", "Patient/new", patient("new")), 400, "duplicate", "", id="twice the same"
        ),
        pytest.param(
            entry("PUT", f"Patient?identifier={IHI}|fresh", patient(None, "fresh")),
            400,
            "duplicate",
            "",
            id="twice the same condition",
        ),
        pytest.param(
            entry("POST", "Patient", patient(), full_url=NEVER),
            400,
            "duplicate",
            ".fullUrl",
            id="twice the same fullUrl",
        ),
    ],
)
def test_a_transaction_whose_last_entry_fails_never_happened(
    clinic: Clinic, last: Resource, status: int, code: str, place: str
) -> None:
    clinic.put(patient("p1"))
    clinic.put(observation("held", "Patient/p1"))
    fresh = f"identifier={IHI}|fresh"
    first = entry("POST", "Patient", patient(None, "fresh"), NEVER, ifNoneExist=fresh)

    answer = clinic.transact(first, NEW, last)

    assert refusal(answer) == (status, [code])
    assert expressions(answer) == [f"Bundle.entry[2]{place}"]
    assert clinic.ids("Patient") == ["p1"]
    assert clinic.get("Patient/p1").json()["meta"]["versionId"] == "1"


def test_a_transaction_links_what_it_creates(clinic: Clinic) -> None:
    clinic.put(patient("p0", "0"))
    provenance = {
        "resourceType": "Provenance",
        "target": [{"reference": OTHER}, {"reference": f"Patient?identifier={IHI}|0"}],
        "recorded": "2026-03-01T09:30:00Z",
        "agent": [{"who": {"reference": NEVER}}],
    }

    answer = clinic.transact(
        entry("POST", "Provenance", provenance),
        entry("PUT", "Observation/o1", observation("o1", NEVER), OTHER),
        entry("POST", "Patient", patient(None, "1"), NEVER),
    )

    told = answer.json()
    assert told["type"] == "transaction-response"
    assert told["entry"][2] == {
        "response": {
            "status": "201 Created",
            "location": "Patient/1001/_history/1",
            "etag": 'W/"1"',
            "lastModified": "2026-03-01T09:30:00.123Z",
        }
    }
    assert clinic.get("Observation/o1").json()["subject"] == {"reference": "Patient/1001"}
    kept = clinic.get("Provenance/1000").json()
    assert [each["reference"] for each in kept["target"]] == ["Observation/o1", "Patient/p0"]


def test_a_transaction_again_changes_nothing(clinic: Clinic) -> None:
    known = f"identifier={IHI}|1"
    entries = (
        entry("POST", "Patient", patient(None, "1"), NEVER, ifNoneExist=known),
        entry("PUT", "Observation/o1", observation("o1", NEVER)),
    )
    first = clinic.transact(*entries).json()
    clinic.wait(60)

    second = clinic.transact(*entries).json()

    assert [each["response"]["status"] for each in second["entry"]] == ["200 OK", "200 OK"]
    for name in ("location", "etag", "lastModified"):
        was, now = ([each["response"][name] for each in told["entry"]] for told in (first, second))
        assert now == was


def test_a_transaction_deletes_before_it_writes_and_reads_last(clinic: Clinic) -> None:
    clinic.put(patient("p1"))
    clinic.put(observation("o1", "Patient/p1"))

    answer = clinic.transact(
        entry("GET", "Patient/p2"),
        entry("GET", "Patient/p1"),
        entry("PUT", "Patient/p2", patient("p2")),
        entry("DELETE", "Patient/p1", ifMatch='W/"1"'),
        entry("PUT", "Observation/o1", observation("o1", "Patient/p2")),
        entry("DELETE", "Patient/nobody"),
    )

    told = answer.json()["entry"]
    statuses = [each["response"]["status"] for each in told]
    assert statuses == [
        "200 OK",
        "410 Gone",
        "201 Created",
        "204 No Content",
        "200 OK",
        "204 No Content",
    ]
    assert told[0]["resource"]["id"] == "p2"
    assert told[1]["response"]["outcome"]["issue"][0]["code"] == "deleted"
    assert told[5]["response"] == {"status": "204 No Content"}


def test_a_transaction_tells_what_is_there_now_where_that_is_preferred(clinic: Clinic) -> None:
    answer = clinic.transact(NEW, entry("DELETE", "Patient/x"), prefer="return=representation")

    told = answer.json()["entry"]
    assert told[0]["resource"]["id"] == "new"
    assert "resource" not in told[1]


@pytest.mark.parametrize("kind", ["transaction", "batch"])
def test_an_empty_bundle_is_answered_by_one(clinic: Clinic, kind: str) -> None:
    answer = clinic.ask("POST", "", bundle(kind))

    assert answer.json() == {"resourceType": "Bundle", "type": f"{kind}-response"}


def test_in_a_batch_each_entry_succeeds_or_fails_by_itself(clinic: Clinic) -> None:
    clinic.put(patient("gone"))
    clinic.delete("Patient/gone")

    answer = clinic.batch(
        entry("PUT", "Patient/p1", patient("p1"), NEVER),
        entry("PUT", "Observation/o1", observation("o1", NEVER)),
        entry("PUT", "Patient/p2", patient("p2", nick="x")),
        entry("GET", "http://clinic.test/fhir/Patient/p1"),
        entry("GET", "Patient/p1", ifNoneMatch='W/"1"'),
        entry("GET", "Patient/p1/_history/1"),
        entry("GET", "Patient/nobody"),
        entry("GET", "Patient/gone"),
        entry("GET", "Patient?_summary=count"),
        entry("GET", "Patient?nick=x"),
        entry("POST", "Patient/p1", patient("p1")),
        entry("POST", "Patient", patient(None, "1"), ifNoneExist=f"identifier={IHI}|1"),
        entry("DELETE", "Patient/p1"),
    )

    told = answer.json()
    assert told["type"] == "batch-response"
    assert [each["response"]["status"] for each in told["entry"]] == [
        "201 Created",
        "400 Bad Request",
        "400 Bad Request",
        "200 OK",
        "304 Not Modified",
        "200 OK",
        "404 Not Found",
        "410 Gone",
        "200 OK",
        "400 Bad Request",
        "405 Method Not Allowed",
        "201 Created",
        "204 No Content",
    ]
    codes = [
        each["response"]["outcome"]["issue"][0]["code"]
        for each in told["entry"]
        if "outcome" in each["response"]
    ]
    assert codes == [
        "not-found",
        "structure",
        "not-found",
        "deleted",
        "not-supported",
        "not-supported",
    ]
    assert ["resource" in each for each in told["entry"][:4]] == [False, False, False, True]
    assert told["entry"][8]["resource"]["total"] == 1


def test_a_batch_of_reads_gives_many_resources_back_in_its_order(clinic: Clinic) -> None:
    for number in range(30):
        clinic.put(patient(f"p{number}"))

    answer = clinic.batch(*(entry("GET", f"Patient/p{number}") for number in reversed(range(30))))

    ids = [each["resource"]["id"] for each in answer.json()["entry"]]
    assert ids == [f"p{number}" for number in reversed(range(30))]
