"""Reads mapping files: every mistake at once, each with file, line, expectation and what to do.

YAML gives the words, the pydantic models give their shapes, and `coherence.py` says what must hold
between them. Nothing here touches a disk: text comes in, values or findings go out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from adapter.errors import Origin, Problem

Place = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)
_DEEPEST = 1000
_BRACKET = re.compile(r"[\[\]{}]")
_DASHES = re.compile(r"(?:[-?:][ \t]+){100}")
_MOST_PARTS = 1_000_000
# In C where the library has it: a tenth of the time, and every command reads the mappings.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Lines:
    """Which line of a file each place of a declaration stands on; a place is told in text."""

    file: str
    by_place: dict[tuple[str, ...], int]

    def origin(self, place: Place) -> Origin:
        """The file and the line of the innermost known part of `place`."""
        known = _texts(place)
        while known and known not in self.by_place:
            known = known[:-1]
        return Origin(self.file, self.by_place.get(known, 1))

    def written(self, place: Place) -> Place:
        """Where a word is written: what an item has from `each` stands there."""
        shared = ("each", *place[2:])
        is_shared = place[:1] == ("items",) and _texts(place) not in self.by_place
        return shared if is_shared and _texts(shared) in self.by_place else place

    def problem(self, place: Place, expected: str, found: str, action: str) -> Problem:
        """A finding at this place."""
        return Problem(self.origin(place), _dotted(place), expected, found, action)


def read_mapping(
    text: str, file: str, model: type[Model]
) -> tuple[Model | None, Lines, list[Problem]]:
    """One declaration: its model, where its parts stand, and all the findings.

    The model is None where a word is missing or wrong; unknown words and words that stand twice are
    told and left out, so that what is right can still be checked.
    """
    try:
        read, lines, problems = _read(text, file, model)
    except RecursionError:
        found = "lists in lists in lists, deeper than can be read, or one inside itself"
        problem = Problem(Origin(file, 1), "", "a declaration", found, "See mappings/README.md.")
        return None, Lines(file, {}), [problem]
    return read, lines, [*problems]


# Who opens a trial again, in the next round or for the next command, reads the same files again.
@lru_cache(maxsize=100)
def _read(text: str, file: str, model: type[Model]) -> tuple[Model | None, Lines, list[Problem]]:
    if _is_deep(text):
        raise RecursionError(file)
    try:
        try:
            node, value = _load(text, _LOADER)
        except yaml.YAMLError:  # the library in C finds the same and says less
            node, value = _load(text, yaml.SafeLoader)
    except yaml.YAMLError as wrong:
        return None, Lines(file, {}), [_not_yaml(wrong, file)]
    except ValueError:
        return None, Lines(file, {}), [*_impossible(yaml.compose(text, Loader=_LOADER), file)]
    if _parts(node, {}) > _MOST_PARTS:
        expected, found = f"a declaration of at most {_MOST_PARTS} parts", "more, by its aliases"
        problem = Problem(Origin(file, 1), "", expected, found, "Repeat less with aliases.")
        return None, Lines(file, {}), [problem]
    lines = Lines(file, {})
    problems: list[Problem] = []
    _locate(node, (), lines, problems)
    if not isinstance(value, dict):
        problems.append(
            lines.problem(
                (), "a mapping of words to values", "something else", "See mappings/README.md."
            )
        )
        return None, lines, problems
    return _validated(value, model, lines, problems), lines, problems


def _load(
    text: str, loader: type[yaml.SafeLoader | yaml.CSafeLoader]
) -> tuple[yaml.Node | None, object]:
    return yaml.compose(text, Loader=loader), yaml.load(text, Loader=loader)  # noqa: S506 - safe


def _is_deep(text: str) -> bool:
    """Whether lists stand in lists a thousand times; the library in C would not survive it."""
    depth = deepest = 0
    for bracket in _BRACKET.findall(text):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest > _DEEPEST or _DASHES.search(text) is not None


def _parts(node: yaml.Node | None, known: dict[int, int]) -> int:
    """How many parts there are with every alias written out: a few lines may be billions."""
    if not isinstance(node, yaml.MappingNode | yaml.SequenceNode):
        return 1
    if id(node) not in known:
        is_map = isinstance(node, yaml.MappingNode)
        inner = [part for pair in node.value for part in pair] if is_map else node.value
        known[id(node)] = 1 + sum(_parts(part, known) for part in inner)
    return known[id(node)]


def _validated(
    value: object, model: type[Model], lines: Lines, problems: list[Problem]
) -> Model | None:
    try:
        return model.model_validate(value)
    except ValidationError as wrong:
        errors = wrong.errors(include_url=False)
    # What stands once in `each` is found once for every item.
    problems.extend(dict.fromkeys(_finding(error, lines) for error in errors))
    if any(error["type"] != "extra_forbidden" for error in errors):
        return None
    for error in errors:
        value = _without(value, lines.written(error["loc"]))
    return _validated(value, model, lines, problems)


def _without(value: object, place: Place) -> object:
    """The same, but without the word at this place."""
    if isinstance(value, dict):
        kept = {word: part for word, part in value.items() if place != (word,)}
        return {
            word: _without(part, place[1:]) if word == place[0] else part
            for word, part in kept.items()
        }
    parts = value if isinstance(value, list) else []
    return [
        _without(part, place[1:]) if index == place[0] else part for index, part in enumerate(parts)
    ]


def _locate(
    node: yaml.Node | None, place: tuple[str, ...], lines: Lines, problems: list[Problem]
) -> None:
    """Notes the line of every node, and finds words that stand twice (YAML drops the first)."""
    if node is None:
        return
    lines.by_place.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*place, key.value)
            if inner in lines.by_place:
                problems.append(
                    Problem(
                        Origin(lines.file, key.start_mark.line + 1),
                        _dotted(inner),
                        "each word once",
                        f"a second one (the first stands on line {lines.by_place[inner]})",
                        "Keep one of them.",
                    )
                )
            lines.by_place[inner] = key.start_mark.line + 1
            _locate(value, inner, lines, problems)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _locate(value, (*place, str(index)), lines, problems)


def _finding(error: ErrorDetails, lines: Lines) -> Problem:
    place = lines.written(error["loc"])
    kind = error["type"]
    if kind == "missing":
        return lines.problem(
            place[:-1],
            f"the word `{place[-1]}`",
            "it is missing",
            "Add it; mappings/README.md defines it.",
        )
    if kind == "extra_forbidden":
        return lines.problem(
            place,
            "a word of mappings/README.md",
            "an unknown word",
            "Correct its spelling or remove it.",
        )
    expected = str(error.get("ctx", {}).get("expected", "")) or error["msg"]
    if isinstance(error["input"], bool) and kind in {"string_type", "literal_error"}:
        return lines.problem(
            place,
            "text" if kind == "string_type" else expected,
            f"`{str(error['input']).lower()}`: so YAML takes yes, no, on and off without quotes",
            'Put it in quotes, written as the source has it, such as "Yes".',
        )
    return lines.problem(
        place,
        expected,
        f"{error['input']!r:.60}",
        "Correct it; mappings/README.md defines the word.",
    )


def _not_yaml(wrong: yaml.YAMLError, file: str) -> Problem:
    mark = getattr(wrong, "problem_mark", None)
    line = mark.line + 1 if mark else 1
    reason = str(getattr(wrong, "problem", None) or "text that cannot be read")
    found = reason.removeprefix("found ")
    return Problem(Origin(file, line), "", "YAML", found, "Correct the text at this line.")


def _impossible(node: yaml.Node | None, file: str) -> Iterator[Problem]:
    """Each scalar that YAML takes for a date or a number, and that is none: 2023-02-30."""
    for scalar in _scalars([node] if node else []):
        try:
            yaml.SafeLoader("").construct_object(scalar)
        except ValueError:
            yield Problem(
                Origin(file, scalar.start_mark.line + 1),
                "",
                "a date or a number that exists",
                "one that does not",
                "Correct it; in quotes it stays text.",
            )


def _scalars(parts: Iterable[yaml.Node | tuple[yaml.Node, ...]]) -> Iterator[yaml.ScalarNode]:
    for part in parts:
        if isinstance(part, yaml.ScalarNode):
            yield part
        else:  # a list, a mapping, or a pair of word and value
            yield from _scalars(part.value if isinstance(part, yaml.Node) else part)


def _texts(place: Place) -> tuple[str, ...]:
    return tuple(map(str, place))


def _dotted(place: Place) -> str:
    return ".".join(_texts(place))
