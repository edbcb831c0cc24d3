"""Acts of the audit log for other programs: https://hl7.org/fhir/R4/auditevent.html.

A person stands in it as the study's pseudonymous Patient. An unblinding is told by a Provenance,
too: https://hl7.org/fhir/R4/provenance.html.
"""

from __future__ import annotations

from typing import Any

from adapter.fhir.identity import PROJECT, Identity, code_system, reference

_TYPES = "http://dicom.nema.org/resources/ontology/DCM"
_ENTITY = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
_CODES = {"released": "E", "held": "E", "export": "R"}
"""AuditEvent.action: E executes a decision, R reads, C creates what a person said."""
_IS_REFUSED = "4"


def build_audit_event(
    identity: Identity, line: str, act: dict[str, str], patient: str
) -> dict[str, Any]:
    """One AuditEvent; `line` is the hash that the act has in the log, `act` its words by name."""
    device = {"reference": f"Device/{identity.device_id}"}
    system = code_system("audited-act")
    person = {
        "what": reference("Patient", patient),
        "type": {"system": _ENTITY, "code": "1", "display": "Person"},
        "role": {"system": _ROLE, "code": "1", "display": "Patient"},
    }
    details = [
        {"type": name, "valueString": act[name]} for name in ("clinic", "what", "rule") if act[name]
    ]
    about = {
        "what": {"identifier": identity.identifier("audited", act["what"] or line)},
        "type": {"system": _ENTITY, "code": "2", "display": "System Object"},
        **({"detail": details} if details else {}),
    }
    return {
        "resourceType": "AuditEvent",
        "id": identity.token("audit-event", line),
        "type": {"system": _TYPES, "code": "110110", "display": "Patient Record"},
        "subtype": [{"system": system, "code": act["action"]}],
        "action": _CODES.get(act["action"], "C"),
        "recorded": act["at"],
        "outcome": _IS_REFUSED if act["action"] == "held" else "0",
        "agent": [{"who": device, "requestor": True}],
        "source": {"observer": device},
        "entity": [*([person] if act["record"] else []), about],
    }


def build_unblinding(identity: Identity, act: dict[str, str]) -> dict[str, Any]:
    """The Provenance of an unblinding: whose arm was made known to which clinic, when and why."""
    return {
        "resourceType": "Provenance",
        "id": identity.token("unblinding", act["clinic"], act["record"], act["at"]),
        "target": [reference("ResearchSubject", identity.subject(act["record"]))],
        "recorded": act["at"],
        "reason": [{"coding": [{"system": code_system("unblinding"), "code": act["rule"]}]}],
        "activity": {"coding": [{"system": code_system("audited-act"), "code": "unblind"}]},
        "agent": [
            {
                "who": reference("Device", identity.device_id),
                "onBehalfOf": {"identifier": {"system": PROJECT, "value": act["clinic"]}},
            }
        ],
    }
