"""A form that is observed and scored, and responses to it from a record system of its own."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

from adapter.errors import Origin
from adapter.fhir.extraction import Extraction, Intake, extract
from adapter.fhir.identity import Identity, code_system, questionnaire_url
from adapter.fhir.reading import Occasion
from tests.forms import form_of, study_with

Resource = dict[str, Any]
FORM = form_of(
    """
kind: instrument
id: observed
version: "1.0.0"
title: Observed
source: made for the tests
licence: {status: none, wording: shipped}
codes: [{system: loinc, code: 44249-1}]
options:
  often: [{value: 0, display: Never}, {value: 1, display: Often}, {value: 2, display: Always}]
  where: [{value: head}, {value: knee, display: The knee}]
items:
  - {link_id: mood, field: a, options: often, observe: true}
  - {link_id: sleep, field: b, options: often, observe: true}
  - {link_id: where, field: c, options: where, repeats: true, observe: true}
  - {link_id: hours, field: d, type: decimal, observe: true, unit: {system: ucum, code: h}}
  - {link_id: last-year, field: e, type: integer}
scales:
  - {id: total, title: Total, items: [mood, sleep], method: sum, range: [0, 4]}
  - {id: nights, title: Nights, items: [sleep], method: sum, range: [0, 2]}
  - {id: levels, title: Levels, items: [mood, sleep], method: profile, range: [0, 22]}
"""
)
STUDY = study_with("observed")
IDENTITY = Identity(STUDY, b"synthetic people need no secret")
INTAKE = Intake({"observed": FORM}, {"Patient/theirs-41": "1001"}, IDENTITY, "1.2.3")
OCCASION = Occasion("week-0", None, Origin("POST /fhir/QuestionnaireResponse"))
OWN = code_system("answer")
RESPONSE: Resource = {
    "resourceType": "QuestionnaireResponse",
    "id": "theirs-7",
    "meta": {"versionId": "3", "lastUpdated": "2024-03-15T00:31:00.250Z"},
    "questionnaire": f"{questionnaire_url(FORM)}|1.0.0",
    "status": "completed",
    "subject": {"reference": "Patient/theirs-41"},
    "authored": "2024-03-15T10:30:00+10:00",
    "source": {"reference": "RelatedPerson/theirs-5"},
    "item": [
        {
            "linkId": "mood",
            "answer": [{"valueCoding": {"system": OWN, "code": "observed-often-1"}}],
        },
        {
            "linkId": "sleep",
            "answer": [{"valueCoding": {"system": OWN, "code": "observed-often-2"}}],
        },
        {
            "linkId": "where",
            "answer": [
                {"valueCoding": {"system": OWN, "code": "observed-where-head"}},
                {"valueCoding": {"system": OWN, "code": "observed-where-knee"}},
            ],
        },
        {"linkId": "hours", "answer": [{"valueDecimal": Decimal("7.50")}]},
        {"linkId": "last-year", "answer": [{"valueInteger": 12}]},
    ],
}


def response(without: str = "", **changes: object) -> Resource:
    """The response with other elements and without the answers to one item; None removes."""
    changed: Resource = {**copy.deepcopy(RESPONSE), **changes}
    changed["item"] = [item for item in changed["item"] if item["linkId"] != without]
    return {word: value for word, value in changed.items() if value is not None}


def choosing(link_id: str, code: str, **changes: object) -> Resource:
    """The response with another choice."""
    changed = response("", **changes)
    (item,) = (item for item in changed["item"] if item["linkId"] == link_id)
    item["answer"] = [{"valueCoding": {"system": OWN, "code": f"observed-{code}"}}]
    return changed


def extracted(resource: Resource, before: Resource | None = None) -> Extraction:
    """What is extracted on the one occasion."""
    return extract(resource, INTAKE, OCCASION, before)


def entries(resource: Resource, before: Resource | None = None) -> list[Resource]:
    """The entries of its bundle, which there must be."""
    bundle = extracted(resource, before).bundle
    assert bundle is not None
    listed: list[Resource] = bundle["entry"]
    return listed


def of_type(listed: list[Resource], resource_type: str) -> list[Resource]:
    """The resources of one type."""
    resources = [entry["resource"] for entry in listed]
    return [resource for resource in resources if resource["resourceType"] == resource_type]


def own_code(resource: Resource) -> str:
    """The project's code of an Observation."""
    code: str = resource["code"]["coding"][-1]["code"]
    return code


def by_code(listed: list[Resource]) -> dict[str, list[Resource]]:
    """The entries of Observations by the project's code."""
    found: dict[str, list[Resource]] = {}
    for entry in listed:
        if entry["resource"]["resourceType"] == "Observation":
            found.setdefault(own_code(entry["resource"]), []).append(entry)
    return found
