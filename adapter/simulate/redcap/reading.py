"""A project out of files: a downloaded dictionary, an export of records, and the set-up if known.

Events, and which form stands in which, are read where their files are given; else they are taken
from the records: an event that stands there is one of the project's, with the forms that hold
something in it.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from adapter.simulate.redcap.design import METADATA, Design, Event, Field
from adapter.simulate.redcap.project import LogEntry, Place, RedcapProject

KEYS = (
    "redcap_event_name",
    "redcap_repeat_instrument",
    "redcap_repeat_instance",
    "redcap_data_access_group",
    "redcap_survey_identifier",
)
Rows = list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class ProjectFiles:
    """Where a project lies; `events` and `mapping` as REDCap downloads them, or None."""

    dictionary: Path
    records: Path
    events: Path | None = None
    mapping: Path | None = None
    title: str = "A simulated project"


def open_project(files: ProjectFiles, now: Callable[[], datetime]) -> RedcapProject:
    """The project of these files; `now` gives the server's local time, without a zone.

    Raises:
        OSError: a file cannot be read.
        KeyError: a file lacks a column that it must have.
    """
    return make_project(
        _rows(files.dictionary),
        _rows(files.records),
        now,
        title=files.title,
        events=_rows(files.events) if files.events else None,
        mapping=_rows(files.mapping) if files.mapping else None,
    )


def make_project(  # noqa: PLR0913 - what a project is made of, each by its name
    dictionary: Rows,
    records: Rows,
    now: Callable[[], datetime],
    *,
    title: str = "A simulated project",
    events: Rows | None = None,
    mapping: Rows | None = None,
    repeating: Iterable[tuple[str, str]] = (),
    header: Iterable[str] = (),
    missing: Mapping[str, str] | None = None,
) -> RedcapProject:
    """The project of these rows; `header` are the records' columns where there may be no rows.

    `repeating` are the (event, form) that repeat besides those that the records show. `missing` are
    the missing-data codes; without it they are what the checkboxes' columns show.
    """
    names = list(records[0]) if records else list(header)
    codes = _missing_codes(dictionary, names) if missing is None else dict(missing)
    fields = tuple(_field(row, codes) for row in dictionary)
    known_events = _events(events, records)
    design = Design(
        fields=fields,
        events=known_events,
        mapping=_mapping(mapping, records, fields) if known_events else {},
        repeating=_repeating(records, known_events, repeating),
        surveys=frozenset(each.form for each in fields if f"{each.form}_timestamp" in names),
        missing=codes,
        title=title,
    )
    project = RedcapProject(design, now)
    for row in records:
        _load(project, row)
    started = now()
    project.log.extend(
        LogEntry(
            started,
            "record_add",
            f"Create record {record}",
            f"{design.record_id} = '{record}'",
            record,
        )
        for record in project.records()
    )
    return project


def place_of(row: Mapping[str, str], design: Design) -> Place:
    """Where a flat row belongs."""
    instance = row.get("redcap_repeat_instance", "")
    return Place(
        row[design.record_id],
        row.get("redcap_event_name", ""),
        row.get("redcap_repeat_instrument", ""),
        int(instance) if instance.isdecimal() else None,
    )


def cells_of(row: Mapping[str, str], design: Design) -> dict[str, str]:
    """The cells that are values of the project; a box that is not checked is blank."""
    cells = {}
    for name, text in row.items():
        column = design.column_by_name.get(name)
        is_timestamp = name.removesuffix("_timestamp") in design.surveys
        if name == design.record_id or (column is None and not is_timestamp):
            continue
        is_box = column is not None and column.choice is not None
        cells[name] = "" if is_box and text == "0" else text
    return cells


def _load(project: RedcapProject, row: Mapping[str, str]) -> None:
    design = project.design
    stored = {name: text for name, text in cells_of(row, design).items() if text}
    for form in design.forms:
        state = f"{form}_complete"
        # An export says 0 of a form that nobody opened: without any value it was not.
        if stored.get(state) == "0" and design.names_by_form[form] & stored.keys() == {state}:
            del stored[state]
    project.values[place_of(row, design)] = stored
    if group := row.get("redcap_data_access_group"):
        project.groups[row[design.record_id]] = group


def _rows(path: Path) -> Rows:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _field(row: Mapping[str, str], missing: Mapping[str, str]) -> Field:
    return Field({word: row[heading] or "" for word, heading in METADATA.items()}, missing)


def _missing_codes(dictionary: Rows, names: Iterable[str]) -> dict[str, str]:
    """The missing-data codes that the columns of a checkbox show beyond its own choices."""
    codes: dict[str, str] = {}
    for row in dictionary:
        each = _field(row, {})
        if each.type != "checkbox":
            continue
        own = {column.name for column in each.columns}
        beginning = f"{each.name}___"
        for name in names:
            if name.startswith(beginning) and name not in own:
                # `_` stood for a minus; a capital is lost.
                code = name.removeprefix(beginning).replace("_", "-")
                codes[code] = f"Missing ({code})"
    return codes


def _events(events: Rows | None, records: Rows) -> tuple[Event, ...]:
    if events is not None:
        return tuple(
            Event(
                row["unique_event_name"],
                row["event_name"],
                int(row["arm_num"]),
                row.get("day_offset", "0"),
            )
            for row in events
        )
    names = dict.fromkeys(row.get("redcap_event_name", "") for row in records)
    return tuple(_event(name) for name in names if name)


def _event(unique_name: str) -> Event:
    """`week_0_arm_1` is the event `Week 0` of arm 1."""
    name, _, arm = unique_name.rpartition("_arm_")
    return Event(unique_name, name.replace("_", " ").capitalize(), int(arm))


def _mapping(
    mapping: Rows | None, records: Rows, fields: tuple[Field, ...]
) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    if mapping is not None:
        for row in mapping:
            found.setdefault(row["unique_event_name"], {})[row["form"]] = None
        return {event: tuple(forms) for event, forms in found.items()}
    names: dict[str, list[str]] = {each.form: [f"{each.form}_complete"] for each in fields}
    for each in fields[1:]:  # the first one names the record, and stands in every row
        names[each.form].extend(column.name for column in each.columns)
    for row in records:
        here = found.setdefault(row["redcap_event_name"], {})
        here.update((form, None) for form, columns in names.items() if any(map(row.get, columns)))
    return {event: tuple(form for form in names if form in here) for event, here in found.items()}


def _repeating(
    records: Rows, events: tuple[Event, ...], known: Iterable[tuple[str, str]]
) -> tuple[tuple[str, str], ...]:
    shown = (
        (row.get("redcap_event_name", ""), row.get("redcap_repeat_instrument", ""))
        for row in records
        if row.get("redcap_repeat_instance")
    )
    order = {event.unique_name: place for place, event in enumerate(events)}
    return tuple(sorted({*known, *shown}, key=lambda pair: (order.get(pair[0], -1), pair[1])))
