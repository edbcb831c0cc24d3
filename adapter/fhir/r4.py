"""The one door to `fhir.resources`: what comes in is read here and checked by its type's class.

The library has no R4; its R4B classes say the same for the types named in `RESOURCE_TYPES`. A
resource is never sent through the class and back, because that alters it: the JSON that came in is
what the caller gets, numbers with the precision they were written in
(https://hl7.org/fhir/R4/datatypes.html#decimal).

Not checked: required bindings, reference targets and invariants; `adapter.fhir.check` knows those.
"""

from __future__ import annotations

import json
import re
from datetime import date, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import BaseModel, ValidationError

from adapter.errors import AdapterError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RESOURCE_TYPES = frozenset(
    {
        "AdverseEvent",
        "AuditEvent",
        "Binary",
        "Bundle",
        "CapabilityStatement",
        "CodeSystem",
        "Condition",
        "Consent",
        "Device",
        "DiagnosticReport",
        "DocumentReference",
        "Encounter",
        "Flag",
        "Group",
        "Medication",
        "MedicationRequest",
        "MedicationStatement",
        "Observation",
        "OperationOutcome",
        "Organization",
        "Parameters",
        "Patient",
        "Practitioner",
        "Procedure",
        "Provenance",
        "Questionnaire",
        "QuestionnaireResponse",
        "ResearchStudy",
        "ResearchSubject",
        "Subscription",
        "Task",
        "ValueSet",
    }
)
# A rule that the library states in its own words. Any other text may quote what was sent.
SAFE_RULE = re.compile(
    r"Value error, (?:\w+ value string does not match spec regex\."
    r"|(?:DateTime|Instant) must be timezone aware(?: if it has a time component)?\."
    r"|(?:Any|Expect any) of (?:one )?field value (?:is expected )?from this list \[[\w', ]*\]"
    r"(?:, but got multiple!|\.))"
)
ELEMENT_NAME = re.compile(r"_?[A-Za-z][A-Za-z0-9]{0,63}")
QUOTING_RULES = {"model_validation_format", "fhir-validation-wrong-resource-type"}
LONGEST_INTEGER = 18  # digits that a 64-bit integer always holds


class NotR4Error(AdapterError):
    """What came in is not R4; `findings` are `path: rule`, and never quote a value."""

    issue_code = "structure"
    http_status = 400

    def __init__(self, message: str, findings: tuple[str, ...]) -> None:
        """Keeps every finding, not the first only."""
        super().__init__("\n".join((message, *findings)))
        self.message = message
        self.findings = findings


def read_resource(body: bytes) -> dict[str, Any]:
    """The resource in `body`, exactly as sent.

    Raises:
        NotR4Error: It is not JSON, not one of `RESOURCE_TYPES`, or not what R4 says of that type.
    """
    resource = parse_json(body)
    check_resource(resource)
    return resource


