"""What a REDCap project is made of: fields, forms, events, which form repeats, which is a survey.

The names are REDCap's own; source: the API's help pages (version 14) and what PyCap and REDCapR
read. The simulator reads dictionaries by itself, so that it is a witness of what the adapter reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

METADATA = {
    "field_name": "Variable / Field Name",
    "form_name": "Form Name",
    "section_header": "Section Header",
    "field_type": "Field Type",
    "field_label": "Field Label",
    "select_choices_or_calculations": "Choices, Calculations, OR Slider Labels",
    "field_note": "Field Note",
    "text_validation_type_or_show_slider_number": "Text Validation Type OR Show Slider Number",
    "text_validation_min": "Text Validation Min",
    "text_validation_max": "Text Validation Max",
    "identifier": "Identifier?",
    "branching_logic": "Branching Logic (Show field only if...)",
    "required_field": "Required Field?",
    "custom_alignment": "Custom Alignment",
    "question_number": "Question Number (surveys only)",
    "matrix_group_name": "Matrix Group Name",
    "matrix_ranking": "Matrix Ranking?",
    "field_annotation": "Field Annotation",
}
"""The words of a field: the API's name of each, and its heading in a downloaded dictionary."""
STATES = {"0": "Incomplete", "1": "Unverified", "2": "Complete"}
_IMPLIED = {
    "yesno": {"1": "Yes", "0": "No"},
    "truefalse": {"1": "True", "0": "False"},
}
_LISTED = frozenset({"radio", "dropdown", "checkbox"})
_NO_IMPORT = frozenset({"calc", "file", "descriptive"})


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a flat export: its field, and of a checkbox the choice that it stands for."""

    name: str
    field: str
    form: str
    choice: str | None = None
    label: str = ""


@dataclass(frozen=True)
class Field:
    """One field; `said` has the API's words for it, `missing` the project's missing-data codes."""

    said: Mapping[str, str]
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its variable name."""
        return self.said["field_name"]

    @property
    def form(self) -> str:
        """The form it stands on."""
        return self.said["form_name"]

    @property
    def type(self) -> str:
        """REDCap's type, such as `radio`."""
        return self.said["field_type"]

    @property
    def is_number(self) -> bool:
        """Whether `decimalCharacter` applies to it."""
        validation = self.said["text_validation_type_or_show_slider_number"]
        return self.type == "calc" or (self.type == "text" and validation.startswith("number"))

    @property
    def is_imported(self) -> bool:
        """Whether `exportFieldNames` tells of it: what cannot be imported is left out there."""
        return self.type not in _NO_IMPORT

    @cached_property
    def choices(self) -> dict[str, str]:
        """Label by code; a checkbox offers the missing-data codes too."""
        if self.type in _IMPLIED:
            return _IMPLIED[self.type]
        if self.type not in _LISTED:
            return {}
        listed = read_choices(self.said["select_choices_or_calculations"])
        return {**listed, **self.missing} if self.type == "checkbox" else listed

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Its columns in a flat export; none for what holds no value."""
        if self.type == "descriptive":
            return ()
        if self.type != "checkbox":
            return (Column(self.name, self.name, self.form, None, self.said["field_label"]),)
        return tuple(
            Column(checkbox_name(self.name, code), self.name, self.form, code, label)
            for code, label in self.choices.items()
        )


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a longitudinal project."""

    unique_name: str
    name: str
    arm: int = 1
    day_offset: str = "0"


@dataclass(frozen=True)
class Design:
    """A project's set-up. `events` is empty for a classic project; `mapping` is forms by event.

    `repeating` holds (event, form): a form that repeats there, or with form '' the whole event.
    """

    fields: tuple[Field, ...]
    events: tuple[Event, ...]
    mapping: Mapping[str, tuple[str, ...]]
    repeating: tuple[tuple[str, str], ...]
    surveys: frozenset[str]
    missing: Mapping[str, str]
    title: str

    @property
    def record_id(self) -> str:
        """The first field: it names the record."""
        return self.fields[0].name

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """The fields by name."""
        return {each.name: each for each in self.fields}

    @cached_property
    def forms(self) -> tuple[str, ...]:
        """The forms, in order."""
        return tuple(dict.fromkeys(each.form for each in self.fields))

    @cached_property
    def order(self) -> dict[str, int]:
        """The place of each event among the events."""
        return {event.unique_name: place for place, event in enumerate(self.events)}

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """All columns that hold a value, form after form, each form's state at its end."""
        return tuple(self._columns())

    @cached_property
    def column_by_name(self) -> dict[str, Column]:
        """The columns by name."""
        return {column.name: column for column in self.columns}

    @cached_property
    def names_by_form(self) -> dict[str, frozenset[str]]:
        """The names of each form's columns, its timestamp's included."""
        return {
            form: frozenset(
                (f"{form}_timestamp", *(each.name for each in self.columns if each.form == form))
            )
            for form in self.forms
        }

    def is_designated(self, form: str, event: str) -> bool:
        """Whether the form is asked at the event; in a classic project all are."""
        return not self.events or form in self.mapping.get(event, ())

    def repeats(self, form: str, event: str) -> bool:
        """Whether the form repeats by itself at the event."""
        return (event, form) in self.repeating

    def _columns(self) -> Iterator[Column]:
        for form in self.forms:
            for each in self.fields:
                if each.form == form:
                    yield from each.columns
            yield Column(f"{form}_complete", f"{form}_complete", form, None, "Complete?")


def read_choices(text: str) -> dict[str, str]:
    """`1, Yes | 2, No, never` as {"1": "Yes", "2": "No, never"}."""
    parts = (part.strip().partition(",") for part in text.split("|") if part.strip())
    return {code.strip(): label.strip() for code, _, label in parts}


def checkbox_name(name: str, code: str) -> str:
    """The export name of one choice of a checkbox: whatever no variable name may hold becomes `_`.

    Known of `-` and of capitals; of other signs it is assumed.
    """
    return f"{name}___{re.sub('[^a-z0-9]', '_', code.lower())}"
