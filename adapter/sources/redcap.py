"""REDCap export files: the data dictionary and the flat records of a project.

A flat export has one row per record, event and repeat instance, with the fields of all forms side
by side. Each form that holds anything in a row becomes one `Record`. Source of the format: REDCap's
own exports; the 18 dictionary columns are checked by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from adapter.errors import Origin, Problem, SourceError
from adapter.instruments.fields import checkbox_column
from adapter.instruments.response import Record
from adapter.instruments.study import Study
from adapter.sources.rows import AGAIN, Row, Table

_FIELD, _FORM, _TYPE, _CHOICES = 0, 1, 3, 5
_COLUMNS = (
    "Variable / Field Name",
    "Form Name",
    "Section Header",
    "Field Type",
    "Field Label",
    "Choices, Calculations, OR Slider Labels",
)
_WITHOUT_VALUE = {"descriptive"}
_INSTANCE = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the dictionary: its form, REDCap's type and its choices (code to label)."""

    name: str
    form: str
    type: str
    choices: dict[str, str]


@dataclass(frozen=True, slots=True)
class Dictionary:
    """A project's data dictionary: its fields by name, in order."""

    file: str
    fields: dict[str, Field]

    def columns_of(self, form: str) -> list[str]:
        """The columns that a flat export has for a form's fields."""
        columns: list[str] = []
        for field in self.fields.values():
            if field.form != form or field.type in _WITHOUT_VALUE:
                continue
            if field.type == "checkbox":
                columns.extend(checkbox_column(field.name, code) for code in field.choices)
            else:
                columns.append(field.name)
        return columns

    @property
    def forms(self) -> list[str]:
        """The names of the forms, in order."""
        return list(dict.fromkeys(field.form for field in self.fields.values()))


def read_dictionary(path: Path, encoding: str = "utf-8") -> Dictionary:
    """Reads a data dictionary.

    Raises:
        SourceError: not a data dictionary, with everything that is wrong with it.
    """
    table = Table(path, encoding)
    wrong = [
        Problem(
            Origin(path.name, 1), f"column {place + 1}", f"`{name}`", "another", "Export it again."
        )
        for place, name in enumerate(_COLUMNS)
        if table.header[place : place + 1] != [name]
    ]
    if wrong:
        raise SourceError(f"{path.name} is no REDCap data dictionary.", tuple(wrong))
    fields: dict[str, Field] = {}
    for row in table.rows():
        if isinstance(row, Problem):
            wrong.append(row)
            continue
        name = row.cells[_FIELD]
        choices = _choices(row.cells[_CHOICES]) if row.cells[_TYPE] != "calc" else {}
        fields[name] = Field(name, row.cells[_FORM], row.cells[_TYPE], choices)
    if wrong:
        raise SourceError(f"{path.name} cannot be read whole.", tuple(wrong))
    return Dictionary(path.name, fields)


