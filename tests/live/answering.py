"""A clinic where people answer the forms of the small trial, on whichever record system."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx

from adapter.fhir.identity import questionnaire_url
from adapter.fhir.questionnaire_response import answer_value
from adapter.service import open_service
from adapter.store import instances
from tests.live.small import SmallTrial

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
pull: {page: 2, history: true, subscribe: true}
"""
Resource = dict[str, Any]


def open_clinic(folder: Path, base_url: str) -> SmallTrial:
    """A clinic that knows one person; the trial holds nothing of their last weeks."""
    small = SmallTrial(folder, base_url, frozenset({PERSON}), PROFILE)
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
