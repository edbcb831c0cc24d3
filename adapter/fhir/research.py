"""The study and its people: ResearchStudy, ResearchSubject, the pseudonymous Patient, the Device.

The arm stands in none of them: `assignedArm` and `actualArm` are left out, and both arms are
`on-study`, because `on-study-intervention` would tell. https://hl7.org/fhir/R4/researchsubject.html

R4 has no element for why somebody's time in the study ended: that is an extension of ours, whose
one word is `withdrawn`. Other ends have none, for the trial's database tells a day and no reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapter.fhir.coding import UNKNOWN_MOMENT
from adapter.fhir.identity import PROJECT, Identity, reference
from adapter.fhir.labels import RESTRICTED
from adapter.instruments.participant import Participant, has_left, left_by_withdrawal
from adapter.instruments.study import Study

END_REASON = f"{PROJECT}/StructureDefinition/research-subject-end-reason"


def build_device(identity: Identity, version: str) -> dict[str, Any]:
    """The Device that stands for this adapter, with its software version."""
    return {
        "resourceType": "Device",
        "id": identity.device_id,
        "identifier": [identity.identifier("device", "trial-fhir-adapter")],
        "status": "active",
        "deviceName": [{"name": "Trial FHIR adapter", "type": "user-friendly-name"}],
        "version": [{"value": version}],
    }


def build_research_study(identity: Identity) -> dict[str, Any]:
    """The ResearchStudy, as the study file declares it; its arms are not described."""
    study = identity.study
    identifiers = [identity.identifier("study", study.id)]
    if study.registry is not None:
        identifiers.append({"system": study.registry.system, "value": study.registry.value})
    built: dict[str, Any] = {
        "resourceType": "ResearchStudy",
        "id": identity.study_id,
        "identifier": identifiers,
        "title": study.title,
        "status": study.status,
        "primaryPurposeType": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/research-study-prim-purp-type",
                    "code": study.primary_purpose,
                }
            ]
        },
    }
    if study.period is not None:
        built["period"] = study.period.model_dump(exclude_none=True)
    return built


def build_patient(identity: Identity, participant: str) -> dict[str, Any]:
    """The pseudonymous Patient of a research repository: the study number and nothing else."""
    return {
        "resourceType": "Patient",
        "id": identity.patient(participant),
        "meta": RESTRICTED,
        "identifier": [identity.identifier("participant", participant)],
        "active": True,
    }


def build_group(
    identity: Identity, quantity: int, patients: Sequence[str] | None
) -> dict[str, Any]:
    """The Group of these people who take part; with their number alone, where the ids are None."""
    study = identity.study
    built: dict[str, Any] = {
        "resourceType": "Group",
        "id": identity.group_id,
        "meta": RESTRICTED,
        "identifier": [identity.identifier("group", study.id)],
        "active": True,
        "type": "person",
        "actual": True,
        "code": {"text": "People who take part in a study"},
        "name": study.title,
        "quantity": quantity,
    }
    if patients:
        built["member"] = [{"entity": reference("Patient", each)} for each in patients]
    return built


def build_research_subject(identity: Identity, person: Participant) -> dict[str, Any]:
    """A person's place in the study: on-study, or off-study with the day it ended.

    A day that nobody knows is said to be unknown: a period without an end would go on (R4, Period).
    """
    study = identity.study
    days = (("start", person.enrolled), ("end", person.ended))
    period: dict[str, Any] = {word: day for word, day in days if day}
    if person.ended is None and has_left(person, study):
        period["_end"] = UNKNOWN_MOMENT
    reason = {"url": END_REASON, "valueCode": "withdrawn"}
    built: dict[str, Any] = {
        "resourceType": "ResearchSubject",
        "id": identity.subject(person.participant),
        "meta": RESTRICTED,
        **({"extension": [reason]} if left_by_withdrawal(person, study) else {}),
        "identifier": [identity.identifier("subject", person.participant)],
        "status": _status(study, person),
        "study": reference("ResearchStudy", identity.study_id),
        "individual": reference("Patient", identity.patient(person.participant)),
    }
    if period:
        built["period"] = period
    return built


def _status(study: Study, person: Participant) -> str:
    """Where a person stands in the study; the same word for both arms."""
    words = {person.word(rule.id) for rule in study.consents if rule.purpose == "research"}
    if "refused" in words and "withdrawn" not in words:
        return "not-registered"
    if "unknown" in words and "withdrawn" not in words:
        return "candidate"
    return "off-study" if has_left(person, study) else "on-study"
