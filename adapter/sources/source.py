"""The seam between a trial's database and everything else: what every source gives.

A source holds forms, and yields form instances as `Record`s: raw text by field name. What cannot be
read is a `Problem` with its place, and reading goes on. Each kind of source keeps its own words
(REDCap's, ODM's) to itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from adapter.errors import Problem
from adapter.instruments.response import Record

FieldType = Literal[
    "choice", "choices", "integer", "decimal", "date", "dateTime", "time", "text", "file"
]
"""What a source says of a field's values; `choices` may hold several, `text` says nothing."""


@dataclass(frozen=True, slots=True)
class FieldShape:
    """What a source says of one field: its type, its label, and its choices (code to label)."""

    name: str
    type: FieldType
    label: str
    choices: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FormShape:
    """What a source says of one form: its fields by name, in order, and the file that says so."""

    form: str
    fields: Mapping[str, FieldShape]
    file: str = ""


class Source(Protocol):
    """One export, or one connection to a database, of one study.

    Every promise is held by one suite, `tests/conformance`. A source may be read several times.
    """

    @property
    def name(self) -> str:
        """What people call it, such as the name of its file; it stands in messages."""
        ...

    @property
    def shapes(self) -> Mapping[str, FormShape]:
        """Its forms by name, in order."""
        ...

    def missing_columns(self, form: str, fields: tuple[str, ...]) -> list[Problem]:
        """What of these columns the source cannot give, and what else it needs to read the form.

        The columns of a field with several choices are named by `checkbox_column`.
        """
        ...

    def missing_facts(self) -> list[Problem]:
        """What the study reads of who takes part, and what they agreed to, and is not there."""
        ...

    def records(self, forms: frozenset[str]) -> Iterator[Record | Problem]:
        """Every instance of these forms that holds anything, and every row that cannot be read.

        One that was marked as complete and holds nothing is given without values.

        All instances of the forms about one participant come one after another. What is in memory
        does not grow with the rows.

        Raises:
            SourceError: it cannot be read on.
        """
        ...
