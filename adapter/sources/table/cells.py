"""What may stand in a cell, by the type that the contract gives its column."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from adapter.sources.table.contract import Column

_EXPECTED = {
    "integer": "a whole number",
    "decimal": "a number",
    "date": "a date YYYY-MM-DD",
    "dateTime": "a date and time YYYY-MM-DD HH:MM:SS, with or without seconds",
    "time": "a time of day HH:MM, with or without seconds",
}
_DATE, _TIME = r"\d{4}-\d{2}-\d{2}", r"\d{2}:\d{2}(:\d{2})?"
_SHAPES = {
    "integer": r"[+-]?[0-9]+",
    "decimal": r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)",
    "date": _DATE,
    "dateTime": f"{_DATE}[ T]{_TIME}",
    "time": _TIME,
}
_COMMA_DECIMAL = re.compile(r"[+-]?[0-9]*,[0-9]+")


@dataclass(frozen=True, slots=True)
class Cell:
    """One column of a file as its header calls it: what its cells must be, None for any text."""

    name: str
    expected: str
    shape: re.Pattern[str] | None
    is_box: bool = False
    has_comma: bool = False

    def read(self, raw: str) -> str:
        """A cell as it is handed on: empty where it says nothing, such as a box without a tick."""
        if self.shape is None:
            return raw
        text = raw.strip()
        if self.is_box and text == "0":
            return ""
        if self.has_comma and _COMMA_DECIMAL.fullmatch(text):
            return text.replace(",", ".")
        return text

    def fits(self, text: str) -> bool:
        """Whether a cell that was read keeps the contract."""
        return not text or self.shape is None or self.shape.fullmatch(text) is not None


def cells_of(
    name: str, column: Column, missing: Collection[str], *, decimal_comma: bool
) -> list[Cell]:
    """The cells of a column; `missing` are the study's missing-data codes, which fit anywhere."""
    if column.type == "text":
        return [Cell(name, "", None)]
    if column.type == "choices":
        shape = re.compile("[01]")
        return [Cell(each, "0 or 1", shape, is_box=True) for each in column.names(name)]
    if column.type == "choice":
        expected = f"one of the codes {', '.join(column.codes)}"
        return [Cell(name, expected, _one_of((*column.codes, *missing)))]
    shape = re.compile(f"{_SHAPES[column.type]}|{_one_of(missing).pattern}")
    has_comma = decimal_comma and column.type == "decimal"
    return [Cell(name, _EXPECTED[column.type], shape, has_comma=has_comma)]


def _one_of(codes: Collection[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, codes)) or r"(?!)")
