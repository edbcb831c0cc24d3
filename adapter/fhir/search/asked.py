"""What a search asks for, read from its parameters into what has to be true of a resource.

Every `Criterion` must hold (AND); inside one, any of its values may (OR). What is not of its kind,
and a modifier that the parameter does not have, is refused; a parameter that the type does not have
is told apart, because a server may be asked to go on without it.

Source: https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final, Literal, get_args

from adapter.fhir.search.parameters import SERVED_TYPES, Parameter, parameters
from adapter.fhir.search.spans import exact_number, moment_span, number_span
from adapter.fhir.search.text import plain, split_unescaped, unescape

Prefix = Literal["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"]
Why = Literal["value", "not-supported", "too-costly"]
How = Literal["starts", "exact", "contains"]
_PREFIXES: Final = frozenset(get_args(Prefix))
_REFERENCE = re.compile(
    r"(?:https?://\S*/)?([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/\S+)?"
)
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_AP_SHARE = 0.1
MOST_VALUES: Final = 200
"""So many alternatives one parameter may name."""
LONGEST_VALUE: Final = 2_000
LONGEST_WORDS: Final = 500
"""So many characters one of them may have, and one of words, which grow as they are compared."""


class BadSearchError(Exception):
    """A search that cannot be answered; `code` is an issue type of R4, no value is named."""

    def __init__(self, code: Why, text: str) -> None:
        """Says why."""
        super().__init__(text)
        self.code: Why = code
        self.text = text


class UnknownParameterError(BadSearchError):
    """A parameter that the type does not have."""


@dataclass(frozen=True, slots=True)
class Ids:
    """One of these logical ids."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Updated:
    """Its newest version was written then; each is a prefix and a range of seconds since 1970.

    `is_blinded`: the newest that a blinded reader can tell from the others.
    """

    values: tuple[tuple[Prefix, float, float], ...]
    is_blinded: bool = False


@dataclass(frozen=True, slots=True)
class HasToken:
    """One of these (system, value), None for any; `is_not`: none of them."""

    parameter: str
    values: tuple[tuple[str | None, str | None], ...]
    is_not: bool = False


@dataclass(frozen=True, slots=True)
class HasRange:
    """One of these: prefix, range, and of a quantity system and unit, None for any."""

    parameter: str
    values: tuple[tuple[Prefix, float, float, str | None, str | None], ...]


@dataclass(frozen=True, slots=True)
class HasWords:
    """One of these texts; for `exact` as written, else as it compares."""

    parameter: str
    values: tuple[str, ...]
    how: How


@dataclass(frozen=True, slots=True)
class IsMissing:
    """Whether the resource has no value for the parameter at all."""

    parameter: str
    is_missing: bool


@dataclass(frozen=True, slots=True)
class Chained:
    """The parameter names a resource of this type for which something is true."""

    parameter: str
    type: str
    criterion: Criterion


@dataclass(frozen=True, slots=True)
class NamedBy:
    """A resource of this type names it by this parameter, and something is true of that one."""

    type: str
    parameter: str
    criterion: Criterion


@dataclass(frozen=True, slots=True)
class Pair:
    """Both are true of the same resource."""

    values: tuple[tuple[HasToken, HasRange], ...]


Criterion = Ids | Updated | HasToken | HasRange | HasWords | IsMissing | Chained | NamedBy | Pair


def read_criterion(resource_type: str, name: str, value: str, zone: tzinfo) -> Criterion:
    """What one parameter asks of resources of a type; `zone` is that of dates without one.

    Raises:
        UnknownParameterError: the type has no such parameter.
        BadSearchError: the modifier is none of its own, or the value not of its kind.
    """
    if name.startswith("_has:"):
        return _named_by(name, value, zone)
    said, _, chained = name.partition(".")
    said, _, modifier = said.partition(":")
    if said == "_id" and not modifier and not chained:
        return Ids(tuple(_alternatives(name, value)))
    if said == "_lastUpdated" and not modifier and not chained:
        spans = (_moment(name, one, zone) for one in _alternatives(name, value))
        return Updated(tuple(spans))
    known = parameters(resource_type).get(said)
    if known is None:
        raise UnknownParameterError("not-supported", _unknown(resource_type, said))
    if chained:
        return _chained(known, modifier, chained, value, zone)
    if modifier == "missing":
        if value not in {"true", "false"}:
            raise _bad(name)
        return IsMissing(known.name, value == "true")
    return _of_kind(known, modifier, value, zone)


def _of_kind(  # noqa: PLR0911 - one line a kind
    known: Parameter, modifier: str, value: str, zone: tzinfo
) -> Criterion:
    name = known.name
    each = _alternatives(name, value, LONGEST_WORDS if known.kind == "string" else LONGEST_VALUE)
    match known.kind, modifier:
        case ("token", "" | "not"):
            return HasToken(name, tuple(_token(name, one) for one in each), modifier == "not")
        case ("uri", ""):
            return HasToken(name, tuple(("", unescape(one)) for one in each))
        case ("canonical", ""):
            return HasToken(name, tuple(map(_canonical, each)))
        case ("reference", _) if not modifier or modifier in SERVED_TYPES:
            return HasToken(name, tuple(_reference(name, one, modifier) for one in each))
        case ("date", ""):
            moments = (_moment(name, one, zone) for one in each)
            return HasRange(name, tuple((*moment, None, None) for moment in moments))
        case ("quantity", ""):
            return HasRange(name, tuple(_quantity(name, one) for one in each))
        case ("pair", ""):
            return Pair(tuple(_pair(known, one) for one in each))
        case ("string", "" | "exact" | "contains"):
            how: How = {"": "starts", "exact": "exact", "contains": "contains"}[modifier]  # type: ignore[assignment]
            words = map(unescape, each)
            return HasWords(name, tuple(w if how == "exact" else plain(w) for w in words), how)
        case _:
            text = f"The parameter {name} does not have the modifier that is asked for"
            raise BadSearchError("not-supported", text)


