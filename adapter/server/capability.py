"""What this server says of itself, made of what is served; a test walks it and asks for all of it.

https://hl7.org/fhir/R4/capabilitystatement.html
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from adapter.fhir.search.parameters import SERVED_TYPES, Kind, Parameter, parameters
from adapter.server.groups import GROUP
from adapter.server.json_patch import PATCH_JSON
from adapter.server.writes import WRITABLE

_KINDS: dict[Kind, str] = {"canonical": "reference", "pair": "composite", "usage": "composite"}
_SMART = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
            "code": "SMART-on-FHIR",
        }
    ]
}
_BULK = "http://hl7.org/fhir/uv/bulkdata"
_EXPORTS = {"": "export", "Patient": "patient-export", "Group": "group-export"}
_OPERATIONS = {
    "validate": ("", "http://hl7.org/fhir/OperationDefinition/Resource-validate"),
    "extract": (
        "QuestionnaireResponse",
        "http://hl7.org/fhir/uv/sdc/OperationDefinition/QuestionnaireResponse-extract",
    ),
    "populate": (
        "Questionnaire",
        "http://hl7.org/fhir/uv/sdc/OperationDefinition/Questionnaire-populate",
    ),
}
"""By name, the type that has the operation ('': each), and where it is defined."""
_OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
INTERACTIONS = ("read", "vread", "history-instance", "search-type")


@dataclass(frozen=True, slots=True)
class Software:
    """Who serves: the version of the program, where it is, since when, and where one signs in.

    `has_origins`: pages of other origins may ask.
    """

    version: str
    base: str
    since: str
    oauth_uris: Mapping[str, str] = field(default_factory=dict)
    has_origins: bool = False


def capability_statement(
    software: Software, *, exports: bool, audits: bool = False
) -> dict[str, Any]:
    """The CapabilityStatement; `exports`: whether Bulk Data is among it; `audits`: AuditEvents."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": software.since,
        "kind": "instance",
        **({"instantiates": [f"{_BULK}/CapabilityStatement/bulk-data"]} if exports else {}),
        "software": {"name": "trial-fhir-adapter", "version": software.version},
        "implementation": {
            "description": "What a clinical trial learned about the people who take part",
            "url": software.base,
        },
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "patchFormat": [PATCH_JSON],
        "rest": [
            {
                "mode": "server",
                "security": {
                    "cors": software.has_origins,
                    "service": [_SMART],
                    **_oauth(software.oauth_uris),
                },
                "resource": [
                    *([_AUDITS] if audits else []),
                    *(_resource(name, exports=exports) for name in sorted(SERVED_TYPES)),
                ],
                **({"operation": [_export("")]} if exports else {}),
                "interaction": [{"code": "transaction"}, {"code": "batch"}],
            }
        ],
    }


def _oauth(uris: Mapping[str, str]) -> dict[str, Any]:
    """Where one signs in, for clients that do not ask for `.well-known/smart-configuration`."""
    said = [{"url": word, "valueUri": uri} for word, uri in uris.items()]
    return {"extension": [{"url": _OAUTH_URIS, "extension": said}]} if said else {}


def _resource(name: str, *, exports: bool) -> dict[str, Any]:
    if name == GROUP:
        return _group(exports=exports)
    written = WRITABLE.get(name, frozenset())
    known = parameters(name)
    references = sorted(each.name for each in known.values() if each.kind == "reference")
    naming = sorted(
        f"{source}:{each.name}"
        for source in SERVED_TYPES - {GROUP}
        for each in parameters(source).values()
        if each.kind == "reference" and _may_name(each, name)
    )
    said: dict[str, Any] = {
        "type": name,
        "interaction": [{"code": code} for code in (*INTERACTIONS, *_writing(written))],
        "versioning": "versioned-update" if "update" in written else "versioned",
        "readHistory": True,
        "updateCreate": False,
        "conditionalCreate": "create" in written,
        "conditionalRead": "full-support",
        "conditionalUpdate": "update" in written,
        "conditionalDelete": "not-supported",
    }
    said["operation"] = _operations(name, exports=exports)
    if references:
        said["searchInclude"] = [f"{name}:{each}" for each in references]
    if naming:
        said["searchRevInclude"] = naming
    said["searchParam"] = _searched(known)
    return said


def _writing(written: Collection[str]) -> list[str]:
    """The interactions of what is written; what may be updated may be patched."""
    return sorted({*written, *(["patch"] if "update" in written else [])})


def _group(*, exports: bool) -> dict[str, Any]:
    """What is made anew for whoever asks: nothing of it has versions."""
    return {
        "type": GROUP,
        "documentation": "Everybody who takes part, as far as the client may know of them.",
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "versioning": "no-version",
        "conditionalRead": "not-match",
        "operation": _operations(GROUP, exports=exports),
        "searchParam": _searched(parameters(GROUP)),
    }


def _operations(name: str, *, exports: bool) -> list[dict[str, str]]:
    said = [
        {"name": operation, "definition": definition}
        for operation, (of, definition) in _OPERATIONS.items()
        if of in {"", name}
    ]
    return [*said, _export(name)] if exports and name in _EXPORTS else said


def _searched(known: Mapping[str, Parameter]) -> list[dict[str, str]]:
    return [
        {"name": "_id", "type": "token"},
        {"name": "_lastUpdated", "type": "date"},
        *({"name": each.name, "type": _KINDS.get(each.kind, each.kind)} for each in known.values()),
    ]


def _export(name: str) -> dict[str, str]:
    """The export of a type, '' for that of the system."""
    return {"name": "export", "definition": f"{_BULK}/OperationDefinition/{_EXPORTS[name]}"}


def _may_name(parameter: Parameter, target: str) -> bool:
    return (parameter.name == "patient") <= (target == "Patient")


_AUDITS: Mapping[str, Any] = {
    "type": "AuditEvent",
    "documentation": "The logs of decisions and accesses, for clients that are auditors alone.",
    "interaction": [{"code": "read"}, {"code": "search-type"}],
    "versioning": "no-version",
    "searchParam": _searched(parameters("AuditEvent")),
}
"""Files that are only appended to: nothing in them has versions, and nothing is counted."""
