"""What our resources use and R4 itself does not define, so that the validator can judge its use.

HAPI's validator knows R4 alone. What HL7 published elsewhere stands here in short: the type that an
extension holds and the elements that may carry it, not its words.
"""

from collections.abc import Iterator
from typing import Any

from adapter.fhir.adverse_event import RESEARCH, STATUS
from adapter.fhir.identity import PROJECT
from adapter.fhir.prefill import LAUNCH
from adapter.fhir.provenance import SOURCE_CELLS
from adapter.fhir.questionnaire_response import UNVERIFIED
from adapter.fhir.research import END_REASON

Definition = dict[str, Any]

CORE = "http://hl7.org/fhir/StructureDefinition/"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
VERSION_ALGORITHM: Definition = {  # R5: https://hl7.org/fhir/R5/codesystem-version-algorithm.html
    "resourceType": "CodeSystem",
    "url": "http://hl7.org/fhir/version-algorithm",
    "status": "active",
    "content": "complete",
    "caseSensitive": True,
    "concept": [{"code": code} for code in ("semver", "integer", "alpha", "date", "natural")],
}
LAUNCH_CONTEXT: Definition = {  # of the SDC guide; the code that our forms use
    "resourceType": "CodeSystem",
    "url": "http://hl7.org/fhir/uv/sdc/CodeSystem/launchContext",
    "status": "active",
    "content": "complete",
    "caseSensitive": True,
    "concept": [{"code": "patient"}],
}
RESEARCH_EXTENSIONS = {  # of the guide on adverse events in clinical research, backport to R4 1.0.1
    "caused-subject-to-discontinue-study": "boolean",
    "expected-in-research-study": "boolean",
    "resolve-date": "dateTime",
    "ae-grade": "CodeableConcept",
    "note": "Annotation",
}
CELLS = {"record": "string", "timepoint": "string", "form": "string", "repeat": "integer"} | {
    "field": "string",
    "hash": "string",
    "blinded-hash": "string",
    "mapping": "canonical",
}
OPTIONAL_CELLS = {"repeat", "hash", "blinded-hash"}  # of events, blinded receivers get the latter


def definitions() -> Iterator[Definition]:
    """Everything that the validator has to be told before it judges."""
    yield VERSION_ALGORITHM
    yield extension(f"{CORE}artifact-versionAlgorithm", ["Questionnaire"], "string", "Coding")
    yield extension(f"{SDC}calculatedExpression", ["Questionnaire.item"], "Expression")
    yield extension(f"{SDC}initialExpression", ["Questionnaire.item"], "Expression")
    yield LAUNCH_CONTEXT
    yield of_parts(LAUNCH, ["Questionnaire"], {"name": "Coding", "type": "code"})
    at = ["Questionnaire", "Questionnaire.item", "Questionnaire.item.code"]
    yield extension(f"{SDC}observationExtract", at, "boolean", "code")
    yield extension(f"{SDC}observation-extract-category", at[:2], "CodeableConcept")
    yield extension(STATUS, ["AdverseEvent"], "code")
    for name in ("awareness", "reported"):
        own = f"{PROJECT}/StructureDefinition/adverse-event-{name}"
        yield extension(own, ["AdverseEvent"], "dateTime")
    for name, kind in RESEARCH_EXTENSIONS.items():
        yield extension(f"{RESEARCH}/{name}", ["AdverseEvent"], kind)
    yield extension(UNVERIFIED["url"], ["QuestionnaireResponse"], "code")
    yield extension(END_REASON, ["ResearchSubject"], "code")
    yield source_cells()


def extension(url: str, at: list[str], *types: str) -> Definition:
    """An extension with a value of one of these types, on these elements."""
    return _structure(
        url,
        at,
        [
            {"id": "Extension.extension", "path": "Extension.extension", "max": "0"},
            {"id": "Extension.url", "path": "Extension.url", "fixedUri": url},
            {
                "id": "Extension.value[x]",
                "path": "Extension.value[x]",
                "min": 1,
                "type": [{"code": code} for code in types],
            },
        ],
    )


def source_cells() -> Definition:
    """Our own extension on what a Provenance was read from."""
    return of_parts(SOURCE_CELLS, ["Provenance.entity"], CELLS)


def of_parts(url: str, at: list[str], parts: dict[str, str]) -> Definition:
    """An extension with parts instead of a value; of each part, the type."""
    elements: list[Definition] = [
        {
            "id": "Extension.extension",
            "path": "Extension.extension",
            "slicing": {
                "discriminator": [{"type": "value", "path": "url"}],
                "rules": "closed",
            },
        }
    ]
    for name, code in parts.items():
        part = f"Extension.extension:{name}"
        elements += [
            {
                "id": part,
                "path": "Extension.extension",
                "sliceName": name,
                "min": 0 if name in OPTIONAL_CELLS else 1,
                "max": "*" if name == "field" else "1",
            },
            {"id": f"{part}.extension", "path": "Extension.extension.extension", "max": "0"},
            {"id": f"{part}.url", "path": "Extension.extension.url", "fixedUri": name},
            {
                "id": f"{part}.value[x]",
                "path": "Extension.extension.value[x]",
                "min": 1,
                "type": [{"code": code}],
            },
        ]
    elements += [
        {"id": "Extension.url", "path": "Extension.url", "fixedUri": url},
        {"id": "Extension.value[x]", "path": "Extension.value[x]", "max": "0"},
    ]
    return _structure(url, at, elements)


def _structure(url: str, at: list[str], elements: list[Definition]) -> Definition:
    return {
        "resourceType": "StructureDefinition",
        "url": url,
        "name": "".join(filter(str.isalnum, url.rpartition("/")[2])),
        "status": "active",
        "fhirVersion": "4.0.1",
        "kind": "complex-type",
        "abstract": False,
        "context": [{"type": "element", "expression": element} for element in at],
        "type": "Extension",
        "baseDefinition": f"{CORE}Extension",
        "derivation": "constraint",
        "differential": {"element": [{"id": "Extension", "path": "Extension"}, *elements]},
    }
