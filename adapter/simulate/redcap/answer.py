"""Which part of the API answers what is asked: the one table of `content` and `action`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from adapter.simulate.redcap import contents, formats
from adapter.simulate.redcap.formats import Cell, Format
from adapter.simulate.redcap.project import RedcapProject
from adapter.simulate.redcap.records import export_records, headings
from adapter.simulate.redcap.selection import (
    DELIMITERS,
    Parameters,
    RefusedError,
    read_format,
    read_selection,
)
from adapter.simulate.redcap.writes import delete_records, import_records, rename_record

Rows = list[dict[str, Cell]]
_HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the API says: the status, the text, and its media type."""

    status: int
    text: str
    media_type: str


def answer(project: RedcapProject, tokens: frozenset[str], asked: Parameters) -> Reply:
    """The API's answer to one request; a refusal is one too."""
    if asked.get("token", "") not in tokens:
        return _refused(asked, RefusedError(403, "You do not have permissions to use the API"))
    try:
        with project.lock:
            return _answer(project, asked)
    except RefusedError as refused:
        return _refused(asked, refused)


def _answer(project: RedcapProject, asked: Parameters) -> Reply:
    action = asked.get("action", "") or ("import" if "data" in asked else "export")
    content, form = asked.get("content", ""), read_format(asked, "format")
    if (content, action) in _TEXTS:
        return Reply(200, _TEXTS[content, action](project, asked), _HTML)
    if content == "project" and action == "export":
        text = formats.write_row(contents.project_info(project), form)
        return Reply(200, text, formats.MEDIA_TYPES[form])
    if content not in _LISTS:
        raise RefusedError(400, 'The value of the parameter "content" is not valid')
    if action != "export":
        raise RefusedError(501, "This server is simulated: its set-up cannot be changed")
    return Reply(200, _LISTS[content](project, asked), formats.MEDIA_TYPES[form])


def _refused(asked: Parameters, refused: RefusedError) -> Reply:
    form = read_format(asked, "returnFormat" if asked.get("returnFormat") else "format")
    text = formats.write_error(refused.message, form)
    return Reply(refused.status, text, formats.MEDIA_TYPES[form])


def _write(rows: Rows, asked: Parameters, first_line: Sequence[str] | None = None) -> str:
    delimiter = DELIMITERS.get(asked.get("csvDelimiter", "") or ",")
    if delimiter is None:
        raise RefusedError(400, 'The parameter "csvDelimiter" is not valid')
    form: Format = read_format(asked, "format")
    return formats.write_rows(rows, form, headings=first_line, delimiter=delimiter)


def _list(
    rows_of: Callable[[RedcapProject, Parameters], Rows],
) -> Callable[[RedcapProject, Parameters], str]:
    return lambda project, asked: _write(rows_of(project, asked), asked)


def _records(project: RedcapProject, asked: Parameters) -> str:
    selection = read_selection(asked, project.design)
    rows = export_records(project, selection)
    project.note_export()
    first_line = headings(project.design, selection, list(rows[0])) if rows else None
    return _write(rows, asked, first_line)


def _report(project: RedcapProject, asked: Parameters) -> str:
    forms = project.reports.get(asked.get("report_id", ""))
    if forms is None:
        raise RefusedError(400, 'The value of the parameter "report_id" is not valid')
    said = {f"forms[{place}]": name for place, name in enumerate(forms)}
    said["fields[0]"] = project.design.record_id
    return _records(project, {**asked, **said})


_LISTS: dict[str, Callable[[RedcapProject, Parameters], str]] = {
    "record": _records,
    "report": _report,
    "metadata": _list(contents.metadata),
    "exportFieldNames": _list(contents.export_field_names),
    "event": _list(contents.events),
    "arm": _list(contents.arms),
    "formEventMapping": _list(contents.form_event_mapping),
    "repeatingFormsEvents": _list(contents.repeating_forms_events),
    "instrument": _list(contents.instruments),
    "user": _list(contents.users),
    "dag": _list(contents.groups),
    "log": _list(contents.log),
}
_TEXTS: dict[tuple[str, str], Callable[[RedcapProject, Parameters], str]] = {
    ("record", "import"): import_records,
    ("record", "delete"): delete_records,
    ("record", "rename"): rename_record,
    ("version", "export"): lambda _, __: contents.VERSION,
    ("generateNextRecordName", "export"): lambda project, _: contents.next_record_name(project),
}
