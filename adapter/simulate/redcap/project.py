"""A REDCap project that is at work: its values, and the log of everything done to them.

Every change goes through `save`, `clear`, `delete` and `rename`, which write the log as REDCap
does. Times are the server's local time without a zone. How REDCap words a rename in its log could
not be verified: it is written here as an update that sets the record id, without the old name.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from adapter.simulate.redcap.design import Design

LogType = Literal["record_add", "record_edit", "record_delete", "export", "manage"]
USER = "simulator"
_NUMBERS = re.compile(r"(\d+)")


class Place(NamedTuple):
    """One row: record, event ('' in a classic project), repeating form, and number of the repeat.

    A repeating event has a number and no form.
    """

    record: str
    event: str = ""
    form: str = ""
    instance: int | None = None


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of the log; `record` is '' for what is about none."""

    at: datetime
    type: LogType
    action: str
    details: str
    record: str = ""


@dataclass
class RedcapProject:
    """A project: its design, its values by place and column, its log.

    `now` gives the server's local time. A value that is blank is not stored, as in REDCap; an
    unchecked box neither. `groups` is the data access group by record, `reports` the columns' forms
    by report id, `may_read_log` a right of the user, `lock` is held for the whole of an exchange.
    `saved` is told of a row, the forms of it that were saved, and what it holds then.
    """

    design: Design
    now: Callable[[], datetime]
    values: dict[Place, dict[str, str]] = field(default_factory=dict)
    log: list[LogEntry] = field(default_factory=list)
    groups: dict[str, str] = field(default_factory=dict)
    reports: dict[str, tuple[str, ...]] = field(default_factory=dict)
    may_read_log: bool = True
    saved: Callable[[Place, Iterable[str], Mapping[str, str]], None] = lambda *_: None
    lock: threading.RLock = field(default_factory=threading.RLock)
    _ordered: list[Place] = field(default_factory=list, repr=False)

    def save(self, place: Place, cells: Mapping[str, str], suffix: str = "") -> None:
        """Stores cells of one row; a blank one is taken out. Nothing is logged for no change."""
        is_new = place.record not in self.records()
        row = self.values.get(place, {})
        changed = {name: text for name, text in cells.items() if row.get(name, "") != text}
        if not changed and place in self.values:
            return
        self.values[place] = {name: text for name, text in {**row, **changed}.items() if text}
        details = ", ".join(f"{name} = '{text}'" for name, text in changed.items())
        if is_new:
            named = f"{self.design.record_id} = '{place.record}'"
            details = ", ".join(filter(None, (named, details)))
        self._note(
            "record_add" if is_new else "record_edit",
            f"{'Create' if is_new else 'Update'} record{suffix} {place.record}",
            details,
            place.record,
        )
        columns = self.design.column_by_name
        forms = dict.fromkeys(columns[name].form for name in changed if name in columns)
        self.saved(place, forms, self.values[place])

    def clear(self, place: Place, form: str) -> None:
        """Deletes all data of one form in one row; a repeat's row goes with its last value."""
        names = self.design.names_by_form[form]
        row = self.values[place]
        gone = [name for name in row if name in names]
        self.values[place] = {name: text for name, text in row.items() if name not in names}
        if not self.values[place] and place.instance is not None:
            del self.values[place]
        details = ", ".join(f"{name} = ''" for name in gone)
        self._note("record_edit", f"Update record {place.record}", details, place.record)

    def delete(self, record: str, suffix: str = "") -> bool:
        """Deletes a record; False where there is none."""
        places = [place for place in self.values if place.record == record]
        for place in places:
            del self.values[place]
        if not places:
            return False
        self.groups.pop(record, None)
        details = f"{self.design.record_id} = '{record}'"
        self._note("record_delete", f"Delete record{suffix} {record}", details, record)
        return True

    def rename(self, old: str, new: str, suffix: str = "") -> bool:
        """Gives a record another name; False where there is none, or the new one is taken."""
        known = self.records()
        if old not in known or new in known:
            return False
        self.values = {
            place._replace(record=new) if place.record == old else place: row
            for place, row in self.values.items()
        }
        if old in self.groups:
            self.groups[new] = self.groups.pop(old)
        details = f"{self.design.record_id} = '{new}'"
        self._note("record_edit", f"Update record{suffix} {new}", details, new)
        return True

    def note_export(self) -> None:
        """An export of records is logged like everything else."""
        self._note("export", "Data export (API)", "")

    def records(self) -> list[str]:
        """The names of all records, in REDCap's order."""
        return sorted({place.record for place in self.values}, key=natural)

    def places(self) -> list[Place]:
        """All rows, in the order of an export: by record, event, repeating form and number."""
        if not self._ordered:
            forms = {form: number for number, form in enumerate(self.design.forms, start=1)}
            self._ordered = sorted(
                self.values,
                key=lambda place: (
                    natural(place.record),
                    self.design.order.get(place.event, -1),
                    forms.get(place.form, 0),
                    place.instance or 0,
                ),
            )
        return self._ordered

    def changed_between(self, begin: datetime | None, end: datetime | None) -> frozenset[str]:
        """The records that were created or changed in a stretch of the server's time."""
        return frozenset(
            entry.record
            for entry in self.log
            if entry.type in {"record_add", "record_edit"}
            and (begin is None or entry.at >= begin)
            and (end is None or entry.at <= end)
        )

    def _note(self, kind: LogType, action: str, details: str, record: str = "") -> None:
        if kind != "export":
            self._ordered = []  # whatever is changed is logged
        self.log.append(LogEntry(self.now(), kind, action, details, record))


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """The order in which REDCap lists names: numbers by their size, the rest by its letters."""
    return tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part)
        for part in _NUMBERS.split(name)
        if part
    )
