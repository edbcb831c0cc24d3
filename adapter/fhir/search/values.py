"""The values of a search, each of its kind: https://hl7.org/fhir/R4/search.html.

What is not of its kind is refused, and never repeated.
"""

from __future__ import annotations

import re
from datetime import tzinfo
from typing import Final, get_args

from adapter.fhir.ids import ID, IS_ID
from adapter.fhir.search.criteria import Amount, BadSearchError, HasRange, HasToken, Prefix
from adapter.fhir.search.parameters import Parameter
from adapter.fhir.search.spans import exact_number, moment_span, number_span
from adapter.fhir.search.text import named_as, split_unescaped, unescape

MOST_VALUES: Final = 200
"""So many alternatives one parameter may name."""
LONGEST_VALUE: Final = 2_000
LONGEST_WORDS: Final = 500
"""So many characters one of them may have, and one of words, which grow as they are compared."""
TokenAsked = tuple[str | None, str | None]
"""A system and a code, None for any; of a reference a type and an id."""
_PREFIXES: Final = frozenset(get_args(Prefix))
_REFERENCE = re.compile(rf"([A-Z][A-Za-z]+)/({ID})(?:/_history/\S+)?")
_AP_SHARE = 0.1


def alternatives(name: str, value: str, longest: int = LONGEST_VALUE) -> list[str]:
    """What the commas of a value part.

    Raises:
        BadSearchError: there are too many, or one is empty or too long.
    """
    values = split_unescaped(value, ",")
    if "" in values:
        raise bad(name)
    if max(map(len, values)) > longest:
        text = f"A value of the parameter {name} is longer than {longest} characters"
        raise BadSearchError("too-costly", text)
    if len(values) > MOST_VALUES:
        text = f"The parameter {name} names more than {MOST_VALUES} values"
        raise BadSearchError("too-costly", text)
    return values


def token(name: str, value: str) -> TokenAsked:
    """A code: `code`, `system|code`, `|code` (of no system) or `system|`."""
    match [unescape(part) for part in split_unescaped(value, "|")]:
        case [code] if code:
            return None, code
        case [system, code] if system or code:
            return system, code or None
        case _:
            raise bad(name)


def canonical(value: str) -> TokenAsked:
    """A canonical, its version first."""
    address, _, version = unescape(value).partition("|")
    return version or None, address


def reference(name: str, value: str, target: str, base: str) -> TokenAsked:
    """A reference; `target` is the type that it must be to, '' for any.

    An absolute one is to a resource of ours under our own address, `base`, alone; '' for none.
    """
    said = unescape(value)
    ours = said.removeprefix(f"{base}/") if base else said
    if name == "patient":
        target = "Patient"
    if named := _REFERENCE.fullmatch(ours):
        if target and named[1] != target:
            raise bad(name)
        return named[1], named[2]
    if IS_ID(said):
        return target or None, said
    if not said.startswith(("http://", "https://", "urn:", "#")):
        raise bad(name)
    return "", said


def moment(name: str, value: str, zone: tzinfo) -> tuple[Prefix, float, float]:
    """A date with what it is compared by, and the seconds since 1970 that it stands for."""
    prefix, said = _prefix(value)
    try:
        low, high = moment_span(said.replace(" ", "+"), zone)  # a plus that was not encoded
    except (ValueError, OverflowError):
        raise bad(name) from None
    return prefix, low, high


def quantity(name: str, value: str) -> tuple[Amount, ...]:
    """A number with what it is compared by, and its unit, where one is said; any of them is meant.

    A unit without a system is a code or what people call it, which with our own quantities is the
    code of an annotation without its braces: `score` of `{score}`.
    """
    parts = [unescape(part) for part in split_unescaped(value, "|")]
    prefix, said = _prefix(parts[0])
    try:
        low, high = number_span(said)
        exact = float(exact_number(said))
    except ValueError:
        raise bad(name) from None
    if prefix == "ap":
        low, high = exact - abs(exact) * _AP_SHARE, exact + abs(exact) * _AP_SHARE
    elif prefix not in {"eq", "ne"}:
        low = high = exact  # a comparison takes the number as it stands
    match parts[1:]:
        case []:
            return ((prefix, low, high, None, None),)
        case ["", unit] if unit:
            called = (prefix, low, high, None, f"{{{unit}}}")
            return (prefix, low, high, None, unit), called
        case [system, unit]:
            return ((prefix, low, high, system or None, unit or None),)
        case _:
            raise bad(name)


def pair(known: Parameter, value: str) -> tuple[HasToken, HasRange]:
    """A code and a quantity of the same resource."""
    match split_unescaped(value, "$"):
        case [code, amount]:
            has = HasToken(known.paths[0][0], (token(known.name, code),))
            return has, HasRange("value-quantity", quantity(known.name, amount))
        case _:
            raise bad(known.name)


def of_type(name: str, value: str) -> TokenAsked:
    """An identifier's value by what kind of identifier it is: `system|code|value`."""
    match [unescape(part) for part in split_unescaped(value, "|")]:
        case [system, code, named] if system and code and named:
            return named_as(system, code), named
        case _:
            raise bad(name)


def usage(name: str, value: str) -> TokenAsked:
    """A kind of context and what it is, `type$value`, both as tokens."""
    match split_unescaped(value, "$"):
        case [kind, context]:
            return named_as(*token(name, kind)), named_as(*token(name, context))
        case _:
            raise bad(name)


def bad(name: str) -> BadSearchError:
    """That the value of a parameter that is known is not of its kind."""
    return BadSearchError("value", f"The value of the parameter {name} is not of its kind")


def _prefix(value: str) -> tuple[Prefix, str]:
    if value[:2] in _PREFIXES:
        return value[:2], value[2:]  # type: ignore[return-value]
    return "eq", value
