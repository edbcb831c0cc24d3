"""What a clinic holds of a person's standard care, as far as the trial may keep it.

Kept are codes, dates and states, element by element from a list; everything else is left behind:
narrative, notes, names, identifiers, who performed it and where, what is contained, words. The
subject is our pseudonymous Patient. Doses are left out, too: half of them are free text.

Medications are what a clinic says of them: requests in some countries, statements in others.

Source: https://hl7.org/fhir/R4/condition.html, encounter.html, medicationrequest.html and
medicationstatement.html; US Core 6.1, medication-list.html, which makes lists of requests alone
(the intents `order` and `plan`) and lets them name a Medication elsewhere; AU Core 2.0 has both
types. For what must not be overlooked, https://hl7.org/fhir/R4/extensibility.html#modifierExtension.
"""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import ZoneInfo

from adapter.fhir.check import find_faults
from adapter.fhir.identity import reference
from adapter.fhir.ids import ID
from adapter.fhir.labels import RESTRICTED
from adapter.instruments.study import CareType
from adapter.instruments.window import local_day

Resource = dict[str, Any]
_DAY = len("2024-02-01")
_KEPT: dict[CareType, tuple[str, ...]] = {
    "Condition": (
        *("clinicalStatus", "verificationStatus", "category", "severity", "code"),
        *("onsetDateTime", "onsetPeriod", "abatementDateTime", "abatementPeriod", "recordedDate"),
    ),
    "Encounter": ("status", "class", "type", "period"),
    "MedicationRequest": (
        *("status", "intent", "category", "doNotPerform", "reportedBoolean"),
        *("medicationCodeableConcept", "authoredOn"),
    ),
    "MedicationStatement": (
        *("status", "medicationCodeableConcept"),
        *("effectiveDateTime", "effectivePeriod", "dateAsserted"),
    ),
}
_CODED: dict[CareType, str] = {
    "Condition": "code",
    "Encounter": "class",
    "MedicationRequest": "medicationCodeableConcept",
    "MedicationStatement": "medicationCodeableConcept",
}
"""The element without which the resource says nothing."""
_ENDS: dict[CareType, tuple[str, ...]] = {
    "Condition": ("abatementDateTime", "abatementPeriod"),
    "Encounter": ("period",),
    "MedicationRequest": (),
    "MedicationStatement": ("effectivePeriod",),
}
_GOES_ON: dict[CareType, frozenset[str]] = {
    "Condition": frozenset({"active", "recurrence", "relapse"}),
    "Encounter": frozenset({"planned", "arrived", "triaged", "in-progress", "onleave"}),
    "MedicationRequest": frozenset({"active", "on-hold", "draft"}),
    "MedicationStatement": frozenset({"active", "intended", "on-hold"}),
}
_MEDICATION = re.compile(rf"(?:^|/)(Medication/{ID})(?:/_history/{ID})?$")
_WORDS = ("system", "code")  # not the version, nor the display: people may have typed them


def read_care(
    resource: Resource, resource_type: CareType, patient: str, own_id: str
) -> Resource | str:
    """The resource without what is not asked for, or why nothing of it can be kept.

    `patient` is the id of our Patient, `own_id` the resource's id with us.
    """
    if "modifierExtension" in resource or "implicitRules" in resource:
        return "it has a modifier that is not known here"
    if _state(resource) == "entered-in-error":
        return "it was entered in error at the clinic"
    said = {**resource, **_medication(resource)}
    kept = {name: _reduced(said[name]) for name in _KEPT[resource_type] if name in said}
    kept = {name: value for name, value in kept.items() if value or value is False}
    if _CODED[resource_type] not in kept:
        return "it has no code"
    subject = {"subject": reference("Patient", patient)}
    head = {"resourceType": resource_type, "id": own_id, "meta": RESTRICTED}
    built = {**head, **kept, **subject}
    faults = find_faults(built)
    return "; ".join(map(str, faults)) if faults else built


