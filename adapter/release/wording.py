"""Licensed wording, taken out of what leaves for a clinic that holds no licence for it.

What remains is what the form's own file gives: structure, link ids, numbers and codes. Our own
words (titles of scores, names of bands) are nobody's wording and stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adapter.fhir.labels import as_redacted
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
    link_ids = {item.link_id for item in form.items}
    bare = {**resource, "item": [_item(item, link_ids) for item in resource.get("item", ())]}
    if kind == "Questionnaire":
        bare["version"] = form.version
        return {name: value for name, value in bare.items() if name != "language"}
    canonical = bare["questionnaire"].removesuffix(form.published_version)
    bare["questionnaire"] = f"{canonical}{form.version}"
    return bare


def _item(item: Resource, link_ids: set[str]) -> Resource:
    if item["linkId"] not in link_ids:
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
    named = {f"{form.id}-{item.link_id}": item.link_id for item in form.items}
    found = [named[code] for code in _codes(resource["code"]) if code in named]
    if not found:
        return resource
    bare = {**resource, "code": {**resource["code"], "text": f"{form.title}, {found[0]}"}}
    if "valueCodeableConcept" in bare:
        codings = [_coding(coding) for coding in bare["valueCodeableConcept"]["coding"]]
        text = ", ".join(coding["code"] for coding in codings)
        bare["valueCodeableConcept"] = {"coding": codings, "text": text}
    return bare


def _codes(concept: Resource) -> Iterator[str]:
    return (coding["code"] for coding in concept["coding"])