def parse_json(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`; decimals as `Decimal`, so that `1.50` stays `1.50`.

    Raises:
        NotR4Error: It is not one JSON object in UTF-8, or nested deeper than can be written again.
    """
    try:
        # orjson is the judge: it refuses what RFC 8259 forbids and `json` lets pass (NaN, lone
        # surrogates, other encodings), and it writes no more than 254 levels, of which four are
        # left to what is written around a resource.
        orjson.dumps([[[[orjson.loads(body)]]]])
        parsed = load_exactly(body)
    except orjson.JSONDecodeError as fault:
        place = f"line {fault.lineno} column {fault.colno}"
        raise NotR4Error("The content is not JSON.", (f"{place}: {fault.msg}",)) from None
    except (TypeError, ArithmeticError):
        rule = "nested too deeply, or a number beyond every range"
        raise NotR4Error(
            "The content is not JSON that can be kept.", (f"content: {rule}",)
        ) from None
    if not isinstance(parsed, dict):
        raise NotR4Error("The content is not a resource.", ("content: a JSON object is expected",))
    return parsed


def load_exactly(text: bytes) -> dict[str, Any] | list[Any]:
    """The object or array in JSON that is known to be sound, every number as it was written."""
    loaded: dict[str, Any] | list[Any] = json.loads(text, parse_float=Decimal, parse_int=_whole)
    return loaded


def check_resource(resource: Mapping[str, Any]) -> None:
    """Passes when `resource` is what R4 says of its type: elements, cardinality, data types, JSON.

    Raises:
        NotR4Error: With every finding.
    """
    name = resource.get("resourceType")
    if not isinstance(name, str) or name not in RESOURCE_TYPES:
        raise NotR4Error(
            "The resource type is missing or not one that is known here.",
            (f"resourceType: expected one of {', '.join(sorted(RESOURCE_TYPES))}",),
        )
    try:
        findings = tuple(_findings(name, resource))
    except RecursionError:
        findings = (f"{name}: nested too deeply",)
    if findings:
        raise NotR4Error(f"This is not what R4 says of {name}.", findings)


# Private functions


def _whole(text: str) -> int | Decimal:
    return int(text) if len(text) <= LONGEST_INTEGER else Decimal(text)


def _findings(name: str, resource: Mapping[str, Any]) -> Iterator[str]:
    # Only who reads what others wrote pays for the library.
    from fhir.resources.R4B import (  # noqa: PLC0415, TID251  this is the door
        get_fhir_model_class,
    )

    try:
        read = get_fhir_model_class(name).model_validate(resource)
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_context=False, include_input=False):
            if not _is_sibling_of_extension_value(fault["loc"]):
                yield f"{_path(name, fault['loc'])}: {_rule(fault['type'], fault['msg'])}"
    except (KeyError, TypeError):
        # How the library says that it does not know the type of a contained resource or an entry.
        yield f"{name}: a resource within is of a type that R4 does not have"
    else:
        yield from _misread(resource, read, name)


def _is_sibling_of_extension_value(place: tuple[int | str, ...]) -> bool:
    # R4 allows `_valueString` beside an extension's value; the library has no such field.
    return "extension" in place and str(place[-1]).startswith("_value")


def _path(name: str, place: tuple[int | str, ...]) -> str:
    steps = place[:-1] if place[-1:] == ("root",) else place  # the library's word for all of it
    return name + "".join(map(_step, steps))


def _step(step: int | str) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    # What is no name of an element may be a value that went astray.
    return f".{step}" if ELEMENT_NAME.fullmatch(step) else ".?"


def _rule(kind: str, text: str) -> str:
    if kind == "json_invalid":
        return "a JSON object is expected"
    if kind in QUOTING_RULES or (kind == "value_error" and not SAFE_RULE.fullmatch(text)):
        return "the value is not allowed here"
    return text.removeprefix("Value error, ")


def _misread(sent: object, read: object, path: str) -> Iterator[str]:
    """What the library forgives: JSON of another kind than the element's, null, what is empty."""
    if sent is None:
        yield f"{path}: null is not allowed"
    elif sent in ({}, [], ""):
        yield f"{path}: must not be empty"
    elif isinstance(sent, dict):
        for name, value in sent.items():
            if ELEMENT_NAME.fullmatch(name):
                yield from _misread(value, getattr(read, name, None), f"{path}.{name}")
            else:  # the library's own spelling of an element
                yield f"{path}.?: Extra inputs are not permitted"
    elif isinstance(sent, list):
        readings = read if isinstance(read, list) else [None] * len(sent)
        for place, (value, reading) in enumerate(zip(sent, readings, strict=True)):
            if value is not None:  # keeps the place of a primitive that has only extensions
                yield from _misread(value, reading, f"{path}[{place}]")
    elif (expected := _kind(read)) and _kind(sent) not in (expected, WRITTEN_AS.get(expected)):
        yield f"{path}: a JSON {expected} is expected"


WRITTEN_AS = {"decimal": "integer"}  # 5 is a decimal too; 5.0 is no integer


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, Decimal | float):
        return "decimal"
    if isinstance(value, BaseModel):
        return "object"
    return "string" if isinstance(value, str | date | time) else ""
