"""Reads a CSV file row by row, and loses no good row to a bad one.

The standard reader stops at the first malformed line, or swallows all that follows a stray quote.
Here a row that cannot be read is a Problem with its line, and reading goes on with the next line.
One row is in memory at a time.
"""

from __future__ import annotations

import codecs
import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from adapter.errors import Origin, Problem, SourceError

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
        """Every row after the header, or what is wrong with it."""
        with self._open() as lines:
            numbered = enumerate(lines, start=1)
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
        try:
            with self._open() as lines:
                first = next(csv.reader(lines), [])
        except (OSError, csv.Error) as wrong:
            raise SourceError(
                f"{self.path.name}: expected a readable CSV file; found: "
                f"{getattr(wrong, 'strerror', None) or wrong}. Check the path in adapter.toml."
            ) from wrong
        names = [name.strip() for name in first]
        twice = sorted({name for name in names if names.count(name) > 1})
        if not names or twice:
            found = f"the column(s) {', '.join(twice)} twice" if twice else "an empty file"
            raise SourceError(
                f"{self.path.name}:1: expected a header with each column once; found {found}. "
                "Export the file again."
            )
        return names

    def _open(self) -> TextIO:
        try:
            is_utf8 = codecs.lookup(self.encoding).name == "utf-8"
        except LookupError:
            raise SourceError(
                f"{self.path.name}: expected an encoding that Python knows; found "
                f"`{self.encoding}`. Correct `encoding` in adapter.toml."
            ) from None
        encoding = "utf-8-sig" if is_utf8 else self.encoding
        return self.path.open(encoding=encoding, errors="surrogateescape", newline="")

    def _parse(self, taken: list[tuple[int, str]]) -> Row | Problem:
        line = taken[0][0]
        text = "".join(part for _, part in taken)
        if not text.isascii() and any("\udc80" <= sign <= "\udcff" for sign in text):
            return self._problem(
                line,
                f"text in {self.encoding}",
                "bytes that are not",
                "Export as UTF-8, or set `encoding` of this source in adapter.toml (cp1252?).",
            )
        try:
            cells = next(csv.reader([text], strict=True), [])
        except csv.Error:
            return self._problem(
                line, "a CSV row", "a quote out of place", "Export the file again."
            )
        if cells and len(cells) != len(self.header):
            return self._problem(
                line, f"{len(self.header)} cells", f"{len(cells)}", "Export the file again."
            )
        return Row(line, cells)

    def _problem(self, line: int, expected: str, found: str, action: str) -> Problem:
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
