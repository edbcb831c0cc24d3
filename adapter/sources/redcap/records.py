"""A REDCap export in a file, as a source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from adapter.errors import Problem
from adapter.instruments.response import Record
from adapter.instruments.study import Study
from adapter.sources.files import open_rows
from adapter.sources.redcap.dictionary import Dictionary
from adapter.sources.redcap.project import Project
from adapter.sources.redcap.values import ValueRows, is_by_value
from adapter.sources.source import FormShape


class RecordsFile:
    """An export of a project's records: CSV or JSON, a row for each event or for each value."""

    def __init__(
        self,
        path: Path,
        dictionary: Dictionary,
        study: Study,
        encoding: str = "utf-8",
        *,
        decimal_comma: bool = False,
    ) -> None:
        """Reads the header; for `decimal_comma` see `Project`.

        Raises:
            SourceError: no such file, or no column with the record's name.
        """
        rows = open_rows(path, encoding, study.record_id)
        by_value = is_by_value(rows.header)
        self._rows = ValueRows(path.name, rows, dictionary, study) if by_value else rows
        self._project = Project(
            path.name, dictionary, study, self._rows.header, decimal_comma=decimal_comma
        )

    @property
    def name(self) -> str:
        """The file's name."""
        return self._project.name

    @property
    def shapes(self) -> Mapping[str, FormShape]:
        """The forms of the dictionary."""
        return self._project.shapes

    def missing_columns(self, form: str, fields: tuple[str, ...]) -> list[Problem]:
        """See `Source`."""
        return self._project.missing_columns(form, fields)

    def missing_facts(self) -> list[Problem]:
        """See `Source`."""
        return self._project.missing_facts()

    def records(self, forms: frozenset[str]) -> Iterator[Record | Problem]:
        """See `Source`."""
        for row in self._rows.rows():
            if isinstance(row, Problem):
                yield row
            else:
                yield from self._project.records_of(row, forms)
