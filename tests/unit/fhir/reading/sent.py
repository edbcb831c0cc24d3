"""A form with what can be wrong about an answer, and a response to it without a fault."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from adapter.fhir.identity import code_system, questionnaire_url
from adapter.fhir.reading import validate_response
from tests.forms import form_of

if TYPE_CHECKING:
    from adapter.fhir.issue import Issue

Resource = dict[str, Any]
FORM = form_of(
    """
kind: instrument
id: sent
version: "1.0.0"
title: Sent
source: made for the tests
licence: {status: none, wording: shipped}
options:
  often:
    - {value: 0, display: Never, code: {system: loinc, code: LA6568-5}}
    - {value: 1, display: Often, accepts: [{system: loinc, code: LA6570-1}]}
    - {value: x, display: Twin, code: {system: loinc, code: LA6569-3}}
    - {value: y, display: Twin, code: {system: loinc, code: LA6569-3}}
items:
  - {link_id: how-often, field: a, options: often, text: How often, required: true}
  - {link_id: how-many, field: b, type: integer, min: 0, max: 10, required: true}
  - {link_id: how-much, field: c, type: decimal, min: -1, max: 1.5}
  - {link_id: which, field: d, options: often, repeats: true}
  - {link_id: when, field: e, type: date}
  - {link_id: why, field: f, type: text}
scales:
  - {id: total, title: Total, items: [how-many], method: sum, range: [0, 10]}
"""
)
FORMS = {"sent": FORM}
OWN = code_system("answer")
LOINC = "http://loinc.org"
SENT: Resource = {
    "resourceType": "QuestionnaireResponse",
    "questionnaire": f"{questionnaire_url(FORM)}|1.0.0",
    "status": "completed",
    "subject": {"reference": "Patient/p1"},
    "authored": "2024-03-15T10:30:00+10:00",
    "item": [
        {
            "linkId": "how-often",
            "text": "How often",
            "answer": [{"valueCoding": {"system": LOINC, "code": "LA6568-5"}}],
        },
        {"linkId": "how-many", "answer": [{"valueInteger": 7}]},
        {"linkId": "how-much", "answer": [{"valueDecimal": Decimal("1.50")}]},
        {
            "linkId": "which",
            "answer": [
                {"valueCoding": {"system": OWN, "code": "sent-often-1"}},
                {"valueCoding": {"system": OWN, "code": "sent-often-y"}},
            ],
        },
        {"linkId": "when", "answer": [{"valueDate": "2024-02-29"}]},
        {"linkId": "why", "answer": [{"valueString": "41 reasons"}]},
        {"linkId": "score-total", "answer": [{"valueDecimal": 7}]},
    ],
}


def sent(**changes: object) -> Resource:
    """The response with other elements; None leaves one out."""
    changed: Resource = {**copy.deepcopy(SENT), **changes}
    return {word: value for word, value in changed.items() if value is not None}


def answering(link_id: str, *answers: Resource) -> Resource:
    """The response with other answers to one item; none leaves the item without one."""
    resource = sent()
    for item in resource["item"]:
        if item["linkId"] == link_id:
            item.pop("answer")
            item.update({"answer": list(answers)} if answers else {})
    return resource


def told(resource: Resource) -> list[tuple[str, str, str]]:
    """Severity, code and place of every issue."""
    return [(each.severity, each.code, each.expression) for each in issues(resource)]


def issues(resource: Resource) -> tuple[Issue, ...]:
    """Every issue of a response to the form."""
    return validate_response(resource, FORMS).issues
