"""Acts and accesses of the logs for other programs: https://hl7.org/fhir/R4/auditevent.html.

A person stands in it as the study's pseudonymous Patient; who asked, by the name that the settings
give them. An unblinding is told by a Provenance, too: https://hl7.org/fhir/R4/provenance.html.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from adapter.fhir.identity import PROJECT, Identity, code_system, reference

TURNED_DOWN = "none-of-candidates"
"""Stands in a link's rule before the name of who said so: a record is none of its candidates."""
ALTHOUGH_DIFFERENT = "although-different"
"""Stands there, too: it is that Patient, although they have other identifiers in the trial."""
_TYPES = "http://dicom.nema.org/resources/ontology/DCM"
_ENTITY = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
_CODES = {"released": "E", "held": "E", "export": "R"}
"""AuditEvent.action: E executes a decision, R reads, C creates what a person said."""
_PERSONS = frozenset({"acknowledge", "take", "leave", "retry", "withdraw", "link"})
"""Acts whose rule is the name of who did it, by the pages; at the terminal nobody is named."""
_IS_REFUSED = "4"
_OBJECT = {"system": _ENTITY, "code": "2", "display": "System Object"}
_REST = "http://terminology.hl7.org/CodeSystem/audit-event-type"
_INTERACTION = "http://hl7.org/fhir/restful-interaction"
_INTERACTIONS = frozenset(
    {
        "read",
        "vread",
        "update",
        "patch",
        "delete",
        "history-instance",
        "create",
        "search-type",
        "capabilities",
        "transaction",
        "batch",
        "operation",
    }
)
_ACTIONS = {
    "read": "R",
    "vread": "R",
    "history-instance": "R",
    "create": "C",
    "update": "U",
    "patch": "U",
}
"""By interaction; what is none of these executes something (E), as a search does."""


def event_id(log: int, number: int, seal: str) -> str:
    """The id of a line's AuditEvent: which log, which line, and the beginning of its hash.

    Log 0 is that of acts, the others are those of accesses, as their files are numbered.
    """
    return f"{log}-{number}-{seal[:16]}"


def build_audit_event(
    identity: Identity, name: str, act: dict[str, str], patient: str
) -> dict[str, Any]:
    """The AuditEvent of an act, under this id; `act` are its words by name."""
    device = {"reference": f"Device/{identity.device_id}"}
    system = code_system("audited-act")
    details = [
        {"type": name, "valueString": act[name]} for name in ("clinic", "what", "rule") if act[name]
    ]
    about = {
        "what": {"identifier": identity.identifier("audited", act["what"] or name)},
        "type": _OBJECT,
        **({"detail": details} if details else {}),
    }
    return {
        "resourceType": "AuditEvent",
        "id": name,
        "type": {"system": _TYPES, "code": "110110", "display": "Patient Record"},
        "subtype": [{"system": system, "code": act["action"]}],
        "action": _CODES.get(act["action"], "C"),
        "recorded": act["at"],
        "outcome": _IS_REFUSED if act["action"] == "held" else "0",
        "agent": _agents(identity, act, device),
        "source": {"observer": device},
        "entity": [*([_person(patient)] if act["record"] else []), about],
    }


def build_access_event(
    identity: Identity, name: str, access: Mapping[str, Any], patients: Iterable[str]
) -> dict[str, Any]:
    """The AuditEvent of an access, under this id; `patients` are ids of those whom it is about.

    `access` are its words by name, as `adapter.store.access_log.Access` has them.
    """
    word, status = access["interaction"], int(access["status"])
    is_rest = word in _INTERACTIONS
    system = _INTERACTION if is_rest else code_system("audited-access")
    subtype = [{"system": system, "code": word}] if word else []
    named = access["client"] or access["person"]
    who = _named(identity, "client" if access["client"] else "person", named)
    details = [
        {"type": each, "valueString": str(access[each])}
        for each in ("door", "request", "status", "count")
    ]
    told = f"{access['type']}/{access['id']}" if access["id"] else ""
    about = {
        **({"what": {"reference": told}} if told else {}),
        "type": _OBJECT,
        **({"name": access["type"]} if access["type"] else {}),
        "detail": details,
    }
    return {
        "resourceType": "AuditEvent",
        "id": name,
        "type": {"system": _REST, "code": "rest", "display": "RESTful Operation"},
        **({"subtype": subtype} if subtype else {}),
        "action": _ACTIONS.get(word, "E"),
        "recorded": access["at"],
        "outcome": _outcome(status),
        "agent": [{**({"who": who} if named else {}), "requestor": True}],
        "source": {"observer": reference("Device", identity.device_id)},
        "entity": [*map(_person, patients), about],
    }


def _agents(
    identity: Identity, act: dict[str, str], device: dict[str, Any]
) -> list[dict[str, Any]]:
    """Who asked for it: the person that the log names, with the Device beside them, or that."""
    said = act["rule"].removeprefix(TURNED_DOWN).removeprefix(ALTHOUGH_DIFFERENT).strip()
    person = said if act["action"] in _PERSONS else ""
    asked = [{"who": _named(identity, "person", person), "requestor": True}] if person else []
    return [*asked, {"who": device, "requestor": not asked}]


def _named(identity: Identity, kind: str, name: str) -> dict[str, Any]:
    return {"identifier": identity.identifier(kind, name)}


def _person(patient: str) -> dict[str, Any]:
    return {
        "what": reference("Patient", patient),
        "type": {"system": _ENTITY, "code": "1", "display": "Person"},
        "role": {"system": _ROLE, "code": "1", "display": "Patient"},
    }


def _outcome(status: int) -> str:
    """Done, refused, or failed, by the status of HTTP."""
    if status < HTTPStatus.BAD_REQUEST:
        return "0"
    return _IS_REFUSED if status < HTTPStatus.INTERNAL_SERVER_ERROR else "8"


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
