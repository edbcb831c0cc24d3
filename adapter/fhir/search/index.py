"""What a resource is found by: the values of each search parameter, in the form they compare in.

A reference is kept as the type and the id of what it names (or its address), a canonical as its
version and its address, a date and a number as the range that they stand for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from itertools import product
from typing import Any

from adapter.fhir.ids import ID
from adapter.fhir.search.parameters import BY_IDENTIFIER, OF_TYPE, Parameter, parameters
from adapter.fhir.search.spans import EVER, exact_number, moment_span
from adapter.fhir.search.text import named_as, plain

_REFERENCE = re.compile(rf"([A-Z][A-Za-z]+)/({ID})(?:/_history/.+)?")
_DATED = ("", "DateTime", "Period", "Instant")


@dataclass(frozen=True, slots=True)
class Token:
    """A code or name, exactly; `system` is '' for none. Of a reference it is the type."""

    parameter: str
    system: str
    value: str


@dataclass(frozen=True, slots=True)
class Range:
    """A time or a quantity; `system` and `unit` are of a quantity, '' for none."""

    parameter: str
    low: float
    high: float
    system: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """A text, as it was written and as it compares."""

    parameter: str
    exact: str
    plain: str


Found = Token | Range | Words


def found_by(resource: Mapping[str, Any], zone: tzinfo) -> list[Found]:
    """All that a search finds a resource by; `zone` is that of dates without one."""
    found: dict[Found, None] = {}
    for parameter in parameters(resource["resourceType"]).values():
        for path in parameter.paths:
            for value in _values(resource, path, parameter):
                found.update(dict.fromkeys(_read(parameter, value, zone)))
    return list(found)


def _values(node: object, path: tuple[str, ...], parameter: Parameter) -> Iterator[object]:
    if isinstance(node, list):
        for item in node:
            yield from _values(item, path, parameter)
    elif not path:
        if node is not None:
            yield node
    elif isinstance(node, dict):
        endings = _DATED if parameter.kind == "date" and len(path) == 1 else ("",)
        for ending in endings:
            yield from _values(node.get(path[0] + ending), path[1:], parameter)


def _read(parameter: Parameter, value: object, zone: tzinfo) -> Iterator[Found]:
    name = parameter.name
    match parameter.kind, value:
        case "token", _:
            yield from _of_code(name, value)
        case "usage", {"code": kind, "valueCodeableConcept": context}:
            asked = product(_asked_as(kind), _asked_as(context))
            yield from (Token(name, *each) for each in asked)
        case "reference", {**named}:
            yield from _of_reference(name, named)
        case "uri", str(said):
            yield Token(name, "", said)
        case "canonical", str(said):
            address, _, version = said.partition("|")
            yield Token(name, version, address)
        case "date", {**period} if period:
            yield Range(name, *_period(period, zone))
        case "date", str(said):
            yield Range(name, *moment_span(said, zone))
        case "quantity", {"value": said, **unit}:
            number = float(exact_number(str(said)))
            yield Range(name, number, number, str(unit.get("system", "")), _unit(unit))
        case "string", str(said):
            yield Words(name, said, plain(said))


def _of_reference(name: str, reference: Mapping[Any, Any]) -> Iterator[Token]:
    if "reference" in reference:
        said = str(reference["reference"])
        named = _REFERENCE.fullmatch(said)
        token = Token(name, named[1], named[2]) if named else Token(name, "", said)
        if name != "patient" or token.system == "Patient":
            yield token
    for system, value in _tokens(reference.get("identifier")):
        yield Token(f"{name}{BY_IDENTIFIER}", system, value)


def _of_code(name: str, value: object) -> Iterator[Found]:
    """A code, what it is called, and of an identifier which kind it is of."""
    yield from (Token(name, system, code) for system, code in _tokens(value))
    yield from (Words(name, said, plain(said)) for said in _texts(value))
    yield from (Token(f"{name}{OF_TYPE}", *kind) for kind in _kinds(value))


def _tokens(value: object) -> Iterator[tuple[str, str]]:
    match value:
        case {"coding": list(codings)}:
            for coding in codings:
                yield from _tokens(coding)
        case {"code": str(code), **rest} | {"value": str(code), **rest}:
            yield str(rest.get("system", "")), code
        case bool(said):
            yield "", str(said).lower()
        case str(code):
            yield "", code


def _texts(value: object) -> Iterator[str]:
    """What people read of a code: the concept's text, or what its codings or its kind display."""
    match value:
        case {"coding": list(codings), **rest}:
            for coding in codings:
                yield from _texts(coding)
            yield from (str(rest[name]) for name in ("text",) if name in rest)
        case {"text": str(said)} | {"display": str(said)} | {"type": {"text": str(said)}}:
            yield said


def _kinds(value: object) -> Iterator[tuple[str, str]]:
    """An identifier's value by each coding of its kind."""
    match value:
        case {"type": {"coding": list(codings)}, "value": str(said)}:
            for system, code in _tokens({"coding": codings}):
                yield named_as(system, code), said


def _asked_as(value: object) -> set[str]:
    """Every way in which a search may name a code: with its system, without, by its system."""
    return {
        named_as(*asked)
        for system, code in _tokens(value)
        for asked in ((system, code), (None, code), (system, None))
    }


def _period(period: Mapping[Any, Any], zone: tzinfo) -> tuple[float, float]:
    low = moment_span(period["start"], zone)[0] if "start" in period else EVER[0]
    high = moment_span(period["end"], zone)[1] if "end" in period else EVER[1]
    return low, high


def _unit(quantity: Mapping[Any, Any]) -> str:
    return str(quantity.get("code") or quantity.get("unit") or "")
