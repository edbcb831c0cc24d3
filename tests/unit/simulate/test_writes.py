"""Create, update and delete, each also on a condition."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapter.simulate import FULL
from tests.unit.simulate.clinic import (
    BASE,
    IHI,
    Clinic,
    Resource,
    expressions,
    observation,
    patient,
    refusal,
)

WEIGHT = {"value": 70, "unit": "kg"}


@pytest.mark.parametrize(
    ("path", "content", "code", "place"),
    [
        pytest.param("Patient/p1", "{", "structure", [], id="no JSON"),
        pytest.param("Patient/p1", "", "structure", [], id="nothing"),
        pytest.param("Patient/p1", "[]", "structure", [], id="JSON of another kind"),
        pytest.param(
            "Patient/p1", observation("p1"), "invalid", ["Resource.resourceType"], id="type"
        ),
        pytest.param("Patient/p1", patient("p2"), "invalid", ["Patient.id"], id="another id"),
        pytest.param("Patient/p1", patient(), "required", ["Patient.id"], id="no id"),
        pytest.param("Patient/123", patient("123"), "not-supported", ["Patient.id"], id="number"),
        pytest.param("Patient/a_b", patient("a_b"), "structure", ["Patient.id"], id="bad id"),
        pytest.param(
            "Patient/p1",
            patient("p1", nick="x"),
            "structure",
            ["Patient.nick"],
            id="unknown element",
        ),
        pytest.param(
            "Observation/o1",
            {"resourceType": "Observation", "id": "o1", "code": {"text": "x"}},
            "structure",
            ["Observation.status"],
            id="missing element",
        ),
        pytest.param(
            "Observation/o1",
            observation("o1", valueQuantity={**WEIGHT, "value": "70"}),
            "structure",
            ["Observation.valueQuantity.value"],
            id="a number as text",
        ),
    ],
)
def test_an_update_that_is_not_r4_is_refused(
    clinic: Clinic, path: str, content: Resource | str, code: str, place: list[str]
) -> None:
    answer = clinic.ask("PUT", path, content)

    assert refusal(answer) == (400, [code])
    assert expressions(answer) == place
    assert clinic.ids("Patient") == []


@pytest.mark.parametrize("status", [412, 409])
def test_an_update_of_a_stale_version_is_refused_with_the_status_of_the_setting(
    status: int,
) -> None:
    clinic = Clinic(personality=replace(FULL, stale_status=409 if status == 409 else 412))
    clinic.put(patient("p1"))

    answers = [
        clinic.put(patient("p1", active=True), if_match='W/"2"'),
        clinic.put(patient("p2"), if_match='W/"1"'),
        clinic.delete("Patient/p1", if_match='W/"2"'),
    ]

    assert [refusal(answer) for answer in answers] == [(status, ["conflict"])] * 3
    assert clinic.get("Patient/p1").json()["meta"]["versionId"] == "1"


def test_an_if_match_that_is_no_entity_tag_is_refused(clinic: Clinic) -> None:
    clinic.put(patient("p1"))

    answer = clinic.put(patient("p1", active=True), if_match="latest")

    assert refusal(answer) == (400, ["value"])


@pytest.mark.parametrize(
    ("criteria", "status", "code"),
    [
        pytest.param("", 400, "required", id="empty criteria would match everything"),
        pytest.param("_count=1", 400, "required", id="criteria that choose nothing"),
        pytest.param("nickname=x", 400, "not-supported", id="an unknown parameter"),
        pytest.param("identifier=", 400, "value", id="an empty value"),
        pytest.param(f"identifier={IHI}|1", 412, "multiple-matches", id="two resources"),
        pytest.param("_id=p9", 400, "invariant", id="an id that the server will not assign"),
        pytest.param(
            f"identifier={IHI}|3&_lastUpdated=lt2026", 400, "invariant", id="a time that is over"
        ),
        pytest.param(
            f"identifier={IHI}|9", 400, "invariant", id="criteria the content does not fit"
        ),
    ],
)
def test_a_conditional_create_without_one_answer_is_refused(
    clinic: Clinic, criteria: str, status: int, code: str
) -> None:
    clinic.put(patient("p1", "1"))
    clinic.put(patient("p2", "1"))

    answer = clinic.post(patient(None, "3"), if_none_exist=criteria)

    assert refusal(answer) == (status, [code])
    assert clinic.ids("Patient") == ["p1", "p2"]


@pytest.mark.parametrize(
    ("content", "criteria", "status", "code"),
    [
        pytest.param(patient(), "", 400, "required", id="no criteria"),
        pytest.param(patient(None, "1"), "1", 412, "multiple-matches", id="two resources"),
        pytest.param(patient("p9", "2"), "2", 400, "invalid", id="another id than the one found"),
        pytest.param(patient("7", "7"), "7", 400, "not-supported", id="a number for what is new"),
        pytest.param(patient(None, "8"), "7", 400, "invariant", id="new and not fitting"),
    ],
)
def test_a_conditional_update_without_one_answer_is_refused(
    clinic: Clinic, content: Resource, criteria: str, status: int, code: str
) -> None:
    clinic.put(patient("p1", "1"))
    clinic.put(patient("p2", "1"))
    clinic.put(patient("p3", "2"))

    path = f"Patient?identifier={IHI}|{criteria}" if criteria else "Patient"
    answer = clinic.ask("PUT", path, content)

    assert refusal(answer) == (status, [code])


def test_what_is_referred_to_cannot_be_deleted(clinic: Clinic) -> None:
    clinic.put(patient("p1"))
    clinic.put(observation("o1", "Patient/p1"))

    answer = clinic.delete("Patient/p1")

    assert refusal(answer) == (409, ["conflict"])
    assert clinic.get("Patient/p1").status_code == 200


def test_without_a_check_a_resource_is_kept_as_it_is_but_for_what_the_server_needs() -> None:
    clinic = Clinic(check=None)

    odd = clinic.put(patient("p1", nick="x", identifier="9", contained=3))
    without_object = clinic.put(patient("p2", meta=[]))
    without_id = clinic.ask("PUT", "Patient/a_b", patient("a_b"))
    dangling = clinic.put(observation("o1", "#p", contained="p"))

    assert odd.status_code == 201
    assert odd.json()["nick"] == "x"
    assert refusal(without_object) == (400, ["structure"])
    assert refusal(without_id) == (400, ["value"])
    assert refusal(dangling) == (400, ["invariant"])


def test_a_create_gives_an_id_of_the_servers_and_ignores_the_clients(clinic: Clinic) -> None:
    answer = clinic.post(patient("p1", "1"))

    assert answer.status_code == 201
    assert answer.headers["location"] == f"{BASE}/Patient/1000/_history/1"
    assert answer.headers["etag"] == 'W/"1"'
    assert answer.json()["id"] == "1000"
    assert clinic.get("Patient/p1").status_code == 404


def test_the_server_passes_over_ids_that_were_ever_used(clinic: Clinic) -> None:
    clinic.system.seed([patient("1000"), patient("1001")])
    clinic.delete("Patient/1001")

    created = clinic.post(patient())

    assert created.json()["id"] == "1002"


def test_a_conditional_create_finds_what_is_there(clinic: Clinic) -> None:
    criteria = f"identifier={IHI}|1?"

    first = clinic.post(patient(None, "1?"), if_none_exist=criteria)
    second = clinic.post(patient(None, "1?", active=True), if_none_exist=f"Patient?{criteria}")

    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json() == first.json()
    assert second.headers["location"] == first.headers["location"]


def test_an_update_creates_under_the_clients_id_and_then_replaces(clinic: Clinic) -> None:
    created = clinic.put(patient("p1", active=True))
    clinic.wait(1)
    updated = clinic.put(patient("p1", active=False), if_match='W/"1"')

    assert (created.status_code, updated.status_code) == (201, 200)
    assert updated.headers["etag"] == 'W/"2"'
    assert updated.json() == patient(
        "p1", active=False, meta={"versionId": "2", "lastUpdated": "2026-03-01T09:30:01.123Z"}
    )


def test_an_update_that_changes_nothing_keeps_the_version_and_the_time(clinic: Clinic) -> None:
    content = patient("p1", active=True, gender="other", meta={"tag": [{"code": "t"}]})
    first = clinic.put(content)
    clinic.wait(60)

    again = clinic.put(dict(reversed(content.items())))
    read_back = clinic.put(first.json())

    assert again.json() == read_back.json() == first.json()
    assert (first.status_code, again.status_code) == (201, 200)


def test_an_update_of_the_precision_of_a_number_is_an_update(clinic: Clinic) -> None:
    text = '{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"x"},'
    clinic.ask("PUT", "Observation/o1", text + '"valueQuantity":{"value":1.5}}')

    answer = clinic.ask("PUT", "Observation/o1", text + '"valueQuantity":{"value":1.50}}')

    assert answer.json()["meta"]["versionId"] == "2"


def test_a_conditional_update_finds_or_creates(clinic: Clinic) -> None:
    path = f"Patient?identifier={IHI}|1"

    created = clinic.ask("PUT", path, patient(None, "1"))
    updated = clinic.ask("PUT", path, patient(None, "1", active=True))
    with_id = clinic.ask("PUT", path, patient("1000", "1"), {"if-match": 'W/"2"'})
    named = clinic.ask("PUT", f"Patient?identifier={IHI}|2", patient("p2", "2"))

    answers = (created, updated, with_id, named)
    assert [answer.status_code for answer in answers] == [201, 200, 200, 201]
    assert [answer.json()["id"] for answer in answers] == ["1000", "1000", "1000", "p2"]


def test_a_deleted_resource_comes_back_with_the_next_version(clinic: Clinic) -> None:
    clinic.put(patient("p1"))
    clinic.delete("Patient/p1")

    answer = clinic.put(patient("p1"))

    assert answer.status_code == 201
    assert answer.json()["meta"]["versionId"] == "3"


def test_a_delete_says_whether_there_was_something(clinic: Clinic) -> None:
    clinic.put(patient("p1"))

    answers = [
        clinic.delete("Patient/p1", if_match='W/"1"'),
        clinic.delete("Patient/p1"),
        clinic.delete("Patient/nobody"),
    ]
    silent = clinic.delete("Patient/nobody", prefer="return=minimal")

    assert [refusal(answer) for answer in answers] == [(200, ["informational"])] * 3
    assert (silent.status_code, silent.content) == (204, b"")


def test_a_resource_whose_referrers_were_deleted_or_changed_can_be_deleted(clinic: Clinic) -> None:
    clinic.put(patient("p1"))
    clinic.put(observation("o1", "Patient/p1"))
    clinic.put(observation("o2", "Patient/p1"))
    clinic.delete("Observation/o1")
    clinic.put(observation("o2"))

    answer = clinic.delete("Patient/p1")

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("prefer", "status", "kind"),
    [
        ("return=minimal", 201, None),
        ("handling=strict; return=OperationOutcome", 201, "OperationOutcome"),
        ("return=representation", 201, "Patient"),
        ("return=nonsense", 201, "Patient"),
        ("respond-async", 201, "Patient"),
    ],
)
def test_a_client_gets_the_answer_it_prefers(
    clinic: Clinic, prefer: str, status: int, kind: str | None
) -> None:
    answer = clinic.put(patient("p1"), prefer=prefer)

    assert answer.status_code == status
    assert (answer.json()["resourceType"] if answer.content else None) == kind
    assert answer.headers["location"] == f"{BASE}/Patient/p1/_history/1"


def test_an_outcome_tells_a_change_from_none(clinic: Clinic) -> None:
    clinic.put(patient("p1"))

    answer = clinic.put(patient("p1"), prefer="return=OperationOutcome")

    assert refusal(answer) == (200, ["informational"])
