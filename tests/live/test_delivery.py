"""Delivery to a real FHIR server: corrections, conflicts, a poison, and two processes at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from adapter.fhir.comparison import is_same_content
from adapter.service import Service, open_service
from adapter.store import deliveries, versions
from adapter.store.versions import Belonging, Version
from adapter.sync.outgoing import wire_text
from adapter.sync.push import push
from adapter.sync.run import PushReport
from tests.live.published import published
from tests.live.servers import RecordSystem
from tests.live.small import SmallTrial

CORRECTED, DELETED, WITHDREW, FELL_ILL = "1042", "1049", "1026", "1030"
Resource = dict[str, Any]

PEOPLE = frozenset({CORRECTED, DELETED, FELL_ILL})
IHI = "http://ns.electronichealth.net.au/id/hi/ihi/1.0"
OF_PEOPLE = ("QuestionnaireResponse", "Observation", "AdverseEvent", "Provenance")
TYPES = ("Device", "ResearchStudy", "Questionnaire", *OF_PEOPLE)
ALL = (*TYPES, "Patient", "ResearchSubject", "Consent")


@pytest.fixture
def repository(tmp_path: Path, empty_hapi: RecordSystem) -> SmallTrial:
    """A research repository, and the first export of some people."""
    small = SmallTrial(tmp_path, empty_hapi.base_url, PEOPLE)
    small.read()
    return small


@pytest.fixture
def clinic(tmp_path: Path, empty_hapi: RecordSystem) -> SmallTrial:
    """A clinic that knows two people as its patients by IHI, and the first export of them."""
    people = frozenset({WITHDREW, FELL_ILL})
    small = SmallTrial(tmp_path, empty_hapi.base_url, people, "northside-clinic")
    small.read()
    with open_service(small.config) as service:
        for record in small.people:
            ihi = service.crosswalk.identifier(record, "ihi")
            patient = {
                "resourceType": "Patient",
                "id": f"northside-{record}",
                "identifier": [{"system": IHI, "value": ihi}],
            }
            url = f"{small.base_url}/Patient/northside-{record}"
            httpx.put(url, json=patient, timeout=60).raise_for_status()
            service.crosswalk.link("northside-clinic", record, f"northside-{record}", service.now())
    return small


@pytest.fixture
def service(repository: SmallTrial) -> Iterator[Service]:
    """The adapter of the research repository, to which the first export was delivered."""
    repository.run("sync")
    with open_service(repository.config) as opened:
        yield opened


def delivered(service: Service) -> PushReport:
    return push(service.clinics[0])


def there(small: SmallTrial, name: str) -> Resource:
    found: Resource = httpx.get(f"{small.base_url}/{name}", timeout=60).raise_for_status().json()
    return found


def newest(service: Service, *kinds: str) -> list[Version]:
    tx = service.database.read()
    return [version for kind in kinds for version in versions.of_type(tx, kind)]


def test_what_the_trial_corrects_and_deletes_is_so_there_and_then_nothing_more_is_written(
    repository: SmallTrial,
) -> None:
    first = repository.clinic("sync")
    repository.read("records-2.csv")
    second = repository.clinic("sync")
    written = count_versions(repository.base_url, *ALL)
    third = repository.clinic("sync")

    assert sum(first["created"].values()) > 300
    assert second["updated"]["Observation"] >= 3
    assert second["retracted"]["QuestionnaireResponse"] > 10
    for told in (first, second, third):
        assert told["refused"] == told["missing"] == told["drifted"] == {}
    assert third["created"] == third["updated"] == third["retracted"] == {}
    assert count_versions(repository.base_url, *ALL) == written
    found = {named(each): each for each in everything_at(repository.base_url, *ALL)}
    with open_service(repository.config) as service:
        for version in newest(service, *ALL):
            sent = published(service, version)  # blinded, as this repository is
            text = wire_text(sent, is_retraction=version.is_retracted, ours="", theirs="")
            name = f"{version.type}/{version.id}"
            if version.form == "session-attendance" or text is None:
                assert name not in found  # it would tell the arm, or it was deleted
            else:
                assert is_same_content(text, found[name]), name
    said = {each["status"] for each in found.values() if each["resourceType"] == "Observation"}
    assert said == {"final", "amended", "entered-in-error"}


def test_what_is_taken_out_of_the_log_is_deleted_there(repository: SmallTrial) -> None:
    repository.run("sync")
    event = everything_at(repository.base_url, "AdverseEvent")[0]
    repository.read(without="adverse_event")

    told = repository.clinic("sync")

    assert told["retracted"]["AdverseEvent"] == 1
    assert told["refused"] == {}
    gone = httpx.get(f"{repository.base_url}/AdverseEvent/{event['id']}", timeout=60)
    assert gone.status_code == 410


def test_a_clinic_gets_its_own_patients_and_gives_back_whom_withdrew(clinic: SmallTrial) -> None:
    clinic.run("sync")
    subjects = {
        found["subject"]["reference"]
        for found in everything_at(clinic.base_url, "QuestionnaireResponse", "Observation")
    }
    clinic.read("records-2.csv")
    told = clinic.clinic("sync")

    assert subjects == {f"Patient/northside-{record}" for record in clinic.people}
    assert told["retracted"]["Observation"] > 50
    assert told["refused"] == told["missing"] == told["drifted"] == {}
    for found in everything_at(clinic.base_url, "QuestionnaireResponse", "Observation"):
        is_withdrawn = found["subject"]["reference"] == f"Patient/northside-{WITHDREW}"
        assert (found["status"] == "entered-in-error") is is_withdrawn
    assert everything_at(clinic.base_url, "AdverseEvent")  # of who did not withdraw


def test_what_somebody_changed_there_is_refused_shown_and_written_over_by_a_persons_word(
    repository: SmallTrial, service: Service
) -> None:
    version = newest(service, "Observation")[0]
    name = f"Observation/{version.id}"
    theirs = {**there(repository, name), "note": [{"text": "discussed with the patient"}]}
    httpx.put(f"{repository.base_url}/{name}", json=theirs, timeout=60).raise_for_status()
    ours = orjson.dumps({**orjson.loads(version.text), "status": "amended"})
    _owe(service, version, ours)

    refused = delivered(service).refused
    shown = repository.clinic("status")["needs_a_person"]
    left = there(repository, name)
    repository.run("retry", "research-repository")
    updated = delivered(service).updated

    assert refused == updated == {"Observation": 1}
    changed = [entry["why"] for entry in shown if entry["state"] == "refused"]
    assert changed == ["it was changed at the clinic since we wrote it"]
    assert (left["meta"]["versionId"], "note" in left) == ("2", True)
    found = there(repository, name)
    assert (found["meta"]["versionId"], "note" in found, found["status"]) == ("3", False, "amended")


def test_what_somebody_deleted_there_is_missed_and_created_again(
    repository: SmallTrial, service: Service
) -> None:
    provenance = newest(service, "Provenance")[0]
    name = f"Provenance/{provenance.id}"
    httpx.delete(f"{repository.base_url}/{name}", timeout=60).raise_for_status()

    missed = repository.clinic("verify")["missing"]
    created = delivered(service).created

    assert missed == created == {"Provenance": 1}
    assert is_same_content(provenance.text, there(repository, name))


def test_a_poison_is_set_apart_with_what_refers_to_it_and_the_rest_goes_through(
    repository: SmallTrial, service: Service
) -> None:
    model = newest(service, "Observation")[0]
    good = {word: it for word, it in orjson.loads(model.text).items() if word != "hasMember"}
    poison = {**good, "id": "poison", "status": "a secret of somebody"}
    leans = {**good, "id": "leans", "hasMember": [{"reference": "Observation/poison"}]}
    for resource in (poison, leans, *({**good, "id": f"good-{number}"} for number in range(40))):
        _owe(service, model, orjson.dumps(resource), resource["id"])

    told = delivered(service)
    why = {
        entry["why"] for state in ("refused", "quarantined") for entry in _needs(repository, state)
    }
    _owe(service, model, orjson.dumps({**poison, "status": "final"}), "poison")
    repository.run("retry", "research-repository")
    mended = delivered(service)

    assert (told.created, told.refused) == ({"Observation": 40}, {"Observation": 2})
    assert "refers to a resource that was refused" in why
    assert "a secret of somebody" not in str(why)
    assert len(why) == 2
    assert (mended.created, mended.refused) == ({"Observation": 2}, {})
    assert there(repository, "Observation/leans")["meta"]["versionId"] == "1"


def test_of_two_processes_that_deliver_to_one_clinic_the_second_steps_back(
    tmp_path: Path, empty_hapi: RecordSystem
) -> None:
    small = SmallTrial(tmp_path, empty_hapi.base_url, PEOPLE)
    small.read(entries=2)

    with open_service(small.config) as service:
        first = small.start("push")
        while not deliveries.in_state(service.database.read(), "research-repository", "claimed", 1):
            assert first.poll() is None, "it was through before it was looked at"
            time.sleep(0.005)
        second = small.start("push").wait(60)
        is_at_work = first.poll() is None

        assert second == 14
        assert is_at_work
        assert first.wait(120) == 0
    found = everything_at(small.base_url, *ALL)
    assert {each["meta"]["versionId"] for each in found} == {"1"}


def _owe(service: Service, model: Version, text: bytes, id_: str | None = None) -> None:
    """Owes a text as a new version, as an ingest would."""
    name = (model.type, id_ or model.id)
    belonging = Belonging(
        f"unit of {name[1]}" if id_ else model.unit, model.participant, model.form
    )
    with service.database.write() as tx:
        version = versions.put(tx, name, text, belonging, service.now())
        assert version is not None
        deliveries.enqueue(tx, "research-repository", version, "put", service.now())


def _needs(small: SmallTrial, state: str) -> list[dict[str, str]]:
    shown = small.clinic("status")["needs_a_person"]
    return [entry for entry in shown if entry["state"] == state]


def named(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def everything_at(url: str, *kinds: str) -> list[Resource]:
    """Every resource of these types that the server holds, read by search."""
    found: list[Resource] = []
    for kind in kinds:
        page: str | None = f"{url}/{kind}?_count=500"
        while page is not None:
            bundle = httpx.get(page, timeout=60).raise_for_status().json()
            found += [entry["resource"] for entry in bundle.get("entry", ())]
            links = {link["relation"]: link["url"] for link in bundle["link"]}
            page = links.get("next")
    return found


def count_versions(url: str, *kinds: str) -> int:
    """How many versions of these types the server holds, deletions included: writing adds one."""
    totals = [
        httpx.get(f"{url}/{kind}/_history?_summary=count", timeout=60).raise_for_status().json()
        for kind in kinds
    ]
    return sum(total["total"] for total in totals)
