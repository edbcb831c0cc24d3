"""Read, vread and history."""

from __future__ import annotations

import pytest

from tests.unit.simulate.clinic import BASE, Clinic, expressions, observation, patient, refusal


@pytest.mark.parametrize(
    ("path", "code"),
    [
        pytest.param("Patient/nobody", "not-found", id="read of a resource that never was"),
        pytest.param("Patient/p1/_history/2", "not-found", id="a version that never was"),
        pytest.param("Patient/p1/_history/x", "not-found", id="a version that is no number"),
        pytest.param("Patient/nobody/_history/1", "not-found", id="a version of nobody"),
        pytest.param("Patient/nobody/_history", "not-found", id="the history of nobody"),
        pytest.param("Patient/p1/_other", "not-found", id="a path that means nothing"),
        pytest.param("Patient/p1/_other/1", "not-found", id="a longer one"),
        pytest.param("Patient/p1/_history/1/2", "not-found", id="one too long"),
        pytest.param("Animal/1", "not-supported", id="a type that R4 does not have"),
        pytest.param("Bundle/1", "not-supported", id="a type that is not kept"),
    ],
)
def test_what_is_not_there_is_answered_with_404(clinic: Clinic, path: str, code: str) -> None:
    clinic.put(patient("p1"))

    answer = clinic.get(path)

    assert refusal(answer) == (404, [code])


@pytest.mark.parametrize("path", ["Patient/p1", "Patient/p1/_history/2"])
def test_a_deleted_resource_is_gone(clinic: Clinic, path: str) -> None:
    clinic.put(patient("p1"))
    clinic.delete("Patient/p1")

    answer = clinic.get(path)

    assert refusal(answer) == (410, ["deleted"])


@pytest.mark.parametrize(
    ("query", "code"),
    [("_sort=x", "not-supported"), ("_since=soon", "value"), ("_count=-1", "value")],
)
def test_a_history_refuses_what_it_does_not_know(clinic: Clinic, query: str, code: str) -> None:
    clinic.put(patient("p1"))

    answer = clinic.get(f"Patient/p1/_history?{query}")

    assert refusal(answer) == (400, [code])


def test_a_resource_comes_back_as_it_was_sent_with_the_servers_id_version_and_time(
    clinic: Clinic,
) -> None:
    text = (
        '{"resourceType":"Observation","id":"o1","meta":{"versionId":"9","lastUpdated":'
        '"1999-01-01T00:00:00Z","tag":[{"code":"t"}]},"status":"final","code":{"text":"weight"},'
        '"valueQuantity":{"value":1.50}}'
    )
    clinic.ask("PUT", "Observation/o1", text)

    answer = clinic.get("Observation/o1")

    assert answer.text == (
        '{"resourceType":"Observation","id":"o1","meta":{"versionId":"1","lastUpdated":'
        '"2026-03-01T09:30:00.123Z","tag":[{"code":"t"}]},"status":"final","code":{"text":"weight"},'
        '"valueQuantity":{"value":1.50}}'
    )
    assert answer.headers["etag"] == 'W/"1"'
    assert answer.headers["last-modified"] == "Sun, 01 Mar 2026 09:30:00 GMT"


def test_a_reader_who_knows_the_version_is_told_so(clinic: Clinic) -> None:
    clinic.put(patient("p1"))

    known = clinic.get("Patient/p1", if_none_match='W/"1"')
    stale = clinic.get("Patient/p1", if_none_match='W/"0"')

    assert (known.status_code, known.content) == (304, b"")
    assert stale.status_code == 200


def test_an_old_version_stays_readable(clinic: Clinic) -> None:
    clinic.put(patient("p1", active=True))
    clinic.put(patient("p1", active=False))
    clinic.delete("Patient/p1")

    old = clinic.get("Patient/p1/_history/1").json()

    assert old["active"] is True
    assert old["meta"]["versionId"] == "1"


def test_a_history_tells_every_version_newest_first(clinic: Clinic) -> None:
    created = clinic.post(patient(active=True)).json()["id"]
    clinic.put(patient(created, active=False))
    clinic.delete(f"Patient/{created}")

    history = clinic.get(f"Patient/{created}/_history").json()

    assert (history["type"], history["total"]) == ("history", 3)
    requests = [(each["request"]["method"], each["request"]["url"]) for each in history["entry"]]
    place = f"Patient/{created}"
    assert requests == [("DELETE", place), ("PUT", place), ("POST", "Patient")]
    assert ["resource" in each for each in history["entry"]] == [False, True, True]
    assert history["entry"][0]["response"]["etag"] == 'W/"3"'
    assert history["entry"][0]["fullUrl"] == f"{BASE}/Patient/{created}"


def test_a_history_is_cut_into_pages_and_by_time(clinic: Clinic) -> None:
    for active in (True, False, True):
        clinic.put(patient("p1", active=active))
        clinic.wait(60)

    first = clinic.get("Patient/p1/_history?_count=2").json()
    links = {link["relation"]: link["url"] for link in first["link"]}
    second = clinic.get(links["next"].removeprefix(f"{BASE}/")).json()
    since = clinic.get("Patient/p1/_history?_since=2026-03-01T09:32:00Z").json()

    assert [each["response"]["etag"] for each in first["entry"]] == ['W/"3"', 'W/"2"']
    assert [each["response"]["etag"] for each in second["entry"]] == ['W/"1"']
    assert [link["relation"] for link in second["link"]] == ["self"]
    assert since["total"] == 1


def test_a_refusal_never_repeats_what_was_sent(clinic: Clinic) -> None:
    said = "Ruth Secret"
    content = patient("p1", **{"birthDate": said, said: said, "name": said, "gender": 7})

    answers = [
        clinic.put(content),
        clinic.put(observation("o1", subject=said)),
        clinic.put(observation("o1", subject=f"Patient?identifier={said}")),
        clinic.get(f"Patient?{said}=1"),
        clinic.get(f"Patient?_lastUpdated={said}"),
        clinic.get(f"Patient/{said}"),
        clinic.post(patient(), if_none_exist=f"identifier={said}"),
    ]

    assert all(answer.status_code >= 400 for answer in answers)
    texts = [answer.text for answer in answers]
    assert not any("Secret" in text for text in texts)
    assert "Patient.birthDate" in expressions(answers[0])