def medication_named(resource: Resource) -> str | None:
    """The Medication that is named and not contained, as it is named; None for none."""
    named = resource.get("medicationReference")
    place = named.get("reference") if isinstance(named, dict) else None
    return place if isinstance(place, str) and medication_path(place) else None


def medication_path(place: str) -> str:
    """`Medication/id` of such a name, relative or in full, of whichever version; '' for none."""
    found = _MEDICATION.search(place)
    return found[1] if found else ""


def with_medication(resource: Resource, medication: Resource) -> Resource:
    """The resource with the code of the Medication that it names, as far as that has one."""
    return {**resource, "medicationCodeableConcept": medication.get("code")}


def is_since(resource: Resource, resource_type: CareType, day: str, zone: ZoneInfo) -> bool:
    """Whether it had not ended before a local day; what tells no time is not shown to be so.

    A date without a day or a month counts as the last day that it may mean.
    """
    ends = [_last(resource.get(name), zone) for name in _ENDS[resource_type]]
    told = [each for each in ends if each]
    if not told:
        if _state(resource) in _GOES_ON[resource_type]:
            return True
        told = [each for name in _KEPT[resource_type] if (each := _any(resource.get(name), zone))]
    return any(each >= day[: len(each)] for each in told)


# Private functions


def _state(resource: Resource) -> str:
    """Its state; of a Condition, whether it is one at all comes first."""
    for name in ("verificationStatus", "clinicalStatus"):
        codes = _codes(resource.get(name))
        if name == "clinicalStatus" and codes:
            return codes[0]
        if "entered-in-error" in codes:
            return "entered-in-error"
    return str(resource.get("status", ""))


def _codes(concept: object) -> list[str]:
    codings = concept.get("coding") if isinstance(concept, dict) else None
    listed = codings if isinstance(codings, list) else []
    return [str(each.get("code")) for each in listed if isinstance(each, dict)]


def _medication(resource: Resource) -> Resource:
    """The code of a Medication that the resource contains."""
    named = resource.get("medicationReference")
    place = named.get("reference") if isinstance(named, dict) else None
    contained = resource.get("contained")
    for each in contained if isinstance(contained, list) else ():
        if isinstance(each, dict) and place == f"#{each.get('id')}" and "code" in each:
            return {"medicationCodeableConcept": each["code"]}
    return {}


def _reduced(value: object) -> object:
    """A state or date as it is; of codings their codes, of periods their ends; nothing else."""
    if isinstance(value, list):
        return [kept for each in value if (kept := _reduced(each))]
    if not isinstance(value, dict):
        return value if isinstance(value, str | bool) else None
    if isinstance(value.get("coding"), list):
        codings = [_coding(each) for each in value["coding"] if isinstance(each, dict)]
        kept = [each for each in codings if each]
        return {"coding": kept} if kept else None
    if "code" in value:
        return _coding(value)
    return {name: value[name] for name in ("start", "end") if isinstance(value.get(name), str)}


def _coding(coding: Resource) -> Resource:
    """A code of a system; a code of no system says nothing."""
    kept = {name: coding[name] for name in _WORDS if isinstance(coding.get(name), str)}
    return kept if {"system", "code"} <= set(kept) else {}


def _last(value: object, zone: ZoneInfo) -> str:
    """The day on which it ended, '' where that is not told."""
    return _day(value.get("end") if isinstance(value, dict) else value, zone)


def _any(value: object, zone: ZoneInfo) -> str:
    """The day that an element tells, '' for none."""
    return _day(value.get("start") if isinstance(value, dict) else value, zone)


def _day(value: object, zone: ZoneInfo) -> str:
    if not isinstance(value, str) or not value[:4].isdigit():
        return ""
    if len(value) <= _DAY:
        return value
    day = local_day(value, zone)
    return day.isoformat() if day else ""
