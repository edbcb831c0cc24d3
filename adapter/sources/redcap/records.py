"""A flat REDCap export in a file, as a source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from adapter.errors import Problem
from adapter.instruments.response import Record
from adapter.instruments.study import Study
from adapter.sources.redcap.dictionary import Dictionary
from adapter.sources.redcap.project import Project
from adapter.sources.rows import Table
from adapter.sources.source import FormShape


class RecordsFile:
    """A flat export of a project's records."""

    def __init__(
        self, path: Path, dictionary: Dictionary, study: Study, encoding: str = "utf-8"
    ) -> None:
        """Reads the header.

        Raises:
            SourceError: no such file, or no column with the record's name.
        """
        self._table = Table(path, encoding)
        self._project = Project(path.name, dictionary, study, self._table.header)

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
        for row in self._table.rows():
            if isinstance(row, Problem):
                yield row
            else:
                yield from self._project.records_of(row, forms)
