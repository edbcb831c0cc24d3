"""How long to wait before another machine is asked again.

What it asked for itself comes first: Retry-After, in seconds or as a date (RFC 9110, 10.2.3).
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 60.0


def retry_after_seconds(said: str, now: datetime) -> float | None:
    """What a Retry-After header asks for; None where it says nothing that can be understood.

    `now` is the present moment, aware.

    Example:
        >>> retry_after_seconds("120", datetime(2024, 3, 1, tzinfo=UTC))
        120.0
    """
    said = said.strip()
    if said.isascii() and said.isdecimal():
        return float(said)
    until = moment_of(said)
    return None if until is None else max(0.0, (until - now).total_seconds())


def moment_of(said: str) -> datetime | None:
    """The moment that an HTTP date names, aware; None where it is none."""
    try:
        moment: datetime = parsedate_to_datetime(said)
    except ValueError:
        return None
    # `-0000`: Greenwich, and nobody says from where (RFC 5322, 3.3).
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def wait_seconds(failures: int, asked_seconds: float | None, chance: float = 1.0) -> float:
    """What was asked for; else half a second, doubled with every failure in a row.

    `chance`, between 0 and 1, takes up to half of it away, so that not all come back at once.
    """
    if asked_seconds is not None:
        return asked_seconds
    longest = min(_FIRST_WAIT_SECONDS * 2.0 ** (failures - 1), _LONGEST_WAIT_SECONDS)
    return longest * (1 + chance) / 2
