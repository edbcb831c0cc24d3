"""What is asked of a record system and what it answers, alone over HTTP or inside a bundle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from adapter.simulate.query import Parameters
    from adapter.simulate.versions import Resource, Version

Prefer = Literal["", "minimal", "representation", "OperationOutcome"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One interaction that somebody asks for; `path` is below `base`, cut at its slashes.

    The conditions are the HTTP headers of the same name, or what a bundle's entry says instead.
    """

    method: str
    path: tuple[str, ...]
    base: str
    parameters: Parameters = ()
    resource: Resource | None = None
    if_match: str = ""
    if_none_match: str = ""
    if_none_exist: str | None = None
    prefer: Prefer = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer: `body` is JSON, None where there is none; `version` is what it is about."""

    status: int
    body: bytes | None = None
    version: Version | None = None
