"""Which interaction answers what is asked: the one table of method and path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapter.fhir.operation_outcome import refuse
from adapter.simulate.bundles import process_bundle
from adapter.simulate.capability import capability
from adapter.simulate.desk import sign_what_is_due
from adapter.simulate.reads import history, read, search, vread
from adapter.simulate.writes import write

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapter.simulate.exchange import Asked, Reply
    from adapter.simulate.full import RecordSystem
    from adapter.simulate.personality import Shape

_READS: dict[Shape, Callable[[RecordSystem, Asked], Reply]] = {
    "metadata": capability,
    "type": search,
    "type/_search": search,
    "type/id": read,
    "type/id/_history": history,
    "type/id/_history/version": vread,
}


def answer(system: RecordSystem, asked: Asked) -> Reply:
    """What the record system answers.

    Raises:
        RefusalError: It will not: 404 for a place that is not there, 405 for a method that the
            place does not have, and whatever the interaction refuses.
    """
    with system.lock:
        sign_what_is_due(system)
        if asked.path == ():
            if asked.method != "POST" or not system.personality.bundles:
                said = (
                    "POST only" if system.personality.bundles else "neither transaction nor batch"
                )
                raise refuse(405, "not-supported", f"The base of the server takes {said}")
            return process_bundle(system, asked, answer)
        shape = system.personality.require(asked)
        if asked.method == "GET" or shape == "type/_search":
            return _READS[shape](system, asked)
        return write(system, asked)
