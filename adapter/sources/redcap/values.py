"""REDCap's other layout of an export, `eav`: one row for each stored value, as flat rows.

All rows of a record come one after another, and are in memory together; those of its events and
instances may be mixed. A row that cannot be read may have belonged to the record before it or to
the one behind it, so neither is given: half of somebody's answers would be a wrong answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from adapter.errors import Origin, Problem
from adapter.instruments.fields import checkbox_column
from adapter.instruments.study import Study
from adapter.sources.redcap.dictionary import Dictionary
from adapter.sources.rows import Row, Rows
from adapter.sources.text import AGAIN

KEYS = ("redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance")
_NAMED = ("record", "field_name", "value")
_SYSTEM_FIELD = re.compile(r"redcap_\w+|\w+_(complete|timestamp)")
Place = tuple[str, ...]


@dataclass(slots=True)
class _Flat:
    """One flat row as far as it is known: its cells by column, or what is wrong with them."""

    line: int | None
    place: str
    cells: dict[int, str]
    problems: list[Problem] = field(default_factory=list)


@dataclass(slots=True)
class _Held:
    """What is known so far of one record: its flat rows by event and instance."""

    record: str
    line: int | None
    is_whole: bool = True
    rows: dict[Place, _Flat] = field(default_factory=dict)


def is_by_value(header: list[str]) -> bool:
    """Whether an export has one row for each value."""
    return set(_NAMED) <= set(header)


class ValueRows:
    """The flat rows of an export that has one row for each value."""

    def __init__(self, name: str, table: Rows, dictionary: Dictionary, study: Study) -> None:
        """`name` is the export's; `table` gives its rows."""
        self.name = name
        self._table, self._study, self._dictionary = table, study, dictionary
        of_forms = [
            column
            for form in dictionary.forms
            for column in (
                f"{form}_timestamp",
                *dictionary.columns_of(form),
                *dictionary.missing_columns_of(form, study.missing_codes),
                f"{form}_complete",
            )
            if column != study.record_id
        ]
        self.header = list(dict.fromkeys((study.record_id, *KEYS, *of_forms)))
        self._column = {column: place for place, column in enumerate(self.header)}
        self._at = {column: place for place, column in enumerate(table.header)}

    def rows(self) -> Iterator[Row | Problem]:
        """Every flat row, and what is wrong with a record whose values cannot all be read."""
        held: _Held | None = None
        is_spoilt = False  # the row before this one could not be read
        for row in self._table.rows():
            if isinstance(row, Problem):
                is_spoilt = True
                if held is not None:
                    held.is_whole = False
                yield row
                continue
            record = self._cell(row, "record")
            if held is None or record != held.record:
                if held is not None:
                    yield from self._flat(held)
                held = _Held(record, row.line)
            held.is_whole = held.is_whole and not is_spoilt
            is_spoilt = False
            self._take(held, row)
        if held is not None:
            yield from self._flat(held)

    def _flat(self, held: _Held) -> Iterator[Row | Problem]:
        if not held.is_whole:
            origin = Origin(self.name, held.line, held.record)
            expected, found = "rows that can be read around a record", "one that cannot"
            yield Problem(origin, self._study.record_id, expected, found, AGAIN)
        for flat in held.rows.values():
            if flat.problems:
                yield from flat.problems
            elif held.is_whole:
                cells = [flat.cells.get(column, "") for column in range(len(self.header))]
                yield Row(flat.line, cells, flat.place)

    def _take(self, held: _Held, row: Row) -> None:
        place = tuple(self._cell(row, key) for key in KEYS)
        flat = held.rows.get(place)
        if flat is None:
            cells = dict(enumerate((held.record, *place)))
            flat = held.rows[place] = _Flat(row.line, row.place, cells)
        name, value = self._cell(row, "field_name"), row.cells[self._at["value"]]
        if name == self._study.record_id:
            return
        declared = self._dictionary.fields.get(name)
        is_box = declared is not None and declared.type == "checkbox"
        column = self._column.get(checkbox_column(name, value) if is_box else name)
        if column is None and declared is None and _SYSTEM_FIELD.fullmatch(name):
            return
        if column is None:
            expected = "a choice of the dictionary" if is_box else "a field of the dictionary"
            flat.problems.append(self._refusal(row, name, expected))
        elif column in flat.cells:
            flat.problems.append(self._refusal(row, name, "each field once"))
        else:
            flat.cells[column] = "1" if is_box else value

    def _refusal(self, row: Row, name: str, expected: str) -> Problem:
        record, event = self._cell(row, "record"), self._cell(row, KEYS[0])
        known = name if name in self._dictionary.fields else "field_name"
        action = "Export the dictionary and the records again; this is kept back until then."
        return Problem(
            Origin(self.name, row.line, record, event), known, expected, "another", action
        )

    def _cell(self, row: Row, name: str) -> str:
        place = self._at.get(name)
        return "" if place is None else row.cells[place].strip()
