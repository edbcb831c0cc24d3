"""What one record system takes and refuses, as a declaration over the shared `RecordSystem`.

A personality says which interactions each type has, how far conditions are honoured, and by which
rule a resource is let in. The CapabilityStatement is read from it, so that it cannot lie.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from adapter.fhir.operation_outcome import refuse
from adapter.simulate.parameters import STORED_TYPES
from adapter.simulate.query import LARGEST_COUNT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from adapter.fhir.operation_outcome import RefusalError
    from adapter.simulate.exchange import Asked
    from adapter.simulate.versions import Resource

Interaction = Literal[
    "read", "vread", "history-instance", "create", "update", "delete", "search-type"
]
Shape = Literal[
    "metadata", "type", "type/_search", "type/id", "type/id/_history", "type/id/_history/version"
]
Keep = Literal["create", "update"]

READING: frozenset[Interaction] = frozenset({"read", "search-type"})
CREATING: frozenset[Interaction] = frozenset({"read", "search-type", "create"})
WRITING: frozenset[Interaction] = frozenset({"read", "search-type", "create", "update"})
EVERYTHING: frozenset[Interaction] = frozenset(
    {"read", "vread", "history-instance", "create", "update", "delete", "search-type"}
)
UNSIGNED = {"system": "urn:trial-fhir-adapter:simulate", "code": "unsigned"}

_INTERACTIONS: dict[Shape, dict[str, Interaction]] = {
    "type": {"GET": "search-type", "POST": "create", "PUT": "update"},
    "type/_search": {"POST": "search-type"},
    "type/id": {"GET": "read", "PUT": "update", "DELETE": "delete"},
    "type/id/_history": {"GET": "history-instance"},
    "type/id/_history/version": {"GET": "vread"},
}
_SHAPES: dict[int, Shape] = {
    1: "type",
    2: "type/id",
    3: "type/id/_history",
    4: "type/id/_history/version",
}


@dataclass(frozen=True, slots=True)
class Proposed:
    """A resource that asks to be let in; `previous` is what it would replace, None for nothing.

    `held` gives what is kept there under a type and an id, None for nothing.
    """

    resource: Resource
    previous: Resource | None = None
    held: Callable[[str, str], Resource | None] = lambda _, __: None


@dataclass(frozen=True, slots=True)
class Site:
    """What one installation of a record system has for itself.

    `codes` are the codes it files, each as `system|code`; none stands for any. With
    `needs_encounter` a result must name the visit it belongs to. `sign_after_seconds` is when
    somebody signs what waits, None for never: then only the desk signs.
    """

    codes: frozenset[str] = frozenset()
    needs_encounter: bool = False
    sign_after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Personality:
    """One kind of record system.

    `says` is told to people in one line. `admit` gives what is kept of a proposed resource, and
    raises `RefusalError` for what is not let in. Without `conditions`, If-None-Exist is overlooked
    and PUT needs an id. With `needs_if_match` an update must name the version it replaces. What is
    `queued` is not in the chart before it is signed. Where `races`, looking and writing are two
    steps, and for `gap_seconds` others may come between. `stale_status` answers an If-Match that
    names another version: 412 as R4 says, or 409 as HAPI does. `largest_page` bounds a page of a
    search, whatever is asked for.
    """

    name: str
    says: str
    offers: Mapping[str, frozenset[Interaction]]
    admit: Callable[[Proposed], Resource] = lambda proposed: proposed.resource
    bundles: bool = False
    conditions: bool = False
    creates_by_update: bool = False
    needs_if_match: bool = False
    queued: bool = False
    races: bool = False
    sign_after_seconds: float | None = None
    stale_status: Literal[409, 412] = 412
    largest_page: int = LARGEST_COUNT
    gap_seconds: float = 0.2

    def require(self, asked: Asked) -> Shape:
        """The shape of a path below the base whose interaction is offered.

        Raises:
            RefusalError: 404 for a place that is not there, 405 for a method it does not have.
        """
        shape = self._shape(asked.path)
        if shape == "metadata":
            methods = {"GET"}
        else:
            offered = self.offers[asked.path[0]]
            by_method = _INTERACTIONS[shape]
            methods = {method for method, code in by_method.items() if code in offered}
            if shape == "type" and not self.conditions:
                methods.discard("PUT")
        if asked.method not in methods:
            named = ", ".join(sorted(methods)) or "none"
            raise refuse(405, "not-supported", f"The methods of this path are: {named}")
        return shape

    def _shape(self, path: tuple[str, ...]) -> Shape:
        if path == ("metadata",):
            return "metadata"
        if path[0] not in self.offers:
            raise unknown_type(self.offers)
        if path[1:] == ("_search",):
            return "type/_search"
        if path[2:3] not in {(), ("_history",)} or len(path) not in _SHAPES:
            raise refuse(404, "not-found", "There is nothing at this path")
        return _SHAPES[len(path)]


def unknown_type(known: Mapping[str, object] | frozenset[str] = STORED_TYPES) -> RefusalError:
    """The refusal of a resource type that is not kept here."""
    named = ", ".join(sorted(known))
    return refuse(404, "not-supported", f"Unknown resource type. This server keeps: {named}")


FULL = Personality(
    "full",
    "a FHIR server of full capability: transactions, conditions, every interaction",
    dict.fromkeys(STORED_TYPES, EVERYTHING),
    bundles=True,
    conditions=True,
    creates_by_update=True,
)
