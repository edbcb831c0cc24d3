"""What somebody asks of a project's records: the parameters of an export, read and checked.

Lists come as `records[0]=1&records[1]=2`, as `records[]=1`, or as `records=1,2`; booleans as
`true`, `True` or `1`. What a parameter names and the project does not have is refused, except
records.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from adapter.simulate.redcap.design import Column, Design
from adapter.simulate.redcap.formats import Format

DELIMITERS = {",": ",", ";": ";", "|": "|", "^": "^", "tab": "\t"}
_TRUE = frozenset({"true", "1"})
Parameters = Mapping[str, str]


class RefusedError(Exception):
    """The API's refusal: an HTTP status and a sentence."""

    def __init__(self, status: int, message: str) -> None:
        """`message` is what the client is told."""
        super().__init__(message)
        self.status, self.message = status, message


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows and columns of a project are asked for, and how they are to be written.

    `records` and `events` are None for all.
    """

    columns: tuple[Column, ...]
    forms: frozenset[str]
    records: frozenset[str] | None
    events: frozenset[str] | None
    begin: datetime | None
    end: datetime | None
    decimal: str
    has_record_id: bool
    has_survey_fields: bool
    has_groups: bool
    is_by_value: bool
    is_label: bool
    has_label_headers: bool
    has_checkbox_labels: bool
    is_blank_for_gray: bool


def read_selection(asked: Parameters, design: Design) -> Selection:
    """The selection that parameters say.

    Raises:
        RefusedError: 400, one of them names what the project does not have.
    """
    if asked.get("filterLogic"):
        raise RefusedError(501, "This server is simulated, and does not know filterLogic")
    fields = read_list(asked, "fields")
    forms = read_list(asked, "forms")
    events = read_list(asked, "events")
    states = {f"{form}_complete" for form in design.forms}
    check_names("fields", fields, {*design.by_name, *states})
    check_names("forms", forms, design.forms)
    check_names("events", events, design.order)
    records = read_list(asked, "records")
    is_all = not fields and not forms
    columns = tuple(
        column
        for column in design.columns
        if is_all or column.form in forms or column.field in fields
    )
    return Selection(
        columns=tuple(column for column in columns if column.name != design.record_id),
        forms=frozenset(forms) if forms else frozenset(column.form for column in columns),
        records=frozenset(records) if records else None,
        events=frozenset(events) if events else None,
        begin=read_moment(asked, "dateRangeBegin"),
        end=read_moment(asked, "dateRangeEnd"),
        decimal=asked.get("decimalCharacter", ""),
        has_record_id=any(column.name == design.record_id for column in columns),
        has_survey_fields=is_true(asked, "exportSurveyFields"),
        has_groups=is_true(asked, "exportDataAccessGroups"),
        is_by_value=asked.get("type", "flat") == "eav",
        is_label=asked.get("rawOrLabel", "raw") == "label",
        has_label_headers=asked.get("rawOrLabelHeaders", "raw") == "label",
        has_checkbox_labels=is_true(asked, "exportCheckboxLabel"),
        is_blank_for_gray=is_true(asked, "exportBlankForGrayFormStatus"),
    )


def read_format(asked: Parameters, name: str) -> Format:
    """The format that a parameter names; XML is REDCap's default."""
    match asked.get(name, ""):
        case "json" | "csv" as said:
            return said
    return "xml"


def read_list(asked: Parameters, name: str) -> list[str]:
    """A parameter that holds several values, in whichever way it came."""
    found: list[str] = []
    for key, value in asked.items():
        if key == name:
            found.extend(part.strip() for part in value.split(",") if part.strip())
        elif re.fullmatch(rf"{name}\[\d*\]", key):
            found.append(value)
    return found


def is_true(asked: Parameters, name: str) -> bool:
    """Whether a switch is on."""
    return asked.get(name, "").lower() in _TRUE


def read_moment(asked: Parameters, name: str) -> datetime | None:
    """A moment of the server's time, None where none is said.

    Raises:
        RefusedError: 400, it is none.
    """
    said = asked.get(name, "")
    if not said:
        return None
    for pattern in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"):
        try:
            return datetime.strptime(said, pattern)  # noqa: DTZ007 - the server's local time
        except ValueError:
            continue
    raise RefusedError(400, f'The parameter "{name}" is not a time')


def check_names(parameter: str, names: Collection[str], known: Collection[str]) -> None:
    """Lets names pass that are known.

    Raises:
        RefusedError: 400, some are not.
    """
    wrong = [name for name in names if name not in known]
    if wrong:
        listed = ", ".join(f"'{name}'" for name in wrong)
        raise RefusedError(
            400, f'The following values in the parameter "{parameter}" are not valid: {listed}'
        )
