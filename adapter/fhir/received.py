"""A QuestionnaireResponse that a clinic wrote, as far as the trial may keep it.

Kept are the answers, when they were given and to which Questionnaire. Everything that could name a
person or a place is left behind: narrative, notes, identifiers, authors, encounters, whatever is
contained, words of items and answers. The subject is our pseudonymous Patient.
"""

from __future__ import annotations

from typing import Any

from adapter.fhir.coding import DATA_ABSENT_REASON
from adapter.fhir.identity import reference

Resource = dict[str, Any]
_KEPT = ("resourceType", "questionnaire", "status")
_VALUES = frozenset(
    {
        "valueBoolean",
        "valueCoding",
        "valueDate",
        "valueDateTime",
        "valueDecimal",
        "valueInteger",
        "valueString",
        "valueTime",
    }
)


def as_received(resource: Resource, patient: str) -> Resource:
    """The response without what is not asked for; `patient` is the id of our Patient."""
    kept: Resource = {name: resource[name] for name in _KEPT if name in resource}
    kept["subject"] = reference("Patient", patient)
    if "authored" in resource:
        kept["authored"] = resource["authored"]
    if items := _items(resource):
        kept["item"] = items
    return kept


def _items(node: Resource) -> list[Resource]:
    return [_item(item) for item in _objects(node.get("item"))]


def _item(item: Resource) -> Resource:
    kept: Resource = {"linkId": item["linkId"]} if "linkId" in item else {}
    if reasons := _reasons(item):
        kept["extension"] = reasons
    if answers := [_answer(answer) for answer in _objects(item.get("answer"))]:
        kept["answer"] = answers
    if below := _items(item):
        kept["item"] = below
    return kept


def _answer(answer: Resource) -> Resource:
    kept: Resource = {}
    if reasons := _reasons(answer):
        kept["extension"] = reasons
    for name, value in answer.items():
        if name not in _VALUES:
            continue
        is_coding = name == "valueCoding" and isinstance(value, dict)
        kept[name] = (
            {word: value[word] for word in ("system", "code") if word in value}
            if is_coding
            else value
        )
    if below := _items(answer):
        kept["item"] = below
    return kept


def _reasons(node: Resource) -> list[Resource]:
    """Why there is no answer: the one extension that says something of it."""
    return [
        {"url": DATA_ABSENT_REASON, "valueCode": each["valueCode"]}
        for each in _objects(node.get("extension"))
        if each.get("url") == DATA_ABSENT_REASON and "valueCode" in each
    ]


def _objects(value: object) -> list[Resource]:
    listed = value if isinstance(value, list) else []
    return [each for each in listed if isinstance(each, dict)]
