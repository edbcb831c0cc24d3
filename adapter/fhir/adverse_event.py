"""An adverse-event form's Response as AdverseEvent, base R4: https://hl7.org/fhir/R4/adverseevent.html.

Which item says which element is declared in the form (`element`). What R4 has no element for (the
day it resolved, whether it was expected) goes into extensions. The suspect entity, its causality
and the session are left out: they would tell the arm.
"""

from __future__ import annotations

from typing import Any

from adapter.fhir.coding import RESTRICTED, option_coding
from adapter.fhir.identity import PROJECT, Identity, reference
from adapter.instruments.answer import Value
from adapter.instruments.form import Form, Item, Option
from adapter.instruments.response import Response

_DATES = ("date", "detected", "recordedDate")
_CONCEPTS = ("category", "seriousness", "severity", "outcome")
EXPECTED = (
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-AdverseEvent.expectedInResearchStudy"
)
RESOLVED = f"{PROJECT}/StructureDefinition/adverse-event-resolved"


def build_adverse_event(response: Response, identity: Identity) -> dict[str, Any]:
    """One adverse event; elements the form was not answered for are left out."""
    said = _by_element(response)
    unit = identity.of_response(response)
    built: dict[str, Any] = {"resourceType": "AdverseEvent", "id": unit, "meta": RESTRICTED}
    if extensions := _extensions(said):
        built["extension"] = extensions
    built["identifier"] = identity.identifier("adverse-event", unit)
    built["actuality"] = "actual"
    if "category" in said:
        built["category"] = [_concept(response.form, *said["category"])]
    if "event" in said:
        built["event"] = {"text": said["event"][1]}
    built["subject"] = reference("Patient", identity.patient(response.participant))
    for element in _DATES:
        if element in said:
            built[element] = said[element][1]
    for element in _CONCEPTS[1:]:
        if element in said:
            built[element] = _concept(response.form, *said[element])
    built["study"] = [reference("ResearchStudy", identity.study_id)]
    return built


def _by_element(response: Response) -> dict[str, tuple[Item, Value]]:
    return {
        item.element: (item, answer.values[0])
        for item in response.form.items
        if item.element
        and (answer := response.answers.get(item.link_id)) is not None
        and answer.values
    }


def _concept(form: Form, item: Item, value: Value) -> dict[str, Any]:
    if not isinstance(value, Option):
        return {"text": str(value)}
    said = option_coding(form, item, value)
    coded = {word: part for word, part in said.items() if word != "extension"}
    return {"coding": [coded], "text": value.display} if value.display else {"coding": [coded]}


def _extensions(said: dict[str, tuple[Item, Value]]) -> list[dict[str, Any]]:
    extensions: list[dict[str, Any]] = []
    if "expected" in said:
        extensions.append({"url": EXPECTED, "valueBoolean": said["expected"][1]})
    if "resolveDate" in said:
        extensions.append({"url": RESOLVED, "valueDateTime": said["resolveDate"][1]})
    return extensions
