"""A trial's CSV files, held to their contract, as a source."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from adapter.errors import Origin, Problem, SourceError
from adapter.instruments.participant import fact_fields, participant_forms
from adapter.instruments.response import MARKED, Record
from adapter.instruments.study import Study
from adapter.sources.rows import Row, Table
from adapter.sources.source import FormShape
from adapter.sources.table.cells import Cell, cells_of
from adapter.sources.table.contract import Contract, TableFile

_INSTANCE = re.compile(r"[1-9][0-9]{0,8}")
_MEND = "Correct it in the file, or correct the contract; this row is kept back until then."


class TableFiles:
    """All files of one contract."""

    def __init__(self, path: Path, contract: Contract, study: Study) -> None:
        """Reads the headers; `path` is the contract's.

        Raises:
            SourceError: a file that is not there, or that lacks a column which tells rows apart.
        """
        self.name = path.name
        self.shapes: Mapping[str, FormShape] = contract.shapes(path.name)
        self._study = study
        self._files = [_File(path.parent / table.file, table, study) for table in contract.tables]
        wrong = tuple(problem for file in self._files for problem in file.missing_keys())
        if wrong:
            raise SourceError(f"{path.name}: the files do not keep the contract.", wrong)

    def missing_columns(self, form: str, fields: tuple[str, ...]) -> list[Problem]:
        """See `Source`; whether a row is complete is told by the contract, if at all."""
        placement = self._study.placement_of(form)
        at = placement.completed_at if placement else None
        return self._missing(form, (*fields, *([at] if at else [])))

    def missing_facts(self) -> list[Problem]:
        """See `Source`."""
        facts = [(form, name) for form, name in fact_fields(self._study) if form in self.shapes]
        return [problem for form, name in facts for problem in self._missing(form, (name,))]

    def records(self, forms: frozenset[str]) -> Iterator[Record | Problem]:
        """See `Source`.

        What is said of people stands in several files, whose order nobody knows, so it alone is
        held until all of it is read: some facts for each of them. The other forms stream.
        """
        about_people = forms & participant_forms(self._study)
        others = forms - about_people
        people: dict[str, list[Record]] = {}
        lost: list[Problem] = []
        for file in self._files:
            if not about_people.isdisjoint(file.forms):
                for found in file.about(about_people):
                    if isinstance(found, Record):
                        people.setdefault(found.participant, []).append(found)
                    else:
                        lost.append(found)
        for records in people.values():
            yield from records
        if others:  # every row that cannot be read is met
            for file in self._files:
                yield from file.records(others)
        else:
            yield from lost

    def _missing(self, form: str, fields: tuple[str, ...]) -> list[Problem]:
        files = (file for file in self._files if form in file.forms)
        return [problem for file in files for problem in file.missing(form, fields)]


class _File:
    """One CSV file and what the contract says of it."""

    def __init__(self, path: Path, said: TableFile, study: Study) -> None:
        self._table = Table(path, said.encoding, said.delimiter, said.record_column)
        self._said, self._study = said, study
        self._place = {name: place for place, name in enumerate(self._table.header)}
        self._states = said.state.numbers if said.state else {}
        self.forms: dict[str, list[Cell]] = {}
        for form in said.forms:
            self.forms[form] = [
                cell
                for name, column in said.columns_of(form).items()
                for cell in cells_of(
                    name, column, study.missing_codes, decimal_comma=said.decimal_comma
                )
            ]

    def missing_keys(self) -> list[Problem]:
        """The columns that tell rows apart, and are not there."""
        return [
            self._lacks(name, f"a column `{name}`, which tells rows apart")
            for name in self._said.key_columns
            if name not in self._place
        ]

    def missing(self, form: str, fields: tuple[str, ...]) -> list[Problem]:
        """What of these columns neither the contract nor the header has."""
        declared = {cell.name for cell in self.forms[form]} | set(self._said.key_columns)
        return [
            self._lacks(name, f"a column `{name}`, which form `{form}` reads")
            for name in fields
            if name not in self._place or name not in declared
        ]

    def records(self, forms: frozenset[str]) -> Iterator[Record | Problem]:
        """Every row of these forms, and whatever row of any form does not keep the contract."""
        for row in self._table.rows():
            if isinstance(row, Problem):
                yield row
            else:
                found = self._read(row, forms)
                if found is not None:
                    yield found

    def about(self, forms: frozenset[str]) -> Iterator[Record | Problem]:
        """Every row of these forms, and whatever row of them cannot be read or keeps no contract.

        Where nobody knows whose a row is, it is told as of those before and behind it, too: rows
        of one person stand together.
        """
        before, lost = "", list[Problem]()
        for row in self._table.rows():
            found = row if isinstance(row, Problem) else self._read(row, forms, is_strict=True)
            name = "" if found is None else _whose(found)
            if name:
                yield from (_as_of(each, name) for each in lost)
                before, lost = name, []
            elif isinstance(found, Problem):
                lost.append(found)
                if before:
                    yield _as_of(found, before)
            if found is not None:
                yield found

    def _read(
        self, row: Row, forms: frozenset[str], *, is_strict: bool = False
    ) -> Record | Problem | None:
        """A row of these forms, or what is wrong with one; with `is_strict` with one of theirs."""
        said = self._said
        record = self._cell(row, said.record_column)
        event = self._cell(row, said.event_column) if said.event_column else said.event
        repeat = self._cell(row, said.repeat_column)
        form = said.form or self._cell(row, said.form_column)
        origin = Origin(self._table.path.name, row.line, record, event)
        state = self._state(row)
        if not record or not record.isprintable():
            return Problem(origin, said.record_column, "the number of a record", "none", _MEND)
        if form not in self.forms:
            expected, found = "a form of the contract", "something else"
            return Problem(origin, said.form_column or "", expected, found, _MEND)
        if repeat and not _INSTANCE.fullmatch(repeat):
            expected, found = "a whole number from 1, or nothing", "something else"
            return Problem(origin, said.repeat_column or "", expected, found, _MEND)
        values = self._values(row, form)
        is_asked = form in forms or not is_strict
        broken = self._broken(row, form, values, state) if is_asked else {}
        if broken:
            fields, expected = ", ".join(broken), "; ".join(broken.values())
            return Problem(origin, fields, expected, "something else", _MEND)
        if form not in forms or not (values or state in MARKED):
            return None
        return Record(
            participant=record,
            event=event,
            form=form,
            repeat=int(repeat) if repeat else None,
            values=values,
            origin=origin,
            complete=state or "",
            completed_at=self._completed_at(row, form),
            event_field=said.event_column or "event",
        )

    def _values(self, row: Row, form: str) -> dict[str, str]:
        values: dict[str, str] = {}
        for cell in self.forms[form]:
            place = self._place.get(cell.name)
            text = "" if place is None else cell.read(row.cells[place])
            if text:
                values[cell.name] = text
        return values

    def _broken(
        self, row: Row, form: str, values: Mapping[str, str], state: str | None
    ) -> dict[str, str]:
        """What of the contract the row breaks: expectations by column."""
        broken = {
            cell.name: f"`{cell.name}`: {cell.expected}"
            for cell in self.forms[form]
            if not cell.fits(values.get(cell.name, ""))
        }
        if self._said.state and state is None:
            name = self._said.state.column
            words = ", ".join(word or "blank" for word in self._states)
            broken[name] = f"`{name}`: one of the words {words}"
        for other in self.forms.keys() - {form}:
            if self._values(row, other):
                broken[other] = f"cells of `{form}` alone"
        return broken

    def _state(self, row: Row) -> str | None:
        """How far the row is, as a record says it; None where its word is not in the contract."""
        said = self._said.state
        return "" if said is None else self._states.get(self._cell(row, said.column))

    def _completed_at(self, row: Row, form: str) -> str:
        placement = self._study.placement_of(form)
        named = placement.completed_at if placement else None
        return self._cell(row, named or self._said.completed_at_column)

    def _cell(self, row: Row, name: str | None) -> str:
        place = None if name is None else self._place.get(name)
        return "" if place is None else row.cells[place].strip()

    def _lacks(self, name: str, expected: str) -> Problem:
        action = "Correct the contract or the file; the other forms go through."
        return Problem(Origin(self._table.path.name, 1), name, expected, "none", action)


def _whose(found: Record | Problem) -> str:
    name = found.participant if isinstance(found, Record) else found.origin.record
    return name if name.isprintable() else ""


def _as_of(problem: Problem, name: str) -> Problem:
    return replace(problem, origin=replace(problem.origin, record=name))
