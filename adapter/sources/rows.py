"""Reads a CSV file row by row, and loses no good row to a bad one.

The standard reader stops at the first malformed line, or swallows all that follows a stray quote.
Here a row that cannot be read is a Problem with its line, and reading goes on with the next line.
One row is in memory at a time. What separates the cells is seen from the header.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from adapter.errors import Origin, Problem, SourceError
from adapter.sources.text import AGAIN, RECODE, is_decoded, opened, unreadable

DELIMITERS = ",;\t|^"
_WIDE = 8  # cells
_LONGEST_ROW_LINES = 500  # a row that spans more is a quote that was never closed


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its cells in the header's order, and the line it starts on.

    `place` says in words where it stands in a file whose lines say nothing.
    """

    line: int | None
    cells: list[str]
    place: str = ""


class Rows(Protocol):
    """Rows of named cells, read one by one and as often as asked for."""

    @property
    def header(self) -> list[str]:
        """The names of the cells, in the order of every row."""
        ...

    def rows(self) -> Iterator[Row | Problem]:
        """Every row, or what is wrong with it.

        Raises:
            SourceError: it cannot be read on.
        """
        ...


class Table:
    """A CSV file with a header.

    `encoding` is the file's own, but a UTF-8 byte-order mark outranks it, and is left out;
    `delimiter` is what separates cells, by default whichever of `DELIMITERS` gives the header most
    columns. `record_column` names the record of a row that cannot be read.
    """

    def __init__(
        self,
        path: Path,
        encoding: str = "utf-8",
        delimiter: str | None = None,
        record_column: str | None = None,
    ) -> None:
        """Reads the header.

        Raises:
            SourceError: no such file or encoding, no header, or a column that stands twice.
        """
        self.path, self.encoding = path, encoding
        self._delimiter = delimiter or DELIMITERS[0]
        if delimiter is None:
            first = next(self._lines(), "")
            self._delimiter = max(DELIMITERS, key=lambda sign: self._width(first, sign))
        self.header = self._read_header()
        self._record = self.header.index(record_column) if record_column in self.header else None

    def rows(self) -> Iterator[Row | Problem]:
        """Every row after the header, or what is wrong with it.

        Raises:
            SourceError: bytes that the encoding has no way around, such as half a file in UTF-16.
        """
        numbered = enumerate(self._lines(), start=1)
        waiting: deque[tuple[int, str]] = deque()
        is_header = True
        while taken := _take(numbered, waiting):
            row = self._parse(taken)
            if isinstance(row, Problem) and len(taken) > 1:
                waiting.extendleft(reversed(taken[1:]))
            if is_header:
                is_header = False
            elif isinstance(row, Problem) or row.cells:
                yield row

    def _read_header(self) -> list[str]:
        with closing(self._lines()) as lines:
            try:
                names = [name.strip() for name in next(self._reader(lines), [])]
            except csv.Error:
                raise self._headless("a header in CSV", "a quote out of place", AGAIN) from None
        if not is_decoded("".join(names)):
            raise self._headless(f"text in {self.encoding}", "bytes that are not", RECODE)
        if not names:
            raise self._headless("a header", "nothing on the first line", AGAIN)
        # By place and not by name: where the header is missing, the first line holds answers.
        twice = [place for place, name in enumerate(names, start=1) if name in names[: place - 1]]
        if twice:
            found = f"the name of an earlier one at column {', '.join(map(str, twice))}"
            raise self._headless("a header with each column once", found, AGAIN)
        return names

    def _lines(self) -> Generator[str, None, None]:
        with opened(self.path, self.encoding) as lines:
            yield from lines

    def _headless(self, expected: str, found: str, action: str) -> SourceError:
        return unreadable(Origin(self.path.name, 1), expected, found, action)

    def _parse(self, taken: list[tuple[int, str]]) -> Row | Problem:
        line = taken[0][0]
        text = "".join(part for _, part in taken)
        try:
            cells = next(self._reader([text]), [])
        except csv.Error:
            return self._problem(line, "a CSV row", "a quote out of place", AGAIN)
        if text.count('"') % 2 or self._swallows(taken):
            return self._problem(line, "a CSV row", "a quote out of place", AGAIN)
        if not is_decoded(text):
            told = self._problem(line, f"text in {self.encoding}", "bytes that are not", RECODE)
            return replace(told, origin=replace(told.origin, record=self._whose(cells)))
        if not any(cell.strip() for cell in cells):  # a spreadsheet leaves such ones at the end
            return Row(line, [])
        if len(cells) != len(self.header):
            return self._problem(line, f"{len(self.header)} cells", f"{len(cells)}", AGAIN)
        return Row(line, cells)

    def _whose(self, cells: list[str]) -> str:
        """The record of a row that is as wide as every other; '' where that is not known."""
        if self._record is None or len(cells) != len(self.header):
            return ""
        name = cells[self._record].strip()
        return name if is_decoded(name) else ""

    def _swallows(self, taken: list[tuple[int, str]]) -> bool:
        """Whether a line inside could be a row of its own, which two stray quotes would hide.

        A row begins with a number or a name, never with a note, and all rows begin alike; in a wide
        table no line of a note has as many cells as a row, however it begins.
        """
        width = len(self.header)
        first, *inside = (text for _, text in taken)
        begins_with_note = bool(inside) and self._width(first) == 1
        return begins_with_note or any(
            self._width(text) == width
            and (width >= _WIDE or self._shape(text) == self._shape(first))
            for text in inside
        )

    def _reader(self, lines: Iterable[str]) -> Iterator[list[str]]:
        return csv.reader(lines, delimiter=self._delimiter, strict=True)

    def _width(self, text: str, delimiter: str | None = None) -> int:
        return len(next(csv.reader([text], delimiter=delimiter or self._delimiter), []))

    def _shape(self, text: str) -> str:
        """A line's first cell with numbers alike: rows begin alike, the lines of a note do not."""
        return re.sub(r"\d+", "0", text.partition(self._delimiter)[0].replace('"', ""))

    def _problem(self, line: int | None, expected: str, found: str, action: str) -> Problem:
        return Problem(Origin(self.path.name, line), "", expected, found, action)


def _take(
    lines: Iterator[tuple[int, str]], waiting: deque[tuple[int, str]]
) -> list[tuple[int, str]]:
    """The next lines that make one row: as many as it takes until every quote is closed."""
    taken: list[tuple[int, str]] = []
    is_open = False
    while len(taken) < _LONGEST_ROW_LINES:
        numbered = waiting.popleft() if waiting else next(lines, None)
        if numbered is None:
            break
        taken.append(numbered)
        if numbered[1].count('"') % 2:
            is_open = not is_open
        if not is_open:
            break
    return taken
