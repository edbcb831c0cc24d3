"""Records as an export gives them: a row for each event and repeat, or a row for each value."""

from __future__ import annotations

from collections.abc import Iterator

from adapter.simulate.redcap.design import STATES, Column, Design
from adapter.simulate.redcap.project import Place, RedcapProject
from adapter.simulate.redcap.selection import Selection

Cell = str | int
Row = dict[str, Cell]
_CHECKED = {"1": "Checked", "0": "Unchecked"}
_HEADINGS = {
    "redcap_event_name": "Event Name",
    "redcap_repeat_instrument": "Repeat Instrument",
    "redcap_repeat_instance": "Repeat Instance",
    "redcap_data_access_group": "Data Access Group",
    "redcap_survey_identifier": "Survey Identifier",
}


def export_records(project: RedcapProject, asked: Selection) -> list[Row]:
    """The rows of an export, in REDCap's order."""
    places = list(_places(project, asked))
    if asked.is_by_value:
        return [row for place in places for row in _by_value(project, asked, place)]
    return [_flat(project, asked, place) for place in places]


def headings(design: Design, asked: Selection, names: list[str]) -> list[str]:
    """The first line of a CSV file: names, or labels where they are asked for."""
    if not asked.has_label_headers or asked.is_by_value:
        return names
    return [_heading(design, name) for name in names]


def _places(project: RedcapProject, asked: Selection) -> Iterator[Place]:
    changed = None
    if asked.begin is not None or asked.end is not None:
        changed = project.changed_between(asked.begin, asked.end)
    names = {column.name for column in asked.columns}
    plain = {place.record for place in project.places() if not place.form}
    for place in project.places():
        if asked.records is not None and place.record not in asked.records:
            continue
        if asked.events is not None and place.event not in asked.events:
            continue
        if changed is not None and place.record not in changed:
            continue
        # The record's name is stored in every event; with a repeat, where there is nothing else.
        is_named = asked.has_record_id and (not place.form or place.record not in plain)
        if is_named or names & project.values[place].keys():
            yield place


def _flat(project: RedcapProject, asked: Selection, place: Place) -> Row:
    design, stored = project.design, project.values[place]
    row: Row = dict(_keys(project, asked, place)) if asked.has_record_id else {}
    form = None
    for column in asked.columns:
        if column.form != form:
            form = column.form
            if asked.has_survey_fields and form in design.surveys:
                row[f"{form}_timestamp"] = stored.get(f"{form}_timestamp", "")
        row[column.name] = _cell(design, asked, place, column, stored.get(column.name, ""))
    return row


def _keys(project: RedcapProject, asked: Selection, place: Place) -> Iterator[tuple[str, Cell]]:
    design = project.design
    yield design.record_id, place.record
    if design.events:
        event = design.events[design.order[place.event]]
        yield "redcap_event_name", event.name if asked.is_label else event.unique_name
    if design.repeating:
        yield "redcap_repeat_instrument", place.form
        yield "redcap_repeat_instance", "" if place.instance is None else place.instance
    if asked.has_groups and project.groups:
        yield "redcap_data_access_group", project.groups.get(place.record, "")
    if asked.has_survey_fields and design.surveys:
        yield "redcap_survey_identifier", ""


def _cell(design: Design, asked: Selection, place: Place, column: Column, stored: str) -> str:
    """A cell of a flat row; blank where the form does not belong to the row."""
    is_here = design.is_designated(column.form, place.event) and (
        place.form == column.form if place.form else not design.repeats(column.form, place.event)
    )
    if not is_here and not stored:
        return ""
    if column.choice is not None:
        text = stored or "0"
    elif column.name == f"{column.form}_complete":
        text = stored or ("" if asked.is_blank_for_gray else "0")
    else:
        text = stored
    return (
        _label(design, asked, column, text)
        if asked.is_label
        else _number(design, asked, column, text)
    )


def _number(design: Design, asked: Selection, column: Column, text: str) -> str:
    each = design.by_name.get(column.field)
    if not asked.decimal or each is None or not each.is_number:
        return text
    return text.replace("," if asked.decimal == "." else ".", asked.decimal)


def _label(design: Design, asked: Selection, column: Column, text: str) -> str:
    if column.choice is not None:
        if asked.has_checkbox_labels:
            return column.label if text == "1" else ""
        return _CHECKED.get(text, text)
    each = design.by_name.get(column.field)
    if each is None:
        return STATES.get(text, text)
    return each.choices.get(text, text)


def _by_value(project: RedcapProject, asked: Selection, place: Place) -> Iterator[Row]:
    design, stored = project.design, project.values[place]
    keys: Row = {"record": place.record}
    if design.events:
        keys["redcap_event_name"] = place.event
    if design.repeating:
        keys["redcap_repeat_instrument"] = place.form
        keys["redcap_repeat_instance"] = "" if place.instance is None else place.instance
    if asked.has_record_id and not place.form:
        yield {**keys, "field_name": design.record_id, "value": place.record}
    for column in asked.columns:
        text = stored.get(column.name, "")
        if not text:
            continue
        if column.choice is not None:
            value = column.label if asked.is_label else column.choice
        elif asked.is_label:
            value = _label(design, asked, column, text)
        else:
            value = _number(design, asked, column, text)
        yield {**keys, "field_name": column.field, "value": value}


def _heading(design: Design, name: str) -> str:
    if name == design.record_id:
        return design.by_name[name].said["field_label"]
    column = design.column_by_name.get(name)
    if column is None:
        return _HEADINGS.get(name, "Survey Timestamp")
    if column.choice is not None:
        label = design.by_name[column.field].said["field_label"]
        return f"{label} (choice={column.label})"
    return column.label
