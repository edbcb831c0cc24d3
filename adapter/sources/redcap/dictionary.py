"""REDCap's data dictionary: which fields a project has, and what a flat export calls them.

Read by the names of its columns, not by their places. Source of the words: REDCap's own dictionary
downloads (18 columns, and whatever a site adds behind them).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from adapter.errors import Origin, Problem, SourceError
from adapter.instruments.fields import checkbox_column
from adapter.sources.rows import Row, Table
from adapter.sources.source import FieldShape, FieldType, FormShape

_COLUMNS = {
    "name": "Variable / Field Name",
    "form": "Form Name",
    "type": "Field Type",
    "label": "Field Label",
    "choices": "Choices, Calculations, OR Slider Labels",
}
_VALIDATION = "Text Validation Type OR Show Slider Number"
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
    """One field of the dictionary; `validation` is REDCap's, `choices` is code to label."""

    name: str
    form: str
    type: str
    choices: Mapping[str, str]
    label: str = ""
    validation: str = ""

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
        return {form: FormShape(form, shaped) for form, shaped in fields.items()}


def read_dictionary(path: Path, encoding: str = "utf-8") -> Dictionary:
    """Reads a data dictionary.

    Raises:
        SourceError: not a data dictionary, with everything that is wrong with it.
    """
    table = Table(path, encoding)
    wrong = [
        Problem(Origin(path.name, 1), name, f"a column `{name}`", "none", "Export it again.")
        for name in _COLUMNS.values()
        if name not in table.header
    ]
    if wrong:
        raise SourceError(f"{path.name} is no REDCap data dictionary.", tuple(wrong))
    places = {word: table.header.index(name) for word, name in _COLUMNS.items()}
    validation = table.header.index(_VALIDATION) if _VALIDATION in table.header else None
    fields: dict[str, Field] = {}
    for row in table.rows():
        if isinstance(row, Problem):
            wrong.append(row)
            continue
        field = _field(row, places, validation)
        fields[field.name] = field
    if wrong:
        raise SourceError(f"{path.name} cannot be read whole.", tuple(wrong))
    return Dictionary(path.name, fields)


def _field(row: Row, places: Mapping[str, int], validation: int | None) -> Field:
    said = {word: row.cells[place].strip() for word, place in places.items()}
    kind = said["type"]
    return Field(
        name=said["name"],
        form=said["form"],
        type=kind,
        choices=_choices(said["choices"]) if kind in _LISTED else _IMPLIED.get(kind, {}),
        label=said["label"],
        validation="" if validation is None else row.cells[validation].strip(),
    )


def _choices(text: str) -> dict[str, str]:
    """`1, Yes | 2, No, never` as {"1": "Yes", "2": "No, never"}: labels may hold commas."""
    pairs = (part.split(",", 1) for part in text.split("|") if "," in part)
    return {code.strip(): label.strip() for code, label in pairs}
