"""HL7's profile on adverse events in clinical research, so that the validator can judge its use.

http://hl7.org/fhir/uv/ae-research-backport-ig/StructureDefinition/AdverseEvent-clinical-research,
1.0.1, written here in short after its published source: cardinalities, fixed values, the required
value sets, the rule on criteria, and the extensions that we use. No package of it is installed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.live.definitions import CORE, extension

Definition = dict[str, Any]
Parts = Mapping[str, "str | Mapping[str, str]"]

BASE = "http://hl7.org/fhir/uv/ae-research-backport-ig/StructureDefinition/"
PROFILE = f"{BASE}AdverseEvent-clinical-research"
SERIOUSNESS = "http://terminology.hl7.org/CodeSystem/adverse-event-seriousness"
NCIT = "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"
OUTCOMES = ("C48275", "C49494", "C49495", "C49498", "C49496")
PARTS: dict[str, Parts] = {
    "seriousness-criteria": {"criterionCode": "CodeableConcept", "criterionPresent": "boolean"},
    "suspect-entity": {
        "instance": "Reference",
        "causality": {"entityRelatedness": "CodeableConcept"},
    },
}
FORBIDDEN = ("suspectEntity", "subjectMedicalHistory", "referenceDocument", "resultingCondition")
RULE = (
    f"(seriousness.coding.exists(system = '{SERIOUSNESS}' and code = 'serious')"
    f" and extension('{BASE}seriousness-criteria').exists()"
    f" and seriousness.coding.exists(system = '{SERIOUSNESS}' and code = 'non-serious').not())"
    f" or (seriousness.coding.exists(system = '{SERIOUSNESS}' and code = 'non-serious')"
    f" and seriousness.coding.exists(system = '{SERIOUSNESS}' and code = 'serious').not()"
    f" and extension('{BASE}seriousness-criteria').exists().not())"
)


def research_profile() -> Iterator[Definition]:
    """The profile, its value sets and extensions; a CodeSystem that has moved on since R4."""
    yield {  # R4 4.0.1 has them with capital letters, the profile means today's small ones
        **_terminology("CodeSystem", SERIOUSNESS),
        "content": "complete",
        "caseSensitive": True,
        "concept": [{"code": "serious"}, {"code": "non-serious"}],
    }
    yield _value_set("adverse-event-seriousness", SERIOUSNESS, ("serious", "non-serious"))
    yield {
        **_terminology("CodeSystem", NCIT),
        "content": "fragment",
        "caseSensitive": True,
        "concept": [{"code": code} for code in OUTCOMES],
    }
    yield _value_set("adverse-event-clinical-research-outcomes", NCIT, OUTCOMES)
    yield extension(f"{BASE}research-subject-ref", ["AdverseEvent"], "Reference")
    for name, parts in PARTS.items():
        yield _of_parts(f"{BASE}{name}", parts)
    status = extension(f"{BASE}status", ["AdverseEvent"], "code")
    root = status["differential"]["element"][0]
    root |= {"isModifier": True, "isModifierReason": "it may say entered-in-error"}
    yield status
    yield _profile()


def _profile() -> Definition:
    elements: list[Definition] = [
        {
            "id": "AdverseEvent",
            "path": "AdverseEvent",
            "constraint": [
                {
                    "key": "aeClinRes-seriousness-1",
                    "severity": "error",
                    "human": "serious has a criterion, non-serious has none",
                    "expression": RULE,
                }
            ],
        },
        {
            "id": "AdverseEvent.modifierExtension",
            "path": "AdverseEvent.modifierExtension",
            "slicing": {"discriminator": [{"type": "value", "path": "url"}], "rules": "open"},
            "min": 1,
        },
        {
            "id": "AdverseEvent.modifierExtension:status",
            "path": "AdverseEvent.modifierExtension",
            "sliceName": "status",
            "min": 1,
            "max": "1",
            "type": [{"code": "Extension", "profile": [f"{BASE}status"]}],
        },
        {**_element("actuality"), "patternCode": "actual"},
        {**_element("event"), "min": 1},
        {**_element("seriousness"), "min": 1, "binding": _binding("adverse-event-seriousness")},
        {
            **_element("outcome"),
            "min": 1,
            "binding": _binding("adverse-event-clinical-research-outcomes"),
        },
        *({**_element(name), "max": "0"} for name in FORBIDDEN),
        {**_element("study"), "min": 1, "max": "1"},
    ]
    order = [
        *("AdverseEvent", "modifierExtension", "actuality", "event", "resultingCondition"),
        *("seriousness", "outcome", "suspectEntity", "subjectMedicalHistory"),
        *("referenceDocument", "study"),
    ]
    elements.sort(key=lambda element: order.index(element["path"].rpartition(".")[2]))
    return {
        "resourceType": "StructureDefinition",
        "url": PROFILE,
        "name": "AdverseEventClinicalResearch",
        "status": "active",
        "fhirVersion": "4.0.1",
        "kind": "resource",
        "abstract": False,
        "type": "AdverseEvent",
        "baseDefinition": f"{CORE}AdverseEvent",
        "derivation": "constraint",
        "differential": {"element": elements},
    }


def _element(name: str) -> Definition:
    return {"id": f"AdverseEvent.{name}", "path": f"AdverseEvent.{name}"}


def _binding(name: str) -> Definition:
    return {"strength": "required", "valueSet": f"http://terminology.hl7.org/ValueSet/{name}"}


def _terminology(kind: str, url: str) -> Definition:
    return {"resourceType": kind, "url": url, "status": "active"}


def _value_set(name: str, system: str, codes: tuple[str, ...]) -> Definition:
    concepts = [{"code": code} for code in codes]
    return {
        **_terminology("ValueSet", f"http://terminology.hl7.org/ValueSet/{name}"),
        "compose": {"include": [{"system": system, "concept": concepts}]},
    }


def _of_parts(url: str, parts: Parts) -> Definition:
    """An extension of parts instead of a value."""
    definition = extension(url, ["AdverseEvent"], "string")
    definition["differential"] = {
        "element": [
            {"id": "Extension", "path": "Extension"},
            *_slices("Extension", "Extension", parts),
            {"id": "Extension.url", "path": "Extension.url", "fixedUri": url},
            {"id": "Extension.value[x]", "path": "Extension.value[x]", "max": "0"},
        ]
    }
    return definition


def _slices(id_: str, path: str, parts: Parts) -> Iterator[Definition]:
    slicing = {"discriminator": [{"type": "value", "path": "url"}], "rules": "closed"}
    inner = f"{path}.extension"
    yield {"id": f"{id_}.extension", "path": inner, "slicing": slicing, "min": len(parts)}
    for name, holds in parts.items():
        part = f"{id_}.extension:{name}"
        yield {"id": part, "path": inner, "sliceName": name, "min": 1, "max": "1"}
        if isinstance(holds, str):
            yield {"id": f"{part}.extension", "path": f"{inner}.extension", "max": "0"}
        else:
            yield from _slices(part, inner, holds)
        yield {"id": f"{part}.url", "path": f"{inner}.url", "fixedUri": name}
        value = {"id": f"{part}.value[x]", "path": f"{inner}.value[x]"}
        if isinstance(holds, str):
            yield {**value, "min": 1, "type": [{"code": holds}]}
        else:
            yield {**value, "max": "0"}
