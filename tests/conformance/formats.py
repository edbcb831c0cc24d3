"""One little project, written in every format that a source reads.

A new kind of source adds a `Format` here, and is held to every promise of `Source`.
"""

from __future__ import annotations

import csv
import io
import json
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from adapter.sources.redcap import RecordsFile, read_dictionary
from adapter.sources.source import Source
from adapter.sources.table import TableFiles, read_contract
from tests.conformance import odm
from tests.unit.ingest.project import (
    DICTIONARY_HEADER,
    FIELDS,
    FORM_NAMES,
    KEYS,
    WEEK_0,
    Cells,
    columns,
    mood,
    study,
)
from tests.unit.sources.redcap_api.wire import small_wire

SPOILT = "\N{REPLACEMENT CHARACTER}spoilt"
"""The name of a record whose row is written so that it cannot be read."""


@dataclass(frozen=True)
class Format:
    """A way to write the project down.

    `open_source` writes these rows into a folder and opens them. `is_by_row`: one row that cannot
    be read costs that row alone, and not the records beside it too. `has_keys`: repeats are told
    apart by any key and not by number. `is_unique`: no two rows can have the same place.
    """

    name: str
    open_source: Callable[[Path, list[Cells]], Source]
    is_by_row: bool = True
    has_keys: bool = False
    is_unique: bool = False


