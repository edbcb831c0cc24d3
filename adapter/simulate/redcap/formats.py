"""Rows as the API writes them: JSON, CSV or XML, byte for byte in the manner of PHP."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Literal

Format = Literal["json", "csv", "xml"]
Cell = str | int
MEDIA_TYPES: dict[Format, str] = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "xml": "text/xml; charset=utf-8",
}
_XML = '<?xml version="1.0" encoding="UTF-8" ?>\n'


def write_rows(
    rows: Sequence[Mapping[str, Cell]],
    form: Format,
    *,
    headings: Sequence[str] | None = None,
    delimiter: str = ",",
    root: str = "records",
) -> str:
    """A list of rows; `headings` replace the names of the cells on CSV's first line.

    CSV without a row is empty: what REDCap's first line is then could not be verified.
    """
    if form == "json":
        return write_json(list(rows))
    if form == "xml":
        items = "".join(f"<item>{_elements(row)}</item>" for row in rows)
        return f"{_XML}<{root}>{items}</{root}>"
    if not rows:
        return ""
    lines = [headings or list(rows[0]), *(row.values() for row in rows)]
    return "".join(
        delimiter.join(_quoted(str(cell), delimiter) for cell in line) + "\n" for line in lines
    )


def write_row(row: Mapping[str, Cell], form: Format) -> str:
    """One object, such as a project's settings."""
    if form == "json":
        return write_json(dict(row))
    if form == "xml":
        return f"{_XML}<items>{_elements(row)}</items>"
    return write_rows([row], form)


def write_error(message: str, form: Format) -> str:
    """A refusal."""
    if form == "json":
        return write_json({"error": message})
    if form == "csv":
        return f"ERROR: {message}"
    return f"{_XML}<hash><error>{_escaped(message)}</error></hash>"


def write_json(value: object) -> str:
    """JSON as PHP's json_encode writes it: ASCII, and with every slash escaped."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/")


def _elements(row: Mapping[str, Cell]) -> str:
    return "".join(
        f"<{name}><![CDATA[{str(cell).replace(']]>', ']]]]><![CDATA[>')}]]></{name}>"
        for name, cell in row.items()
    )


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _quoted(text: str, delimiter: str) -> str:
    """A cell as PHP's fputcsv writes it: quotes also around a space."""
    if not any(sign in text for sign in (delimiter, '"', "\\", "\n", "\r", "\t", " ")):
        return text
    return '"' + text.replace('"', '""') + '"'
