"""Transactions are done wholly or not at all; of a batch each entry stands for itself."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from starlette.requests import Request

from adapter.errors import LedgerError
from adapter.fhir.check import find_faults
from adapter.server import Api, Caller, Ledger
from adapter.server.audited import Telling
from adapter.server.caller import read_scopes
from adapter.server.exchange import Asked
from adapter.server.transaction import Work, answer_bundle
from adapter.service import now
from adapter.store import inbox
from tests.live.answering import PERSON
from tests.live.small import SmallTrial
from tests.live.writing import BASE, CLINIC, OTHER, SCOPES, Resource, Writer, take_in, writers

Open = Callable[..., Writer]
URN = "urn:uuid:7bffd5e4-140c-5dc7-8626-634be82bd1b7"
SECOND = "urn:uuid:7bffd5e4-140c-5dc7-8626-634be82bd1b8"
THIRD = "urn:uuid:7bffd5e4-140c-5dc7-8626-634be82bd1b9"


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return take_in(tmp_path_factory.mktemp("two")).folder


@pytest.fixture
def open_for(tmp_path: Path, taken_in: Path) -> Iterator[Open]:
    shutil.copytree(taken_in, tmp_path, dirs_exist_ok=True)
    with writers(SmallTrial(tmp_path, "", frozenset())) as opened:
        yield opened


def post(resource: Resource, **more: str) -> Resource:
    return {
        "resource": resource,
        "request": {"method": "POST", "url": resource["resourceType"], **more},
    }


def get(url: str) -> Resource:
    return {"request": {"method": "GET", "url": url}}


def statuses(answer: Resource) -> list[str]:
    return [entry["response"]["status"][:3] for entry in answer["entry"]]


def test_a_transaction_is_answered_entry_by_entry_in_its_own_order(open_for: Open) -> None:
    ehr = open_for()
    mine = f"QuestionnaireResponse?patient={ehr.patient()}&_sort=-_lastUpdated&_count=1"

    answer = ehr.send("transaction", get(mine), post(ehr.response(1)), get("Patient?_count=1"))

    assert answer.status_code == 200, answer.text
    bundle = answer.json()
    assert find_faults(bundle) == ()
    assert (bundle["type"], statuses(bundle)) == ("transaction-response", ["200", "201", "200"])
    searched, created, _ = bundle["entry"]
    assert created["response"]["location"].startswith(f"{BASE}/QuestionnaireResponse/")
    assert created["response"]["etag"] == 'W/"1"'
    # What is read comes after what is written, wherever it stands.
    assert searched["resource"]["entry"][0]["resource"] == created["resource"]
    lines = [each for each in ehr.noted() if each.interaction in {"create", "search-type"}]
    assert [each.interaction for each in lines] == ["search-type", "create", "search-type"]
    assert {each.request for each in lines} == {lines[0].request}
    assert lines[1].about == (PERSON,)


def test_a_transaction_that_fails_in_its_last_entry_leaves_nothing(open_for: Open) -> None:
    ehr = open_for()
    wrong = ehr.response(1, status="in-progress")

    answer = ehr.send("transaction", post(ehr.response(1)), post(wrong))

    assert answer.status_code == 422
    (told,) = answer.json()["issue"]
    assert told["expression"] == ["Bundle.entry[1].resource.status"]
    tx = ehr.service.database.read()
    assert list(inbox.of_clinic(tx, "client:an-ehr")) == []
    assert ehr.post(ehr.response(1)).status_code == 201  # nothing of it stood in the way
    assert {each.status for each in ehr.noted()[:2]} == {422}


def test_a_transaction_keeps_nothing_for_a_person_either(open_for: Open) -> None:
    ehr = open_for()
    outside = ehr.response(1, authored="2001-01-01T00:00:00Z")

    answer = ehr.send("transaction", post(outside))

    assert answer.status_code == 409
    assert list(inbox.of_clinic(ehr.service.database.read(), "client:an-ehr")) == []


def test_conditional_references_are_resolved_and_mean_one_resource(open_for: Open) -> None:
    ehr = open_for()
    by_search = {"reference": f"Patient?_id={ehr.patient()}"}
    nobody = {"reference": "Patient?_id=nobody"}

    refused = ehr.send("transaction", post(ehr.response(1, subject=nobody)))
    answer = ehr.send("transaction", post(ehr.response(1, subject=by_search)))

    assert (refused.status_code, refused.json()["issue"][0]["code"]) == (412, "not-found")
    assert statuses(answer.json()) == ["201"]
    stored = answer.json()["entry"][0]["resource"]
    assert stored["subject"] == {"reference": f"Patient/{ehr.patient()}"}


def test_a_conditional_reference_is_a_search_and_needs_its_scope(open_for: Open) -> None:
    ehr = open_for(scopes="system/QuestionnaireResponse.cru system/Patient.r")
    by_search = {"reference": f"Patient?_id={ehr.patient()}"}

    refused = ehr.send("transaction", post(ehr.response(1, subject=by_search)))

    assert (refused.status_code, refused.json()["issue"][0]["code"]) == (403, "forbidden")
    assert "system/Patient.s" in refused.text


def test_what_comes_along_is_bounded(open_for: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    ehr = open_for()
    everything = "Patient?_revinclude=Observation:subject"
    count = sum(each["search"]["mode"] == "include" for each in entries_of(ehr, everything))

    monkeypatch.setattr("adapter.server.searching.MOST_INCLUDED", count)
    as_many = entries_of(ehr, everything)
    monkeypatch.setattr("adapter.server.searching.MOST_INCLUDED", count - 1)
    (refused,) = ehr.send("batch", get(everything)).json()["entry"]

    assert count > 1
    assert len(as_many) > count
    assert refused["response"]["status"].startswith("400")
    assert refused["response"]["outcome"]["issue"][0]["code"] == "too-costly"


def entries_of(ehr: Writer, query: str) -> list[Resource]:
    """What a search gives as an entry of a batch."""
    (answer,) = ehr.send("batch", get(query)).json()["entry"]
    listed: list[Resource] = answer["resource"]["entry"]
    return listed


def naming(url: str) -> Resource:
    """What lets a response refer to anything."""
    return {"url": "https://ehr.example.org/beside", "valueReference": {"reference": url}}


def test_a_reference_to_no_entry_or_in_a_circle_is_refused(open_for: Open) -> None:
    ehr = open_for()
    one, other = (
        ehr.response(1, extension=[naming(SECOND)]),
        ehr.response(1, extension=[naming(URN)]),
    )
    of_one, of_other = {**post(one), "fullUrl": URN}, {**post(other), "fullUrl": SECOND}

    circle = ehr.send("transaction", of_one, of_other)
    nowhere = ehr.send("transaction", {**of_one, "fullUrl": THIRD})

    told = [(each.status_code, each.json()["issue"][0]["code"]) for each in (circle, nowhere)]
    assert told == [(400, "invalid"), (400, "not-found")]


def test_an_entry_that_names_another_one_is_written_after_it(open_for: Open) -> None:
    ehr = open_for()
    first = {**post(ehr.response(1)), "fullUrl": URN}
    later = ehr.response(1, extension=[naming(URN)])

    answer = ehr.send("transaction", post(later), first)

    assert statuses(answer.json()) == ["200", "201"]  # the same answers: one response


def test_of_a_batch_each_entry_has_its_own_answer_and_its_own_scope(open_for: Open) -> None:
    ehr = open_for(scopes="system/QuestionnaireResponse.cru system/Patient.r")
    patient = ehr.patient()
    entries = (
        post(ehr.response(1)),
        post(ehr.response(1, status="in-progress")),
        get(f"Patient/{patient}"),
        get("Observation?_count=1"),
        {"request": {"method": "DELETE", "url": f"Patient/{patient}"}},
        get("Nothing/1"),
    )

    answer = ehr.send("batch", *entries)

    assert (answer.status_code, answer.json()["type"]) == (200, "batch-response")
    assert find_faults(answer.json()) == ()
    assert statuses(answer.json()) == ["201", "422", "200", "403", "405", "404"]
    assert [each.status for each in ehr.noted()] == [201, 422, 200, 403, 405, 404]


@pytest.mark.parametrize(
    ("trouble", "status"), [(RuntimeError("Jane"), 500), (LedgerError("away"), 503)]
)
def test_an_entry_of_a_batch_that_breaks_breaks_no_other(
    open_for: Open, trouble: Exception, status: int
) -> None:
    ehr, caller = open_for(), Caller("an-ehr", "care", CLINIC, scopes=read_scopes(SCOPES.split()))
    service = ehr.service

    def is_linked(_: str, participant: str) -> bool:
        if participant == PERSON:
            return True
        raise trouble

    async def nobody(_: Request) -> Caller:
        return caller

    ledger = Ledger(
        service.database, service.trial.identity, service.trial.forms, now, is_linked=is_linked
    )
    work = Work(Api(ledger, BASE, "0", nobody, service.trial), caller, Telling(""))
    entries = [
        post(ehr.response(1)),
        get(f"Patient/{ehr.patient(OTHER)}"),
        get(f"Patient/{ehr.patient()}"),
    ]
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": entries}

    answer = json.loads(answer_bundle(work, bundle, Asked((), "lenient", is_pretty=False)))

    assert find_faults(answer) == ()
    assert statuses(answer) == ["201", str(status), "200"]
    assert [part.status for part in work.telling.parts] == [201, status, 200]
    assert "Jane" not in str(answer)


def test_what_no_database_holds_is_refused_entry_by_entry(open_for: Open) -> None:
    ehr = open_for()
    entries = (
        get("Patient/a\0b"),
        get("Patient/a%00b"),
        get("Patient?_id=a%00b"),
        post(ehr.response(1), ifNoneExist="identifier=a%00b"),
        {
            "resource": ehr.response(1),
            "request": {"method": "PUT", "url": "QuestionnaireResponse?status=a\0b"},
        },
        get(f"Patient/{ehr.patient()}/_history/1"),
        get(f"Patient/{ehr.patient()}"),
    )

    answer = ehr.send("batch", *entries).json()

    assert statuses(answer) == ["400", "400", "400", "400", "400", "404", "200"]
    by_criteria = ehr.put("/QuestionnaireResponse?status=a%00b", ehr.response(1))
    if_none = ehr.post(ehr.response(1), if_none_exist="identifier=a%00b")
    paths = [
        ehr.client.request(method, path).status_code
        for method, path in (("GET", "/bulk/a%00b"), ("DELETE", "/bulk/a%00b"))
    ]
    assert (by_criteria.status_code, if_none.status_code, paths) == (400, 400, [404, 404])


def put(resource: Resource, url: str, **more: str) -> Resource:
    return {"resource": resource, "request": {"method": "PUT", "url": url, **more}}


def test_two_entries_that_change_one_resource_fail_however_they_name_it(open_for: Open) -> None:
    ehr = open_for()
    named = {"system": "urn:x", "value": "A1"}
    first = ehr.post(ehr.response(1, identifier=named)).json()
    there = f"QuestionnaireResponse/{first['id']}"
    one, other = (
        {**ehr.response(option, identifier=named), "status": "amended"} for option in (2, 3)
    )
    by_id = put({**one, "id": first["id"]}, there, ifMatch='W/"1"')
    by_first = put(other, "QuestionnaireResponse?identifier=urn:x|A1")
    when = f"patient={ehr.patient()}&authored={first['authored'][:10]}"
    by_second = put(one, f"QuestionnaireResponse?{when}")
    by_id_again = put({**other, "id": first["id"]}, f"{there}?", ifMatch="*")

    for pair in ((by_id, by_first), (by_first, by_second), (by_id, by_id_again)):
        answer = ehr.send("transaction", *pair)
        assert answer.status_code == 400, answer.text
        (told,) = answer.json()["issue"]
        assert told["code"] == "invalid"
        assert "Bundle.entry[1]" in told["expression"][0]
    assert ehr.client.get(f"/{there}").json() == first
    assert statuses(ehr.send("transaction", by_id).json()) == ["200"]


def test_a_batch_reads_what_is_new_and_says_since_when_it_stands(open_for: Open) -> None:
    ehr = open_for()
    path = f"Patient/{ehr.patient()}"
    read = ehr.client.get(f"/{path}")
    stands = read.json()["meta"]["lastUpdated"]

    def given(**words: str) -> Resource:
        return {"request": {"method": "GET", "url": path, **words}}

    answer = ehr.send(
        "batch",
        given(),
        given(ifNoneMatch=read.headers["etag"]),
        given(ifNoneMatch='W/"77"'),
        given(ifModifiedSince=stands),
        given(ifModifiedSince="2001-01-01T00:00:00Z"),
        given(ifModifiedSince="yesterday"),
        post(ehr.response(1)),
    ).json()

    assert find_faults(answer) == ()
    assert statuses(answer) == ["200", "304", "200", "304", "200", "200", "201"]
    moments = [entry["response"]["lastModified"] for entry in answer["entry"]]
    told = datetime.fromisoformat(moments[0])
    assert told == datetime.fromisoformat(stands).replace(microsecond=0)
    assert "resource" not in answer["entry"][1]
    created = answer["entry"][-1]["resource"]
    assert moments[-1][:19] == created["meta"]["lastUpdated"][:19]


def test_too_many_entries_and_what_is_no_batch_are_refused(open_for: Open) -> None:
    ehr = open_for()

    many = ehr.send("batch", *[get("Patient/x")] * 501)
    other = ehr.send("collection")
    unsaid = ehr.send("batch", {"resource": ehr.response(1)})
    twice = ehr.send(
        "transaction",
        *[
            {"resource": ehr.response(1, id="x"), "request": {"method": "PUT", "url": url}}
            for url in ["QuestionnaireResponse/x"] * 2
        ],
    )

    assert [each.status_code for each in (many, other, unsaid, twice)] == [413, 400, 400, 400]
    assert many.json()["issue"][0]["code"] == "too-costly"
