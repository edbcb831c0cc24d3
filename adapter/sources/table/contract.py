"""The contract about a trial's CSV files: which columns there are, and what may stand in them.

The words are defined for their readers in `mappings/README.md`, under *Contracts*. One row of a
file is one instance of a form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from adapter.errors import DeclarationError, Origin, Problem
from adapter.instruments.declared import Declared, SourceCode, Text
from adapter.instruments.fields import checkbox_column
from adapter.instruments.mapping import Lines, read_mapping
from adapter.sources.source import FieldShape, FormShape

ColumnType = Literal["choice", "choices", "integer", "decimal", "date", "dateTime", "time", "text"]
_CHOSEN = {"choice", "choices"}


class Column(Declared, frozen=True):
    """One column: the type of its cells, and its code list where there is one.

    `choices` is a column for each code, `<name>___<code>`, with 1 and 0. `form` is needed where a
    file holds several forms.
    """

    type: ColumnType = "text"
    label: str = ""
    codes: dict[SourceCode, str] = Field(default_factory=dict)
    form: Text | None = None

    def names(self, name: str) -> list[str]:
        """What the header calls it."""
        if self.type == "choices":
            return [checkbox_column(name, code) for code in self.codes]
        return [name]


class State(Declared, frozen=True):
    """The column that says how far a row is, and which of its words mean what; "" is no word."""

    column: Text
    complete: tuple[str, ...]
    incomplete: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()

    @property
    def numbers(self) -> dict[str, str]:
        """Each of its words with what a record says of its completion: 0, 1 or 2."""
        words = (self.incomplete, self.unverified, self.complete)
        return {word: str(number) for number, listed in enumerate(words) for word in listed}


class TableFile(Declared, frozen=True):
    """One CSV file; its path is taken from the contract's folder."""

    file: Text
    encoding: Text = "utf-8"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    decimal_comma: bool = False
    record_column: Text
    event: str = ""
    event_column: Text | None = None
    repeat_column: Text | None = None
    form: Text | None = None
    form_column: Text | None = None
    state: State | None = None
    completed_at_column: Text | None = None
    columns: dict[Text, Column]

    @property
    def key_columns(self) -> list[str]:
        """The columns that say whose and which a row is, and how far."""
        state = self.state.column if self.state else None
        named = (self.event_column, self.repeat_column, self.form_column, state)
        return [self.record_column, *filter(None, (*named, self.completed_at_column))]

    def columns_of(self, form: str) -> dict[str, Column]:
        """The columns of one form, by name."""
        return {
            name: column for name, column in self.columns.items() if self.form_of(column) == form
        }

    def form_of(self, column: Column) -> str:
        """The form that a column belongs to."""
        return self.form or column.form or ""

    @property
    def forms(self) -> list[str]:
        """The forms whose instances are rows of this file."""
        return list(dict.fromkeys(self.form_of(column) for column in self.columns.values()))


class Contract(Declared, frozen=True):
    """What a trial's CSV files are."""

    kind: Literal["contract"]
    source: Text
    tables: tuple[TableFile, ...]

    def shapes(self, file: str) -> Mapping[str, FormShape]:
        """The forms by name, in order; `file` is the contract's own name."""
        fields: dict[str, dict[str, FieldShape]] = {}
        for table in self.tables:
            for name, column in table.columns.items():
                shape = FieldShape(name, column.type, column.label, column.codes)
                fields.setdefault(table.form_of(column), {})[name] = shape
        return {form: FormShape(form, shaped, file) for form, shaped in fields.items()}


def read_contract(path: Path) -> Contract:
    """Reads a contract.

    Raises:
        DeclarationError: it cannot be read, or does not hold together, with every finding.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        found = getattr(wrong, "strerror", None) or "bytes that are not UTF-8"
        problem = Problem(Origin(path.name), "", "a readable UTF-8 file", found, "Check its path.")
        raise DeclarationError(f"{path.name} cannot be read.", (problem,)) from wrong
    contract, lines, problems = read_mapping(text, path.name, Contract)
    if contract is not None:
        problems.extend(_findings(contract, lines))
    if problems or contract is None:
        raise DeclarationError(f"{path.name} cannot be used.", tuple(problems))
    return contract


def _findings(contract: Contract, lines: Lines) -> Iterator[Problem]:
    known: dict[tuple[str, str], Column] = {}
    for index, table in enumerate(contract.tables):
        place = ("tables", index)
        if (table.form is None) == (table.form_column is None):
            expected, found = "either `form` or `form_column`", "both or none"
            yield lines.problem(place, expected, found, "Write one of them.")
        if table.event and table.event_column:
            expected, found = "either `event` or `event_column`", "both"
            yield lines.problem(place, expected, found, "Write one of them.")
        for name, column in table.columns.items():
            at = (*place, "columns", name)
            yield from _column_findings(table, name, column, lines, at)
            before = known.setdefault((table.form_of(column), name), column)
            if before != column:
                expected, found = "a column of one form alike in every file", "another"
                yield lines.problem(at, expected, found, "Write both alike.")


def _column_findings(
    table: TableFile, name: str, column: Column, lines: Lines, at: tuple[str | int, ...]
) -> Iterator[Problem]:
    if (table.form is None) != (column.form is not None):
        expected = "`form` on every column where the file has a `form_column`, and else on none"
        yield lines.problem(at, expected, "another", "Write it, or leave it out.")
    if (column.type in _CHOSEN) != bool(column.codes):
        expected = "`codes` where something is chosen, and nowhere else"
        yield lines.problem(at, expected, "another", "Write them, or correct the type.")
    if name in table.key_columns:
        expected, found = "each column with one meaning", "a key of the rows"
        yield lines.problem(at, expected, found, "Leave it out of `columns`.")
