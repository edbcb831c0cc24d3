"""What a record system says of itself: the part of its CapabilityStatement that decides on rungs.

https://hl7.org/fhir/R4/capabilitystatement.html. Only what may be done to which type is kept; a
clinic's profile says what the statement cannot: local codes, limits, what really works.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

WRITES = frozenset({"create", "update"})


@dataclass(frozen=True, slots=True)
class Capability:
    """Interactions by resource type, and those of the whole system (`transaction`, `batch`).

    `update_create`: the types that a client may PUT under an id of its own.
    """

    types: Mapping[str, frozenset[str]]
    system: frozenset[str]
    update_create: frozenset[str] = frozenset()

    def offers(self, resource_type: str, *interactions: str) -> bool:
        """Whether it offers one of these interactions with a type."""
        return not self.types.get(resource_type, frozenset()).isdisjoint(interactions)


def read_capability(statement: dict[str, Any]) -> Capability | None:
    """What a statement says of the server side; None for what is no CapabilityStatement of R4."""
    is_r4 = str(statement.get("fhirVersion", "")).startswith("4.0")
    if statement.get("resourceType") != "CapabilityStatement" or not is_r4:
        return None
    sides = [each for each in statement.get("rest", ()) if each.get("mode") == "server"]
    listed = [each for side in sides for each in side.get("resource", ())]
    return Capability(
        {each["type"]: _codes(each) for each in listed},
        frozenset().union(*map(_codes, sides)),
        frozenset(each["type"] for each in listed if each.get("updateCreate")),
    )


def as_json(capability: Capability) -> dict[str, Any]:
    """What is kept of it between two readings."""
    return {
        "types": {name: sorted(codes) for name, codes in sorted(capability.types.items())},
        "system": sorted(capability.system),
        "update_create": sorted(capability.update_create),
    }


def from_json(said: dict[str, Any]) -> Capability:
    """What was kept, read again."""
    types = {name: frozenset(codes) for name, codes in said["types"].items()}
    return Capability(types, frozenset(said["system"]), frozenset(said["update_create"]))


def _codes(said: dict[str, Any]) -> frozenset[str]:
    return frozenset(each["code"] for each in said.get("interaction", ()))
