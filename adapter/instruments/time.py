"""Local times of the source as FHIR dateTimes: the study's zone is added, nothing is invented.

FHIR asks for an offset whenever a time is given (https://hl7.org/fhir/R4/datatypes.html#dateTime);
REDCap stores wall-clock time without one. A day stays a day: midnight is never made up.
"""

from __future__ import annotations

import functools
import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_SHAPE = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}):([0-5]\d)(?::([0-5]\d)([+-]\d{2}:\d{2})?)?)?"
)


class BadTimeError(ValueError):
    """The text is no date or local time; the message says what was expected."""


def local_datetime(text: str, zone: str) -> str:
    """A FHIR dateTime of a local date or time; without a time it stays a date.

    An hour that the clocks run through twice is taken as the first one, unless the text has the
    offset of the other; no other hour may have one. Seconds that the source does not hold are
    written as 00, because FHIR knows no shorter time.

    Raises:
        BadTimeError: not `YYYY-MM-DD[ HH:MM[:SS]]`, not in the calendar, or an hour that the zone
        skips.

    >>> local_datetime("2023-04-02 02:30:00", "Australia/Sydney")
    '2023-04-02T02:30:00+11:00'
    >>> local_datetime("2023-04-02", "Australia/Sydney")
    '2023-04-02'
    """
    day, hour, minute, second, stated = _shape_of(text).groups()
    try:
        if hour is None:
            return date.fromisoformat(day).isoformat()
        offset = _offset_in(f"{day}T{hour}", zone)
    except ValueError:
        raise BadTimeError("a date and time that exist in the calendar") from None
    if offset and stated:
        raise BadTimeError("a local time without an offset")
    local = f"{day}T{hour}:{minute}:{second or '00'}"
    told = f"{local}{offset}" if offset else _with_offset(local, stated, zone)
    if len(told) > len("YYYY-MM-DDTHH:MM:SS+HH:MM"):
        raise BadTimeError(f"a time since {zone} has had an offset of whole minutes")
    return told


def _shape_of(text: str) -> re.Match[str]:
    shape = _SHAPE.fullmatch(text.strip())
    if shape is None:
        raise BadTimeError("a date YYYY-MM-DD, with or without a time HH:MM:SS")
    return shape


@functools.lru_cache(maxsize=65_536)
def _offset_in(hour: str, zone: str) -> str | None:
    """The zone's offset all through a local hour, None where the clocks change in it.

    People fill in several forms within an hour, so this is asked once for all of them.
    """
    first = datetime.fromisoformat(f"{hour}:00").replace(tzinfo=ZoneInfo(zone))
    last = first.replace(minute=59, second=59, fold=1)
    return first.isoformat()[19:] if first.utcoffset() == last.utcoffset() else None


def _with_offset(local: str, stated: str | None, zone: str) -> str:
    aware = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone))
    there_and_back = aware.astimezone(UTC).astimezone(aware.tzinfo)
    if there_and_back.replace(tzinfo=None) != aware.replace(tzinfo=None):
        raise BadTimeError(f"a local time that exists in {zone} (the clocks skip this hour)")
    for moment in (aware, aware.replace(fold=1)):
        if stated is None or moment.isoformat()[19:] == stated:
            return moment.isoformat()
    raise BadTimeError(f"a local time, with no other offset than {zone} has in this hour")


def day_of(text: str, zone: str) -> date:
    """The local day of a source's date or time; an hour that the clocks skip has one, too.

    Raises:
        BadTimeError: as `local_datetime`, but for such an hour.
    """
    has_offset = _shape_of(text)[5] is not None  # it is one of the zone, or none at all
    return date.fromisoformat(local_datetime(text, zone if has_offset else "UTC")[:10])


def is_later(text: str, last: str, zone: str) -> bool:
    """Whether a source's date or time is of a later local day than `last`; not where it is none.

    >>> is_later("2024-03-02 09:30", "2024-03-01", "Australia/Sydney")
    True
    >>> is_later("9999", "2024-03-01", "Australia/Sydney")
    False
    """
    if text.lstrip()[: len(last)] <= last:  # nearly always: nothing has to be read
        return False
    try:
        return day_of(text, zone).isoformat() > last
    except BadTimeError:
        return False


def end_of_window(enrolled: date, week: int, closes_days: int, zone: str) -> datetime:
    """The moment an assessment window closes: the end of its last local day.

    9999-12-31 is a common stand-in for `never`: a window that reaches beyond it closes then.
    """
    try:
        last = enrolled + timedelta(weeks=week, days=closes_days + 1)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)
    return datetime(last.year, last.month, last.day, tzinfo=ZoneInfo(zone))
