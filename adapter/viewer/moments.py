"""Times of resources as the page tells and sorts them: by the clocks of the study's zone.

A record system may tell an instant in any zone. What has no time of day, or no offset, is no
instant: it is told as it was, and nothing is invented.
"""

from __future__ import annotations

import math
from datetime import date, datetime, tzinfo


def in_zone(text: str, zone: tzinfo) -> str:
    """A FHIR dateTime as the clocks of a zone told it; what is no instant stays as it is.

    >>> from zoneinfo import ZoneInfo
    >>> in_zone("2024-03-01T22:30:00Z", ZoneInfo("Australia/Sydney"))
    '2024-03-02T09:30:00+11:00'
    """
    moment = _instant(text)
    if moment is None:
        return text
    try:
        return moment.astimezone(zone).isoformat()
    except OverflowError:  # the offset leads out of all years
        return text


def in_order(text: str) -> tuple[str, float, str]:
    """What sorts the times of one zone: by instant, a day before its hours, '' before all."""
    moment = _instant(text)
    return text[:10], -math.inf if moment is None else moment.timestamp(), text


def day_of(text: str) -> date | None:
    """The local day of a FHIR date or dateTime, None where it is not known to the day."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _instant(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment
