"""What people answer at a clinic, on the simulated record system and on the real one."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapter.fhir.identity import questionnaire_url
from adapter.fhir.questionnaire_response import answer_value
from adapter.service import open_service
from adapter.store import instances, versions
from tests.conformance.scoring.page import Page
from tests.live.small import ROOT, SmallTrial

PERSON, FORM, WEEK, LATER = "1042", "pcl-c", "week-21", "week_21_arm_1"
IHI = "http://ns.electronichealth.net.au/id/hi/ihi/1.0"
PROFILE = """\
kind: clinic
id: southside-clinic
title: Southside Clinic, where people answer forms
purpose: care
ladder: [transaction]
accepts: [Device, ResearchStudy, Questionnaire, QuestionnaireResponse, Observation, Provenance]
patient: {find_by: ihi}
pull: {page: 2, history: true}
"""
Resource = dict[str, Any]


@pytest.fixture
def clinic(tmp_path: Path, base_url: str) -> SmallTrial:
    """A clinic that knows one person; the trial holds nothing of their last weeks."""
    small = SmallTrial(tmp_path, base_url, frozenset({PERSON}), PROFILE)
    small.read(without=LATER)
    with open_service(small.config) as service:
        number = service.crosswalk.identifier(PERSON, "ihi")
    known = [{"system": IHI, "value": number}]
    put(small, {"resourceType": "Patient", "id": "p1", "active": True, "identifier": known})
    put(small, {"resourceType": "Patient", "id": "p2", "active": True})
    small.run("link", "southside-clinic", PERSON, "p1")
    small.run("push")
    return small


def put(clinic: SmallTrial, resource: Resource) -> None:
    url = f"{clinic.base_url}/{resource['resourceType']}/{resource['id']}"
    headers = {"Content-Type": "application/fhir+json"}
    answer = httpx.put(url, json=resource, headers=headers, timeout=60, trust_env=False)
    assert answer.is_success, answer.text


def answered(clinic: SmallTrial, id_: str, option: int, **more: object) -> Resource:
    """A response in week 21 in which every item has the option of this place."""
    with open_service(clinic.config) as service:
        form = service.trial.forms[FORM]
        person = instances.participant(service.database.read(), PERSON)
    assert person is not None
    assert person.enrolled is not None
    day = date.fromisoformat(person.enrolled) + timedelta(weeks=21, days=2)
    return {
        "resourceType": "QuestionnaireResponse",
        "id": id_,
        "questionnaire": f"{questionnaire_url(form)}|{form.published_version}",
        "status": "completed",
        "subject": {"reference": "Patient/p1"},
        "authored": f"{day.isoformat()}T09:30:00+10:00",
        "item": [
            {"linkId": item.link_id, "answer": [answer_value(form, item, offered[option])]}
            for item in form.items
            if (offered := form.offered(item))
        ],
        **more,
    }


def total_there(clinic: SmallTrial, response: str) -> list[Resource]:
    """The Observations there that are derived from a response of the clinic."""
    asked = {"subject": "Patient/p1", "_count": "500"}
    url = f"{clinic.base_url}/Observation"
    found = httpx.get(url, params=asked, timeout=60, trust_env=False).json()
    reference = {"reference": f"QuestionnaireResponse/{response}"}
    return [
        entry["resource"]
        for entry in found.get("entry", ())
        if reference in entry["resource"].get("derivedFrom", ())
    ]


def test_a_response_goes_in_comes_back_as_scores_is_changed_and_taken_back(
    clinic: SmallTrial,
) -> None:
    put(clinic, answered(clinic, "r0", 1))
    for number in range(1, 4):  # more than a page of them, and nothing to take
        put(clinic, answered(clinic, f"r{number}", 1, status="entered-in-error"))
    put(clinic, answered(clinic, "other", 3, subject={"reference": "Patient/p2"}))

    first = clinic.clinic("pull")
    sent = clinic.clinic("push")
    read_back = clinic.clinic("verify")
    created = total_there(clinic, "r0")
    put(clinic, answered(clinic, "r0", 2))
    second = clinic.clinic("pull")
    clinic.run("push")
    amended = total_there(clinic, "r0")
    put(clinic, answered(clinic, "r0", 2, status="entered-in-error"))
    third = clinic.clinic("pull")
    clinic.run("push")
    retracted = total_there(clinic, "r0")

    assert (first["asked"], first["taken"], first["unchanged"], first["waiting"]) == (1, 1, 3, 0)
    assert (sent["refused"], read_back["drifted"], read_back["missing"]) == ({}, {}, {})
    assert {each["status"] for each in created} == {"final"}
    assert second["changed"] == 1
    assert {each["status"] for each in amended} == {"amended", "final"}  # some say the same still
    assert third["retracted"] == 1
    assert {each["status"] for each in retracted} == {"entered-in-error"}


def asks_of_care(clinic: SmallTrial) -> None:
    """The same trial, whose study asks for conditions and medications, too."""
    known = ROOT / "mappings" / "studies" / "idbt-pain.yaml"
    asked = """
