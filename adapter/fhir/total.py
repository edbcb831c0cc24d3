"""A score as a record system files totals: its own code, and nothing but the number around it.

https://hl7.org/fhir/R4/observation.html. What such a system does not know goes: items, panel,
method, bands, and references to resources that it never gets. What stays beside the number is the
note that it rests on some of the items alone: without that it would be taken for a whole one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from adapter.fhir.coding import CATEGORY
from adapter.fhir.identity import code_system

Resource = dict[str, Any]
_MOMENT = ("effectiveDateTime", "_effectiveDateTime")
_KEPT = ("resourceType", "id", "meta", "identifier", "status", "subject", *_MOMENT)
_CORRECTED = frozenset({"amended", "corrected"})


@dataclass(frozen=True, slots=True)
class Filing:
    """Under which code a total is filed, and in which category.

    `unit` replaces the words of the unit, None keeps them.
    """

    coding: tuple[tuple[str, str], ...]
    category: str
    unit: str | None = None


def as_total(observation: Resource, filing: Filing) -> Resource:
    """The Observation of a score as such a system gets it."""
    told = {name: observation[name] for name in _KEPT if name in observation}
    told["category"] = [{"coding": [{"system": CATEGORY, "code": filing.category}]}]
    told["code"] = {"coding": [dict(filing.coding)], "text": observation["code"]["text"]}
    if "valueQuantity" in observation:
        told["valueQuantity"] = dict(observation["valueQuantity"])
        if filing.unit is not None:
            told["valueQuantity"]["unit"] = filing.unit
    for name in ("valueString", "dataAbsentReason", "note"):
        if name in observation:
            told[name] = observation[name]
    return told


def as_final(observation: Resource) -> Resource:
    """An Observation for a system that knows no corrected one; anything else as it is."""
    is_corrected = observation["resourceType"] == "Observation"
    is_corrected = is_corrected and observation["status"] in _CORRECTED
    return {**observation, "status": "final"} if is_corrected else observation


def score_of(observation: Resource) -> str:
    """The project's own code of a score, `<form>-<scale>`; '' for any other Observation."""
    own = code_system("score")
    return next((e["code"] for e in observation["code"]["coding"] if e["system"] == own), "")
