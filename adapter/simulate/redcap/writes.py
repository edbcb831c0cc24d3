"""What a client may change through the API: rows are imported, records deleted and renamed."""

from __future__ import annotations

import csv
import io
import json

from adapter.simulate.redcap.formats import write_json
from adapter.simulate.redcap.project import RedcapProject
from adapter.simulate.redcap.reading import cells_of, place_of
from adapter.simulate.redcap.selection import (
    Parameters,
    RefusedError,
    check_names,
    read_format,
    read_list,
)

_API = " (API)"
_PARTS = ("arm", "instrument", "event", "repeat_instance")


def import_records(project: RedcapProject, asked: Parameters) -> str:
    """Takes flat rows; `returnContent` says whether their count or their names are told.

    Raises:
        RefusedError: nothing of it was taken.
    """
    rows = _rows_of(asked)
    design = project.design
    known = {*design.column_by_name, design.record_id}
    known.update(("redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance"))
    known.update(f"{form}_timestamp" for form in design.surveys)
    check_names("data", [name for row in rows for name in row if name not in known], known)
    if any(not row.get(design.record_id) for row in rows):
        raise RefusedError(400, "Every row needs the record id")
    is_whole = asked.get("overwriteBehavior", "normal") == "overwrite"
    for row in rows:
        place, cells = place_of(row, design), cells_of(row, design)
        # A box is always said, by 0 or 1; any other blank cell means something only on request.
        boxes = {name for name in cells if "___" in name}
        said = {name: text for name, text in cells.items() if text or is_whole or (name in boxes)}
        project.save(place, said, _API)
    names = list(dict.fromkeys(row[design.record_id] for row in rows))
    is_named = asked.get("returnContent", "count") == "ids"
    return write_json(names if is_named else {"count": len(names)})


def delete_records(project: RedcapProject, asked: Parameters) -> str:
    """Deletes whole records, and tells how many.

    Raises:
        RefusedError: nothing was deleted.
    """
    names = read_list(asked, "records")
    if not names or not set(names) <= set(project.records()):
        raise RefusedError(400, "One or more of the records provided cannot be deleted")
    if any(asked.get(part) for part in _PARTS):
        raise RefusedError(501, "This server is simulated, and deletes whole records only")
    for name in names:
        project.delete(name, _API)
    return str(len(names))


def rename_record(project: RedcapProject, asked: Parameters) -> str:
    """Gives a record another name.

    Raises:
        RefusedError: there is none of the old name, or already one of the new.
    """
    if not project.rename(asked.get("record", ""), asked.get("new_record_name", ""), _API):
        raise RefusedError(400, "The record cannot be renamed")
    return "1"


def _rows_of(asked: Parameters) -> list[dict[str, str]]:
    if asked.get("type", "flat") != "flat":
        raise RefusedError(501, "This server is simulated, and takes flat rows only")
    try:
        if read_format(asked, "format") == "csv":
            return [dict(row) for row in csv.DictReader(io.StringIO(asked["data"]))]
        said = json.loads(asked["data"])
        return [{name: str(cell) for name, cell in row.items()} for row in said]
    except (ValueError, AttributeError, TypeError):
        raise RefusedError(406, "The data being imported was formatted incorrectly") from None
