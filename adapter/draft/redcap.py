"""A REDCap project by its data dictionary, and by the lists of its events where they are given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from adapter.draft.project import (
    Project,
    ProjectEvent,
    ProjectField,
    ProjectForm,
    loinc_in,
    looks_personal,
)
from adapter.errors import Origin, Problem, SourceError
from adapter.sources.files import open_rows
from adapter.sources.redcap import Dictionary, Field
from adapter.sources.redcap.wording import plain
from adapter.sources.rows import Row

_PERSONAL_TYPES = ("email", "phone", "zipcode", "postalcode", "ssn", "mrn")
_LONGEST_PLAN_DAYS = 3650
_EVENT = "redcap_event_name"


@dataclass(frozen=True, slots=True)
class Lists:
    """REDCap's own lists of events, and of forms and their events, and an export of its records."""

    events: Path | None = None
    event_forms: Path | None = None
    records: Path | None = None
    encoding: str = "utf-8"


def project_of_dictionary(
    dictionary: Dictionary,
    lists: Lists,
    source: Mapping[str, str] | None = None,
) -> Project:
    """The project of a dictionary, with what its lists and its records say of events.

    Raises:
        SourceError: a list that is none.
    """
    events, event_forms = lists.events, lists.event_forms
    placed = _placed(event_forms) if event_forms else {}
    forms = []
    for name in dictionary.forms:
        fields = [field for field in dictionary.fields.values() if field.form == name]
        shown = tuple(_field(field) for field in fields if field.type != "descriptive")
        title = name.replace("_", " ").capitalize()
        forms.append(ProjectForm(name, title, shown, tuple(placed.get(name, ()))))
    return Project(
        title="",
        file=dictionary.file,
        record_id=next(iter(dictionary.fields), ""),
        forms=tuple(forms),
        events=tuple(_events(events)) if events else _named(placed or _met(lists)),
        source=source or {},
    )


def _field(field: Field) -> ProjectField:
    label = plain(field.label)
    is_personal = field.is_identifier or field.validation.startswith(_PERSONAL_TYPES)
    return ProjectField(
        name=field.name,
        type=field.shape.type,
        label=label,
        choices={code: plain(words) for code, words in field.choices.items()},
        low=field.low,
        high=field.high,
        loinc=loinc_in(field.annotation),
        is_yes_or_no=field.type in {"yesno", "truefalse"},
        is_notes=field.type == "notes",
        is_derived=field.type == "calc",
        is_personal=is_personal or looks_personal(field.name, label),
    )


def _events(path: Path) -> list[ProjectEvent]:
    """The events in order; those that several arms have under one title are one."""
    found: dict[str, ProjectEvent] = {}
    for row in _rows(path, "unique_event_name"):
        name = row["unique_event_name"]
        title = row.get("event_name") or name
        known = found.get(title)
        if known is not None:
            found[title] = ProjectEvent((*known.names, name), title, known.day, known.closes_days)
            continue
        day, closes = _days(row.get("day_offset", "")), _days(row.get("offset_max", ""))
        is_planned = day is not None and day % 7 == 0
        found[title] = ProjectEvent(
            (name,), title, day if is_planned else None, closes if is_planned else None
        )
    return list(found.values())


def _named(placed: Mapping[str, list[str]]) -> tuple[ProjectEvent, ...]:
    names = dict.fromkeys(name for listed in placed.values() for name in listed)
    return tuple(
        ProjectEvent((name,), re.sub(r"_arm_\d+$", "", name).replace("_", " ").capitalize())
        for name in names
    )


def _met(lists: Lists) -> dict[str, list[str]]:
    """The events of an export, where nobody lists them."""
    if lists.records is None:
        return {}
    rows = open_rows(lists.records, lists.encoding)
    if _EVENT not in rows.header:
        return {}
    place = rows.header.index(_EVENT)
    names = dict.fromkeys(row.cells[place].strip() for row in rows.rows() if isinstance(row, Row))
    return {"": [name for name in names if name]}


def _placed(path: Path) -> dict[str, list[str]]:
    placed: dict[str, list[str]] = {}
    for row in _rows(path, "unique_event_name", "form"):
        placed.setdefault(row["form"], []).append(row["unique_event_name"])
    return placed


def _rows(path: Path, *needed: str) -> list[dict[str, str]]:
    table = open_rows(path)
    wrong = [
        Problem(Origin(path.name, 1), name, f"a column `{name}`", "none", "Export it again.")
        for name in needed
        if name not in table.header
    ]
    rows = list(table.rows()) if not wrong else []
    wrong += [row for row in rows if isinstance(row, Problem)]
    if wrong:
        raise SourceError(f"{path.name} is no list of a REDCap project's events.", tuple(wrong))
    return [
        dict(zip(table.header, (cell.strip() for cell in row.cells), strict=True))
        for row in rows
        if not isinstance(row, Problem)
    ]


def _days(text: str) -> int | None:
    """A number of days; more than any plan has is what a site writes for `never`."""
    days = int(text) if text.isdecimal() and len(text) < 6 else None  # noqa: PLR2004
    return days if days is not None and days <= _LONGEST_PLAN_DAYS else None
