"""A safety signal as Flag and Task: https://hl7.org/fhir/R4/flag.html, https://hl7.org/fhir/R4/task.html.

The Flag stands as long as the answers do; the Task asks a person to look. It is never an
AdverseEvent: only a person records one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from adapter.fhir.coding import own_coding
from adapter.fhir.identity import Identity, reference
from adapter.fhir.labels import RESTRICTED
from adapter.instruments.safety import Level
from adapter.scoring.signals import Fired, Reason

Resource = dict[str, Any]
_PRIORITIES: dict[Level, str] = {
    "immediate": "stat",
    "urgent": "urgent",
    "review": "routine",
    "ae-triage": "routine",
}
_REASONS: dict[Reason, str] = {
    "reached": "the bound is reached",
    "not-answered": "not answered",
    "worse": "worse than at baseline",
}


@dataclass(frozen=True, slots=True)
class Alarm:
    """Where a signal fired: in which unit, for whom, when (None where not known), about what."""

    unit: str
    subject: Resource
    authored: str | None
    focus: tuple[str, str]


def build_safety(fired: Fired, alarm: Alarm, identity: Identity) -> list[Resource]:
    """The Flag and the Task of one signal."""
    return [_flag(fired, alarm, identity), _task(fired, alarm, identity)]


def _flag(fired: Fired, alarm: Alarm, identity: Identity) -> Resource:
    token = identity.part(alarm.unit, f"flag-{fired.signal.id}")
    built: Resource = {
        "resourceType": "Flag",
        "id": token,
        "meta": RESTRICTED,
        "identifier": [identity.identifier("flag", token)],
        "status": "active",
        "category": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/flag-category",
                        "code": "safety",
                    }
                ]
            }
        ],
        "code": _code(fired),
        "subject": alarm.subject,
    }
    if alarm.authored is not None:
        built["period"] = {"start": alarm.authored}
    built["author"] = reference("Device", identity.device_id)
    return built


def _task(fired: Fired, alarm: Alarm, identity: Identity) -> Resource:
    token = identity.part(alarm.unit, f"task-{fired.signal.id}")
    built: Resource = {
        "resourceType": "Task",
        "id": token,
        "meta": RESTRICTED,
        "identifier": [identity.identifier("task", token)],
        "status": "requested",
        "intent": "order",
        "priority": _PRIORITIES[fired.signal.level],
        "code": _code(fired),
        "description": f"Look at this response: {fired.signal.title}, {_REASONS[fired.reason]}.",
        "focus": reference(*alarm.focus),
        "for": alarm.subject,
    }
    if alarm.authored is not None:
        built["authoredOn"] = alarm.authored
    built["requester"] = reference("Device", identity.device_id)
    built["reasonCode"] = {
        "coding": [own_coding("safety-reason", fired.reason)],
        "text": _REASONS[fired.reason],
    }
    return built


def _code(fired: Fired) -> Resource:
    signal = fired.signal
    coding = own_coding("safety-signal", signal.id)
    level = own_coding("safety-level", signal.level)
    return {"coding": [{**coding, "version": fired.version}, level], "text": signal.title}
