"""Adverse events and safety signals, as resources tell them to who may know them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from adapter.fhir.adverse_event import RESEARCH
from adapter.fhir.identity import code_system
from adapter.viewer.moments import in_order, in_zone

Resource = dict[str, Any]
_RESOLVED = f"{RESEARCH}/resolve-date"
_LEVELS = code_system("safety-level")
_SIGNALS = code_system("safety-signal")
LEVELS = ("immediate", "urgent", "review", "ae-triage")
"""How soon a person should look, the soonest first."""


@dataclass(frozen=True, slots=True)
class Event:
    """An adverse event; `start` and `end` are '' where they are not known."""

    number: int
    start: str
    end: str
    title: str
    facts: tuple[str, ...]
    is_serious: bool


@dataclass(frozen=True, slots=True)
class Signal:
    """A safety signal that stands; `version` is its Flag's, which an acknowledgement names."""

    id: str
    version: int
    title: str
    level: str
    at: str
    why: str


def read_events(resources: Iterable[Resource], zone: tzinfo) -> tuple[Event, ...]:
    """The adverse events that happened, the oldest first."""
    told = [
        {**each, "date": in_zone(each.get("date", ""), zone)}
        for each in resources
        if each["resourceType"] == "AdverseEvent" and each.get("actuality") != "potential"
    ]
    told.sort(key=lambda each: (in_order(each["date"]), each["id"]))
    return tuple(_event(number, each, zone) for number, each in enumerate(told, start=1))


def read_signals(resources: Iterable[Resource], zone: tzinfo) -> tuple[Signal, ...]:
    """The signals that stand, the most urgent first."""
    told = list(resources)
    why = {
        _key(each, "authoredOn"): each.get("reasonCode", {}).get("text", "")
        for each in told
        if each["resourceType"] == "Task"
    }
    signals = [
        Signal(
            id=each["id"],
            version=int(each.get("meta", {}).get("versionId", "1")),
            title=each.get("code", {}).get("text", ""),
            level=_code(each, _LEVELS),
            at=in_zone(each.get("period", {}).get("start", ""), zone),
            why=why.get(_key(each, "period"), ""),
        )
        for each in told
        if each["resourceType"] == "Flag" and each.get("status") == "active"
    ]
    return tuple(
        sorted(signals, key=lambda each: (_urgency(each.level), in_order(each.at), each.id))
    )


def _event(number: int, event: Resource, zone: tzinfo) -> Event:
    seriousness = [each.get("code", "") for each in _codings(event, "seriousness")]
    facts = [
        _text(event, "severity"),
        _text(event, "seriousness"),
        _text(event, "outcome"),
        *(_concept(each) for each in event.get("category", ())),
    ]
    ends = (
        each.get("valueDateTime", "")
        for each in event.get("extension", ())
        if each["url"] == _RESOLVED
    )
    return Event(
        number=number,
        start=event["date"],
        end=in_zone(next(ends, ""), zone),
        title=_text(event, "event") or "An event without a description",
        facts=tuple(fact for fact in facts if fact),
        is_serious="Serious" in seriousness,
    )


def _urgency(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)


def _key(resource: Resource, time: str) -> tuple[str, str]:
    said = resource.get(time, "")
    return _code(resource, _SIGNALS), said.get("start", "") if isinstance(said, dict) else said


def _code(resource: Resource, system: str) -> str:
    codings = _codings(resource, "code")
    return next((each.get("code", "") for each in codings if each.get("system") == system), "")


def _codings(resource: Resource, element: str) -> list[Resource]:
    return list(resource.get(element, {}).get("coding", ()))


def _text(resource: Resource, element: str) -> str:
    return _concept(resource.get(element, {}))


def _concept(concept: Resource) -> str:
    codings = concept.get("coding", ())
    words = (each.get("display") or each.get("code", "") for each in codings)
    return concept.get("text") or ", ".join(words)
