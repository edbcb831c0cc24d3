"""What a search asks for, read from its parameters into what has to be true of a resource.

What is not of its kind, and a modifier that the parameter does not have, is refused; a parameter
that the type does not have is told apart, because a server may be asked to go on without it.

Source: https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import tzinfo

from adapter.fhir.search.criteria import (
    BadSearchError,
    Chained,
    Criterion,
    HasRange,
    HasToken,
    HasWords,
    How,
    Ids,
    IsMissing,
    NamedBy,
    Pair,
    UnknownParameterError,
    Updated,
)
from adapter.fhir.search.parameters import (
    ALWAYS_THERE,
    BY_IDENTIFIER,
    OF_TYPE,
    SERVED_TYPES,
    Parameter,
    parameters,
)
from adapter.fhir.search.text import plain, unescape
from adapter.fhir.search.values import (
    LONGEST_VALUE,
    LONGEST_WORDS,
    TokenAsked,
    alternatives,
    bad,
    canonical,
    moment,
    of_type,
    pair,
    quantity,
    reference,
    token,
    usage,
)

Expand = Callable[[str], tuple[TokenAsked, ...] | None]
"""The codes of a value set by its canonical, None for one that is not known."""
_Read = Callable[[str, str, str], Criterion]
_HOW: Mapping[str, How] = {"": "starts", "text": "starts", "exact": "exact", "contains": "contains"}


def read_criterion(  # noqa: PLR0913 - what a parameter is, and what else it takes to read it
    resource_type: str,
    name: str,
    value: str,
    zone: tzinfo,
    expand: Expand = lambda _: None,
    *,
    base: str = "",
) -> Criterion:
    """What one parameter asks of resources of a type; `zone` is that of dates without one.

    `base` is the address under which the resources themselves are: an absolute reference under
    another one means nothing here.

    Raises:
        UnknownParameterError: the type has no such parameter.
        BadSearchError: the modifier is none of its own, or the value not of its kind.
    """

    def read(of: str, asked: str, said: str) -> Criterion:
        return read_criterion(of, asked, said, zone, expand, base=base)

    if name.startswith("_has:"):
        return _named_by(name, value, read)
    said, _, chained = name.partition(".")
    said, _, modifier = said.partition(":")
    if said in ALWAYS_THERE:
        return _always_there(said, f"{modifier}.{chained}" if chained else modifier, value, zone)
    known = parameters(resource_type).get(said)
    if known is None:
        raise UnknownParameterError("not-supported", _unknown(resource_type))
    if chained:
        return _chained(known, modifier, chained, value, read)
    if modifier in {"in", "not-in"} and known.kind == "token":
        return _in_value_sets(known.name, modifier, value, expand)
    return _of_kind(known, modifier, value, zone, base)


def _always_there(name: str, modifier: str, value: str, zone: tzinfo) -> Criterion:
    """By what every resource has beside its elements."""
    if modifier == "missing":
        return _missing(name, value)
    if modifier:
        raise _without(name)
    each = alternatives(name, value)
    if name == "_id":
        return Ids(tuple(each))
    return Updated(tuple(moment(name, one, zone) for one in each))


def _missing(name: str, value: str) -> IsMissing:
    if value not in {"true", "false"}:
        raise bad(name)
    return IsMissing(name, value == "true")


def _without(name: str) -> BadSearchError:
    text = f"The parameter {name} does not have the modifier that is asked for"
    return BadSearchError("not-supported", text)


def _of_kind(known: Parameter, modifier: str, value: str, zone: tzinfo, base: str) -> Criterion:
    name = known.name
    is_words = known.kind == "string" or modifier == "text"
    each = alternatives(name, value, LONGEST_WORDS if is_words else LONGEST_VALUE)
    tokens = _tokens(known, modifier, each, base)
    if tokens is not None:
        return tokens
    match known.kind, modifier:
        case (kind, "missing") if kind != "pair":  # of no pair (search.html#modifiers)
            return _missing(name, value)
        case ("date", ""):
            moments = (moment(name, one, zone) for one in each)
            return HasRange(name, tuple((*when, None, None) for when in moments))
        case ("quantity", ""):
            return HasRange(name, tuple(any_of for one in each for any_of in quantity(name, one)))
        case ("pair", ""):
            return Pair(tuple(pair(known, one) for one in each))
        case ("string", "" | "exact" | "contains") | ("token", "text"):
            how = _HOW[modifier]
            words = map(unescape, each)
            return HasWords(name, tuple(w if how == "exact" else plain(w) for w in words), how)
        case _:
            raise _without(name)


def _tokens(  # noqa: PLR0911 - one line a kind
    known: Parameter, modifier: str, each: list[str], base: str
) -> HasToken | None:
    """What is compared as it stands, None for what is not."""
    name = known.name
    match known.kind, modifier:
        case ("token", "" | "not"):
            return HasToken(name, tuple(token(name, one) for one in each), modifier == "not")
        case ("token", "of-type") if name == "identifier":
            return HasToken(f"{name}{OF_TYPE}", tuple(of_type(name, one) for one in each))
        case ("usage", ""):
            return HasToken(name, tuple(usage(name, one) for one in each))
        case ("uri", ""):
            return HasToken(name, tuple(("", unescape(one)) for one in each))
        case ("canonical", ""):
            return HasToken(name, tuple(map(canonical, each)))
        case ("reference", "identifier"):
            return HasToken(f"{name}{BY_IDENTIFIER}", tuple(token(name, one) for one in each))
        case ("reference", _) if not modifier or modifier in SERVED_TYPES:
            return HasToken(name, tuple(reference(name, one, modifier, base) for one in each))
        case _:
            return None


def _in_value_sets(name: str, modifier: str, value: str, expand: Expand) -> HasToken:
    """One of the codes of value sets (`:in`), or none of them (`:not-in`)."""
    found = [expand(unescape(one)) for one in alternatives(name, value)]
    codes = [code for each in found if each is not None for code in each]
    if None in found or not codes:
        text = f"Expected a ValueSet of this server, by its canonical, with {name}:{modifier}"
        raise BadSearchError("not-supported", text)
    return HasToken(name, tuple(dict.fromkeys(codes)), modifier == "not-in")


def _chained(known: Parameter, modifier: str, chained: str, value: str, read: _Read) -> Criterion:
    """`subject:Patient.identifier`, one step; `patient.identifier` says its type by its name."""
    target = modifier or ("Patient" if known.name == "patient" else "")
    is_one_step = "." not in chained and not chained.startswith("_has:")
    if known.kind != "reference" or target not in SERVED_TYPES or not is_one_step:
        text = "A chain is expected as reference:Type.parameter, one step"
        raise BadSearchError("not-supported", text)
    return Chained(known.name, target, read(target, chained, value))


def _named_by(name: str, value: str, read: _Read) -> Criterion:
    """`_has:Observation:patient:code`."""
    _, source, naming, asked = (name.split(":", 3) + [""] * 3)[:4]
    known = parameters(source).get(naming)
    is_one_step = asked and "." not in asked and not asked.startswith("_has:")
    if known is None or known.kind != "reference" or not is_one_step:
        text = "Expected _has:Type:reference:parameter, one step"
        raise BadSearchError("not-supported", text)
    return NamedBy(source, naming, read(source, asked, value))


def _unknown(resource_type: str) -> str:
    """What is known; the name that was sent may say something of somebody, as a value may."""
    known = ", ".join(sorted({*parameters(resource_type), *ALWAYS_THERE}))
    return f"{resource_type} does not have a search parameter that is asked for. Known are: {known}"