from_care:
  - {type: Condition, consent: share-with-clinic}
  - {type: MedicationStatement, consent: share-with-clinic}
"""
    study = clinic.folder / "study.yaml"
    study.write_text(known.read_text("utf-8") + asked, "utf-8")
    settings = clinic.config.read_text("utf-8").replace(str(known), study.name)
    clinic.config.write_text(settings, "utf-8")
    clinic.run("ingest")


def exported(clinic: SmallTrial, purpose: str) -> list[str]:
    """The lines of conditions that leave for a purpose."""
    out = clinic.folder / purpose
    clinic.run("export", "--out", str(out), "--purpose", purpose)
    file = out / "Condition.ndjson"
    return file.read_text("utf-8").splitlines() if file.exists() else []


def test_standard_care_is_fetched_exported_for_research_and_taken_back(clinic: SmallTrial) -> None:
    asks_of_care(clinic)
    code = {"coding": [{"system": "http://snomed.info/sct", "code": "82423001"}], "text": "aches"}
    state = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    condition = {
        "resourceType": "Condition",
        "id": "c1",
        "clinicalStatus": {"coding": [{"system": state, "code": "active"}]},
        "code": code,
        "subject": {"reference": "Patient/p1"},
    }
    put(clinic, condition)
    put(clinic, {**condition, "id": "c2", "subject": {"reference": "Patient/p2"}})

    first, again = clinic.clinic("pull"), clinic.clinic("pull")
    for_research, for_care = exported(clinic, "research"), exported(clinic, "care")
    url = f"{clinic.base_url}/Condition/c1"
    assert httpx.delete(url, timeout=60, trust_env=False).is_success
    third = clinic.clinic("pull", "--full")

    assert (first["care_taken"], first["care_refused"]) == (1, 0)
    assert again["care_taken"] + again["care_changed"] == 0
    assert [("82423001" in line, "aches" in line, "p1" in line) for line in for_research] == [
        (True, False, False)
    ]
    assert for_care == []
    assert third["care_retracted"] == 1
    assert exported(clinic, "research") == []


def test_a_deletion_is_met_at_once_where_the_statement_offers_histories(
    clinic: SmallTrial, request: pytest.FixtureRequest
) -> None:
    statement = httpx.get(f"{clinic.base_url}/metadata", timeout=60, trust_env=False).text
    put(clinic, answered(clinic, "r0", 1))
    put(clinic, answered(clinic, "other", 1, subject={"reference": "Patient/p2"}))
    clinic.run("pull")
    for id_ in ("r0", "other"):
        url = f"{clinic.base_url}/QuestionnaireResponse/{id_}"
        assert httpx.delete(url, timeout=60, trust_env=False).is_success

    soon, full = clinic.clinic("pull"), clinic.clinic("pull", "--full")

    is_offered = request.node.callspec.params["base_url"] == "hapi"
    assert ("history-type" in statement) == is_offered
    assert (soon["retracted"], full["retracted"]) == ((1, 0) if is_offered else (0, 1))


def of_week(trial: SmallTrial, resource_type: str) -> dict[str, Resource]:
    """What the ledger holds of the form in that week, by id."""
    with open_service(trial.config) as service:
        unit = service.trial.identity.unit(PERSON, FORM, WEEK, None)
        held = versions.of_unit(service.database.read(), unit)
    return {
        each.id: json.loads(each.text)
        for each in held
        if each.type == resource_type and not each.is_retracted
    }


def questionnaire_there(clinic: SmallTrial) -> bytes:
    """The form as the record system gives it."""
    url = f"{clinic.base_url}/Questionnaire"
    found = httpx.get(url, params={"_count": "500"}, timeout=60, trust_env=False).json()
    resources = [entry["resource"] for entry in found["entry"]]
    (form,) = (each for each in resources if each["url"].endswith(f"/Questionnaire/{FORM}"))
    return json.dumps(form).encode()


def test_what_a_form_filler_gives_there_scores_as_what_was_told_the_trial(
    clinic: SmallTrial, tmp_path: Path, page: Page
) -> None:
    (tmp_path / "told").mkdir()
    told = SmallTrial(tmp_path / "told", clinic.base_url, frozenset({PERSON}), PROFILE)
    told.read()  # the same person, whose answers of that week stand in the trial's own source
    (ours,) = of_week(told, "QuestionnaireResponse").values()

    (filled,) = page.fill(questionnaire_there(clinic), [json.dumps(ours).encode()])
    theirs = {"id": "by-hand", "subject": {"reference": "Patient/p1"}, "authored": ours["authored"]}
    put(clinic, filled | theirs)
    became = clinic.clinic("pull")

    assert (became["taken"], became["waiting"]) == (1, 0)
    assert LATER not in (clinic.folder / "records.csv").read_text("utf-8")
    scores = of_week(clinic, "Observation")
    assert scores == of_week(told, "Observation")
    assert len(scores) > 1