@dataclass(frozen=True)
class Csv:
    """How a table is written: what separates cells, in which encoding, with which mark."""

    delimiter: str = ","
    encoding: str = "utf-8"
    mark: bytes = b""

    def write(self, path: Path, header: list[str], rows: list[list[str]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=self.delimiter, lineterminator="\r\n").writerows([header, *rows])
        path.write_bytes(self.mark + text.getvalue().encode(self.encoding))

    spoilt = ("too", "short")


class Json:
    """Lists of objects; a row that is none is a number."""

    encoding = "utf-8"

    def write(self, path: Path, header: list[str], rows: list[list[str]]) -> None:
        entries = [
            dict(zip(header, row, strict=True)) if len(row) == len(header) else 7 for row in rows
        ]
        path.write_text(json.dumps(entries), "utf-8")

    spoilt = ()


API_NAMES = ("field_name", "form_name", "field_type", "select_choices_or_calculations")
R_NAMES = [name.replace(" ", ".").replace("/", ".").replace(",", ".") for name in DICTIONARY_HEADER]


def _flat(kind: Csv | Json, folder: Path, rows: list[Cells]) -> Source:
    header = columns()
    written = [
        [*kind.spoilt] if row["record_id"] == SPOILT else [_cell(row, name) for name in header]
        for row in rows
    ]
    return _opened(kind, folder, header, written)


def _by_value(kind: Csv | Json, folder: Path, rows: list[Cells]) -> Source:
    """One row for each value; REDCap has none for a box that is not ticked."""
    header = ["record", *KEYS[1:], "field_name", "value"]
    written = []
    for row in rows:
        if row["record_id"] == SPOILT:
            written.append([*kind.spoilt])
            continue
        place = [row["record_id"], *(row.get(key, "") for key in KEYS[1:])]
        values = {name: cell for name, cell in row.items() if name not in KEYS and cell}
        written += [[*place, *_value(name, cell)] for name, cell in values.items()]
    return _opened(kind, folder, header, written)


def _value(column: str, cell: str) -> tuple[str, str]:
    for name, _, kind, choices in FIELDS:
        if kind == "checkbox" and column.startswith(f"{name}___"):
            codes = [choice.split(",")[0].strip() for choice in choices.split("|")]
            ending = column.removeprefix(f"{name}___")
            return name, next(code for code in codes if code.replace("-", "_") == ending)
    return column, cell


def _cell(row: Cells, name: str) -> str:
    """A cell of a flat export, where a box that is not ticked says 0."""
    is_box = "___" in name
    return row.get(name, "0" if is_box and row["record_id"] != SPOILT else "")


def _opened(kind: Csv | Json, folder: Path, header: list[str], rows: list[list[str]]) -> Source:
    if isinstance(kind, Json):
        fields = [list(field) for field in FIELDS]
        kind.write(folder / "dictionary", list(API_NAMES), fields)
    else:
        names = R_NAMES if kind.delimiter == "\t" else list(DICTIONARY_HEADER)
        fields = [
            [name, of, "", each, f"Label of {name}", choices, *[""] * 12]
            for name, of, each, choices in FIELDS
        ]
        kind.write(folder / "dictionary", names, fields)
    kind.write(folder / "records", header, rows)
    dictionary = read_dictionary(folder / "dictionary", kind.encoding)
    return RecordsFile(folder / "records", dictionary, study(), kind.encoding)


STATES = {"2": "done", "1": "entered", "0": "open"}
SHARED = """\
    record_column: subject
    event_column: visit
    repeat_column: number
    completed_at_column: finished
    state: {column: status, complete: [done, ""], unverified: [entered], incomplete: [open]}
"""


def _file_for_each_form(folder: Path, rows: list[Cells]) -> Source:
    tables = "".join(
        f"  - file: {form}.csv\n    form: {form}\n{SHARED}    columns:\n{_declared(form)}"
        for form in FORM_NAMES
    )
    for form in FORM_NAMES:
        names = _columns_of(form)
        written = [
            ["short"] if row is None else [*row, *(told.get(name, "") for name in names)]
            for each, row, told in _instances(rows)
            if each == form
        ]
        header = ["subject", "visit", "number", "finished", "status", *names]
        Csv().write(folder / f"{form}.csv", header, written)
    return _tables(folder, tables)


def _one_file(folder: Path, rows: list[Cells]) -> Source:
    columns_of_all = "".join(_declared(form, of_form=True) for form in FORM_NAMES)
    tables = f"  - file: all.csv\n    form_column: what\n{SHARED}    columns:\n{columns_of_all}"
    names = [name for form in FORM_NAMES for name in _columns_of(form)]
    written = [
        ["short"] if row is None else [form, *row, *(told.get(name, "") for name in names)]
        for form, row, told in _instances(rows)
    ]
    header = ["what", "subject", "visit", "number", "finished", "status", *names]
    Csv(";").write(folder / "all.csv", header, written)
    return _tables(folder, tables)


def _tables(folder: Path, tables: str) -> Source:
    path = folder / "contract.yaml"
    path.write_text(f"kind: contract\nsource: made up for tests\ntables:\n{tables}", "utf-8")
    return TableFiles(path, read_contract(path), study())


def _instances(rows: list[Cells]) -> Iterator[tuple[str, list[str] | None, Cells]]:
    """Each form that a row of the project holds: its key cells, None where it cannot be read."""
    for row in rows:
        if row["record_id"] == SPOILT:
            yield "mood", None, {}
            continue
        for form in FORM_NAMES:
            told = {name: row[name] for name in _columns_of(form) if row.get(name)}
            if told:
                done = row.get(f"{form}_timestamp", "").replace("[not completed]", "")
                state = row.get(f"{form}_complete", "")
                place = [row["record_id"], row["redcap_event_name"]]
                instance = row.get("redcap_repeat_instance", "")
                yield form, [*place, instance, done, STATES.get(state, state)], told


def _columns_of(form: str) -> list[str]:
    fields = tuple(field for field in FIELDS if field[1] == form and field[0] != "record_id")
    return [name for name in columns(fields) if name not in {*KEYS, *_system(form)}]


def _system(form: str) -> set[str]:
    return {f"{form}_timestamp", f"{form}_complete"}


def _declared(form: str, *, of_form: bool = False) -> str:
    declared = ""
    for name, of, kind, choices in FIELDS:
        if of != form or kind == "descriptive" or name == "record_id":
            continue
        said: dict[str, object] = {"type": TYPES.get(kind, "text")}
        listed = "1, Yes | 0, No" if kind == "yesno" else choices
        if listed:
            pairs = (choice.strip().split(", ", 1) for choice in listed.split("|"))
            said["codes"] = dict(pairs)
        if of_form:
            said["form"] = form
        declared += f"      {name}: {json.dumps(said)}\n"
    return declared


TYPES = {"radio": "choice", "yesno": "choice", "checkbox": "choices"}


def _odm(way: odm.Standard) -> Callable[[Path, list[Cells]], Source]:
    return partial(odm.open_standard, way, spoilt=SPOILT)


ODM_1_3 = odm.Standard("http://www.cdisc.org/ns/odm/v1.3", "1.3.2")
ODM_1_3_TYPED = odm.Standard("http://www.cdisc.org/ns/odm/v1.3", "1.3.2", is_typed=True)
ODM_2_0 = odm.Standard("http://www.cdisc.org/ns/odm/v2.0", "2.0")
_SEMICOLONS = Csv(";", "cp1252")
_TABS = Csv("\t", "utf-8", b"\xef\xbb\xbf")


def _redcap_api(_: Path, rows: list[Cells]) -> Source:
    """The same project behind REDCap's API; its server says what REDCap would never store."""
    stored, said = [], dict[int, str]()
    for number, row in enumerate(rows, start=9000):
        instance = row.get("redcap_repeat_instance", "1")
        if row["record_id"] == SPOILT:
            stored.append({**mood("1"), "record_id": SPOILT, "redcap_event_name": WEEK_0})
        elif instance.isdecimal() and int(instance):
            stored.append(row)
        else:
            said[number] = instance
            stored.append({**row, "redcap_repeat_instance": str(number)})

    def spoil(asked: dict[str, str], entries: list[Any]) -> list[Any]:
        if asked["content"] != "record" or "forms[0]" not in asked:
            return entries
        for entry in entries:
            instance = entry["redcap_repeat_instance"]
            entry["redcap_repeat_instance"] = said.get(instance, instance)
        return [7 if entry["record_id"] == SPOILT else entry for entry in entries]

    wire = small_wire(stored)
    wire.rewrite, wire.asked = spoil, deque(maxlen=1)
    return wire.open()


FORMATS = (
    Format("REDCap, flat CSV", partial(_flat, Csv())),
    Format("REDCap, flat CSV in CP1252 with semicolons", partial(_flat, _SEMICOLONS)),
    Format("REDCap, flat CSV with a BOM, tabs and R's names", partial(_flat, _TABS)),
    Format("REDCap, flat JSON", partial(_flat, Json())),
    Format("REDCap, CSV by value", partial(_by_value, Csv()), is_by_row=False),
    Format("REDCap, JSON by value", partial(_by_value, Json()), is_by_row=False),
    Format("CSV, a file for each form", _file_for_each_form),
    Format("CSV, one file for all forms", _one_file),
    Format("ODM 1.3, as REDCap writes it", partial(odm.open_redcap, spoilt=SPOILT)),
    Format("ODM 1.3", _odm(ODM_1_3), has_keys=True),
    Format("ODM 1.3, typed", _odm(ODM_1_3_TYPED), has_keys=True),
    Format("ODM 2.0", _odm(ODM_2_0), has_keys=True),
    Format("The API of REDCap", _redcap_api, is_unique=True),
)
