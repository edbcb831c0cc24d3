"""What an extracted Observation refers to, and what it takes from the response as it stands.

Builders name the study's own resources. A response from elsewhere has a Patient of its own and an
id of its own, and in a transaction nothing has an id yet: references lead there instead.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from adapter.fhir.identity import Identity, reference
from adapter.fhir.reading.findings import Findings
from adapter.fhir.reading.items import ROOT
from adapter.instruments.response import Response

Resource = dict[str, Any]
_PROCEDURE = re.compile(r"(?:.*/)?Procedure/[^/]+(?:/_history/[^/]+)?")


@dataclass(frozen=True, slots=True)
class Links:
    """`targets` are by the reference that a builder writes; `elements` are set on everything.

    `answered_by` is who may be said to have performed, empty where the response does not say.
    """

    targets: Mapping[str, Resource | None]
    elements: Mapping[str, Any]
    answered_by: tuple[Resource, ...]


def full_url(token: str) -> str:
    """The URL of the entry of a resource: the same for the same business identifier.

    >>> full_url("https://idbt-pain.example.org/fhir/NamingSystem/observation|1")
    'urn:uuid:7bffd5e4-140c-5dc7-8626-634be82bd1b7'
    """
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, token)}"


def links_of(resource: Resource, response: Response, identity: Identity, found: Findings) -> Links:
    """The links of the Observations of one response."""
    unit = identity.of_response(response)
    patient = reference("Patient", identity.patient(response.participant))
    itself = response_reference(resource)
    if itself is None:
        expected = "an id or an identifier, for what is extracted to refer to"
        found.warning("required", f"{ROOT}.id", expected, "neither")
    targets = {
        patient["reference"]: resource["subject"],
        reference("QuestionnaireResponse", unit)["reference"]: itself,
    }
    copied: Resource = {
        word: resource[word] for word in ("encounter", "basedOn") if word in resource
    }
    if part_of := list(_part_of(resource, found)):
        copied["partOf"] = part_of
    source = resource.get("source")
    return Links(targets, copied, () if source is None else (source,))


def response_reference(resource: Resource, version: str | None = None) -> Resource | None:
    """A reference to a response: by its id and version, else by its identifier, else none."""
    if "id" in resource:
        name = resource["id"] if version is None else f"{resource['id']}/_history/{version}"
        return reference("QuestionnaireResponse", name)
    if "identifier" in resource:
        return {"type": "QuestionnaireResponse", "identifier": resource["identifier"]}
    return None


def linked(observation: Resource, links: Links) -> Resource:
    """An Observation with this response's references in place of the study's."""
    built = _relinked(observation, links.targets)
    performer = {"performer": list(links.answered_by)} if "performer" in built else {}
    merged: Resource = {**built, **performer, **links.elements}
    return {word: value for word, value in merged.items() if value != []}


def relinked(resource: Resource, urls: Mapping[str, str]) -> Resource:
    """A resource with other literal references, by the one that it had."""
    moved: Resource = _relinked(resource, {old: {"reference": new} for old, new in urls.items()})
    return moved


def _relinked(value: Any, targets: Mapping[str, Resource | None]) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, list):
        moved = (_relinked(part, targets) for part in value)
        return [part for part in moved if part is not None]
    if not isinstance(value, dict):
        return value
    if value.get("reference") in targets:
        return targets[value["reference"]]
    return {word: _relinked(part, targets) for word, part in value.items()}


def _part_of(resource: Resource, found: Findings) -> Iterator[Resource]:
    """The Procedures that the response is part of: an Observation is part of no Observation."""
    for index, part in enumerate(resource.get("partOf", ())):
        if _PROCEDURE.fullmatch(part.get("reference", "")) or part.get("type") == "Procedure":
            yield part
        else:
            expected = "a Procedure, if it is to be said of an Observation"
            found.warning("not-supported", f"{ROOT}.partOf[{index}]", expected, "another type")
