"""A resource of ours as it is told to another Patient than before: under ids of its own.

What stands with the first Patient stays there, marked as entered in error, and is not moved. So
what is told anew is another resource there, with other identifiers, and refers to its own kind.
"""

from __future__ import annotations

from typing import Any

Resource = dict[str, Any]
_OF_NOBODY = frozenset(
    {
        *("CodeSystem", "Device", "Encounter", "Group", "Location", "Organization", "Patient"),
        *("Practitioner", "Questionnaire", "ResearchStudy", "ValueSet"),
    }
)
"""The types of what belongs to no participant, or is the clinic's own: it keeps its name."""


def numbered(name: str, number: int) -> str:
    """An id, or the value of an identifier, as it is told to the `number`th Patient.

    >>> numbered("3f2a", 1), numbered("3f2a", 2)
    ('3f2a', '3f2a-p2')
    """
    return name if number == 1 else f"{name}-p{number}"


def named_as_told(name: str, number: int) -> str:
    """`Type/id` as it is told to the `number`th Patient."""
    kind, _, own = name.partition("/")
    return name if kind in _OF_NOBODY else f"{kind}/{numbered(own, number)}"


def as_told_again(resource: Resource, number: int) -> Resource:
    """The resource as it is told to the `number`th Patient; the same one for the first."""
    if number == 1 or resource["resourceType"] in _OF_NOBODY:
        return resource
    told: Resource = _with_references(resource, number)
    told["id"] = numbered(resource["id"], number)
    for name in ("identifier", "masterIdentifier"):
        if name in resource:
            told[name] = _with_value(resource[name], number, "value")
    if resource["resourceType"] == "Provenance" and "tag" in resource.get("meta", {}):
        tags = _with_value(resource["meta"]["tag"], number, "code")  # it is found again by that
        told["meta"] = {**resource["meta"], "tag": tags}
    return told


def _with_references(value: Any, number: int) -> Any:  # noqa: ANN401 - any element
    if isinstance(value, list):
        return [_with_references(each, number) for each in value]
    if not isinstance(value, dict):
        return value
    told = {name: _with_references(each, number) for name, each in value.items()}
    named = value.get("reference")
    if isinstance(named, str) and named.count("/") == 1:
        told["reference"] = named_as_told(named, number)
    return told


def _with_value(said: Any, number: int, name: str) -> Any:  # noqa: ANN401 - one, or a list
    if isinstance(said, list):
        return [_with_value(each, number, name) for each in said]
    return {**said, name: numbered(said[name], number)} if name in said else said
