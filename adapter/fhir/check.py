"""Whether a resource keeps R4 4.0.1, and the one way by which a resource becomes text.

The rules are a JSON Schema compiled from R4's own definitions (`schema/`, made by
`tools/compile_schema.py`) and the functions of `adapter.fhir.invariants`, which the schema asks
where they apply. A resource that passes the strict validator of its type is valid; the full one
decides on the others and finds every fault (`adapter.fhir.definitions` says why that is sound).

Resources inside a resource are checked each by its own type. A finished text (`orjson.Fragment`)
in a Bundle was checked when it was written, and is not read again.

Not judged: bindings weaker than required, whether a code of LOINC, SNOMED CT or UCUM exists,
profiles, where a reference leads, the elements of inner resources whose type is not ours.

Source: https://hl7.org/fhir/R4/validation.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeGuard

import orjson
from jsonschema_rs import ValidationError, ValidationErrorKind

from adapter.errors import ResourceError
from adapter.fhir.definitions import all_types, full, full_schema, strict
from adapter.fhir.text import exactly
from adapter.fhir.types import OUR_TYPES

Resource = dict[str, Any]

INNER = frozenset({"contained", "resource", "outcome"})
"""The elements whose values are resources."""
WAYS = {
    "Bundle": frozenset({"entry", "response", "resource", "outcome"}),
    "Parameters": frozenset({"parameter", "part", "resource"}),
}
"""The elements that lead to inner resources, in the types that exist to hold them."""
TYPES = frozenset(OUR_TYPES)
BACKSLASH = ord("\\")
CONTAINED = frozenset({"contained"})
ESCAPED = re.compile(rb"\\(?:u00|[bf])")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
ELEMENT = re.compile("_?[A-Za-z][A-Za-z0-9]*")
# Dates and data classes are no JSON: orjson would write them, and no rule would have seen them.
PLAIN_JSON = (
    orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule that a resource breaks.

    `path` leads to the place, such as `Observation.component[0].valueQuantity.code`. `rule` is the
    key of an invariant, the name of a primitive type, or one of `binding`, `cardinality`, `choice`,
    `control`, `json`, `nulls`, `reference`, `required`, `resource`, `type`, `unknown`. `message`
    says what is expected there, and never what was found.
    """

    path: str
    rule: str
    message: str

    def __str__(self) -> str:
        """Gives the fault in one line."""
        return f"{self.path}: {self.message} ({self.rule})"


def find_faults(resource: Resource) -> tuple[Fault, ...]:
    """Gives everything in a resource that R4 forbids; nothing where it is valid.

    >>> print(*find_faults({"resourceType": "Consent", "status": "on"})[-1:])
    Consent: expected policy or policyRule (ppc-1)
    """
    return _judged(resource)[1]


def write(resource: Resource) -> bytes:
    """Gives the text of a resource: keys in the builder's order, decimals with all their places.

    Raises:
        ResourceError: R4 forbids the resource; the findings are all its faults.
    """
    text, faults = _judged(resource)
    if faults:
        raise ResourceError("expected a resource that R4 allows", tuple(map(str, faults)))
    return text


def _judged(resource: Resource) -> tuple[bytes, tuple[Fault, ...]]:
    """Gives the text of a resource, empty where it is no JSON, and its faults."""
    try:
        text = orjson.dumps(resource, exactly, PLAIN_JSON)
    except TypeError:
        return b"", (Fault("$", "json", "expected JSON values only, and numbers of 64 bits"),)
    is_kept = _keeps_strictly(resource)
    # JSON escapes control characters: a text without a backslash has none.
    if is_kept and BACKSLASH not in text:
        return text, ()
    found = [] if is_kept else list(_faults(resource))
    if ESCAPED.search(text) and _is_ours(resource):
        found += _controls(resource, resource["resourceType"])
    return text, tuple(dict.fromkeys(found))


def _keeps_strictly(resource: object) -> bool:
    """Tells whether a resource passes its strict validator.

    One that holds others never does: rules of its own would have to be asked (dom-2, bdl-2, inv-1).
    """
    if not isinstance(resource, dict):
        return False
    try:
        return strict(str(resource.get("resourceType"))).is_valid(resource)
    except ValueError:  # A value that the validator does not take for JSON.
        return False


