"""A correction that stands beside what it corrects: a resource of its own that says so.

Both have the same business identifier but for a number behind it, so that they are told apart. An
Observation says what it replaces in the core extension, and in a note for who does not read that
(http://hl7.org/fhir/R4/extension-observation-replaces.html); a DocumentReference in `relatesTo`
(https://hl7.org/fhir/R4/documentreference-definitions.html#DocumentReference.relatesTo). For a
QuestionnaireResponse and an AdverseEvent R4 has no element that would: only the identifier tells.
"""

from __future__ import annotations

from typing import Any

from adapter.fhir.retraction import retract

Resource = dict[str, Any]
REPLACES = "http://hl7.org/fhir/StructureDefinition/observation-replaces"
CORRECTS = "This corrects a result that was reported before."
REPLACEABLE = frozenset(
    {"Observation", "QuestionnaireResponse", "AdverseEvent", "DocumentReference"}
)
"""The types of outcomes: each has an identifier by which both are told apart."""
_RETIRED = frozenset({"entered-in-error", "superseded"})


def as_successor(resource: Resource, number: int, replaced: str) -> Resource:
    """The resource as the `number`th correction that stands beside `replaced` (`Type/id`)."""
    told = {**resource, "identifier": _numbered(resource["identifier"], number)}
    target = {"reference": replaced}
    match resource["resourceType"]:
        case "Observation":
            said = {"url": REPLACES, "valueReference": target}
            told["extension"] = [*resource.get("extension", ()), said]
            told["note"] = [*resource.get("note", ()), {"text": CORRECTS}]
        case "DocumentReference":
            told["masterIdentifier"] = _numbered(resource["masterIdentifier"], number)
            told["relatesTo"] = [{"code": "replaces", "target": target}]
    return told


def as_replaced(resource: Resource) -> Resource | None:
    """The resource once another stands in its place; None for what can only be deleted."""
    if resource["resourceType"] == "DocumentReference":
        return {**resource, "status": "superseded"}
    return retract(resource)


def as_notice(document: Resource) -> Resource:
    """A withdrawn document as a new one, which stands and says that the other is taken back."""
    return {**document, "status": "current"}


def is_retired(resource: Resource) -> bool:
    """Whether a resource says of itself that it counts no more."""
    return resource.get("status") in _RETIRED


def _numbered(identifier: Any, number: int) -> Any:  # noqa: ANN401 - one Identifier or a list
    if isinstance(identifier, list):
        return [_numbered(each, number) for each in identifier]
    return {**identifier, "value": f"{identifier['value']}-{number}"}
