"""Which interaction answers what is asked: the one table of method and path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapter.simulate.bundles import process_bundle
from adapter.simulate.capability import capability
from adapter.simulate.full import unknown_type
from adapter.simulate.parameters import STORED_TYPES
from adapter.simulate.reads import history, read, search, vread
from adapter.simulate.refusal import refuse
from adapter.simulate.writes import write

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapter.simulate.exchange import Asked, Reply
    from adapter.simulate.full import RecordSystem

_INTERACTIONS: dict[str, dict[str, Callable[[RecordSystem, Asked], Reply]]] = {
    "metadata": {"GET": capability},
    "type": {"GET": search, "POST": write, "PUT": write},
    "type/_search": {"POST": search},
    "type/id": {"GET": read, "PUT": write, "DELETE": write},
    "type/id/_history": {"GET": history},
    "type/id/_history/version": {"GET": vread},
}
_SHAPES = {1: "type", 2: "type/id", 3: "type/id/_history", 4: "type/id/_history/version"}


def answer(system: RecordSystem, asked: Asked) -> Reply:
    """What the record system answers.

    Raises:
        RefusalError: It will not: 404 for a place that is not there, 405 for a method that the
            place does not have, and whatever the interaction refuses.
    """
    with system.lock:
        if asked.path == ():
            if asked.method != "POST":
                raise refuse(405, "not-supported", "The base of the server takes POST only")
            return process_bundle(system, asked, answer)
        by_method = _INTERACTIONS.get(_shape(asked.path))
        if by_method is None:
            raise refuse(404, "not-found", "There is nothing at this path")
        interaction = by_method.get(asked.method)
        if interaction is None:
            methods = ", ".join(by_method)
            raise refuse(405, "not-supported", f"The methods of this path are: {methods}")
        return interaction(system, asked)


def _shape(path: tuple[str, ...]) -> str:
    """The path with the type, the id and the version named instead of said.

    Raises:
        RefusalError: 404, for a type that is not kept here.
    """
    if path == ("metadata",):
        return "metadata"
    if path[0] not in STORED_TYPES:
        raise unknown_type()
    if path[1:] == ("_search",):
        return "type/_search"
    if path[2:3] not in {(), ("_history",)}:
        return ""
    return _SHAPES.get(len(path), "")
