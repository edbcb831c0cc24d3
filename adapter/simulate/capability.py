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

INTERACTIONS = ("read", "vread", "history-instance", "create", "update", "delete", "search-type")
SEARCH_TYPES = {"canonical": "reference"}  # what a search parameter of a canonical is in R4


def capability(system: RecordSystem, asked: Asked) -> Reply:
    """The CapabilityStatement (https://hl7.org/fhir/R4/capabilitystatement.html)."""
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
                "rest": [
                    {
                        "mode": "server",
                        "resource": [_resource(name) for name in sorted(PATHS)],
                        "interaction": [{"code": "transaction"}, {"code": "batch"}],
                    }
                ],
            }
        ),
    )


def _resource(name: str) -> dict[str, Any]:
    parameters = {
        **COMMON_PARAMETERS,
        **{parameter: kind_of(parameter) for parameter in PATHS[name]},
    }
    return {
        "type": name,
        "interaction": [{"code": code} for code in INTERACTIONS],
        "versioning": "versioned",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalRead": "not-match",
        "conditionalUpdate": True,
        "conditionalDelete": "not-supported",
        "referencePolicy": ["literal", "logical", "enforced", "local"],
        "searchParam": [
            {"name": parameter, "type": SEARCH_TYPES.get(kind, kind)}
            for parameter, kind in sorted(parameters.items())
        ],
    }
