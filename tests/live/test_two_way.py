"""What people answer at a clinic, on the simulated record system and on the real one."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from adapter.service import open_service
from adapter.store import versions
from tests.conformance.scoring.page import Page
from tests.live.answering import (
    FORM,
    LATER,
    PERSON,
    PROFILE,
    WEEK,
    Resource,
    answered,
    open_clinic,
    put,
)
from tests.live.small import ROOT, SmallTrial


@pytest.fixture
def clinic(tmp_path: Path, base_url: str) -> SmallTrial:
    """A clinic that knows one person; the trial holds nothing of their last weeks."""
    return open_clinic(tmp_path, base_url)


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
  - {type: MedicationRequest, consent: share-with-clinic}
"""
    study = clinic.folder / "study.yaml"
    study.write_text(known.read_text("utf-8") + asked, "utf-8")
    settings = clinic.config.read_text("utf-8").replace(str(known), study.name)
    clinic.config.write_text(settings, "utf-8")
    clinic.run("ingest")


def exported(clinic: SmallTrial, purpose: str, kind: str = "Condition") -> list[str]:
    """The lines of a type that leave for a purpose."""
    out = clinic.folder / purpose
    clinic.run("export", "--out", str(out), "--purpose", purpose)
    file = out / f"{kind}.ndjson"
    return file.read_text("utf-8").splitlines() if file.exists() else []


def tells_histories(clinic: SmallTrial, request: pytest.FixtureRequest) -> bool:
    """Whether the clinic tells deletions by the history of a type; it must keep to ids then."""
    statement = httpx.get(f"{clinic.base_url}/metadata", timeout=60, trust_env=False).text
    is_told = "history-type" in statement
    assert is_told == (request.node.callspec.params["base_url"] == "hapi")
    asked = {"_elements": "id,meta", "_count": "1000"}
    url = f"{clinic.base_url}/Condition/_history"
    history = httpx.get(url, params=asked, timeout=60, trust_env=False)
    assert history.is_success == is_told
    assert "Patient/p" not in history.text
    return is_told


def test_standard_care_is_fetched_exported_for_research_and_taken_back(
    clinic: SmallTrial, request: pytest.FixtureRequest
) -> None:
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
    drug = {"coding": [{"system": "http://snomed.info/sct", "code": "322236009"}], "text": "pills"}
    put(clinic, {"resourceType": "Medication", "id": "m1", "code": drug})
    request_of_it = {
        "resourceType": "MedicationRequest",
        "id": "q1",
        "status": "active",
        "intent": "order",
        "medicationReference": {"reference": "Medication/m1"},
        "subject": {"reference": "Patient/p1"},
    }
    put(clinic, request_of_it)

    first, again = clinic.clinic("pull"), clinic.clinic("pull")
    for_research, for_care = exported(clinic, "research"), exported(clinic, "care")
    (medication,) = exported(clinic, "research", "MedicationRequest")
    url = f"{clinic.base_url}/Condition/c1"
    assert httpx.delete(url, timeout=60, trust_env=False).is_success
    third, fourth = clinic.clinic("pull"), clinic.clinic("pull", "--full")

    assert (first["care_taken"], first["care_refused"]) == (2, 0)
    assert again["care_taken"] + again["care_changed"] == 0
    assert [("82423001" in line, "aches" in line, "p1" in line) for line in for_research] == [
        (True, False, False)
    ]
    assert for_care == []
    told = ("322236009" in medication, "pills" in medication, "Medication/m1" in medication)
    assert told == (True, False, False)
    found = (third["care_retracted"], fourth["care_retracted"])
    assert found == ((1, 0) if tells_histories(clinic, request) else (0, 1))
    assert exported(clinic, "research") == []


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


@pytest.mark.parametrize("base_url", ["hapi"], indirect=True)
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
