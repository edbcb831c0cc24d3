"""What a person agreed to, as Consent: https://hl7.org/fhir/R4/consent.html.

Given is `active` with a permit; refused is `rejected` with a deny; withdrawn is the same Consent,
`inactive`, with the day its provision ended, or the word that this day is unknown. It is never
deleted.

The clinics that it names are its recipients (`actor`), by the names that the study file has for
them: no resource of ours stands for a clinic.
"""

from __future__ import annotations

from typing import Any

from adapter.fhir.coding import UNKNOWN_MOMENT
from adapter.fhir.identity import Identity, reference
from adapter.fhir.labels import RESTRICTED
from adapter.instruments.participant import ConsentState
from adapter.instruments.study import ConsentRule

_SCOPE = {"research": "research", "care": "patient-privacy", "from-care": "research"}
_PURPOSE = {"research": "HRESCH", "care": "TREAT", "from-care": "HRESCH"}
_STATUS = {"given": "active", "refused": "rejected", "withdrawn": "inactive"}


def build_consent(
    identity: Identity, participant: str, rule: ConsentRule, state: ConsentState
) -> dict[str, Any]:
    """One consent of one person; `state.word` is never `unknown` here: no answer, no Consent."""
    token = identity.token("consent", participant, rule.id)
    days = (("start", state.since), ("end", state.until))
    period: dict[str, Any] = {word: day for word, day in days if day}
    if state.word == "withdrawn" and not state.until:
        period["_end"] = UNKNOWN_MOMENT
    provision: dict[str, Any] = {
        "type": "deny" if state.word == "refused" else "permit",
        "purpose": [
            {
                "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
                "code": _PURPOSE[rule.purpose],
            }
        ],
    }
    if period:
        provision["period"] = period
    if rule.clinics:
        provision["actor"] = [_recipient(identity, clinic) for clinic in rule.clinics]
    built: dict[str, Any] = {
        "resourceType": "Consent",
        "id": token,
        "meta": RESTRICTED,
        "identifier": [identity.identifier("consent", token)],
        "status": _STATUS[state.word],
        "scope": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/consentscope",
                    "code": _SCOPE[rule.purpose],
                }
            ]
        },
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": reference("Patient", identity.patient(participant)),
        "policy": [{"uri": f"{identity.study.base}/consent/{rule.id}"}],
        "provision": provision,
    }
    if state.since:
        built["dateTime"] = state.since
    return built


def _recipient(identity: Identity, clinic: str) -> dict[str, Any]:
    system = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
    named = {"type": "Organization", "identifier": identity.identifier("clinic", clinic)}
    return {"role": {"coding": [{"system": system, "code": "IRCP"}]}, "reference": named}
