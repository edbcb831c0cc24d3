"""Local times of the source as FHIR dateTimes: the study's zone is added, nothing is invented.

FHIR asks for an offset whenever a time is given (https://hl7.org/fhir/R4/datatypes.html#dateTime);
REDCap stores wall-clock time without one. A day stays a day: midnight is never made up.
"""

from __future__ import annotations

import functools
import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_SHAPE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2})(:\d{2})?)?")


class BadTimeError(ValueError):
    """The text is no date or local time; the message says what was expected."""


def local_datetime(text: str, zone: str) -> str:
    """A FHIR dateTime of a local date or time; without a time it stays a date.

    An hour that the clocks run through twice is taken as the first one, and seconds that the source
    does not hold are written as 00, because FHIR knows no shorter time.

    Raises:
        BadTimeError: not `YYYY-MM-DD[ HH:MM[:SS]]`, not in the calendar, or an hour that the zone
        skips.

    >>> local_datetime("2023-04-02 02:30:00", "Australia/Sydney")
    '2023-04-02T02:30:00+11:00'
    >>> local_datetime("2023-04-02", "Australia/Sydney")
    '2023-04-02'
    """
    shape = _SHAPE.fullmatch(text.strip())
    if shape is None:
        raise BadTimeError("a date YYYY-MM-DD, with or without a time HH:MM:SS")
    day, minute, second = shape.groups()
    try:
        if minute is None:
            return date.fromisoformat(day).isoformat()
        local = datetime.fromisoformat(f"{day}T{minute}{second or ':00'}")
    except ValueError:
        raise BadTimeError("a date and time that exist in the calendar") from None
    return _with_offset(local, zone)


@functools.lru_cache(maxsize=4096)
def _with_offset(local: datetime, zone: str) -> str:
    aware = local.replace(tzinfo=ZoneInfo(zone))
    if aware.astimezone(UTC).astimezone(aware.tzinfo).replace(tzinfo=None) != local:
        raise BadTimeError(f"a local time that exists in {zone} (the clocks skip this hour)")
    return aware.isoformat()


def day_of(text: str) -> date:
    """The local day of a source's date or time.

    Raises:
        BadTimeError: as `local_datetime`.
    """
    return date.fromisoformat(local_datetime(text, "UTC")[:10])


def end_of_window(enrolled: date, week: int, closes_days: int, zone: str) -> datetime:
    """The moment an assessment window closes: the end of its last local day."""
    last = enrolled + timedelta(weeks=week, days=closes_days + 1)
    return datetime(last.year, last.month, last.day, tzinfo=ZoneInfo(zone))
