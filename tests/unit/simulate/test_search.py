"""Search: what is found, by what, in which order and how many at a time."""

from __future__ import annotations

from urllib.parse import quote_plus

import pytest

from tests.unit.simulate.clinic import BASE, IHI, Clinic, Resource, observation, patient, refusal

LOINC = "http://loinc.org"
FORM = "https://trial.test/Questionnaire/phq-9"
FORM_HEADERS = {"content-type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("search", "code"),
    [
        ("Patient?nick=x", "not-supported"),
        ("Patient?identifier:exact=x", "not-supported"),
        ("AdverseEvent?identifier=x", "not-supported"),
        ("Patient?birthdate=2000", "not-supported"),
        ("Observation?subject.identifier=x", "not-supported"),
        ("Patient?_sort=_id", "not-supported"),
        ("Patient?identifier=", "value"),
        ("Patient?identifier=|", "value"),
        ("Patient?identifier=a|b|c", "value"),
        ("Observation?patient=a|b", "value"),
        ("Patient?_id=a,,b", "value"),
        ("Patient?_count=many", "value"),
        ("Patient?_count=-1", "value"),
        ("Patient?_summary=true", "value"),
        ("Patient?_after=x", "value"),
        ("Patient?_lastUpdated=soon", "value"),
        ("Patient?_lastUpdated=ap2026", "value"),
        ("Patient?_lastUpdated=2026-13-01", "value"),
        ("Patient?_lastUpdated=9999", "value"),
    ],
)
def test_a_search_refuses_what_it_does_not_understand(
    clinic: Clinic, search: str, code: str
) -> None:
    answer = clinic.get(search)

    assert refusal(answer) == (400, [code])


def test_an_unknown_parameter_is_answered_with_the_known_ones(clinic: Clinic) -> None:
    answer = clinic.get("Patient?nick=x")

    assert answer.json()["issue"][0]["diagnostics"] == (
        'Unknown search parameter "nick" for resource type Patient. '
        "Valid are: _count, _id, _lastUpdated, _summary, _tag, identifier"
    )


def test_a_form_of_another_kind_is_refused(clinic: Clinic) -> None:
    answer = clinic.ask("POST", "Patient/_search", "{}")

    assert refusal(answer) == (415, ["not-supported"])


@pytest.fixture
def filled(clinic: Clinic) -> Clinic:
    clinic.put(patient("p1", "1"))
    other = [{"value": "2"}, {"system": "urn:m", "value": "a|b,c"}]
    clinic.put(patient("p2", identifier=other))
    clinic.put({"resourceType": "Group", "id": "g1", "type": "person", "actual": True})
    survey = {"coding": [{"system": "http://c.test", "code": "survey"}]}
    total = {"coding": [{"system": LOINC, "code": "44261-6"}, {"code": "own"}]}
    clinic.put(observation("o1", "Patient/p1", category=[survey], code=total))
    clinic.wait(60)
    clinic.put(observation("o2", "Patient/p2/_history/1", status="amended"))
    clinic.put(observation("o3", "Group/g1", derivedFrom=[{"reference": "Observation/o1"}]))
    clinic.put(_response("q1", f"{FORM}|1.0", "Patient/p1"))
    clinic.put(_response("q2", FORM, "Patient/p1"))
    return clinic


def _response(id_: str, form: str, subject: str) -> Resource:
    return {
        "resourceType": "QuestionnaireResponse",
        "id": id_,
        "questionnaire": form,
        "status": "completed",
        "subject": {"reference": subject},
    }


@pytest.mark.parametrize(
    ("search", "ids"),
    [
        ("Patient", ["p1", "p2"]),
        ("Patient?_id=p2", ["p2"]),
        ("Patient?_id=p2,p1,p9", ["p1", "p2"]),
        ("Patient?_id=p1&_id=p2", []),
        ("Patient?identifier=1", ["p1"]),
        (f"Patient?identifier={IHI}|1", ["p1"]),
        (f"Patient?identifier={IHI}|", ["p1"]),
        ("Patient?identifier=|2", ["p2"]),
        ("Patient?identifier=|1", []),
        ("Patient?identifier=1,2", ["p1", "p2"]),
        ("Patient?identifier=1&identifier=2", []),
        (r"Patient?identifier=urn:m|a\|b\,c", ["p2"]),
        (r"Patient?identifier=a\|b\,c,none", ["p2"]),
        ("Observation?patient=Patient/p1", ["o1"]),
        ("Observation?patient=p2", ["o2"]),
        ("Observation?patient=g1", []),
        ("Observation?subject=Group/g1", ["o3"]),
        ("Observation?subject=p1,p2", ["o1", "o2"]),
        ("Observation?subject=Patient/p1/_history/3", ["o1"]),
        ("Observation?category=survey", ["o1"]),
        ("Observation?category=http://c.test|survey", ["o1"]),
        (f"Observation?code={LOINC}|44261-6&patient=p1", ["o1"]),
        (f"Observation?code={LOINC}|44261-6&patient=p2", []),
        ("Observation?code=|own", ["o1"]),
        ("Observation?status=amended", ["o2"]),
        ("Observation?status=|amended", ["o2"]),
        ("Observation?derived-from=Observation/o1", ["o3"]),
        (f"QuestionnaireResponse?questionnaire={FORM}", ["q1", "q2"]),
        (f"QuestionnaireResponse?questionnaire={FORM}|1.0", ["q1"]),
        ("Observation?_lastUpdated=ge2026-03-01T09:31:00Z", ["o2", "o3"]),
        ("Observation?_lastUpdated=gt2026-03-01T09:30:00.123Z", ["o2", "o3"]),
        ("Observation?_lastUpdated=gt2026-03-01T09:30Z", ["o2", "o3"]),
        ("Observation?_lastUpdated=le2026-03-01T09:30:00.123Z", ["o1"]),
        ("Observation?_lastUpdated=lt2026-03-01T20:30:01+11:00", ["o1"]),
        ("Observation?_lastUpdated=lt2026-03-01T09:30:00", []),
        ("Observation?_lastUpdated=2026-03-01", ["o1", "o2", "o3"]),
        ("Observation?_lastUpdated=eq2026-03", ["o1", "o2", "o3"]),
        ("Observation?_lastUpdated=gt2026", []),
        ("Observation?_lastUpdated=ge2026&_lastUpdated=lt2026-03-01T09:31:00Z", ["o1"]),
        ("Observation?_format=json&_pretty=true&status=amended", ["o2"]),
    ],
)
def test_a_search_finds_what_fits(filled: Clinic, search: str, ids: list[str]) -> None:
    assert filled.ids(search) == ids


