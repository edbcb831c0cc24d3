"""What a source says of days that cannot be: later than the reading, or not said at all.

Nothing of it is kept back: an answer counts whenever it was given. But a day that has not come yet
is a slip of somebody's, or a clock that is wrong, and files the answer where nobody looks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from adapter.errors import Problem
from adapter.instruments.facts import day_to_come
from adapter.instruments.form import Form
from adapter.instruments.response import Record
from adapter.instruments.study import FormPlacement, Study
from adapter.instruments.time import is_later

_MOMENTS = frozenset({"date", "detected", "recordedDate", "resolveDate", "awareness", "reported"})
"""The elements of an adverse event that are a day, or a moment."""


def last_day(as_of: datetime, now: str, study: Study) -> str:
    """The last local day that may stand in a source: one day of grace, for clocks and zones."""
    latest = max(as_of, datetime.fromisoformat(now))
    return (latest.astimezone(study.zone) + timedelta(days=1)).date().isoformat()


def days_to_come(record: Record, form: Form, study: Study, last: str) -> Iterator[Problem]:
    """A warning for each day of a form that is later than `last`.

    What is no day, or is a code for a missing one, is told elsewhere.
    """
    placement = study.placement_of(record.form)
    completed_at = placement.completed_at if placement else None
    if is_later(record.completed_at, last, study.timezone):
        yield day_to_come(record.origin, completed_at or f"{record.form}_timestamp")
    for column in _columns(form, placement):
        raw = record.values.get(column, "")
        if raw not in study.missing_codes and is_later(raw, last, study.timezone):
            yield day_to_come(record.origin, column)


def tells_no_day(record: Record, form: Form, study: Study) -> bool:
    """Whether nothing of a form instance says when it was answered, or when it happened."""
    columns = _columns(form, study.placement_of(record.form))
    said = {record.completed_at, *(record.values.get(column, "") for column in columns)}
    return said - study.missing_codes.keys() <= {""}


def _columns(form: Form, placement: FormPlacement | None) -> Iterator[str]:
    """The columns of an adverse event's days, none of another form."""
    names = placement.fields if placement else {}
    return (names.get(item.field, item.field) for item in form.items if item.element in _MOMENTS)
