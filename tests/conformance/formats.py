"""One little project, written in every format that a source reads.

A new kind of source adds a `Format` here, and is held to every promise of `Source`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from adapter.sources.redcap import RecordsFile, read_dictionary
from adapter.sources.source import Source
from tests.unit.ingest.project import Cells, columns, csv_bytes, dictionary_csv, records_csv, study

SPOILT = "\N{REPLACEMENT CHARACTER}spoilt"
"""A record's name: `open_source` makes its row one that cannot be read in this format."""


@dataclass(frozen=True)
class Format:
    """A way to write the project down.

    `open_source` writes these rows into a folder and opens them. `is_by_row`: one row that cannot
    be read costs that row alone.
    """

    name: str
    open_source: Callable[[Path, list[Cells]], Source]
    is_by_row: bool = True


def _redcap_flat_csv(folder: Path, rows: list[Cells]) -> Source:
    whole = records_csv([row for row in rows if row["record_id"] != SPOILT])
    lines = [
        csv_bytes([["9", "short"]])
        if row["record_id"] == SPOILT
        else csv_bytes([[row.get(name, "") for name in columns()]])
        for row in rows
    ]
    header = whole.split(b"\n", 1)[0] + b"\n"
    return _redcap(folder, "records.csv", header + b"".join(lines))


def _redcap(folder: Path, name: str, content: bytes) -> Source:
    (folder / "dictionary.csv").write_bytes(dictionary_csv())
    (folder / name).write_bytes(content)
    return RecordsFile(folder / name, read_dictionary(folder / "dictionary.csv"), study())


FORMATS = (Format("REDCap, flat CSV", _redcap_flat_csv),)
