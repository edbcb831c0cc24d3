"""Days and numbers as a clinician reads them, in one way everywhere."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_MINUS = "\N{MINUS SIGN}"


def day_in_words(text: str) -> str:
    """The local day of a FHIR dateTime: `14 Jun 2023`; what is no whole day stays as it is.

    >>> day_in_words("2023-06-14T20:15:09+10:00")
    '14 Jun 2023'
    """
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        return text or "date not known"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def moment_in_words(text: str) -> str:
    """A moment to the minute, in the zone that it was told in: `14 Jun 2023, 20:15 +10:00`.

    >>> moment_in_words("2023-06-14T20:15:09+00:00")
    '14 Jun 2023, 20:15 UTC'
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    zone = text[-6:] if moment.utcoffset() else "UTC"
    return f"{day_in_words(text)}, {moment:%H:%M} {zone}"


def value_in_words(value: Decimal) -> str:
    """A score with the places that it was told with.

    >>> value_in_words(Decimal("61.20"))
    '61.20'
    """
    return f"{value:f}".replace("-", _MINUS)


def change_in_words(points: Decimal) -> str:
    """A change with its sign, a true minus, and no sign at 0.

    >>> change_in_words(Decimal("-8")) == "\N{MINUS SIGN}8"
    True
    """
    return f"{points:+f}".replace("-", _MINUS) if points else "0"
