"""What has to be true of a resource that is searched for.

Every `Criterion` of a search must hold (AND); inside one, any of its values may (OR).

Source: https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Prefix = Literal["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"]
Why = Literal["value", "not-supported", "too-costly"]
How = Literal["starts", "exact", "contains"]
Amount = tuple[Prefix, float, float, str | None, str | None]
"""A prefix, a range, and of a quantity its system and its unit, None for any."""


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
    """Lies as one of these says."""

    parameter: str
    values: tuple[Amount, ...]


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
