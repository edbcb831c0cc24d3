"""What a project tells of itself: fields, export names, events, forms, users, its log.

Each function gives the rows of one `content` of the API. The keys are REDCap's; a key that PyCap
and redcaplite never look at may be missing.
"""

from __future__ import annotations

import re

from adapter.simulate.redcap.formats import Cell
from adapter.simulate.redcap.project import USER, LogType, RedcapProject
from adapter.simulate.redcap.selection import (
    Parameters,
    RefusedError,
    check_names,
    read_list,
    read_moment,
)

VERSION = "14.5.5"
PROJECT_ID = 42
Row = dict[str, Cell]
Rows = list[Row]
_LOG_TYPES: dict[str, frozenset[LogType]] = {
    "record": frozenset({"record_add", "record_edit", "record_delete"}),
    "record_add": frozenset({"record_add"}),
    "record_edit": frozenset({"record_edit"}),
    "record_delete": frozenset({"record_delete"}),
    "export": frozenset({"export"}),
    "manage": frozenset({"manage"}),
    "user": frozenset(),
    "lock_record": frozenset(),
    "page_view": frozenset(),
}


def metadata(project: RedcapProject, asked: Parameters) -> Rows:
    """The data dictionary, or the fields and forms asked for."""
    design = project.design
    fields, forms = read_list(asked, "fields"), read_list(asked, "forms")
    check_names("fields", fields, design.by_name)
    check_names("forms", forms, design.forms)
    return [
        dict(each.said)
        for each in design.fields
        if not (fields or forms) or each.name in fields or each.form in forms
    ]


def export_field_names(project: RedcapProject, asked: Parameters) -> Rows:
    """What each field is called in an export; what cannot be imported is left out."""
    design = project.design
    field = asked.get("field", "")
    if field:
        check_names("field", [field], design.by_name)
    return [
        {
            "original_field_name": column.field,
            "choice_value": column.choice or "",
            "export_field_name": column.name,
        }
        for column in design.columns
        if field in {"", column.field}
        and (column.field not in design.by_name or design.by_name[column.field].is_imported)
    ]


def events(project: RedcapProject, asked: Parameters) -> Rows:
    """The events of a longitudinal project."""
    _check_longitudinal(project, "events")
    return [
        {
            "event_name": event.name,
            "arm_num": event.arm,
            "day_offset": event.day_offset,
            "offset_min": "0",
            "offset_max": "0",
            "unique_event_name": event.unique_name,
            "custom_event_label": "",
            "event_id": 100 + place,
        }
        for place, event in enumerate(project.design.events)
        if _is_of_arm(asked, event.arm)
    ]


def arms(project: RedcapProject, asked: Parameters) -> Rows:
    """The arms of a longitudinal project."""
    _check_longitudinal(project, "arms")
    numbers = sorted({event.arm for event in project.design.events})
    return [
        {"arm_num": number, "name": f"Arm {number}"}
        for number in numbers
        if _is_of_arm(asked, number)
    ]


def form_event_mapping(project: RedcapProject, asked: Parameters) -> Rows:
    """Which form stands in which event."""
    _check_longitudinal(project, "form-event mappings")
    return [
        {"arm_num": event.arm, "unique_event_name": event.unique_name, "form": form}
        for event in project.design.events
        for form in project.design.mapping.get(event.unique_name, ())
        if _is_of_arm(asked, event.arm)
    ]


def repeating_forms_events(project: RedcapProject, _: Parameters) -> Rows:
    """Which forms and events repeat."""
    design = project.design
    if not design.repeating:
        raise RefusedError(400, "This project does not contain any repeating instruments or events")
    return [
        {
            **({"event_name": event} if design.events else {}),
            "form_name": form,
            "custom_form_label": "",
        }
        for event, form in design.repeating
    ]


def instruments(project: RedcapProject, _: Parameters) -> Rows:
    """The forms."""
    return [
        {"instrument_name": form, "instrument_label": _title(form)} for form in project.design.forms
    ]


def project_info(project: RedcapProject) -> Row:
    """The project's settings."""
    design = project.design
    return {
        "project_id": PROJECT_ID,
        "project_title": design.title,
        "creation_time": "2023-01-09 09:00:00",
        "production_time": "",
        "in_production": 0,
        "project_language": "English",
        "purpose": 0,
        "purpose_other": "",
        "project_notes": "",
        "custom_record_label": "",
        "secondary_unique_field": "",
        "is_longitudinal": int(bool(design.events)),
        "has_repeating_instruments_or_events": int(bool(design.repeating)),
        "surveys_enabled": int(bool(design.surveys)),
        "scheduling_enabled": 0,
        "record_autonumbering_enabled": 1,
        "randomization_enabled": 0,
        "ddp_enabled": 0,
        "project_irb_number": "",
        "project_grant_number": "",
        "project_pi_firstname": "",
        "project_pi_lastname": "",
        "display_today_now_button": 1,
        "missing_data_codes": " | ".join(
            f"{code}, {label}" for code, label in design.missing.items()
        ),
        "external_modules": "",
        "bypass_branching_erase_field_prompt": 0,
    }


def users(_: RedcapProject, __: Parameters) -> Rows:
    """The one user there is, with all rights."""
    rights = ("design", "data_export", "logging", "record_rename", "record_delete", "api_export")
    return [
        {
            "username": USER,
            "email": "simulator@redcap.example.org",
            "firstname": "Simulated",
            "lastname": "User",
            "expiration": "",
            "data_access_group": "",
            "data_access_group_id": "",
            **dict.fromkeys(rights, 1),
        }
    ]


def groups(project: RedcapProject, _: Parameters) -> Rows:
    """The data access groups."""
    names = sorted(set(project.groups.values()))
    return [
        {
            "data_access_group_name": _title(name),
            "unique_group_name": name,
            "data_access_group_id": 500 + place,
        }
        for place, name in enumerate(names)
    ]


def log(project: RedcapProject, asked: Parameters) -> Rows:
    """The log, the newest first; its times have minutes and no seconds."""
    if not project.may_read_log:
        raise RefusedError(403, "You do not have permissions to export the log")
    kind = asked.get("logtype", "")
    if kind and kind not in _LOG_TYPES:
        raise RefusedError(400, 'The parameter "logtype" is not valid')
    begin, end = read_moment(asked, "beginTime"), read_moment(asked, "endTime")
    record, user = asked.get("record", ""), asked.get("user", "")
    return [
        {
            "timestamp": entry.at.strftime("%Y-%m-%d %H:%M"),
            "username": USER,
            "action": entry.action,
            "details": entry.details,
            "record": entry.record,
        }
        for entry in reversed(project.log)
        if (not kind or entry.type in _LOG_TYPES[kind])
        and (begin is None or entry.at.replace(second=0, microsecond=0) >= begin)
        and (end is None or entry.at <= end)
        and record in {"", entry.record}
        and user in {"", USER}
    ]


def next_record_name(project: RedcapProject) -> str:
    """The name that the next record gets where records are numbered."""
    numbers = [int(name) for name in project.records() if re.fullmatch(r"[0-9]+", name)]
    return str(max(numbers, default=0) + 1)


def _check_longitudinal(project: RedcapProject, what: str) -> None:
    if not project.design.events:
        raise RefusedError(400, f"You cannot export {what} for classic projects")


def _is_of_arm(asked: Parameters, arm: int) -> bool:
    wanted = read_list(asked, "arms")
    return not wanted or str(arm) in wanted


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()
