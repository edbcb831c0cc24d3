"""What HL7's profile on adverse events in clinical research asks, told without our builder.

http://hl7.org/fhir/uv/ae-research-backport-ig/StructureDefinition/AdverseEvent-clinical-research,
version 1.0.1, and the value sets that it requires, version 1.0.0 of terminology.hl7.org. Written
from the profile's own source; every code stands here once more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

Resource = dict[str, Any]

BASE = "http://hl7.org/fhir/uv/ae-research-backport-ig/StructureDefinition/"
SERIOUSNESS = "http://terminology.hl7.org/CodeSystem/adverse-event-seriousness"
NCIT = "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"
R4_OUTCOME = "http://terminology.hl7.org/CodeSystem/adverse-event-outcome"
OUTCOMES = {"C48275", "C49494", "C49495", "C49498", "C49496"}
TWINS = {
    ("resolved", "C49498"),
    ("recovering", "C49496"),
    ("ongoing", "C49494"),
    ("resolvedWithSequelae", "C49495"),
    ("fatal", "C48275"),
}
CRITERIA = {"C48275", "C84266", "C83052", "C11338", "C83117", "C82521", "C201939"}
STATUSES = {"in-progress", "completed", "entered-in-error", "unknown"}
RELATED = {"C53256", "C53257", "C53258", "C53260"}
GRADES = {"C41338", "C41339", "C41340", "C41337", "C48275"}
FORBIDDEN = ("suspectEntity", "subjectMedicalHistory", "referenceDocument", "resultingCondition")
AT_MOST_ONE = {
    "research-subject-ref": "valueReference",
    "caused-subject-to-discontinue-study": "valueBoolean",
    "ae-grade": "valueCodeableConcept",
    "expected-in-research-study": "valueBoolean",
    "resolve-date": "valueDateTime",
}
ANY_NUMBER = {"note": "valueAnnotation", "seriousness-criteria": None, "suspect-entity": None}


def breaches(event: Resource) -> list[str]:
    """Every rule of the profile that an event breaks, by the number in which it was noted."""
    return [
        *_elements(event),
        *_seriousness(event),
        *_outcome(event),
        *_extensions(event),
        *_codes_in_extensions(event),
    ]


def _elements(event: Resource) -> Iterator[str]:
    statuses = [each.get("valueCode") for each in event.get("modifierExtension", ())]
    urls = {each["url"] for each in event.get("modifierExtension", ())}
    if len(statuses) != 1 or urls != {f"{BASE}status"} or not set(statuses) <= STATUSES:
        yield "AE-10: one modifierExtension `status`"
    if event.get("actuality") != "actual":
        yield "AE-11: actuality is `actual`"
    for element in ("event", "seriousness", "outcome"):
        if not event.get(element):
            yield f"AE-11: {element} 1..1"
    if len(event.get("study", ())) != 1:
        yield "AE-11: study 1..1"
    for element in FORBIDDEN:
        if element in event:
            yield f"AE-12: {element} 0..0"
    if event.get("meta", {}).get("profile") != [f"{BASE}AdverseEvent-clinical-research"]:
        yield "the profile is claimed"


def _codes(concept: Resource, system: str) -> list[str]:
    return [each["code"] for each in concept.get("coding", ()) if each["system"] == system]


def _seriousness(event: Resource) -> Iterator[str]:
    words = _codes(event.get("seriousness", {}), SERIOUSNESS)
    criteria = _extension(event, "seriousness-criteria")
    if Counter(words) not in (Counter(["serious"]), Counter(["non-serious"])):
        yield "AE-11: seriousness is `serious` or `non-serious`, in small letters"
    if ("serious" in words) != bool(criteria):
        yield "AE-13: serious has a criterion, non-serious has none"
    for each in criteria:
        parts = {part["url"]: part for part in each["extension"]}
        codes = _codes(parts.get("criterionCode", {}).get("valueCodeableConcept", {}), NCIT)
        present = parts.get("criterionPresent", {}).get("valueBoolean")
        if len(codes) != 1 or codes[0] not in CRITERIA or not isinstance(present, bool):
            yield "AE-14: criterionCode and criterionPresent"


def _outcome(event: Resource) -> Iterator[str]:
    outcome = event.get("outcome", {})
    research, base = _codes(outcome, NCIT), _codes(outcome, R4_OUTCOME)
    if len(research) != 1 or research[0] not in OUTCOMES:
        yield "AE-11: outcome of the required value set"
    if len(base) != 1 or not research or (base[0], research[0]) not in TWINS:
        yield "AE-11: R4's own outcome beside it, which means the same"


def _extension(event: Resource, name: str) -> list[Resource]:
    return [each for each in event.get("extension", ()) if each["url"] == BASE + name]


def _extensions(event: Resource) -> Iterator[str]:
    known = AT_MOST_ONE | ANY_NUMBER
    theirs = [each for each in event.get("extension", ()) if each["url"].startswith(BASE)]
    for name, count in Counter(each["url"].removeprefix(BASE) for each in theirs).items():
        if name not in known:
            yield f"AE-15: no extension `{name}`"
        if name in AT_MOST_ONE and count > 1:
            yield f"AE-15: {name} 0..1"
    for each in theirs:
        value = known.get(each["url"].removeprefix(BASE)) or "extension"
        if each.keys() - {"url"} != {value}:
            yield f"AE-15: {each['url']} holds {value}"


def _codes_in_extensions(event: Resource) -> Iterator[str]:
    for grade in _extension(event, "ae-grade"):
        if not set(_codes(grade["valueCodeableConcept"], NCIT)) <= GRADES:
            yield "AE-15: a grade from 1 to 5"
    for entity in _extension(event, "suspect-entity"):
        parts = {part["url"]: part for part in entity["extension"]}
        if parts.keys() != {"instance", "causality"}:
            yield "AE-12: a suspect has instance and causality"
            continue
        inner = {part["url"]: part for part in parts["causality"]["extension"]}
        related = inner.get("entityRelatedness", {}).get("valueCodeableConcept", {})
        if not _codes(related, NCIT) or not set(_codes(related, NCIT)) <= RELATED:
            yield "AE-15: relatedness of the preferred value set"
