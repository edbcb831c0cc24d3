"""Lines of a file, each of which covers the one before it by a keyed hash.

Nobody without the study's key can write a chain that fits. What a chain cannot tell by itself is
that its last lines were cut off: keep the last hash elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from adapter.errors import Origin, Problem

Seal = Callable[[str, str], str]
Verified = tuple[int, str, list[Problem]]
"""How many lines there are, the last hash, and what does not fit."""
Ending = tuple[int, str]
"""Where a chain has come to: the number of its last line, and that line's hash."""
FIRST: Ending = (0, "")
_OURS = ("line", "hash")


@dataclass(frozen=True, slots=True)
class Link:
    """What one line says, in its order, in its place in the chain."""

    number: int
    said: Mapping[str, Any]
    hash: str


def link(number: int, said: Mapping[str, Any], before: str, seal: Seal) -> Link:
    """The next link of a chain; `before` is the hash of the last one, '' for none."""
    return Link(number, said, seal(before, _text(number, said)))


def write_link(one: Link) -> bytes:
    """The line of a link."""
    return orjson.dumps({"line": one.number, **one.said, "hash": one.hash}) + b"\n"


def read_link(raw: bytes) -> Link | None:
    """The link of a line, None where it is none."""
    try:
        told = orjson.loads(raw)
        said = {name: value for name, value in told.items() if name not in _OURS}
        return Link(int(told["line"]), said, str(told["hash"]))
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError):
        return None


def number_in(raw: bytes) -> int:
    """The number of a line, 0 where it is none."""
    link = read_link(raw)
    return 0 if link is None else link.number


def verify(
    path: Path,
    seal: Seal,
    last: str = "",
    is_one: Callable[[Link], bool] = lambda _: True,
    ending: Ending | None = FIRST,
) -> Verified:
    """How many lines there are, the last hash, and what does not fit.

    `last` is a hash that was kept elsewhere: where it is not in the file, lines were cut off.
    `is_one` says of a link whether such a one can stand here at all. `ending` is where the chain
    had come to before this file; where that is None, nobody knows, and the first line is believed.
    """
    problems: list[Problem] = []
    (begins, before), number, is_met = ending or FIRST, 0, not last
    is_believed = ending is None
    if path.exists():
        with path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                found = read_link(raw)
                if found is None or not raw.endswith(b"\n") or not is_one(found):
                    problems.append(_problem(path, number, "a whole line of the log", "none"))
                    before = ""
                    continue
                if is_believed:
                    begins, is_believed = found.number - number, False
                elif wrong := _wrong(path, (number, begins + number), found, before, seal):
                    problems.append(wrong)
                before, is_met = found.hash, is_met or found.hash == last
    if not is_met:
        told = "lines cut off, or another log"
        problems.append(_problem(path, number, "the hash that was kept", told))
    return number, before, problems


def holds(path: Path, last: str) -> bool:
    """Whether a hash that was kept elsewhere is one of a file."""
    with path.open("rb") as file:
        return any(link is not None and link.hash == last for link in map(read_link, file))


def _wrong(
    path: Path, place: tuple[int, int], found: Link, before: str, seal: Seal
) -> Problem | None:
    """What does not fit; `place` is the line of the file, and the number that it has to have."""
    line, number = place
    if found.number != number:
        return _problem(path, line, f"line {number} of the chain", f"line {found.number}")
    if found.hash != seal(before, _text(number, found.said)):
        told = "another, or the line before it was changed"
        return _problem(path, line, "the line that was written here", told)
    return None


def _text(number: int, said: Mapping[str, Any]) -> str:
    return orjson.dumps([number, *said.values()]).decode()


def _problem(path: Path, number: int, expected: str, found: str) -> Problem:
    action = "Find out who changed the file; what stands before this line is as it was written."
    return Problem(Origin(path.name, number), "", expected, found, action)