@pytest.mark.parametrize(
    ("resource", "search"),
    [
        pytest.param(
            {
                "resourceType": "ResearchSubject",
                "status": "on-study",
                "study": {"reference": "ResearchStudy/s1"},
                "individual": {"reference": "Patient/p1"},
            },
            "study=s1&individual=Patient/p1&patient=p1&status=on-study",
            id="ResearchSubject",
        ),
        pytest.param(
            {
                "resourceType": "Provenance",
                "meta": {"tag": [{"system": "http://t.test", "code": "7"}]},
                "target": [{"reference": "Patient/p1"}],
                "recorded": "2026-03-01T09:30:00Z",
                "agent": [{"who": {"display": "the adapter"}}],
            },
            "target=Patient/p1&patient=p1&_tag=http://t.test|7",
            id="Provenance",
        ),
        pytest.param(
            {
                "resourceType": "ValueSet",
                "status": "active",
                "url": "http://v.test",
                "compose": {"include": [{"concept": [{"code": "a"}]}]},
            },
            "url=http://v.test&code=a",
            id="ValueSet",
        ),
    ],
)
def test_each_type_is_found_by_its_own_parameters(
    clinic: Clinic, resource: Resource, search: str
) -> None:
    clinic.put(patient("p1"))
    clinic.put({"resourceType": "ResearchStudy", "id": "s1", "status": "active"})
    clinic.put({**resource, "id": "r1"})

    assert clinic.ids(f"{resource['resourceType']}?{search}") == ["r1"]


def test_elements_of_an_unexpected_kind_are_not_found_and_do_no_harm() -> None:
    clinic = Clinic(check=None)
    odd = {"status": 7, "code": 7, "subject": {"reference": 7}, "derivedFrom": {"reference": ""}}
    clinic.put({"resourceType": "Observation", "id": "o1", **odd})
    clinic.put({"resourceType": "ValueSet", "id": "v1", "url": 7, "compose": "x"})
    clinic.put({**_response("q1", FORM, "#"), "questionnaire": 7})

    found = [clinic.ids(name) for name in ("Observation", "ValueSet", "QuestionnaireResponse")]

    assert found == [[], ["v1"], ["q1"]]


def test_what_was_changed_or_deleted_is_no_longer_found(filled: Clinic) -> None:
    filled.put(patient("p1", "9"))
    filled.delete("Observation/o2")

    searches = ("Patient?identifier=1", "Patient?identifier=9", "Observation?status=amended")
    assert [filled.ids(search) for search in searches] == [[], ["p1"], []]


def test_an_answer_says_what_was_asked_and_where_each_resource_is(filled: Clinic) -> None:
    answer = filled.get(f"Patient?identifier={IHI}|1&_format=json").json()

    assert answer["type"] == "searchset"
    assert answer["total"] == 1
    asked = quote_plus(f"{IHI}|1")
    assert answer["link"] == [
        {"relation": "self", "url": f"{BASE}/Patient?identifier={asked}"},
    ]
    assert answer["entry"][0]["fullUrl"] == f"{BASE}/Patient/p1"
    assert answer["entry"][0]["search"] == {"mode": "match"}


@pytest.mark.parametrize("asked", ["_summary=count", "_count=0"])
def test_a_count_is_answered_without_entries(filled: Clinic, asked: str) -> None:
    answer = filled.get(f"Observation?{asked}").json()

    assert answer["total"] == 3
    assert "entry" not in answer
    assert [link["relation"] for link in answer["link"]] == ["self"]


def test_a_posted_search_equals_the_same_in_the_url(filled: Clinic) -> None:
    posted = filled.ask("POST", "Observation/_search?status=final", "patient=p1", FORM_HEADERS)

    assert posted.json() == filled.get("Observation?status=final&patient=p1").json()


def test_pages_neither_repeat_nor_skip_while_resources_come_and_change(clinic: Clinic) -> None:
    for number in range(5):
        clinic.put(patient(f"p{number}"))
    page = clinic.get("Patient?_count=2").json()
    seen = []

    while True:
        seen += [each["resource"]["id"] for each in page["entry"]]
        links = {link["relation"]: link["url"] for link in page["link"]}
        if "next" not in links:
            break
        clinic.put(patient(seen[0], active=len(seen) == 2))
        clinic.put(patient(f"late{len(seen)}"))
        page = clinic.get(links["next"].removeprefix(f"{BASE}/")).json()

    assert seen == ["p0", "p1", "p2", "p3", "p4", "late2", "late4", "late6"]


def test_a_page_has_20_entries_unless_asked_and_never_more_than_1000() -> None:
    clinic = Clinic(check=None)
    clinic.system.seed(patient(f"p{number}") for number in range(1001))

    assert len(clinic.get("Patient").json()["entry"]) == 20
    assert len(clinic.get("Patient?_count=5000").json()["entry"]) == 1000
