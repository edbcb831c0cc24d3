"""Which kind of file it is, told by its first sign: a list in JSON, or a table in CSV."""

from __future__ import annotations

from pathlib import Path

from adapter.sources.objects import objects_in_file
from adapter.sources.rows import Rows, Table

_JSON_BEGINS = (b"[", b"{")


def open_rows(path: Path, encoding: str = "utf-8", record_column: str | None = None) -> Rows:
    """The rows of a file in CSV or JSON; `record_column` says whose a row is.

    Raises:
        SourceError: no such file, or neither.
    """
    if _is_json(path):
        return objects_in_file(path, encoding)
    return Table(path, encoding, record_column=record_column)


def _is_json(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            begin = file.read(64)
    except OSError:
        return False  # the table says why it cannot be read
    return begin.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(_JSON_BEGINS)
