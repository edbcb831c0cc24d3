"""At which timepoint of the plan somebody answered, told by the day alone.

A response that a clinic wrote does not know the trial's plan. Its day is held against the windows
of the form's timepoints; where that leaves none or more than one, a person decides.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from adapter.instruments.study import Study, Timepoint

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def local_day(moment: str, zone: ZoneInfo) -> date | None:
    """The local day of a FHIR dateTime, None where it names no day, or a time without its offset.

    None, too, where the offset leads out of all years.

    >>> local_day("2024-02-28T20:30:00Z", ZoneInfo("Australia/Sydney"))
    datetime.date(2024, 2, 29)
    """
    try:
        if _DAY.fullmatch(moment):
            return date.fromisoformat(moment)
        said = datetime.fromisoformat(moment)
    except ValueError:
        return None
    if said.tzinfo is None or len(moment) < len("YYYY-MM-DDTHH:MMZ"):
        return None
    try:
        return said.astimezone(zone).date()
    except OverflowError:
        return None


def timepoints_on(study: Study, form: str, enrolled: date, day: date) -> list[str]:
    """The timepoints of a form whose window holds this day, in the plan's order.

    A window that stays open ends where the form's next one begins: what is answered then belongs
    to the later one. What happens throughout has no window, and is never found.
    """
    points = _points(study, form)
    found = []
    for point in points:
        opens, closes = _window(point, enrolled)
        later = [_window(other, enrolled)[0] for other in points if _week(other) > _week(point)]
        if closes is None:
            closes = min(later, default=date.max) - timedelta(days=1)
        if opens <= day <= closes:
            found.append(point.id)
    return found


def _points(study: Study, form: str) -> list[Timepoint]:
    named = {point for placed in study.forms if placed.form == form for point in placed.at}
    return [point for point in study.timepoints if point.id in named and point.week is not None]


def _week(point: Timepoint) -> int:
    return point.week or 0


def _window(point: Timepoint, enrolled: date) -> tuple[date, date | None]:
    """First and last day; None for a window that stays open."""
    planned = enrolled + timedelta(weeks=_week(point))
    closes = None if point.closes_days is None else planned + timedelta(days=point.closes_days)
    return planned - timedelta(days=point.opens_days), closes
