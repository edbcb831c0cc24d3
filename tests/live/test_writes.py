"""What clients write: taken in by the road of everything from outside, and readable at once."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from adapter.fhir.check import find_faults
from adapter.fhir.identity import questionnaire_url
from adapter.store import inbox
from tests.live.answering import PERSON, WEEK
from tests.live.small import SmallTrial
from tests.live.writing import BASE, CLINIC, FHIR_JSON, OTHER, Resource, Writer, take_in, writers
from tests.postgresql import PostgreSql

Open = Callable[..., Writer]
IDENTIFIER = {"system": "https://ehr.example.org/forms", "value": "f-1"}
BY_IDENTIFIER = "identifier=https://ehr.example.org/forms|f-1"


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return take_in(tmp_path_factory.mktemp("two")).folder


@pytest.fixture
def open_for(tmp_path: Path, taken_in: Path) -> Iterator[Open]:
    shutil.copytree(taken_in, tmp_path, dirs_exist_ok=True)
    with writers(SmallTrial(tmp_path, "", frozenset())) as opened:
        yield opened


@pytest.fixture(scope="module")
def one_for_all(taken_in: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Writer]:
    """A client for what leaves nothing behind that another test would see."""
    folder = tmp_path_factory.mktemp("all")
    shutil.copytree(taken_in, folder, dirs_exist_ok=True)
    with writers(SmallTrial(folder, "", frozenset())) as opened:
        yield opened()


def issue(answer: httpx.Response, status: int, code: str) -> Resource:
    """The only issue of a refusal."""
    assert answer.status_code == status, answer.text
    outcome = answer.json()
    assert find_faults(outcome) == ()
    (told,) = outcome["issue"]
    assert told["code"] == code
    found: Resource = told
    return found


def test_a_response_that_is_written_is_read_back_with_its_scores(open_for: Open) -> None:
    ehr = open_for()

    answer = ehr.post(ehr.response(1, id="mine"))

    assert answer.status_code == 201, answer.text
    stored = answer.json()
    assert find_faults(stored) == ()
    assert stored["id"] != "mine"
    place = f"{BASE}/QuestionnaireResponse/{stored['id']}/_history/1"
    assert (answer.headers["location"], answer.headers["etag"]) == (place, 'W/"1"')
    assert answer.headers["last-modified"].endswith(" GMT")
    assert ehr.client.get(f"/QuestionnaireResponse/{stored['id']}").json() == stored
    derived = ehr.found(f"Observation?derived-from=QuestionnaireResponse/{stored['id']}")
    assert {each["status"] for each in derived} == {"final"}
    assert len(derived) > 3
    (provenance,) = ehr.found(f"Provenance?target=QuestionnaireResponse/{stored['id']}")
    assert "client:an-ehr" in str(provenance)
    assert "mine" not in str(provenance)
    (noted,) = [each for each in ehr.noted() if each.interaction == "create"]
    assert (noted.client, noted.status, noted.about) == ("an-ehr", 201, (PERSON,))
    assert (noted.type, noted.id, noted.count) == ("QuestionnaireResponse", stored["id"], 1)


def test_the_same_text_again_is_the_same_response(open_for: Open) -> None:
    ehr = open_for()
    first = ehr.post(ehr.response(1))

    again = ehr.post(ehr.response(1), prefer="return=minimal")
    told = ehr.post(ehr.response(1), prefer="return=OperationOutcome")

    assert (again.status_code, again.content) == (200, b"")
    assert again.headers["location"] == first.headers["location"]
    assert told.json()["resourceType"] == "OperationOutcome"


def test_another_text_of_the_same_occasion_is_an_update_and_no_second_one(open_for: Open) -> None:
    ehr = open_for()
    first = ehr.post(ehr.response(1)).json()

    issue(ehr.post(ehr.response(2)), 409, "duplicate")

    path = f"/QuestionnaireResponse/{first['id']}"
    assert ehr.client.get(path).json() == first
    tx = ehr.service.database.read()
    assert len(list(inbox.of_clinic(tx, "client:an-ehr"))) == 1


def test_a_correction_is_a_new_version_and_amends_what_it_changes(open_for: Open) -> None:
    ehr = open_for()
    first = ehr.post(ehr.response(1)).json()
    path = f"/QuestionnaireResponse/{first['id']}"
    changed = ehr.response(2, id=first["id"], status="amended")

    issue(ehr.put(path, changed), 428, "required")
    issue(ehr.put(path, changed, if_match='W/"7"'), 412, "conflict")
    answer = ehr.put(path, changed, if_match='W/"1"')
    late = ehr.put(path, changed, if_match='W/"1"')

    assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"2"')
    assert answer.headers["last-modified"].endswith(" GMT")
    assert (answer.json()["status"], late.status_code) == ("amended", 412)
    derived = ehr.found(f"Observation?derived-from=QuestionnaireResponse/{first['id']}")
    assert "amended" in {each["status"] for each in derived}
    assert ehr.client.get(f"{path}/_history/1").json() == first
    # What is sent again late from before the correction does not undo it.
    issue(ehr.post(ehr.response(1)), 409, "duplicate")
    assert ehr.client.get(path).json() == answer.json()


def test_a_history_is_told_page_by_page_and_since_a_moment(open_for: Open) -> None:
    ehr = open_for()
    first = ehr.post(ehr.response(1)).json()
    path = f"/QuestionnaireResponse/{first['id']}"
    for option in (2, 3, 4):
        ehr.put(path, ehr.response(option, id=first["id"], status="amended"), if_match="*")

    def page(query: str) -> Resource:
        told: Resource = ehr.client.get(f"{path}/_history{query}").json()
        assert find_faults(told) == ()
        return told

    def numbers(told: Resource) -> list[str]:
        return [entry["resource"]["meta"]["versionId"] for entry in told.get("entry", ())]

    one = page("?_count=3")
    (following,) = [each["url"] for each in one["link"] if each["relation"] == "next"]
    ehr.put(path, ehr.response(1, id=first["id"], status="amended"), if_match="*")
    two = page(f"?{following.partition('?')[2]}")

    assert (one["total"], numbers(one), numbers(two)) == (4, ["4", "3", "2"], ["1"])
    assert two["entry"][0]["response"]["status"] == "201 Created"
    assert [each["relation"] for each in two["link"]] == ["self"]
    assert numbers(page("?_since=2100-01-01T00:00:00Z")) == []
    assert len(numbers(page("?_since=2000-01-01T00:00:00%2B10:00"))) == 5
    assert numbers(page("?_count=0")) == []
    for wrong in ("_since=2024", "_since=x", "_count=x", "_page=0"):
        issue(ehr.client.get(f"{path}/_history?{wrong}"), 400, "value")


def test_what_was_completed_cannot_be_completed_otherwise(open_for: Open) -> None:
    ehr = open_for()
    first = ehr.post(ehr.response(1)).json()
    path = f"/QuestionnaireResponse/{first['id']}"

    told = issue(ehr.put(path, ehr.response(2, id=first["id"]), if_match="*"), 422, "conflict")

    assert told["expression"] == ["QuestionnaireResponse.status"]
    assert ehr.client.get(path).json() == first


def test_who_wrote_it_can_take_it_back(open_for: Open) -> None:
    ehr = open_for()
    first = ehr.post(ehr.response(1)).json()
    path = f"/QuestionnaireResponse/{first['id']}"
    wrong = ehr.response(1, id=first["id"], status="entered-in-error")

    answer = ehr.put(path, wrong, if_match='W/"1"')

    assert (answer.status_code, answer.json()["status"]) == (200, "entered-in-error")
    derived = ehr.found(f"Observation?derived-from=QuestionnaireResponse/{first['id']}")
    assert {each["status"] for each in derived} == {"entered-in-error"}


def test_what_the_trial_itself_holds_is_left_to_a_person(open_for: Open) -> None:
    ehr = open_for()
    (held, *_) = ehr.found(f"QuestionnaireResponse?patient={ehr.patient()}&_count=1&_sort=authored")
    path = f"/QuestionnaireResponse/{held['id']}"
    bare = {name: held[name] for name in ("resourceType", "questionnaire", "subject", "authored")}
    other = {**bare, "id": held["id"], "status": "amended"}

    same = ehr.put(path, held, if_match="*")
    refused = ehr.put(path, other, if_match="*")

    assert same.status_code == 200
    assert refused.status_code in {409, 422}
    assert ehr.client.get(path).json() == held
    if refused.status_code == 409:
        waiting = list(inbox.of_clinic(ehr.service.database.read(), "client:an-ehr"))
        assert [row.state for row in waiting][-1] == "waiting"


def test_what_waits_is_listed_and_counted_and_a_person_takes_it(
    open_for: Open, tmp_path: Path
) -> None:
    ehr = open_for()
    issue(ehr.post(ehr.response(1, authored="2001-01-01T00:00:00+10:00")), 409, "conflict")
    trial = SmallTrial(tmp_path, "", frozenset())

    (row,) = trial.run("inbox")["inbox"]
    states = {each["name"]: each["inbox_waiting"] for each in trial.run("status")["clinics"]}
    taken = trial.run("inbox", "take", str(row["number"]), "--at", WEEK)
    (stored,) = ehr.found(f"QuestionnaireResponse?patient={ehr.patient()}&authored=lt2002-01-01")

    assert (row["clinic"], row["state"]) == ("client:an-ehr", "waiting")
    assert states == {CLINIC: 0, "client:an-ehr": 1}
    assert (taken["became"], stored["status"]) == ("taken", "completed")


def test_a_conditional_create_finds_what_was_created_before(open_for: Open) -> None:
    ehr = open_for()
    first = ehr.post(ehr.response(1, identifier=IDENTIFIER), if_none_exist=BY_IDENTIFIER)
    again = ehr.post(ehr.response(2, identifier=IDENTIFIER), if_none_exist=BY_IDENTIFIER)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.headers["location"] == first.headers["location"]
    assert IDENTIFIER["value"] not in first.text
    several = f"patient={ehr.patient()}"
    issue(ehr.post(ehr.response(2), if_none_exist=several), 412, "multiple-matches")
    issue(ehr.post(ehr.response(2), if_none_exist="colour=blue"), 412, "not-supported")
    issue(ehr.post(ehr.response(2), if_none_exist="?"), 412, "not-supported")
    issue(ehr.post(ehr.response(2), if_none_exist=""), 412, "not-supported")
    issue(ehr.post(ehr.response(2), if_none_exist="authored=x"), 412, "value")
    # Another client calls other things so.
    stranger = open_for("another-ehr")
    other = stranger.post(stranger.response(2, identifier=IDENTIFIER), if_none_exist=BY_IDENTIFIER)
    issue(other, 409, "conflict")


def test_who_may_not_search_finds_nothing_by_criteria_and_who_may_not_read_is_told_no_text(
    open_for: Open,
) -> None:
    ehr = open_for()
    resource = ehr.response(1, identifier=IDENTIFIER)
    stands = ehr.post(resource)
    by_person = f"patient={ehr.patient()}&authored={quote(resource['authored'])}"
    kind = "QuestionnaireResponse"
    blind = open_for(scopes=f"system/{kind}.cu system/Patient.rs")
    searcher = open_for(scopes=f"system/{kind}.cus system/Patient.rs")
    entry = {"method": "POST", "url": kind, "ifNoneExist": by_person}

    refused = [
        blind.post(resource, if_none_exist=by_person),
        blind.post(resource, if_none_exist="patient=Patient/nobody"),
        blind.put(f"/{kind}?{by_person}", resource),
    ]
    in_batch = blind.send("batch", {"request": entry, "resource": resource}).json()
    found = searcher.post(resource, if_none_exist=by_person)
    of_batch = searcher.send("batch", {"request": entry, "resource": resource}).json()

    for each in refused:
        issue(each, 403, "forbidden")
    assert in_batch["entry"][0]["response"]["status"].startswith("403")
    assert (found.status_code, found.content) == (200, b"")
    assert found.headers["location"] == stands.headers["location"]
    assert "resource" not in of_batch["entry"][0]
    assert ehr.post(resource, if_none_exist=by_person).json()["id"] == stands.json()["id"]


def test_a_conditional_update_is_a_create_an_update_or_none(open_for: Open) -> None:
    ehr = open_for()
    by_identifier = f"/QuestionnaireResponse?{BY_IDENTIFIER}"
    resource = ehr.response(1, identifier=IDENTIFIER)

    refused = ehr.put(by_identifier, {**resource, "id": "mine"})
    created = ehr.put(by_identifier, resource)
    amended = {**ehr.response(2, identifier=IDENTIFIER), "status": "amended"}
    updated = ehr.put(by_identifier, amended)
    otherwise = ehr.put(by_identifier, {**amended, "id": "another"})
    several = ehr.put(f"/QuestionnaireResponse?patient={ehr.patient()}", amended)

    issue(refused, 405, "not-supported")
    assert (created.status_code, updated.status_code) == (201, 200)
    assert updated.json()["id"] == created.json()["id"]
    issue(ehr.put(by_identifier, amended, if_match='W/"1"'), 412, "conflict")
    assert ehr.put(by_identifier, amended, if_match='W/"2"').status_code == 200
    issue(otherwise, 400, "invalid")
    issue(several, 412, "multiple-matches")


@pytest.fixture(params=["sqlite", "postgresql"])
def open_on_each(request: pytest.FixtureRequest, tmp_path: Path, taken_in: Path) -> Iterator[Open]:
    """The same service over a ledger in a file, and over one on PostgreSQL."""
    shutil.copytree(taken_in, tmp_path, dirs_exist_ok=True)
    trial = SmallTrial(tmp_path, "", frozenset())
    if request.param == "postgresql":
        server: PostgreSql = request.getfixturevalue("postgresql")
        url = server.new(request.getfixturevalue("empty_ledger"))
        settings = trial.config.read_text("utf-8")
        trial.config.write_text(settings.replace("ledger.sqlite", url), "utf-8")
        trial.run("ingest")
    with writers(trial) as opened:
        yield opened


def test_two_that_create_the_same_at_once_create_one(open_on_each: Open) -> None:
    # Two workers of the same client: two services, one ledger.
    ehr, beside = open_on_each(), open_on_each()
    answers: list[httpx.Response] = []

    def create(worker: Writer, option: int) -> None:
        resource = worker.response(option, identifier=IDENTIFIER)
        answers.append(worker.post(resource, if_none_exist=BY_IDENTIFIER))

    threads = [
        threading.Thread(target=create, args=(worker, 1 + number % 2))
        for number, worker in enumerate((ehr, beside, ehr, beside))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(each.status_code for each in answers) == [200, 200, 200, 201]
    assert len({each.headers["location"] for each in answers}) == 1


@pytest.mark.parametrize(
    ("change", "status", "code", "place"),
    [
        ({"status": "in-progress"}, 422, "business-rule", ".status"),
        ({"status": "done"}, 400, "code-invalid", ".status"),
        ({"authored": None}, 400, "value", ".authored"),
        ({"questionnaire": "http://x.example/q"}, 422, "not-supported", ".questionnaire"),
        ({"subject": {"reference": "Patient/nobody"}}, 422, "not-found", ".subject"),
        ({"subject": {"display": "Jane Citizen"}}, 422, "not-found", ".subject"),
        ({"item": []}, 400, "structure", ".item"),
        ({"colour": "blue"}, 400, "structure", ".colour"),
        ({"authored": "2001-01-01T00:00:00Z"}, 409, "conflict", ""),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else "",
)
def test_what_does_not_fit_is_refused_with_its_place(
    one_for_all: Writer, change: dict[str, Any], status: int, code: str, place: str
) -> None:
    ehr = one_for_all

    answer = ehr.post({**ehr.response(1), **change})

    assert answer.status_code == status, answer.text
    issues = answer.json()["issue"]
    assert code in {each["code"] for each in issues}
    told = [expression for each in issues for expression in each.get("expression", ())]
    assert not place or f"QuestionnaireResponse{place}" in told
    assert "Jane" not in answer.text
    noted = ehr.noted()[-1]
    assert (noted.status, noted.count) == (status, 0)


def test_all_that_is_wrong_is_told_at_once_and_nothing_is_kept(open_for: Open) -> None:
    ehr = open_for()
    resource = ehr.response(1)
    del resource["item"][0]["answer"][0]["valueCoding"]["code"]
    resource["item"][2]["linkId"] = "canary"
    del resource["item"][4]

    answer = ehr.post(resource)

    assert answer.status_code == 422
    assert len(answer.json()["issue"]) == 2
    assert find_faults(answer.json()) == ()
    assert "canary" not in answer.text
    assert list(inbox.of_clinic(ehr.service.database.read(), "client:an-ehr")) == []


def test_only_linked_people_are_written_about_and_only_where_the_scopes_allow_it(
    open_for: Open,
) -> None:
    ehr, reader = open_for(), open_for(scopes="system/*.rs")
    subject = {"reference": f"Patient/{ehr.patient(OTHER)}"}

    unlinked = ehr.post(ehr.response(1, subject=subject))
    unknown = ehr.post(ehr.response(1, subject={"reference": "Patient/nobody"}))

    assert unlinked.json() == unknown.json()  # nobody learns who takes part
    issue(unlinked, 422, "not-found")
    issue(reader.post(reader.response(1)), 403, "forbidden")
    issue(reader.put("/QuestionnaireResponse/x", reader.response(1)), 403, "forbidden")


def test_a_form_that_tells_the_arm_is_to_the_blinded_as_if_there_were_none(
    one_for_all: Writer,
) -> None:
    ehr, told = one_for_all, list[Any]()
    hidden = ehr.service.trial.forms["session-attendance"]
    known = f"{questionnaire_url(hidden)}|{hidden.published_version}"
    who = {"reference": f"Patient/{ehr.patient()}"}

    for canonical in (known, known.replace("attendance", "attendants")):
        response = ehr.response(1, questionnaire=canonical)
        judged = {"name": "mode", "valueCode": "create"}, {"name": "resource", "resource": response}
        asked = (
            {"name": "canonical", "valueUri": canonical},
            {"name": "subject", "valueReference": who},
        )
        sent = {
            "/QuestionnaireResponse": response,
            "/QuestionnaireResponse/$extract": response,
            "/QuestionnaireResponse/$validate": {
                "resourceType": "Parameters",
                "parameter": list(judged),
            },
            "/Questionnaire/$populate": {"resourceType": "Parameters", "parameter": list(asked)},
        }
        answers = [ehr.client.post(at, json=sent[at], headers=FHIR_JSON) for at in sent]
        told.append([(each.status_code, each.json()) for each in answers])

    assert told[0] == told[1]
    assert [status for status, _ in told[0]] == [422, 422, 200, 422]


def test_other_types_and_deletion_are_refused(open_for: Open) -> None:
    ehr = open_for(scopes="system/*.cruds")
    patient = {"resourceType": "Patient", "id": "p"}

    issue(ehr.post(patient), 405, "not-supported")
    issue(ehr.put("/Patient/p", patient), 405, "not-supported")
    issue(ehr.client.delete("/Patient/p"), 405, "not-supported")
    issue(ehr.client.patch("/Patient/p", json=[]), 405, "not-supported")
    issue(ehr.put("/QuestionnaireResponse/x", ehr.response(1, id="x")), 405, "not-supported")
    issue(ehr.put("/QuestionnaireResponse/x", ehr.response(1, id="y")), 400, "invalid")
    issue(ehr.client.post("/Nothing", json=patient), 404, "not-found")
