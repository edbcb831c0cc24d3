"""Licensed wording, taken out of what leaves for a clinic that holds no licence for it.

What remains is what the form's own file gives: structure, link ids, numbers and codes. Our own
words (titles of scores, names of bands) are nobody's wording and stay.
"""

from __future__ import annotations

from typing import Any

from adapter.fhir.identity import code_system
from adapter.fhir.labels import as_redacted
from adapter.fhir.questionnaire import score_link_id
from adapter.instruments.form import Form

Resource = dict[str, Any]
WORDED = frozenset({"Questionnaire", "QuestionnaireResponse", "Observation"})
"""The types that may hold a form's wording."""


def without_wording(resource: Resource, form: Form) -> Resource:
    """The resource as it would be had nobody laid wording over the form, and labelled as redacted.

    The same one where it has no such wording.
    """
    bare = _bare(resource, form)
    return resource if bare is resource else as_redacted(bare)


def _bare(resource: Resource, form: Form) -> Resource:
    kind = resource["resourceType"]
    if kind not in WORDED:
        return resource
    if kind == "Observation":
        return _observation(resource, form)
    ours = {score_link_id(scale) for scale in form.scales} - {item.link_id for item in form.items}
    bare = {**resource, "item": [_item(item, ours) for item in resource.get("item", ())]}
    if kind == "Questionnaire":
        bare["version"] = _own_version(bare["version"])
        return {name: value for name, value in bare.items() if name != "language"}
    bare["questionnaire"] = _own_version(bare["questionnaire"])
    return bare


def _own_version(said: str) -> str:
    """A version, or a canonical with one, without that of the words that were laid over the form.

    It may be an earlier one than the form's: what answers that stays.
    """
    return said.partition("+")[0]


def _item(item: Resource, ours: set[str]) -> Resource:
    """An item without its words, also one that the form had earlier; that of a score has ours."""
    if item["linkId"] in ours or item.get("readOnly"):
        return item
    bare = {name: value for name, value in item.items() if name not in {"text", "_text"}}
    for name in ("answerOption", "answer"):
        if name in bare:
            bare[name] = [_answer(said) for said in bare[name]]
    return bare


def _answer(said: Resource) -> Resource:
    return {**said, "valueCoding": _coding(said["valueCoding"])} if "valueCoding" in said else said


def _coding(coding: Resource) -> Resource:
    return {name: value for name, value in coding.items() if name not in {"display", "_display"}}


def _observation(resource: Resource, form: Form) -> Resource:
    """An item's Observation by number and code alone; a score's has no licensed wording."""
    found = [
        coding["code"].removeprefix(f"{form.id}-")
        for coding in resource["code"]["coding"]
        if coding.get("system") == code_system("item")
    ]
    if not found:
        return resource
    bare = {**resource, "code": {**resource["code"], "text": f"{form.title}, {found[0]}"}}
    if "valueCodeableConcept" in bare:
        codings = [_coding(coding) for coding in bare["valueCodeableConcept"]["coding"]]
        text = ", ".join(coding["code"] for coding in codings)
        bare["valueCodeableConcept"] = {"coding": codings, "text": text}
    return bare
