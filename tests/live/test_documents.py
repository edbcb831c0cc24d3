"""Rung 4: an outcome as a document with a page for people, delivered, corrected and taken back."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import httpx
import pytest
from pypdf import PdfReader

from adapter.fhir.text import read_text
from adapter.service import open_service
from adapter.store import versions
from tests.live.small import SmallTrial

CORRECTED, DELETED = "1042", "1049"
IHI = "http://ns.electronichealth.net.au/id/hi/ihi/1.0"
PROFILE = """\
kind: clinic
id: southside-clinic
title: Southside Clinic, which reads documents
purpose: care
ladder: [document]
patient: {find_by: ihi}
"""
Resource = dict[str, Any]


@pytest.fixture
def clinic(tmp_path: Path, base_url: str) -> SmallTrial:
    """A clinic that knows both people by IHI, to which the first export was delivered."""
    small = SmallTrial(tmp_path, base_url, frozenset({CORRECTED, DELETED}), PROFILE)
    small.read()
    with open_service(small.config) as service:
        for record in small.people:
            number = service.crosswalk.identifier(record, "ihi")
            patient: Resource = {
                "resourceType": "Patient",
                "id": f"southside-{record}",
                "identifier": [{"system": IHI, "value": number}],
            }
            url = f"{base_url}/Patient/southside-{record}"
            httpx.put(url, json=patient, timeout=60).raise_for_status()
            service.crosswalk.link("southside-clinic", record, patient["id"], service.now())
    for record in small.people:
        small.run("link", "southside-clinic", record, f"southside-{record}")
    small.run("sync")
    return small


def documents(small: SmallTrial) -> dict[str, Resource]:
    """Every document at the record system, by id."""
    url = f"{small.base_url}/DocumentReference"
    found = httpx.get(url, params={"_count": "500"}, timeout=60).raise_for_status().json()
    return {entry["resource"]["id"]: entry["resource"] for entry in found.get("entry", ())}


def page(document: Resource) -> str:
    (content, _) = (each["attachment"] for each in document["content"])
    assert content["contentType"] == "application/pdf"
    (said,) = PdfReader(io.BytesIO(base64.b64decode(content["data"]))).pages
    return said.extract_text()


def ders_of(small: SmallTrial, record: str) -> dict[str, str]:
    """The ledger's DERS-18 total of each of a person's documents, by the document's id."""
    with open_service(small.config) as service:
        tx = service.database.read()
        totals = {}
        for version in versions.of_participant(tx, record):
            said = read_text(version.text)
            codes = [each["code"] for each in said.get("code", {}).get("coding", ())]
            if "ders-18-total" in codes and "valueQuantity" in said:
                name = service.trial.identity.part(version.unit, "document")
                totals[name] = str(said["valueQuantity"]["value"])
        return totals


def test_outcomes_go_as_documents_alone_and_say_the_numbers_of_the_ledger(
    clinic: SmallTrial,
) -> None:
    held = documents(clinic)
    status = clinic.clinic("status")

    assert (status["confirmed"], status["queued"], status["refused"]) == (len(held), 0, 0)
    totals = ders_of(clinic, CORRECTED)
    assert totals
    for name, total in totals.items():
        assert held[name]["status"] == "current"
        assert held[name]["subject"] == {"reference": f"Patient/southside-{CORRECTED}"}
        assert f"DERS-18 total score {total} possible 18 to 90" in page(held[name])
    for kind in ("Observation", "QuestionnaireResponse", "AdverseEvent"):
        url = f"{clinic.base_url}/{kind}?_summary=count"
        assert httpx.get(url, timeout=60).json()["total"] == 0


def test_a_correction_replaces_the_page_and_a_deleted_record_takes_it_back(
    clinic: SmallTrial,
) -> None:
    before, totals = documents(clinic), ders_of(clinic, CORRECTED)

    clinic.read("records-2.csv")
    told = clinic.clinic("plan")
    clinic.run("sync")

    after, corrected = documents(clinic), ders_of(clinic, CORRECTED)
    (changed,) = (name for name in totals if totals[name] != corrected[name])
    assert after[changed]["docStatus"] == "amended"
    assert f"DERS-18 total score {corrected[changed]} possible" in page(after[changed])
    assert "CORRECTED" in page(after[changed])
    gone = [
        name
        for name, document in after.items()
        if document["subject"]["reference"].endswith(DELETED)
    ]
    assert gone
    assert told["retract"] == len([n for n in gone if before[n]["status"] == "current"])
    for name in gone:
        assert after[name]["status"] == "entered-in-error"
        assert "WITHDRAWN" in page(after[name])
    status = clinic.clinic("status")
    assert (status["confirmed"], status["refused"]) == (len(after), 0)
