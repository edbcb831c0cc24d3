"""JSON Patch: a list of steps that make one resource into another.

https://www.rfc-editor.org/rfc/rfc6902, with the places of https://www.rfc-editor.org/rfc/rfc6901.
It is done here, because `jsonpatch` takes `true` for 1 in a test (its pull request 187, open), and
copies what it is told to copy: thirty steps that copy a document into itself make it a thousand
million times as large.
No value is ever named in a refusal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from adapter.fhir.operation_outcome import Issue, RefusalError, refuse
from adapter.fhir.text import write_text
from adapter.server.body import DEEPEST, MOST_BYTES, depth

PATCH_JSON: Final = "application/json-patch+json"
MOST_STEPS: Final = 100
_PLACE = re.compile(r"(?:/(?:[^~/]|~[01])*)*")
_INDEX = re.compile(r"0|[1-9]\d{0,8}", re.ASCII)
_BEHIND = "-"  # the last entry of a list
_NEEDS: Mapping[str, str] = {
    "add": "value",
    "replace": "value",
    "test": "value",
    "move": "from",
    "copy": "from",
    "remove": "",
}
"""What a step needs beside its path."""
Place = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it does, where, with which value or from where."""

    op: str
    path: Place
    value: Any = None
    source: Place = ()


def read_steps(said: list[Any]) -> tuple[Step, ...]:
    """The steps of a patch.

    Raises:
        RefusalError: 400, with everything that is wrong with any of them.
    """
    if len(said) > MOST_STEPS:
        raise refuse(400, "too-costly", f"At most {MOST_STEPS} steps are taken at once")
    issues = [
        Issue("structure", f"Step {number}: {wrong}")
        for number, each in enumerate(said, start=1)
        for wrong in _wrongs(each)
    ]
    if issues:
        raise RefusalError(400, *issues)
    return tuple(map(_step, said))


def patched(resource: Mapping[str, Any], steps: tuple[Step, ...]) -> object:
    """What the steps make of a resource, which stays as it is; whether it is one is not asked.

    Raises:
        RefusalError: 422, for the first step that cannot be taken, or whose test fails; 413, where
            it would grow beyond what is taken.
    """
    document, size = {"": deepcopy(dict(resource))}, 0
    for number, step in enumerate(steps, start=1):
        try:
            size += _take(document, step)
        except _CannotError as wrong:
            raise refuse(422, "processing", f"Step {number}: {wrong}") from None
        if size > MOST_BYTES:
            text = f"Step {number}: it would grow beyond {MOST_BYTES} bytes"
            raise refuse(413, "too-long", text)
    return document[""]


# Private functions


class _CannotError(Exception):
    """A step that cannot be taken; the message says why, and no value."""


def _step(said: Mapping[str, Any]) -> Step:
    """A step that is one; what it does not need may be anything."""
    source = _place(said["from"]) if _NEEDS[said["op"]] == "from" else ()
    return Step(said["op"], _place(said["path"]), said.get("value"), source)


def _wrongs(step: object) -> list[str]:
    if not isinstance(step, dict):
        return ["an object is expected"]
    needs = _NEEDS.get(step["op"]) if isinstance(step.get("op"), str) else None
    if needs is None:
        return [f"`op` is expected to be one of {', '.join(sorted(_NEEDS))}"]
    places = ("path", "from") if needs == "from" else ("path",)
    wrongs = [
        f"`{name}` is expected as a JSON Pointer"
        for name in places
        if not isinstance(step.get(name), str) or not _PLACE.fullmatch(step[name])
    ]
    if needs == "value" and "value" not in step:
        wrongs.append("`value` is expected")
    return wrongs


def _place(said: str) -> Place:
    """The names of a pointer, behind that of the document itself."""
    return tuple(each.replace("~1", "/").replace("~0", "~") for each in said.split("/"))


def _take(document: dict[str, Any], step: Step) -> int:
    """Takes one step; gives by how many bytes it may have grown."""
    match step.op:
        case "test":
            if not _is_same(_value(document, step.path), step.value):
                raise _CannotError("the test fails")
            return 0
        case "remove":
            _removed(document, step.path)
            return 0
        case "move":
            if step.path[: len(step.source)] == step.source and step.path != step.source:
                raise _CannotError("nothing moves into itself")
            value = _removed(document, step.source)
        case "copy":
            value = _value(document, step.source)
        case _:
            value = step.value
    size = _check_depth(value, step.path)
    _put(document, step.path, deepcopy(value), is_new=step.op != "replace")
    return 0 if step.op == "move" else size


def _check_depth(value: object, path: Place) -> int:
    text = write_text(value)
    if depth(text) + len(path) > DEEPEST:
        raise _CannotError(f"it would be nested more than {DEEPEST} deep")
    return len(text)


def _inside(document: dict[str, Any], path: Place) -> tuple[Any, str]:
    """The object or list that holds a place, and the last name of that."""
    node: Any = document
    for name in path[:-1]:
        node = _entry(node, name)
    return node, path[-1]


def _entry(node: object, name: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    match node:
        case dict() if name in node:
            return node[name]
        case list() if _INDEX.fullmatch(name) and int(name) < len(node):
            return node[int(name)]
    raise _CannotError("there is nothing at its place")


def _value(document: dict[str, Any], path: Place) -> Any:  # noqa: ANN401 - likewise
    return _entry(*_inside(document, path))


def _removed(document: dict[str, Any], path: Place) -> Any:  # noqa: ANN401 - likewise
    if len(path) == 1:
        raise _CannotError("the resource itself cannot be taken away")
    node, name = _inside(document, path)
    value = _entry(node, name)
    del node[name if isinstance(node, dict) else int(name)]
    return value


def _put(document: dict[str, Any], path: Place, value: object, *, is_new: bool) -> None:
    node, name = _inside(document, path)
    if not is_new:
        _entry(node, name)
    match node:
        case dict():
            node[name] = value
        case list() if not is_new:
            node[int(name)] = value
        case list() if name == _BEHIND:
            node.append(value)
        case list() if _INDEX.fullmatch(name) and int(name) <= len(node):
            node.insert(int(name), value)
        case _:
            raise _CannotError("there is nothing at its place")


_LIKE: Mapping[type, Callable[[Any, Any], bool]] = {
    dict: lambda one, other: (
        one.keys() == other.keys() and all(_is_same(one[name], other[name]) for name in one)
    ),
    list: lambda one, other: len(one) == len(other) and all(map(_is_same, one, other)),
}


def _is_same(one: object, other: object) -> bool:
    """Whether two values of JSON are equal; numbers by what they are worth, and `true` is no 1."""
    kinds = {Decimal if type(each) is int else type(each) for each in (one, other)}
    if len(kinds) > 1:
        return False
    like = _LIKE.get(type(one))
    return like(one, other) if like else one == other
