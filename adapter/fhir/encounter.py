"""In which Encounter of a clinic a result is filed, where the clinic files none outside of one.

The Encounter whose period covers the day of the answer, in the study's zone; else the next one that
began behind it, up to so many days; never one that is yet to begin. Of several that cover the day,
and of several that begin on the next one, it is the one with the latest start. None is ever made.

A period without an end goes on until now, unless the Encounter is finished: then it is its first
day. One that names no day cannot be told, and is passed over.

Source: https://hl7.org/fhir/R4/encounter.html, https://hl7.org/fhir/R4/datatypes.html#Period
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

Resource = dict[str, Any]
How = Literal["covers", "follows"]
OVER = frozenset({"finished", "cancelled", "entered-in-error"})
_DAY_LETTERS = len("2024-03-20")


@dataclass(frozen=True, slots=True)
class Sought:
    """What an Encounter must be like: of this day of `zone`, or so many days behind it, by `now`.

    `statuses` are those that it may have; `classes` and `types` are codes, or `system|code`, of
    which it must have one, empty for any. `now` is aware.
    """

    day: date
    zone: ZoneInfo
    now: datetime
    within_days: int
    statuses: frozenset[str]
    classes: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Chosen:
    """The id of an Encounter, and how it was chosen: it covers the day, or follows it."""

    id: str
    how: How


@dataclass(frozen=True, slots=True)
class _Stay:
    """An Encounter's days, both included, and the moment it began at."""

    start: datetime
    first: date
    last: date
    id: str


def choose_encounter(encounters: Iterable[Resource], sought: Sought) -> Chosen | None:
    """The Encounter that a result of this day is filed in, None where there is none yet."""
    stays = [
        stay
        for each in encounters
        if _is_of_the_kind(each, sought) and (stay := _stay(each, sought)) is not None
    ]
    covering = [stay for stay in stays if stay.first <= sought.day <= stay.last]
    if covering:
        return Chosen(max(covering, key=_latest).id, "covers")
    until = sought.day + timedelta(days=sought.within_days)
    following = [stay for stay in stays if sought.day < stay.first <= until]
    if not following:
        return None
    soonest = min(stay.first for stay in following)
    next_ones = [stay for stay in following if stay.first == soonest]
    return Chosen(max(next_ones, key=_latest).id, "follows")


def day_of(moment: object, zone: ZoneInfo) -> date | None:
    """The day of a FHIR dateTime in a zone; None for what tells no day."""
    said = _read(moment, zone)
    return None if said is None else said.date()


# Private functions


def _latest(stay: _Stay) -> tuple[datetime, str]:
    return stay.start, stay.id  # the id decides alone where two began at the same moment


def _stay(encounter: Resource, sought: Sought) -> _Stay | None:
    period = encounter.get("period")
    said = period if isinstance(period, dict) else {}
    start = _read(said.get("start"), sought.zone)
    name = encounter.get("id")
    if start is None or start > sought.now or not isinstance(name, str):
        return None
    last = day_of(said.get("end"), sought.zone)
    if last is None:
        is_over = encounter.get("status") in OVER
        last = start.date() if is_over else sought.now.astimezone(sought.zone).date()
    return _Stay(start, start.date(), last, name)


def _read(said: object, zone: ZoneInfo) -> datetime | None:
    """A dateTime as a moment in the zone: of a day alone its beginning; of less, None."""
    if not isinstance(said, str) or len(said) < _DAY_LETTERS:
        return None
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        return None
    if moment.tzinfo is None:  # with a time, R4 asks for a zone: without one it tells no moment
        return moment.replace(tzinfo=zone) if len(said) == _DAY_LETTERS else None
    return moment.astimezone(zone)


def _is_of_the_kind(encounter: Resource, sought: Sought) -> bool:
    types = encounter.get("type")
    kinds = [each for each in types if isinstance(each, dict)] if isinstance(types, list) else []
    codings = [coding for kind in kinds for coding in _listed(kind.get("coding"))]
    return (
        encounter.get("status") in sought.statuses
        and _has_one(_listed([encounter.get("class")]), sought.classes)
        and _has_one(codings, sought.types)
    )


def _listed(said: object) -> Iterator[Resource]:
    for each in said if isinstance(said, list) else ():
        if isinstance(each, dict):
            yield each


def _has_one(codings: Iterable[Resource], wanted: frozenset[str]) -> bool:
    named = {
        said
        for coding in codings
        for code in (str(coding.get("code", "")),)
        for said in (code, f"{coding.get('system', '')}|{code}")
    }
    return not wanted or not wanted.isdisjoint(named)
