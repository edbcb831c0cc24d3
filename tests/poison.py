"""Markup that wants to run, in place of what a record says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

POISON = (
    '"><img src=x onerror=alert(1)></svg><script>alert(2)</script><a href="javascript:alert(3)">'
)
STRUCTURAL = frozenset(
    {"resourceType", "system", "url", "code", "reference", "status", "versionId"}
)
"""Elements by which a resource is known as what it is: all else may be poisoned at once."""

Path = tuple[str | int, ...]


def strings(value: object, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every text in a resource, with where it stands."""
    match value:
        case str():
            yield path, value
        case dict():
            for name, each in value.items():
                yield from strings(each, (*path, name))
        case list():
            for place, each in enumerate(value):
                yield from strings(each, (*path, place))


def poisoned(value: Any, *paths: Path) -> Any:  # noqa: ANN401 - a part of a resource
    """The same with poison behind the texts at these places."""
    if () in paths:
        return f"{value}{POISON}"
    inside: dict[str | int, list[Path]] = {}
    for first, *rest in paths:
        inside.setdefault(first, []).append(tuple(rest))
    if isinstance(value, dict):
        return {
            name: poisoned(each, *inside[name]) if name in inside else each
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [
            poisoned(each, *inside[place]) if place in inside else each
            for place, each in enumerate(value)
        ]
    return value


def all_poisoned(resource: dict[str, Any]) -> dict[str, Any]:
    """A resource with poison behind every text that it is not known by."""
    places = [
        path for path, _ in strings(resource) if path[-1] not in STRUCTURAL and path != ("id",)
    ]
    told: dict[str, Any] = poisoned(resource, *places)
    return told
