"""Exports of records, in batches: the rows as a file of ours would have them.

An answer must have every column that the project said it has, and no record that was not asked for:
what is missing would look like a blank answer. Columns that are not given from the beginning, for
want of rights, are known as hidden, and stand in no header.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from adapter.errors import Origin, Problem, SourceError
from adapter.sources.objects import Objects
from adapter.sources.redcap.api.connection import Connection
from adapter.sources.redcap.api.setup import Column, Setup
from adapter.sources.redcap.api.trouble import LATER, TooMuchError
from adapter.sources.rows import Row

_RAW = {
    "type": "flat",
    "rawOrLabel": "raw",
    "rawOrLabelHeaders": "raw",
    "exportCheckboxLabel": "false",
    "exportDataAccessGroups": "false",
}
_KEYS = ("redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance")


class Export:
    """What a project gives of its records; `header` names the cells of its rows, in order."""

    def __init__(self, connection: Connection, setup: Setup) -> None:
        """With every column that the project says it has."""
        self._connection, self._setup = connection, setup
        self._keys = [Column(name, name, "") for name in (setup.record_id, *_KEYS)]
        self._columns = [column for column in setup.columns if column.name != setup.record_id]
        forms = setup.dictionary.forms
        self._timestamps = [
            Column(f"{form}_timestamp", f"{form}_timestamp", form) for form in forms
        ]

    @property
    def header(self) -> list[str]:
        """The names of the cells."""
        columns = (*self._keys, *self._timestamps, *self._columns)
        return list(dict.fromkeys(column.name for column in columns))

    def hide_what_is_not_given(self, record: str) -> None:
        """Leaves out the columns that the project has and does not give.

        Raises:
            SourceError: the record cannot be read.
        """
        rows = self._ask([record], self._setup.dictionary.forms)
        if rows.header:
            self._columns = [each for each in self._columns if each.exported in rows.header]
            self._timestamps = [each for each in self._timestamps if each.exported in rows.header]

    def names(self, **said: str | Sequence[str]) -> list[str]:
        """The names of the records that parameters select, each once, in REDCap's order.

        Raises:
            SourceError: they cannot be read.
        """
        record_id = self._setup.record_id
        rows = self._connection.rows("record", fields=[record_id], **_RAW, **said)
        found: dict[str, None] = {}
        for row in rows.rows():
            if isinstance(row, Problem):
                raise self._spoilt(row.expected, row.found)
            if record_id not in rows.header:
                raise self._spoilt(f"a column `{record_id}`", "none")
            found[row.cells[rows.header.index(record_id)]] = None
        return list(found)

    def rows(self, records: Sequence[str], forms: Sequence[str]) -> Iterator[Row | Problem]:
        """The rows of some records, with the cells of some forms; the others are blank.

        Raises:
            SourceError: they cannot be read, or the answer lacks what it had before.
        """
        try:
            answer = self._ask(records, forms)
        except TooMuchError:
            if len(records) == 1:
                raise
            half = len(records) // 2
            yield from self.rows(records[:half], forms)
            yield from self.rows(records[half:], forms)
            return
        yield from self._in_order(answer, frozenset(records), frozenset(forms))

    def _ask(self, records: Sequence[str], forms: Sequence[str]) -> Objects:
        return self._connection.rows(
            "record",
            records=records,
            fields=[self._setup.record_id],
            forms=forms,
            exportSurveyFields="true",
            **_RAW,
        )

    def _in_order(
        self, answer: Objects, records: frozenset[str], forms: frozenset[str]
    ) -> Iterator[Row | Problem]:
        place_of = {name: place for place, name in enumerate(answer.header)}
        columns = (*self._keys, *self._timestamps, *self._columns)
        expected = {column.exported for column in columns if column.form in forms}
        missing = sorted({*expected, *self._setup.keys} - place_of.keys())
        if answer.header and missing:
            raise self._spoilt(f"columns {', '.join(map('`{}`'.format, missing))}", "none")
        places = [place_of.get(column.exported) for column in columns]
        for row in answer.rows():
            if isinstance(row, Problem):
                yield replace(row, origin=Origin(self._setup.name), action=LATER)
                continue
            cells = ["" if place is None else row.cells[place] for place in places]
            if cells[0] not in records:
                raise self._spoilt("the records that were asked for", "another")
            yield Row(None, cells, row.place)

    def _spoilt(self, expected: str, found: str) -> SourceError:
        name = self._setup.name
        action = "Nothing of it was taken for deleted. Run it again; else ask the administrator."
        problem = Problem(Origin(name), "content=record", expected, found, action)
        return SourceError(f"{name} cannot be read on.", (problem,))
