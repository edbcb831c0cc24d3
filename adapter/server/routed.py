"""Routes that are found by the shape of a path, in an application of one layer.

Starlette tries its routes one after the other, each by a regular expression, and lays three layers
around every endpoint to catch what it raises: half of what a single read cost. Here the segments of
a path are looked up, a word that a route names before what may be anything, and what is raised is
caught in one place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.routing import Route
    from starlette.types import ASGIApp, Receive, Scope, Send

Handlers = Mapping[type[Exception], Callable[[Request, Exception], Awaitable[Response]]]
_ANY, _ANY_OPERATION = "{}", "${}"
_MOST_SEGMENTS = 4  # Type/id/_history/version


class Routed:
    """An application of routes, whose endpoints are coroutines.

    Each segment of a route's path is a word, `{name}` or `${name}`. `handlers` say what is answered
    by what was raised; what only that of `Exception` knows is raised again, for the log.
    """

    def __init__(self, routes: Sequence[Route], handlers: Handlers) -> None:
        """Of routes with the same path and method the first one counts."""
        self.routes, self._handlers = routes, handlers
        self._shaped: dict[tuple[str, ...], dict[str, Route]] = {}
        for route in routes:
            by_method = self._shaped.setdefault(tuple(map(_shape, _segments(route.path))), {})
            for method in route.methods or ():
                by_method.setdefault(method, route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        scope["app"] = self
        request = Request(scope, receive, send)
        try:
            response = await self._find(scope).endpoint(request)
        except Exception as raised:
            kind = next(each for each in type(raised).__mro__ if each in self._handlers)
            response = await self._handlers[kind](request, raised)
            if kind is Exception:
                await response(scope, receive, send)
                raise
        await response(scope, receive, send)

    def _find(self, scope: Scope) -> Route:
        """The route that is meant; what stands for its names is laid into the scope.

        Raises:
            HTTPException: 404, or 405 where only the method is another.
        """
        if "\0" in scope["path"]:  # no name here has it, and no text of PostgreSQL
            raise HTTPException(404)
        segments = _segments(scope["path"][len(scope.get("root_path", "")) :])
        scope["path_params"], is_there = {}, False
        if len(segments) <= _MOST_SEGMENTS:  # else there would be many shapes to look up
            for shape in product(*map(_fitting, segments)):
                by_method = self._shaped.get(shape, {})
                route = by_method.get(scope["method"])
                if route is not None:
                    scope["route"] = route
                    scope["path_params"] = _named(route.path, segments)
                    return route
                is_there = is_there or bool(by_method)
        raise HTTPException(405 if is_there else 404)


@dataclass(frozen=True, slots=True)
class Forked:
    """What is under a prefix is answered by one application, everything else by another."""

    app: ASGIApp
    prefix: str
    under: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] == "http" and scope["path"].startswith(f"{self.prefix}/"):
            scope["root_path"] = scope.get("root_path", "") + self.prefix
            await self.under(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def _segments(path: str) -> list[str]:
    """The parts of a path; a slash behind the last one says nothing."""
    segments = path[1:].split("/")
    return segments[:-1] if len(segments) > 1 and not segments[-1] else segments


def _shape(segment: str) -> str:
    """A segment of a route without the name in it."""
    if segment.startswith("${"):
        return _ANY_OPERATION
    return _ANY if segment.startswith("{") else segment


def _fitting(segment: str) -> tuple[str, ...]:
    """What a segment of a request could be of a route's, the narrowest first."""
    if segment.startswith("$") and len(segment) > 1:
        return (segment, _ANY_OPERATION, _ANY)
    return (segment, _ANY) if segment else (segment,)


def _named(path: str, segments: Sequence[str]) -> dict[str, str]:
    """What stands for the names of a route's path."""
    return {
        said.strip("${}"): found.removeprefix("$") if said.startswith("$") else found
        for said, found in zip(_segments(path), segments, strict=True)
        if "{" in said
    }
