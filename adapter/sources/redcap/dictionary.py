"""REDCap's data dictionary: which fields a project has, and what a flat export calls them.

It comes as CSV or JSON, and is read by the names of its columns, not by their places: those of a
download (18, and whatever a site adds), those of the API (`content=metadata`), and either as R's
`make.names` leaves them (`Variable...Field.Name`). Source of the words: REDCap's own downloads, and
PyCap's and REDCapR's for the API's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from adapter.errors import Origin, Problem, SourceError
from adapter.instruments.fields import checkbox_column
from adapter.sources.files import open_rows
from adapter.sources.rows import Row, Rows
from adapter.sources.source import FieldShape, FieldType, FormShape

_COLUMNS = {
    "name": "Variable / Field Name",
    "form": "Form Name",
    "type": "Field Type",
    "choices": "Choices, Calculations, OR Slider Labels",
}
_LABEL = "Field Label"
_VALIDATION = "Text Validation Type OR Show Slider Number"
_LOW, _HIGH = "Text Validation Min", "Text Validation Max"
_IDENTIFIER, _ANNOTATION = "Identifier?", "Field Annotation"
_OF_THE_API = {
    "fieldname": "Variable / Field Name",
    "selectchoicesorcalculations": "Choices, Calculations, OR Slider Labels",
}
_WITHOUT_VALUE = {"descriptive"}
_LISTED = {"radio", "dropdown", "checkbox"}
_IMPLIED = {
    "yesno": {"1": "Yes", "0": "No"},
    "truefalse": {"1": "True", "0": "False"},
}
_TYPES: dict[str, FieldType] = {
    "radio": "choice",
    "dropdown": "choice",
    "yesno": "choice",
    "truefalse": "choice",
    "checkbox": "choices",
    "slider": "integer",
    "calc": "decimal",
    "file": "file",
}
_VALIDATED: tuple[tuple[str, FieldType], ...] = (
    ("integer", "integer"),
    ("number", "decimal"),
    ("datetime", "dateTime"),
    ("date", "date"),
    ("time_mm_ss", "text"),  # minutes and seconds are a length of time, not a time of day
    ("time", "time"),
)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the dictionary; `validation` is REDCap's, `choices` is code to label.

    `low` and `high` are as written, and empty where nothing bounds it.
    """

    name: str
    form: str
    type: str
    choices: Mapping[str, str]
    label: str = ""
    validation: str = ""
    low: str = ""
    high: str = ""
    annotation: str = ""
    is_identifier: bool = False

    @property
    def columns(self) -> list[str]:
        """The columns that a flat export has for it."""
        if self.type in _WITHOUT_VALUE:
            return []
        if self.type == "checkbox":
            return [checkbox_column(self.name, code) for code in self.choices]
        return [self.name]

    @property
    def shape(self) -> FieldShape:
        """The field in the words of every source."""
        return FieldShape(self.name, self._value_type(), self.label, self.choices)

    def _value_type(self) -> FieldType:
        if self.type in _TYPES:
            return _TYPES[self.type]
        for word, kind in _VALIDATED:
            if self.validation.startswith(word):
                return kind
        return "text"


@dataclass(frozen=True, slots=True)
class Dictionary:
    """A project's data dictionary: its fields by name, in order."""

    file: str
    fields: Mapping[str, Field]

    def columns_of(self, form: str) -> list[str]:
        """The columns that a flat export has for a form's fields."""
        fields = (field for field in self.fields.values() if field.form == form)
        return [column for field in fields for column in field.columns]

    def missing_columns_of(self, form: str, codes: Iterable[str]) -> list[str]:
        """The columns that the project's missing-data codes add to a form's checkboxes."""
        boxes = (
            field.name
            for field in self.fields.values()
            if field.form == form and field.type == "checkbox"
        )
        return [checkbox_column(name, code) for name in boxes for code in codes]

    @property
    def forms(self) -> list[str]:
        """The names of the forms, in order."""
        return list(dict.fromkeys(field.form for field in self.fields.values()))

    @property
    def shapes(self) -> dict[str, FormShape]:
        """The forms in the words of every source, by name, in order."""
        fields: dict[str, dict[str, FieldShape]] = {form: {} for form in self.forms}
        for field in self.fields.values():
            if field.type not in _WITHOUT_VALUE:
                fields[field.form][field.name] = field.shape
        return {form: FormShape(form, shaped, self.file) for form, shaped in fields.items()}


def read_dictionary(path: Path, encoding: str = "utf-8") -> Dictionary:
    """Reads a data dictionary.

    Raises:
        SourceError: not a data dictionary, with everything that is wrong with it.
    """
    return dictionary_of(path.name, open_rows(path, encoding))


def dictionary_of(name: str, table: Rows) -> Dictionary:
    """The data dictionary that rows say; `name` is what they come from.

    Raises:
        SourceError: not a data dictionary, with everything that is wrong with it.
    """
    places = _places(table.header)
    wrong = [
        Problem(Origin(name, 1), column, f"a column `{column}`", "none", "Export it again.")
        for column in _COLUMNS.values()
        if _plain(column) not in places
    ]
    if wrong:
        raise SourceError(f"{name} is no REDCap data dictionary.", tuple(wrong))
    rows = [row for row in table.rows() if isinstance(row, Problem) or any(row.cells)]
    wrong = [row for row in rows if isinstance(row, Problem)]
    fields = [(row, _field(row, places)) for row in rows if isinstance(row, Row)]
    names = Counter(field.name for _, field in fields)
    for row, field in fields:
        if not field.name or not field.form or names[field.name] > 1:
            origin, found = Origin(name, row.line), "another"
            expected = "a name of its own and a form on every row"
            wrong.append(Problem(origin, field.name, expected, found, "Export it again."))
    if wrong:
        raise SourceError(f"{name} cannot be read whole.", tuple(wrong))
    return Dictionary(name, {field.name: field for _, field in fields})


def _plain(name: str) -> str:
    """A column's name without what REDCap's CSV, its API and R write differently."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return _plain(_OF_THE_API[plain]) if plain in _OF_THE_API else plain


def _places(header: list[str]) -> dict[str, int]:
    return {_plain(name): place for place, name in reversed(list(enumerate(header)))}


def _field(row: Row, places: Mapping[str, int]) -> Field:
    def said(name: str) -> str:
        place = places.get(_plain(name))
        return "" if place is None else row.cells[place].strip()

    kind = said(_COLUMNS["type"])
    return Field(
        name=said(_COLUMNS["name"]),
        form=said(_COLUMNS["form"]),
        type=kind,
        choices=_choices(said(_COLUMNS["choices"])) if kind in _LISTED else _IMPLIED.get(kind, {}),
        label=said(_LABEL),
        validation=said(_VALIDATION),
        low=said(_LOW),
        high=said(_HIGH),
        annotation=said(_ANNOTATION),
        is_identifier=said(_IDENTIFIER).lower() == "y",
    )


def _choices(text: str) -> dict[str, str]:
    """`1, Yes | 2, No, never` as {"1": "Yes", "2": "No, never"}: labels may hold commas.

    A choice without a comma is its own label.
    """
    pairs = (part.strip().partition(",") for part in text.split("|") if part.strip())
    return {code.strip(): (label if comma else code).strip() for code, comma, label in pairs}
