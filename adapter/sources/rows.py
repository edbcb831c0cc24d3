"""Reads a CSV file row by row, and loses no good row to a bad one.

The standard reader stops at the first malformed line, or swallows all that follows a stray quote.
Here a row that cannot be read is a Problem with its line, and reading goes on with the next line.
One row is in memory at a time.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from adapter.errors import Origin, Problem, SourceError

AGAIN = "Export the file again."
RECODE = "Export as UTF-8, or set `encoding` of this source in adapter.toml (cp1252?)."
_LONGEST_ROW_LINES = 500  # a row that spans more is a quote that was never closed


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its cells in the header's order, and the line it starts on."""

    line: int
    cells: list[str]


class Table:
    """A CSV file with a header. `encoding` is the file's own; a byte-order mark is left out."""

    def __init__(self, path: Path, encoding: str = "utf-8") -> None:
        """Reads the header.

        Raises:
            SourceError: no such file or encoding, no header, or a column that stands twice.
        """
        self.path, self.encoding = path, encoding
        self.header = self._read_header()

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
                names = [name.strip() for name in next(csv.reader(lines, strict=True), [])]
            except csv.Error:
                raise self._unreadable("a header in CSV", "a quote out of place", AGAIN) from None
        if not _is_decoded("".join(names)):
            raise self._unreadable(f"text in {self.encoding}", "bytes that are not", RECODE)
        if not names:
            raise self._unreadable("a header", "nothing on the first line", AGAIN)
        # By place and not by name: where the header is missing, the first line holds answers.
        twice = [place for place, name in enumerate(names, start=1) if name in names[: place - 1]]
        if twice:
            found = f"the name of an earlier one at column {', '.join(map(str, twice))}"
            raise self._unreadable("a header with each column once", found, AGAIN)
        return names

    def _lines(self) -> Generator[str, None, None]:
        """The lines as text; a byte that is none in this encoding comes as a lone surrogate."""
        try:
            is_utf8 = codecs.lookup(self.encoding).name == "utf-8"
            encoding = "utf-8-sig" if is_utf8 else self.encoding
            with self.path.open(encoding=encoding, errors="surrogateescape", newline="") as lines:
                yield from lines
        except OSError as wrong:
            found = str(wrong.strerror)
            raise self._unreadable("a readable file", found, "Check its path.", None) from wrong
        except LookupError:
            known = "an encoding that Python knows"
            raise self._unreadable(known, f"`{self.encoding}`", RECODE, None) from None
        except UnicodeError:
            known = f"text in {self.encoding}"
            raise self._unreadable(known, "bytes that are not", RECODE, None) from None

    def _unreadable(
        self, expected: str, found: str, action: str, line: int | None = 1
    ) -> SourceError:
        problem = self._problem(line, expected, found, action)
        return SourceError(f"{self.path.name} cannot be read.", (problem,))

    def _parse(self, taken: list[tuple[int, str]]) -> Row | Problem:
        line = taken[0][0]
        text = "".join(part for _, part in taken)
        try:
            cells = next(csv.reader([text], strict=True), [])
        except csv.Error:
            return self._problem(line, "a CSV row", "a quote out of place", AGAIN)
        if text.count('"') % 2 or self._swallows(taken):
            return self._problem(line, "a CSV row", "a quote out of place", AGAIN)
        if not _is_decoded(text):
            return self._problem(line, f"text in {self.encoding}", "bytes that are not", RECODE)
        if cells and len(cells) != len(self.header):
            return self._problem(line, f"{len(self.header)} cells", f"{len(cells)}", AGAIN)
        return Row(line, cells)

    def _swallows(self, taken: list[tuple[int, str]]) -> bool:
        """Whether a line inside could be a row of its own, which two stray quotes would hide.

        A row begins with a number or a name, never with a note, and all rows begin alike.
        """
        first, *inside = (text for _, text in taken)
        begins_with_note = bool(inside) and _width(first) == 1
        return begins_with_note or any(
            _shape(text) == _shape(first) and _width(text) == len(self.header) for text in inside
        )

    def _problem(self, line: int | None, expected: str, found: str, action: str) -> Problem:
        return Problem(Origin(self.path.name, line), "", expected, found, action)


def _is_decoded(text: str) -> bool:
    return text.isascii() or not any("\udc80" <= sign <= "\udcff" for sign in text)


def _width(text: str) -> int:
    return len(next(csv.reader([text]), []))


def _shape(text: str) -> str:
    """A line's first cell with all numbers alike: rows begin alike, the lines of a note do not."""
    return re.sub(r"\d+", "0", text.partition(",")[0].replace('"', ""))


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
