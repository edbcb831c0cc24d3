"""How the values of search parameters stand in an address, as the patterns of OpenAPI.

A pattern allows less than the server where FHIR allows more ways to write the same.

Source: https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from typing import Any

from adapter.server.json_patch import MOST_STEPS

_WORD = r"[A-Za-z0-9][A-Za-z0-9 .:/\-]{0,60}"
_ID = r"[A-Za-z0-9\-.]{1,64}"
_PREFIX = "(eq|ne|gt|lt|ge|le|sa|eb|ap)?"
_NUMBER = r"[0-9]{1,9}(\.[0-9]{1,4})?"
_DAY = r"[12][0-9]{3}(-(0[1-9]|1[0-2])(-(0[1-9]|1[0-9]|2[0-8]))?)?"
_PATTERNS = {
    "token": rf"({_WORD}\|)?{_WORD}",
    "reference": _ID,
    "uri": _WORD,
    "date": f"{_PREFIX}{_DAY}",
    "quantity": f"{_PREFIX}{_NUMBER}",
    "string": _WORD,
    "composite": rf"{_WORD}\${_PREFIX}{_NUMBER}",
}
_CANONICAL = rf"{_WORD}(\|[0-9.]{{1,10}})?"
_EXAMPLES = {"date": "ge2024-03-01", "quantity": "gt10", "composite": "44261-6$gt10"}

SHAPING: tuple[dict[str, Any], ...] = (
    {
        "name": "_format",
        "in": "query",
        "schema": {"type": "string", "enum": ["json", "application/fhir+json"]},
    },
    {"name": "_pretty", "in": "query", "schema": {"type": "string", "enum": ["true", "false"]}},
)
"""What every interaction of FHIR takes."""

STEPS: dict[str, Any] = {
    "type": "array",
    "maxItems": MOST_STEPS,
    "items": {
        "type": "object",
        "properties": {
            "op": {"type": "string", "enum": ["add", "remove", "replace", "move", "copy", "test"]},
            "path": {"type": "string", "pattern": "^(/([^~/]|~[01])*)*$"},
            "from": {"type": "string", "pattern": "^(/([^~/]|~[01])*)*$"},
            "value": {},
        },
        "required": ["op", "path"],
    },
}
"""A JSON Patch."""

SEARCHED: dict[str, dict[str, Any]] = {
    "_count": {"type": "integer", "minimum": 0},  # the most that is wanted; we may give fewer
    "_summary": {"type": "string", "enum": ["false", "true", "text", "data", "count"]},
    "_elements": {"type": "string"},  # a name that no element has is passed over
    "_total": {"type": "string", "enum": ["none", "estimate", "accurate"]},
}
"""What every search takes beside its criteria."""


def value_of(kind: str, name: str) -> dict[str, Any]:
    """The schema of a search parameter, by its type in the CapabilityStatement."""
    one = _CANONICAL if name == "questionnaire" else _ID if name == "_id" else _PATTERNS[kind]
    schema = {"type": "string", "pattern": f"^{one}(,{one}){{0,3}}$"}
    return {**schema, "example": _EXAMPLES[kind]} if kind in _EXAMPLES else schema
