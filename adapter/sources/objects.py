"""Reads a JSON text that holds a list of objects as rows, one object in memory at a time.

The text is read once for the names of all cells, because an object may leave out what is empty, and
then as often as its rows are asked for. What is no JSON ends the reading: behind it, nothing tells
where the next object begins.

The standard library reads each object, and this module finds where it begins. Of the streaming
parsers, ijson was tried and left: its memory grows with the square of the nesting, and a number of
ten thousand digits ends in a SystemError.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from io import StringIO
from pathlib import Path
from typing import TextIO

from adapter.errors import Origin, Problem
from adapter.sources.rows import Row
from adapter.sources.text import AGAIN, RECODE, is_decoded, opened, unreadable

MOST_NAMES = 50_000
"""Of cells, in all objects together: more is no export of one project."""
_CHUNK_CHARS = 65_536
_LONGEST_CHARS = 16_777_216  # of one object; one that is longer was never closed
_SPACE = " \t\r\n"


@dataclass(frozen=True, slots=True)
class _Pairs:
    """An object as it stands in the file: a name may stand twice."""

    pairs: list[tuple[str, object]]


class _NoNumber:
    """What JSON does not have, such as NaN."""


class Objects:
    """A text in JSON with a list of objects, such as an export of records."""

    def __init__(
        self,
        name: str,
        open_text: Callable[[], AbstractContextManager[TextIO]],
        encoding: str = "utf-8",
    ) -> None:
        """Reads the names of all cells; `name` is the text's, `open_text` opens it at its start.

        Raises:
            SourceError: it cannot be opened, is no JSON, or no list.
        """
        self.name, self.encoding, self._open = name, encoding, open_text
        names: dict[str, None] = {}
        for _, value in self._values():
            if isinstance(value, _Pairs):
                names.update(dict.fromkeys(name for name, _ in value.pairs))
            if len(names) > MOST_NAMES:
                expected, found = f"at most {MOST_NAMES} names of cells", "more"
                raise unreadable(Origin(self.name), expected, found, AGAIN)
        self.header = list(names)

    def rows(self) -> Iterator[Row | Problem]:
        """Every object as a row, or what is wrong with it.

        Raises:
            SourceError: the file has changed since, and is no list in JSON any more.
        """
        for number, (line, value) in enumerate(self._values(), start=1):
            yield self._row(line, f"entry {number}", value)

    def _row(self, line: int, place: str, value: object) -> Row | Problem:
        origin = Origin(self.name, line)
        if not isinstance(value, _Pairs):
            return Problem(origin, place, "an object", "another value", AGAIN)
        cells = {name: "" if cell is None else cell for name, cell in value.pairs}
        if len(cells) < len(value.pairs):
            return Problem(origin, place, "each name once", "one of them again", AGAIN)
        texts = {name: cell for name, cell in cells.items() if isinstance(cell, str)}
        if len(texts) < len(cells):
            expected, found = "a text or a number in every cell", "something else in one"
            return Problem(origin, place, expected, found, AGAIN)
        if not all(map(is_decoded, texts.values())):
            return Problem(origin, place, f"text in {self.encoding}", "bytes that are not", RECODE)
        return Row(line, [texts.get(name, "") for name in self.header], place)

    def _values(self) -> Generator[tuple[int, object], None, None]:
        """Every element of the list, with the line on which it begins."""
        with self._open() as file:
            text = _Text(file)
            try:
                yield from text.elements()
            except UnicodeError:
                raise
            except (ValueError, RecursionError):  # the second one: nested a thousand times
                origin, found = Origin(self.name, text.line), "a text that is none"
                raise unreadable(origin, "a list in JSON", found, AGAIN) from None


def objects_in_file(path: Path, encoding: str = "utf-8") -> Objects:
    """The objects of a file.

    Raises:
        SourceError: no such file or encoding, no JSON, or no list.
    """
    return Objects(path.name, partial(opened, path, encoding), encoding)


def objects_in_text(name: str, text: str) -> Objects:
    """The objects of a text that is at hand.

    Raises:
        SourceError: no JSON, or no list.
    """
    return Objects(name, partial(StringIO, text))


class _Text:
    """The text of a file, of which no more is held than the element that is being read."""

    def __init__(self, file: TextIO) -> None:
        self.line = 1
        self._file = file
        self._buffer = ""
        self._place = 0
        self._is_whole = False
        self._decoder = json.JSONDecoder(
            object_pairs_hook=_Pairs,
            parse_int=str,  # numbers are kept as they are written
            parse_float=str,
            parse_constant=lambda _: _NoNumber(),
        )

    def elements(self) -> Iterator[tuple[int, object]]:
        """Every element of the list that the text is.

        Raises:
            ValueError: it is none.
        """
        sign = self._next_sign()
        if sign != "[":
            raise ValueError(sign)
        self._place += 1
        sign = self._next_sign()
        while sign != "]":
            yield self.line, self._value()
            sign = self._next_sign()
            if sign == ",":
                self._place += 1
                if self._next_sign() == "]":
                    raise ValueError(sign)
            elif sign != "]":
                raise ValueError(sign)
        self._place += 1
        if self._next_sign():
            raise ValueError(sign)

    def _next_sign(self) -> str:
        """The next sign that is no space, empty at the end."""
        while True:
            while self._place < len(self._buffer):
                sign = self._buffer[self._place]
                if sign not in _SPACE:
                    return sign
                self.line += sign == "\n"
                self._place += 1
            if not self._read_on(_CHUNK_CHARS):
                return ""

    def _value(self) -> object:
        """The element that begins here."""
        size = _CHUNK_CHARS
        while True:
            try:
                value, end = self._decoder.raw_decode(self._buffer, self._place)
            except ValueError:
                if self._is_whole or len(self._buffer) - self._place > _LONGEST_CHARS:
                    raise
            else:
                if end < len(self._buffer) or self._is_whole:  # else a number may go on
                    self.line += self._buffer.count("\n", self._place, end)
                    self._place = end
                    return value
            self._read_on(size)
            size *= 2

    def _read_on(self, size: int) -> bool:
        more = self._file.read(size)
        self._buffer = self._buffer[self._place :] + more
        self._place = 0
        self._is_whole = not more
        return bool(more)
