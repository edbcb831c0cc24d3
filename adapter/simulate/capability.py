"""What the record system says of itself, derived from what it does: so it cannot but be true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adapter.simulate.exchange import Reply
from adapter.simulate.parameters import PATHS, kind_of
from adapter.simulate.query import COMMON_PARAMETERS
from adapter.simulate.versions import write_json

if TYPE_CHECKING:
    from adapter.simulate.exchange import Asked
    from adapter.simulate.full import RecordSystem
    from adapter.simulate.personality import Personality

INTERACTIONS = ("read", "vread", "history-instance", "create", "update", "delete", "search-type")
SEARCH_TYPES = {"canonical": "reference"}  # what a search parameter of a canonical is in R4


def capability(system: RecordSystem, asked: Asked) -> Reply:
    """The CapabilityStatement (https://hl7.org/fhir/R4/capabilitystatement.html)."""
    personality = system.personality
    rest: dict[str, Any] = {
        "mode": "server",
        "documentation": personality.says,
        "resource": [_resource(personality, name) for name in sorted(personality.offers)],
    }
    if personality.bundles:
        rest["interaction"] = [{"code": "transaction"}, {"code": "batch"}]
    return Reply(
        200,
        write_json(
            {
                "resourceType": "CapabilityStatement",
                "status": "active",
                "date": system.started,
                "kind": "instance",
                "software": {"name": "Simulated record system"},
                "implementation": {
                    "description": "A simulated record system, for synthetic data only",
                    "url": asked.base,
                },
                "fhirVersion": "4.0.1",
                "format": ["application/fhir+json", "json"],
                "rest": [rest],
            }
        ),
    )


def _resource(personality: Personality, name: str) -> dict[str, Any]:
    offered = personality.offers[name]
    parameters = {
        **COMMON_PARAMETERS,
        **{parameter: kind_of(parameter) for parameter in PATHS[name]},
    }
    return {
        "type": name,
        "interaction": [{"code": code} for code in INTERACTIONS if code in offered],
        "versioning": "versioned-update" if personality.needs_if_match else "versioned",
        "readHistory": "vread" in offered,
        "updateCreate": personality.creates_by_update,
        "conditionalCreate": personality.conditions,
        "conditionalRead": "not-match",
        "conditionalUpdate": personality.conditions,
        "conditionalDelete": "not-supported",
        "referencePolicy": ["literal", "logical", "enforced", "local"],
        "searchParam": [
            {"name": parameter, "type": SEARCH_TYPES.get(kind, kind)}
            for parameter, kind in sorted(parameters.items())
        ],
    }
