"""A project by the metadata of an ODM file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from adapter.draft.project import (
    Project,
    ProjectEvent,
    ProjectField,
    ProjectForm,
    loinc_in,
    looks_personal,
)
from adapter.sources.odm import (
    Column,
    Definitions,
    Layout,
    Layouts,
    lay_out,
    read_definitions,
    read_root,
)
from adapter.sources.redcap.wording import plain
from adapter.sources.source import FieldShape


def project_of_odm(path: Path, source: Mapping[str, str] | None = None) -> Project:
    """The project that a file defines.

    Raises:
        SourceError: it is not ODM, or defines nothing.
    """
    definitions = read_definitions(path, read_root(path))
    layouts = lay_out(definitions, path.name)
    shapes = layouts.shapes
    forms = [
        ProjectForm(
            layout.form,
            layout.title,
            tuple(
                _field(field, _column_of(layout, field), definitions)
                for field in shapes[layout.form].fields.values()
            ),
            _events_of(oid, layouts),
        )
        for (oid, _), layout in layouts.of.items()
        if layout.form in shapes
    ]
    return Project(
        title=definitions.title,
        file=path.name,
        record_id=definitions.record_id or "SubjectKey",
        forms=tuple(forms),
        events=tuple(_events(definitions)),
        missing_codes=definitions.missing_codes,
        source=source or {},
    )


def _field(shape: FieldShape, column: Column, definitions: Definitions) -> ProjectField:
    item, label = column.item, plain(shape.label)
    kind = item.redcap.get("FieldType", "")
    is_marked = item.redcap.get("Identifier", "").lower() == "y"
    unit = column.unit if column.unit_item else definitions.units.get(column.unit, "")
    return ProjectField(
        name=shape.name,
        type=shape.type,
        label=label,
        choices={code: plain(words) for code, words in shape.choices.items()},
        low=item.low,
        high=item.high,
        unit=unit,
        loinc=item.loinc or loinc_in(item.redcap.get("FieldAnnotation", "")),
        is_yes_or_no=shape.type == "choice" and item.data_type == "boolean",
        is_notes=kind == "textarea",
        is_derived=kind == "calc",
        is_personal=is_marked or looks_personal(shape.name, label),
    )


def _column_of(layout: Layout, field: FieldShape) -> Column:
    """The column of a field; of a checkbox, one of its boxes."""
    columns = layout.columns
    return columns.get(field.name) or next(
        column
        for column in columns.values()
        if column.is_box and column.item.redcap.get("Variable") == field.name
    )


def _events_of(form: str, layouts: Layouts) -> tuple[str, ...]:
    events = layouts.definitions.events.values()
    return tuple(event.name for event in events if form in event.forms)


def _events(definitions: Definitions) -> list[ProjectEvent]:
    """The events in order; those that several arms have under one title are one."""
    found: dict[str, ProjectEvent] = {}
    for event in definitions.events.values():
        known = found.get(event.title)
        if known is not None:
            found[event.title] = ProjectEvent(
                (*known.names, event.name), event.title, known.day, known.closes_days
            )
            continue
        day = event.redcap.get("DayOffset", "")
        closes = event.redcap.get("OffsetMax", "")
        is_planned = day.isdecimal() and int(day) % 7 == 0 and int(day) < 3650  # noqa: PLR2004
        found[event.title] = ProjectEvent(
            (event.name,),
            event.title,
            int(day) if is_planned else None,
            int(closes) if is_planned and closes.isdecimal() else None,
            event.is_repeating,
        )
    return list(found.values())