def _choices(text: str) -> dict[str, str]:
    """`1, Yes | 2, No, never` as {"1": "Yes", "2": "No, never"}: labels may hold commas."""
    pairs = (part.split(",", 1) for part in text.split("|") if "," in part)
    return {code.strip(): label.strip() for code, label in pairs}


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
        self._study = study
        self._place = {name: place for place, name in enumerate(self._table.header)}
        if study.record_id not in self._place:
            problem = Problem(
                Origin(path.name, 1),
                study.record_id,
                f"a column `{study.record_id}` (`record_id` of the study)",
                "none",
                "Correct the study file, or export with the record id.",
            )
            raise SourceError(f"{path.name} is no export of this study.", (problem,))
        self._forms = {form: self._columns(dictionary, form) for form in dictionary.forms}

    def missing_columns(self, form: str, fields: tuple[str, ...]) -> list[Problem]:
        """What a form needs and the export does not have; whether it is complete is needed too."""
        placement = self._study.placement_of(form)
        at = placement.completed_at if placement else None
        return self._missing(form, (*fields, f"{form}_complete", *([at] if at else [])))

    def missing_facts(self) -> list[Problem]:
        """What the study reads of who takes part, and what they agreed to, and is not there.

        A form that the dictionary does not have stands in another source.
        """
        person = self._study.participant
        numbers = (identifier.field for identifier in person.identifiers.values())
        read = [(person.form, name) for name in (person.enrolled, person.completed, *numbers)]
        for rule in self._study.consents:
            withdrawn = rule.withdrawn.field if rule.withdrawn else None
            names = (rule.given.field, rule.date, withdrawn, rule.withdrawn_date)
            read.extend((rule.form, name) for name in names)
        return [
            problem
            for form, name in dict.fromkeys(read)
            if name and form in self._forms
            for problem in self._missing(form, (name,))
        ]

    def _missing(self, form: str, names: tuple[str, ...]) -> list[Problem]:
        return [
            Problem(
                Origin(self._table.path.name, 1),
                name,
                f"a column `{name}`, which form `{form}` reads",
                "none",
                "Export all fields, or correct the field names in the mapping; "
                "the other forms go through.",
            )
            for name in names
            if name not in self._place
        ]

    def records(self, forms: frozenset[str]) -> Iterator[Record | Problem]:
        """Every instance of these forms that holds anything, and every row that cannot be read."""
        for row in self._table.rows():
            if isinstance(row, Problem):
                yield row
            else:
                yield from self._of_row(row, forms)

    def _of_row(self, row: Row, forms: frozenset[str]) -> Iterator[Record | Problem]:
        participant = self._cell(row, self._study.record_id)
        event = self._cell(row, "redcap_event_name")
        repeated = self._cell(row, "redcap_repeat_instrument")
        instance = self._cell(row, "redcap_repeat_instance")
        origin = Origin(self._table.path.name, row.line, participant, event)
        problem = self._key_problem(row, origin, repeated, instance)
        if problem is not None:
            yield problem
            return
        for form in (repeated,) if repeated else self._forms:
            if form not in forms:
                continue
            values = self._values(row, form)
            if values:
                yield Record(
                    participant=participant,
                    event=event,
                    form=form,
                    repeat=int(instance) if instance else None,
                    values=values,
                    origin=origin,
                    complete=self._cell(row, f"{form}_complete"),
                    completed_at=self._completed_at(row, form),
                )

    def _key_problem(
        self, row: Row, origin: Origin, repeated: str, instance: str
    ) -> Problem | None:
        """What keeps a row from being told apart from others: then none of it is taken."""
        others = (form for form in self._forms if repeated and form != repeated)
        if not origin.record or not origin.record.isprintable():
            field, expected = self._study.record_id, "the number of a record"
            found = "a sign that cannot be printed" if origin.record else "nothing"
        elif repeated and repeated not in self._forms:
            field, expected = "redcap_repeat_instrument", "a form of the dictionary, or nothing"
            found = "something else"
        elif instance and not _INSTANCE.fullmatch(instance):
            field, expected = "redcap_repeat_instance", "a whole number from 1, or nothing"
            found = "something else"
        elif any(self._values(row, form) for form in others):
            field, expected = repeated, f"cells of `{repeated}` alone, the form that repeats"
            found = "cells of other forms too"
        else:
            return None
        return Problem(origin, field, expected, found, AGAIN)

    def _values(self, row: Row, form: str) -> dict[str, str]:
        cells = row.cells
        values: dict[str, str] = {}
        for name, place, is_checkbox in self._forms[form]:
            cell = cells[place]
            if cell and not (is_checkbox and cell == "0"):
                values[name] = cell
        return values

    def _completed_at(self, row: Row, form: str) -> str:
        placement = self._study.placement_of(form)
        name = placement.completed_at if placement and placement.completed_at else None
        text = self._cell(row, name or f"{form}_timestamp")
        return "" if text == "[not completed]" else text

    def _cell(self, row: Row, name: str) -> str:
        place = self._place.get(name)
        return "" if place is None else row.cells[place].strip()

    def _columns(self, dictionary: Dictionary, form: str) -> list[tuple[str, int, bool]]:
        return [
            (name, self._place[name], name not in dictionary.fields)
            for name in dictionary.columns_of(form)
            if name in self._place and name != self._study.record_id
        ]
