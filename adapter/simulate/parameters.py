"""The search parameters of each resource type, and the keys a resource is found by.

Names and paths are those of R4 4.0.1 (https://hl7.org/fhir/R4/searchparameter-registry.html): what
a type does not have there (an AdverseEvent has no `identifier`) is refused here too. A key is
`(parameter, qualifier, value)`; None stands for any, so that finding is looking up.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from adapter.fhir.search.text import split_unescaped, unescape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Key = tuple[str, str | None, str | None]
Kind = Literal["token", "reference", "uri", "canonical"]

# One line a type: parameter, or parameter=path,path where the path is not the parameter's own name.
_TABLE = """
AdverseEvent: category study subject
AuditEvent: patient=agent.who,entity.what
Binary:
CapabilityStatement: status url
CodeSystem: code=concept.code identifier status url
Condition: category code identifier patient=subject subject
Consent: category identifier patient status
Device: identifier patient status url
DiagnosticReport: category code identifier patient=subject status subject
DocumentReference: category identifier=masterIdentifier,identifier patient=subject status subject
Encounter: identifier patient=subject status subject
Flag: identifier patient=subject subject
Group: code identifier
Medication: code identifier status
MedicationRequest: code=medicationCodeableConcept identifier patient=subject status subject
MedicationStatement: code=medicationCodeableConcept identifier patient=subject status subject
Observation: category code derived-from=derivedFrom identifier patient=subject status subject
Organization: identifier
Patient: identifier
Practitioner: identifier
Procedure: category code identifier patient=subject status subject
Provenance: patient=target target
Questionnaire: code=item.code identifier status url
QuestionnaireResponse: identifier patient=subject questionnaire status subject
ResearchStudy: category identifier status
ResearchSubject: identifier individual patient=individual status study
Subscription: status url=channel.endpoint
Task: code identifier patient=for status subject=for
ValueSet: code=expansion.contains.code,compose.include.concept.code identifier status url
"""
_KINDS: dict[str, Kind] = {
    "derived-from": "reference",
    "individual": "reference",
    "patient": "reference",
    "questionnaire": "canonical",
    "study": "reference",
    "subject": "reference",
    "target": "reference",
    "url": "uri",
}


def _read_table() -> dict[str, dict[str, tuple[tuple[str, ...], ...]]]:
    table = {}
    for line in _TABLE.strip().splitlines():
        name, _, declared = line.partition(":")
        pairs = (one.partition("=") for one in declared.split())
        table[name] = {
            parameter: tuple(tuple(path.split(".")) for path in (paths or parameter).split(","))
            for parameter, _, paths in (*pairs, ("_tag", "=", "meta.tag"))
        }
    return table


PATHS = _read_table()
STORED_TYPES = frozenset(PATHS)
REFERENCE = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]+)(?:/_history/.+)?")


def kind_of(parameter: str) -> Kind:
    """How a parameter of one of the types compares."""
    return _KINDS.get(parameter, "token")


def keys_of(resource: Mapping[str, Any]) -> frozenset[Key]:
    """What a search finds `resource` by."""
    keys: set[Key] = set()
    for parameter, paths in PATHS[resource["resourceType"]].items():
        read = _patients if parameter == "patient" else _READERS[kind_of(parameter)]
        for path in paths:
            for value in _values(resource, path):
                keys.update((parameter, qualifier, said) for qualifier, said in read(value))
    return frozenset(keys)


def key_of(parameter: str, value: str) -> Key:
    """The key that fits one value that is asked for; `value` is still escaped.

    Raises:
        ValueError: The value is empty or of another form than the parameter's.
    """
    parts = [unescape(part) for part in split_unescaped(value, "|")]
    match kind_of(parameter), parts:
        case _, [""] | ["", ""]:
            raise ValueError(parameter)
        case "token", [system, code]:
            return parameter, system, code or None
        case "canonical", [url, version]:
            return parameter, version, url
        case "reference", [said] if literal := REFERENCE.fullmatch(said):
            return parameter, literal[1], literal[2]
        case _, [said]:
            return parameter, None, said
        case _:
            raise ValueError(parameter)


def _values(node: object, path: tuple[str, ...]) -> Iterator[object]:
    if isinstance(node, list):
        for item in node:
            yield from _values(item, path)
    elif not path:
        yield node
    elif isinstance(node, dict):
        yield from _values(node.get(path[0]), path[1:])


def _tokens(value: object) -> Iterator[tuple[str | None, str | None]]:
    match value:
        case {"coding": list(codings)}:
            for coding in codings:
                yield from _tokens(coding)
        case {"code": str(code), **rest} | {"value": str(code), **rest}:
            system = str(rest.get("system", ""))
            yield from ((None, code), (system, code), (system, None))
        case str(code):
            yield from ((None, code), ("", code))


def _references(value: object) -> Iterator[tuple[str | None, str | None]]:
    match value:
        case {"reference": str(said)} if literal := REFERENCE.fullmatch(said):
            yield from ((None, literal[2]), (literal[1], literal[2]))


def _patients(value: object) -> Iterator[tuple[str | None, str | None]]:
    match value:
        case {"reference": str(said)} if said.startswith("Patient/"):
            yield from _references(value)


def _uris(value: object) -> Iterator[tuple[str | None, str | None]]:
    if isinstance(value, str):
        yield None, value


def _canonicals(value: object) -> Iterator[tuple[str | None, str | None]]:
    if isinstance(value, str):
        url, _, version = value.partition("|")
        yield from ((None, url), (version or None, url))


_READERS: dict[Kind, Callable[[object], Iterator[tuple[str | None, str | None]]]] = {
    "token": _tokens,
    "reference": _references,
    "uri": _uris,
    "canonical": _canonicals,
}
