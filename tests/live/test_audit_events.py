"""The logs over HTTP: for auditors, who find what others did, and for nobody else."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from adapter.fhir.check import find_faults
from tests.live.answering import PERSON
from tests.live.writing import BASE, OTHER, Resource, Writer, take_in, writers

Open = Callable[..., Writer]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """A service to which a few clients have come, and something was linked."""
    with writers(take_in(tmp_path_factory.mktemp("audited"))) as ways:
        ehr, analyst = ways(), ways("an-analyst", clinic="")
        ehr.client.get(f"/Patient/{ehr.patient()}")
        ehr.client.get(f"/Patient/{ehr.patient(OTHER)}")  # of whom it may not know
        analyst.client.get(f"/Observation?patient={ehr.patient()}&_count=2")
        ehr.post(ehr.response(1))
        yield ways


def auditor(opened: Open, **more: object) -> Writer:
    said = {"clinic": "", "unblinded": True, "auditor": True, **more}
    return opened("an-auditor", **said)


def everything(writer: Writer, query: str) -> list[Resource]:
    """What a search finds, over its pages."""
    found, url = list[Resource](), f"/AuditEvent?{query}"
    while url:
        answer = writer.client.get(url)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert find_faults(page) == ()
        found += [entry["resource"] for entry in page.get("entry", ())]
        links = {link["relation"]: link["url"] for link in page["link"]}
        url = links.get("next", "").removeprefix(BASE)
    return found


def test_an_auditor_finds_who_read_what_of_whom(opened: Open) -> None:
    asks = auditor(opened)
    patient = asks.patient()

    every = everything(asks, "_count=3")
    of_client = everything(asks, "agent:identifier=an-ehr&subtype=read")
    refused = everything(asks, "outcome=4")
    about = everything(asks, f"patient={patient}&type=rest&subtype=search-type")
    linked = everything(asks, f"patient=Patient/{patient}&subtype=link")

    assert len({each["id"] for each in every}) == len(every) >= 5
    assert [each["recorded"] for each in every] == sorted(
        (each["recorded"] for each in every), reverse=True
    )
    assert [each["outcome"] for each in of_client] == ["4", "0"]
    assert f"Patient/{asks.patient(OTHER)}" in str(of_client[0])  # whom they tried to look at
    assert {each["id"] for each in refused} >= {of_client[0]["id"]}
    readers = [each["agent"][0]["who"]["identifier"]["value"] for each in about]
    assert readers[-1] == "an-analyst"
    assert set(readers[:-1]) == {"an-auditor"}  # whose own looking is looked at, too
    assert [each["action"] for each in linked] == ["C"]
    assert PERSON not in str(every)


def test_one_is_read_by_its_id_and_the_reading_is_noted(opened: Open) -> None:
    asks = auditor(opened)
    (newest, *_) = everything(asks, "subtype=create")

    again = asks.client.get(f"/AuditEvent/{newest['id']}")
    posted = asks.client.post("/AuditEvent/_search", data={"_id": newest["id"]})
    (noted,) = everything(asks, f"entity=AuditEvent/{newest['id']}")

    assert again.json() == newest
    assert [entry["resource"] for entry in posted.json()["entry"]] == [newest]
    assert noted["agent"][0]["who"]["identifier"]["value"] == "an-auditor"


def test_nobody_else_learns_anything_of_the_logs(opened: Open) -> None:
    analyst = opened("an-analyst", clinic="", unblinded=True, scopes="system/*.cruds")
    no_scope = auditor(opened, scopes="system/Observation.rs")

    for writer in (analyst, no_scope):
        for path in ("/AuditEvent", "/AuditEvent/0-1-0123456789abcdef"):
            answer = writer.client.get(path)
            assert answer.status_code == 403
            assert answer.json()["issue"][0]["code"] == "forbidden"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("_count=0", "too-costly"),
        ("_total=accurate", "too-costly"),
        ("_sort=date", "not-supported"),
        ("_include=AuditEvent:patient", "not-supported"),
        ("patient.active=true", "not-supported"),
        ("_page=x", "value"),
        ("date=yesterday", "value"),
        ("action:above=R", "not-supported"),
    ],
)
def test_what_cannot_be_told_of_a_log_is_refused(opened: Open, query: str, code: str) -> None:
    answer = auditor(opened).client.get(f"/AuditEvent?{query}")

    assert answer.status_code == 400, answer.text
    assert answer.json()["issue"][0]["code"] == code
