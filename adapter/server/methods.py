"""Which methods an address takes: what `Allow` says where another one was used.

Source: https://www.rfc-editor.org/rfc/rfc9110#section-15.5.6
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from starlette.routing import Match, Route

from adapter.fhir.ids import IS_ID
from adapter.fhir.search.parameters import SERVED_TYPES
from adapter.server.writes import WRITABLE, Kind

if TYPE_CHECKING:
    from starlette.requests import Request

_READING = {"GET", "HEAD"}
_KINDS: Mapping[str, Kind] = {"POST": "create", "PUT": "update", "PATCH": "update"}


def allowed(request: Request) -> set[str]:
    """The methods of an address, none for one that is not there."""
    found = set[str]()
    for route in request.app.routes:
        if isinstance(route, Route) and "${" not in route.path:  # where others are refused
            match, scope = route.matches(request.scope)
            if match is not Match.NONE:
                said = scope.get("path_params", {})
                found |= _methods(route, {name: said[name] for name in route.param_convertors})
    return found


def _methods(route: Route, path: Mapping[str, str]) -> set[str]:
    """Those of one route, where what stands for a type is one, and for an id could be one."""
    methods = set(route.methods or ())
    if "{type}" not in route.path:
        return methods
    if path["type"] not in SERVED_TYPES or not IS_ID(path.get("id", "-")):
        return set()
    is_write = route.path in {"/{type}", "/{type}/{id}"} and not methods & _READING
    kinds = {_KINDS[method] for method in methods} if is_write else set[Kind]()
    return methods if kinds <= WRITABLE.get(path["type"], frozenset()) else set()