def _chained(known: Parameter, modifier: str, chained: str, value: str, zone: tzinfo) -> Criterion:
    """`subject:Patient.identifier`, one step; `patient.identifier` says its type by its name."""
    target = modifier or ("Patient" if known.name == "patient" else "")
    is_one_step = "." not in chained and not chained.startswith("_has:")
    if known.kind != "reference" or target not in SERVED_TYPES or not is_one_step:
        text = "A chain is expected as reference:Type.parameter, one step"
        raise BadSearchError("not-supported", text)
    return Chained(known.name, target, read_criterion(target, chained, value, zone))


def _named_by(name: str, value: str, zone: tzinfo) -> Criterion:
    """`_has:Observation:patient:code`."""
    _, source, reference, asked = (name.split(":", 3) + [""] * 3)[:4]
    known = parameters(source).get(reference)
    is_one_step = asked and "." not in asked and not asked.startswith("_has:")
    if known is None or known.kind != "reference" or not is_one_step:
        text = "Expected _has:Type:reference:parameter, one step"
        raise BadSearchError("not-supported", text)
    return NamedBy(source, reference, read_criterion(source, asked, value, zone))


def _alternatives(name: str, value: str, longest: int = LONGEST_VALUE) -> list[str]:
    values = split_unescaped(value, ",")
    if "" in values:
        raise _bad(name)
    if max(map(len, values)) > longest:
        text = f"A value of the parameter {_said(name)} is longer than {longest} characters"
        raise BadSearchError("too-costly", text)
    if len(values) > MOST_VALUES:
        text = f"The parameter {_said(name)} names more than {MOST_VALUES} values"
        raise BadSearchError("too-costly", text)
    return values


def _token(name: str, value: str) -> tuple[str | None, str | None]:
    match [unescape(part) for part in split_unescaped(value, "|")]:
        case [code] if code:
            return None, code
        case [system, code] if system or code:
            return system, code or None
        case _:
            raise _bad(name)


def _canonical(value: str) -> tuple[str | None, str | None]:
    address, _, version = unescape(value).partition("|")
    return version or None, address


def _reference(name: str, value: str, target: str) -> tuple[str | None, str | None]:
    said = unescape(value)
    if name == "patient":
        target = "Patient"
    if named := _REFERENCE.fullmatch(said):
        if target and named[1] != target:
            raise _bad(name)
        return named[1], named[2]
    if _ID.fullmatch(said):
        return target or None, said
    if not said.startswith(("http://", "https://", "urn:", "#")):
        raise _bad(name)
    return "", said


def _moment(name: str, value: str, zone: tzinfo) -> tuple[Prefix, float, float]:
    prefix, said = _prefix(value)
    try:
        low, high = moment_span(said.replace(" ", "+"), zone)  # a plus that was not encoded
    except (ValueError, OverflowError):
        raise _bad(name) from None
    return prefix, low, high


def _quantity(name: str, value: str) -> tuple[Prefix, float, float, str | None, str | None]:
    parts = [unescape(part) for part in split_unescaped(value, "|")]
    prefix, said = _prefix(parts[0])
    try:
        low, high = number_span(said)
        exact = float(exact_number(said))
    except ValueError:
        raise _bad(name) from None
    if prefix == "ap":
        low, high = exact - abs(exact) * _AP_SHARE, exact + abs(exact) * _AP_SHARE
    elif prefix not in {"eq", "ne"}:
        low = high = exact  # a comparison takes the number as it stands
    match parts[1:]:
        case []:
            return prefix, low, high, None, None
        case [system, unit]:
            return prefix, low, high, system or None, unit or None
        case _:
            raise _bad(name)


def _pair(known: Parameter, value: str) -> tuple[HasToken, HasRange]:
    match split_unescaped(value, "$"):
        case [code, quantity]:
            token = HasToken(known.paths[0][0], (_token(known.name, code),))
            return token, HasRange("value-quantity", (_quantity(known.name, quantity),))
        case _:
            raise _bad(known.name)


def _prefix(value: str) -> tuple[Prefix, str]:
    if value[:2] in _PREFIXES:
        return value[:2], value[2:]  # type: ignore[return-value]
    return "eq", value


def _said(name: str) -> str:
    """A parameter's name, where it can be one: what comes from outside is not repeated."""
    return name if re.fullmatch(r"[_a-zA-Z][\w.:\-]{0,63}", name) else "of this search"


def _bad(name: str) -> BadSearchError:
    return BadSearchError("value", f"The value of the parameter {_said(name)} is not of its kind")


def _unknown(resource_type: str, name: str) -> str:
    known = ", ".join(sorted({*parameters(resource_type), "_id", "_lastUpdated"}))
    return f"{resource_type} has no search parameter {_said(name)}. Known are: {known}"
