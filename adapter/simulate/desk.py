"""The desk of a record system in which results wait for a signature.

What waits carries a tag of the server's own, so that it is remembered like everything else; signing
is a new version without the tag. Outside FHIR, because in the real world a person does it:
`GET /desk` lists what waits, `POST /desk/sign` and `POST /desk/discard` take `{"references":
["Observation/1"]}`, or everything that waits where nothing is named.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse
from starlette.routing import Route

from adapter.simulate.personality import UNSIGNED
from adapter.simulate.versions import instant

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from starlette.requests import Request
    from starlette.responses import Response

    from adapter.simulate.full import RecordSystem
    from adapter.simulate.versions import Resource, Version

_KEY = ("_tag", UNSIGNED["system"], UNSIGNED["code"])


def waiting(system: RecordSystem) -> list[Version]:
    """What waits for a signature, oldest first."""
    found = [
        version
        for name in sorted(system.personality.offers)
        for id_ in system.resources.found(name, _KEY)
        if (version := system.resources.latest(name, id_)) is not None
    ]
    return sorted(found, key=lambda version: (version.last_updated, version.reference))


def is_waiting(version: Version) -> bool:
    """Whether a version is out of sight until it is signed."""
    return _KEY in version.keys


def sign(system: RecordSystem, references: Collection[str] | None = None) -> list[str]:
    """Somebody signs what waits, or only what is named; gives what was signed."""
    return _settle(system, references, is_signed=True)


def discard(system: RecordSystem, references: Collection[str] | None = None) -> list[str]:
    """Somebody throws away what waits, or only what is named; gives what was thrown away."""
    return _settle(system, references, is_signed=False)


def sign_what_is_due(system: RecordSystem) -> None:
    """Signs what has waited for as long as this site takes, where it is known to sign at all."""
    seconds = system.personality.sign_after_seconds
    if system.personality.queued and seconds is not None:
        until = system.now() - timedelta(seconds=seconds)
        due = [each.reference for each in waiting(system) if each.last_updated <= until]
        sign(system, due)


def desk_routes(system: RecordSystem) -> list[Route]:
    """The desk over HTTP."""

    async def show(_: Request) -> Response:
        with system.lock:
            sign_what_is_due(system)
            shown = [
                {"reference": each.reference, "lastUpdated": instant(each.last_updated)}
                for each in waiting(system)
            ]
        return JSONResponse({"waiting": shown})

    def settling(
        word: str, settle: Callable[[RecordSystem, Collection[str] | None], list[str]]
    ) -> Route:
        async def answer(request: Request) -> Response:
            named = (await request.json())["references"] if await request.body() else None
            return JSONResponse({word: settle(system, named)})

        return Route(f"/desk/{word}", answer, methods=["POST"])

    return [Route("/desk", show), settling("sign", sign), settling("discard", discard)]


def _settle(
    system: RecordSystem, references: Collection[str] | None, *, is_signed: bool
) -> list[str]:
    with system.lock:
        draft = system.draft()
        for version in waiting(system):
            if references is not None and version.reference not in references:
                continue
            if is_signed:
                resource = _without_tag(version.resource or {})
                draft.put((version.type, version.id), resource, "PUT")
            else:
                draft.delete((version.type, version.id))
        system.commit(draft)
        return [version.reference for version in draft.versions]


def _without_tag(resource: Resource) -> Resource:
    tags = [tag for tag in resource["meta"]["tag"] if tag != UNSIGNED]
    meta = {name: value for name, value in resource["meta"].items() if name != "tag"}
    return {**resource, "meta": {**meta, "tag": tags} if tags else meta}
