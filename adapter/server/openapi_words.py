"""How the values of search parameters stand in an address, as the patterns of OpenAPI.

A pattern is what the server takes, but for dates: FHIR has more ways to write them.

Source: https://hl7.org/fhir/R4/search.html, `adapter.fhir.search.values`
"""

from __future__ import annotations

from typing import Any

from adapter.fhir.ids import ID
from adapter.server.json_patch import MOST_STEPS


def _text(separators: str, least: int = 1) -> str:
    """Some characters that separate nothing, or have a backslash before them."""
    return rf"(\\[^\x00]|[^\\,{separators}\x00]){{{least},30}}"


def _token(separators: str) -> str:
    """`code`, `system|code`, `|code` or `system|`."""
    some, any_ = _text(f"|{separators}"), _text(f"|{separators}", 0)
    return rf"({some}|{any_}\|{some}|{some}\|)"


def _quantity(separators: str) -> str:
    """A number, and behind it perhaps the system and the code of its unit."""
    unit = _text(f"|{separators}", 0)
    return rf"{_PREFIX}{_NUMBER}(\|{unit}\|{unit})?"


_WORDS = _text("")
_ADDRESS = f"(https?://|urn:|#){_text('', 0)}"
_PREFIX = "(eq|ne|gt|lt|ge|le|sa|eb|ap)?"
_NUMBER = r"[+\-]?[0-9]{1,18}(\.[0-9]{1,18})?([eE][+\-]?[0-9]{1,2})?"
_DAY = r"[12][0-9]{3}(-(0[1-9]|1[0-2])(-(0[1-9]|1[0-9]|2[0-8]))?)?"
_PATTERNS = {
    "token": _token(""),
    "reference": f"([A-Z][A-Za-z]+/{ID}|{ID}|{_ADDRESS})",
    "uri": _WORDS,
    "date": f"{_PREFIX}{_DAY}",
    "quantity": _quantity(""),
    "string": _WORDS,
    "composite": rf"{_token('$')}\${_quantity('$')}",
}
_BY_NAME = {
    "_id": _WORDS,
    "patient": f"(Patient/{ID}|{ID}|{_ADDRESS})",
    "questionnaire": _WORDS,
    "context-type-value": rf"{_token('$')}\${_token('$')}",
}
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
    "_elements": {
        "type": "string",
        "pattern": "^[^\x00]*$",
    },  # a name that no element has is passed over
    "_total": {"type": "string", "enum": ["none", "estimate", "accurate"]},
}
"""What every search takes beside its criteria."""


def value_of(kind: str, name: str) -> dict[str, Any]:
    """The schema of a search parameter, by its type in the CapabilityStatement."""
    one = _BY_NAME.get(name) or _PATTERNS[kind]
    schema = {"type": "string", "pattern": f"^{one}(,{one}){{0,3}}$"}
    return {**schema, "example": _EXAMPLES[kind]} if kind in _EXAMPLES else schema
