"""What an invariant is, and how its function reads one element.

A function sees one element whose own structure may be wrong. It may then raise, which counts as
broken, beside the structural fault that is reported for the same place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Node = dict[str, Any]
"""One FHIR element: a JSON object."""


@dataclass(frozen=True, slots=True)
class Invariant:
    """One rule: what it expects, in words, and whether one element keeps it.

    `given` names the elements without which the rule cannot be broken, `unless` those with which it
    holds at once; the validator looks for both before any Python runs.
    """

    expected: str
    holds: Callable[[Any], bool]
    given: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


def never(_: object) -> bool:
    """Gives False, for a rule that `given` alone breaks."""
    return False


def has(node: Node, *names: str) -> bool:
    """Tells whether any of the elements exists; a primitive may exist as its extensions only."""
    return any(name in node or f"_{name}" in node for name in names)


def has_choice(node: Node, stem: str) -> bool:
    """Tells whether a choice element such as `value[x]` exists, of whatever type."""
    return any(key.removeprefix("_").startswith(stem) for key in node)


def is_distinct(values: Iterable[Any]) -> bool:
    """Tells whether no value occurs twice."""
    listed = list(values)
    return len(listed) == len(set(listed))


def has_code(concept: Node | None, system: str, *codes: str) -> bool:
    """Tells whether a CodeableConcept, if there is one, carries one of the codes of a system."""
    return any(
        coding.get("system") == system and coding.get("code") in codes
        for coding in (concept or {}).get("coding", ())
    )


def texts(value: object) -> Iterator[str]:
    """Yields every string in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for child in value.values() if isinstance(value, dict) else value:
            yield from texts(child)


def objects(value: object) -> Iterator[Node]:
    """Yields every object in a JSON value, the value itself included, outermost first."""
    if isinstance(value, dict):
        yield value
        for child in value.values():
            yield from objects(child)
    elif isinstance(value, list):
        for child in value:
            yield from objects(child)