def _is_ours(resource: object) -> TypeGuard[Resource]:
    """Tells whether this is a resource of one of our types."""
    if not isinstance(resource, dict):
        return False
    resource_type = resource.get("resourceType")
    return isinstance(resource_type, str) and resource_type in TYPES


def _inside(node: Resource, ways: frozenset[str], path: str = "") -> Iterator[tuple[str, object]]:
    """Yields the resources inside a resource, each with its path."""
    for name, value in node.items():
        if name not in ways:
            continue
        places = enumerate(value) if isinstance(value, list) else ((None, value),)
        for index, child in places:
            where = f"{path}.{name}" if index is None else f"{path}.{name}[{index}]"
            if name in INNER:
                yield where, child
            elif isinstance(child, dict):
                yield from _inside(child, ways, where)


def _faults(resource: object, path: str = "") -> Iterator[Fault]:
    """Yields the faults of a resource and of those inside it; `path` is empty for the outermost."""
    if not _is_ours(resource):
        if not path or not _is_foreign(resource):
            yield Fault(path or "$", "resource", "expected a resource of a type that is known here")
        return
    resource_type = resource["resourceType"]
    here, is_local = path or resource_type, bool(path) or "contained" in resource
    validator = full(resource_type, is_local=is_local)
    try:
        if not validator.is_valid(resource):  # Far quicker than to look for errors.
            schema = full_schema(resource_type, is_local=is_local)
            for error in validator.iter_errors(resource):
                yield from _described(error, schema, here)
    except ValueError:
        yield Fault(here, "json", "expected JSON values only")
    for where, inner in _inside(resource, WAYS.get(resource_type, CONTAINED), here):
        if not _keeps_strictly(inner):
            yield from _faults(inner, where)


def _is_foreign(resource: object) -> bool:
    """Tells whether this is a finished text, or a resource of an R4 type without a schema here."""
    if isinstance(resource, dict):
        resource_type = resource.get("resourceType")
        return isinstance(resource_type, str) and resource_type in all_types()
    return isinstance(resource, orjson.Fragment)


def _described(error: ValidationError, schema: Resource, root: str) -> Iterator[Fault]:
    """Yields what the validator found, in our words."""
    place = root + "".join(
        f".{step}" if isinstance(step, str) else f"[{step}]" for step in error.instance_path
    )
    said = _said(schema, error.schema_path)
    match error.kind:
        case ValidationErrorKind.AdditionalProperties(unexpected):
            for name in unexpected:
                shown = name if ELEMENT.fullmatch(name) else "?"
                yield Fault(f"{place}.{shown}", "unknown", "expected no element of this name")
        case ValidationErrorKind.AnyOf(context) if said is None:
            # A value or null in a list: what is wrong with it as a value says more.
            for inner in context[0]:
                yield from _described(inner, schema, root)
        case _ if said:
            rule, expected, *element = said
            yield Fault(".".join((place, *element)), rule, f"expected {expected}")
        case ValidationErrorKind.Required(name):
            yield Fault(f"{place}.{name}", "required", "expected an element that R4 requires")
        case ValidationErrorKind.Type(types):
            yield Fault(place, "type", f"expected JSON of type {' or '.join(types)}")
        case _:
            yield Fault(place, "cardinality", "expected at least one entry or element")


def _said(schema: Resource, path: list[str | int]) -> list[str] | None:
    """Gives the words that stand nearest to a keyword of the schema."""
    node: Any = schema
    said = None
    for step in path:
        node = node[step]
        if isinstance(node, dict):
            said = node.get("fault", said)
    return said


def _controls(value: object, path: str) -> Iterator[Fault]:
    """Yields the strings that hold a character R4 forbids everywhere."""
    if isinstance(value, str) and CONTROL.search(value):
        yield Fault(path, "control", "expected no control character but tab and line breaks")
    elif isinstance(value, dict):
        for name, child in value.items():
            yield from _controls(child, f"{path}.{name}")
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _controls(child, f"{path}[{index}]")
