"""What a date or a number means as a range, for it is only as exact as it was written.

Times are seconds since 1970 in UTC; a range ends before its upper bound. A date without a zone is
taken in the zone that the caller gives (https://hl7.org/fhir/R4/search.html#date).
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal

_MOMENT = re.compile(
    r"(?P<day>\d{4}(?:-\d\d){0,2})"
    r"(?P<time>T\d\d:\d\d(?::\d\d(?:\.(?P<part>\d{1,9}))?)?)?(?P<zone>Z|[+-]\d\d:\d\d)?",
    re.ASCII,
)
_NUMBER = re.compile(r"[+-]?\d{1,18}(?:\.\d{1,18})?(?:[eE][+-]?\d{1,2})?", re.ASCII)

Span = tuple[float, float]
EVER: Span = (float("-inf"), float("inf"))


def moment_span(text: str, zone: tzinfo) -> Span:
    """From when to when a FHIR date, dateTime or instant lasts.

    Raises:
        ValueError: it is none.
    """
    said = _MOMENT.fullmatch(text)
    if said is None or (said["zone"] and not said["time"]):
        raise ValueError("expected a date or a time, such as 2024-03, 2024-03-01T09:30:00+11:00")
    if said["time"] is None:
        return _days(said["day"], zone)
    if len(said["day"]) != len("2024-03-01"):
        raise ValueError("expected a whole day before the time")
    low = datetime.fromisoformat(said["day"] + said["time"][:9].ljust(9, ":").rstrip(":"))
    low = low.replace(tzinfo=zone if said["zone"] is None else _offset(said["zone"]))
    if said["part"] is not None:
        width = 10.0 ** -len(said["part"])
        start = low.timestamp() + int(said["part"]) * width
        return start, start + width
    seconds = 60 if len(said["time"]) == len("T09:30") else 1
    return low.timestamp(), low.timestamp() + seconds


def number_span(text: str) -> Span:
    """The numbers that a written one may stand for: `5.4` is from 5.35 up to 5.45.

    Raises:
        ValueError: it is no number.
    """
    number = exact_number(text)
    half = Decimal(1).scaleb(int(number.as_tuple().exponent)) / 2
    return float(number - half), float(number + half)


def exact_number(text: str) -> Decimal:
    """A number as it is written.

    Raises:
        ValueError: it is none.
    """
    if not _NUMBER.fullmatch(text):
        raise ValueError("expected a number")
    return Decimal(text)


def _days(day: str, zone: tzinfo) -> Span:
    low = datetime.fromisoformat((day + "-01-01")[:10]).replace(tzinfo=zone)
    try:
        match len(day):
            case 4:
                high = low.replace(year=low.year + 1)
            case 7:
                high = (low + timedelta(days=31)).replace(day=1)
            case _:
                high = low + timedelta(days=1)
    except (OverflowError, ValueError):  # behind it is the year 10000, which no date of FHIR has
        return low.timestamp(), EVER[1]
    return low.timestamp(), high.timestamp()


def _offset(zone: str) -> tzinfo | None:
    return datetime.fromisoformat(f"2024-01-01T00:00:00{zone}").tzinfo
