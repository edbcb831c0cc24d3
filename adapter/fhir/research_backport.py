"""An AdverseEvent in the shape of HL7's profile for clinical research, its backport to R4, 1.0.1.

http://hl7.org/fhir/uv/ae-research-backport-ig/StructureDefinition/AdverseEvent-clinical-research

Its status is a modifier extension: who does not know the profile may not read the resource, so it
is sent only where a clinic's profile asks for it. What the profile has no words for stays as base
R4 has it, and does not claim the profile: a near miss, an event without term, seriousness or
outcome, an unknown outcome, a serious event without a criterion. The value set that the profile
requires of outcomes, http://terminology.hl7.org/ValueSet/adverse-event-clinical-research-outcomes
(1.0.0), has no code for an unknown one.
"""

from __future__ import annotations

from typing import Any

from adapter.fhir.adverse_event import RESEARCH, STATUS
from adapter.instruments.adverse_event_codes import CRITERIA, NCIT, SERIOUSNESS

Resource = dict[str, Any]

PROFILE = f"{RESEARCH}/AdverseEvent-clinical-research"
WORKFLOW_STATUS = f"{RESEARCH}/status"
_SUBJECT = f"{RESEARCH}/research-subject-ref"
_SERIOUSNESS = {"Serious": "serious", "Non-serious": "non-serious"}
"""R4 4.0.1 writes them with a capital letter, the profile's rule asks for small ones."""


def as_research_backport(event: Resource, research_subject: str | None) -> Resource:
    """The event as the profile says it; the same event where the profile cannot.

    `research_subject` is the id of the person's ResearchSubject, None where the receiver has none.
    """
    words = {_SERIOUSNESS.get(each["code"]) for each in _codings(event, "seriousness")} - {None}
    criteria = _criteria(event)
    can_be_said = (
        event["actuality"] == "actual"
        and event.get("event")
        and any(each["system"] == NCIT for each in _codings(event, "outcome"))
        and len(words) == 1
        and ("serious" in words) == bool(criteria)
        and len(event.get("study", ())) == 1
    )
    if not can_be_said:
        return event
    extensions = [each for each in event.get("extension", ()) if each["url"] != STATUS]
    if research_subject is not None:
        value = {"reference": f"ResearchSubject/{research_subject}"}
        extensions.append({"url": _SUBJECT, "valueReference": value})
    extensions += criteria
    extensions += [_suspect(each) for each in event.get("suspectEntity", ())]
    seriousness = {"coding": [{"system": SERIOUSNESS, "code": words.pop()}]}
    if text := event["seriousness"].get("text"):
        seriousness["text"] = text
    changed = {
        "meta": {"profile": [PROFILE], **event.get("meta", {})},
        "extension": extensions,
        "modifierExtension": [{"url": WORKFLOW_STATUS, "valueCode": _status(event)}],
        "seriousness": seriousness,
    }
    left_out = {"suspectEntity"} | (set() if extensions else {"extension"})
    return {name: value for name, value in {**event, **changed}.items() if name not in left_out}


def is_research_backport(resource: Resource) -> bool:
    """Whether a resource claims the profile."""
    return PROFILE in resource.get("meta", {}).get("profile", ())


def taken_back(event: Resource) -> Resource:
    """The event as the profile says that it should not have been.

    It names the ResearchSubject no more, which may be deleted with it: R4 has no word for that one.
    """
    status = {"url": WORKFLOW_STATUS, "valueCode": "entered-in-error"}
    kept = [each for each in event.get("extension", ()) if each["url"] != _SUBJECT]
    told = {**event, "extension": kept, "modifierExtension": [status]}
    return {name: value for name, value in told.items() if name != "extension" or kept}


def _codings(event: Resource, element: str) -> list[Resource]:
    return list(event.get(element, {}).get("coding", ()))


def _status(event: Resource) -> str:
    told = (each["valueCode"] for each in event.get("extension", ()) if each["url"] == STATUS)
    return next(told, "unknown")


def _criteria(event: Resource) -> list[Resource]:
    """An extension for every criterion that is met; what is not met is not told."""
    codes = [
        each["code"] if each["system"] == NCIT else CRITERIA.get(each["code"])
        for each in _codings(event, "seriousness")
    ]
    return [
        {
            "url": f"{RESEARCH}/seriousness-criteria",
            "extension": [
                {
                    "url": "criterionCode",
                    "valueCodeableConcept": {"coding": [{"system": NCIT, "code": code}]},
                },
                {"url": "criterionPresent", "valueBoolean": True},
            ],
        }
        for code in codes
        if code
    ]


def _suspect(entity: Resource) -> Resource:
    """The suspect as the profile's extension: R4's own element is forbidden there."""
    assessment = entity["causality"][0]["assessment"]
    related = [each for each in assessment["coding"] if each["system"] == NCIT]
    value = {**assessment, "coding": related}
    return {
        "url": f"{RESEARCH}/suspect-entity",
        "extension": [
            {"url": "instance", "valueReference": entity["instance"]},
            {
                "url": "causality",
                "extension": [{"url": "entityRelatedness", "valueCodeableConcept": value}],
            },
        ],
    }
