"""One value as ODM holds it, and as the study file reads it: raw text, local times, 1 and 0.

Untyped (`ItemData` with `Value`), typed (`ItemDataInteger` and its like, ODM 1.3) and ODM 2.0's
`Value` elements all become the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from adapter.sources.odm.document import Element

DOCUMENT = "[document]"
"""What stands for the content of a file, as in REDCap's flat exports: nobody maps it."""
TYPED = (
    "Any",
    "String",
    "Integer",
    "Float",
    "Double",
    "Date",
    "Time",
    "Datetime",
    "Boolean",
    "HexBinary",
    "Base64Binary",
    "HexFloat",
    "Base64Float",
    "PartialDate",
    "PartialTime",
    "PartialDatetime",
    "DurationDatetime",
    "IntervalDatetime",
    "IncompleteDatetime",
    "IncompleteDate",
    "IncompleteTime",
    "URI",
)
"""What `ItemData` may end in."""
_TIMES = {"datetime", "partialDatetime", "incompleteDatetime"}
_BOOLEANS = {"true": "1", "false": "0"}


@dataclass(slots=True)
class Cell:
    """What is held for one item: its value, or values; `unit` and `entered` as written, or empty.

    `entered` is the first time that the item's own audit trail has.
    """

    values: tuple[str, ...]
    line: int
    unit: str = ""
    entered: str = ""

    @property
    def size(self) -> int:
        """About how much memory it takes, in bytes."""
        return 256 + sum(map(len, self.values))


def read_cell(element: Element) -> Cell | None:
    """The value of an item's element; None where it is null or blank."""
    line = element.sourceline or 0
    unit = element.find("{*}MeasurementUnitRef")
    stamp = element.find("{*}AuditRecord/{*}DateTimeStamp")
    values = _values(element)
    if not values or element.get("IsNull") == "Yes":
        return None
    return Cell(
        values,
        line,
        unit=element.get("MeasurementUnitOID", "")
        if unit is None
        else unit.get("MeasurementUnitOID", ""),
        entered="" if stamp is None else "".join(stamp.itertext()).strip(),
    )


def as_read(raw: str, data_type: str, zone: str) -> str:
    """A value as a source gives it: yes and no as 1 and 0, times with an offset as local times."""
    if data_type == "boolean":
        return _BOOLEANS.get(raw.strip().lower(), raw)
    return (local_time(raw, zone) or raw) if data_type in _TIMES else raw


def local_time(text: str, zone: str) -> str:
    """An ODM dateTime as the local time `YYYY-MM-DD HH:MM:SS`, a date as it stands; else empty.

    The second time that the clocks run through an hour keeps its offset, or it would be the first.
    A time without an offset in an hour that they skip is no moment, and stays as it stands.
    """
    told = instant(text, zone)
    if told is None:
        return ""
    if len(text) <= len("YYYY-MM-DD"):
        return told.date().isoformat()
    said = datetime.fromisoformat(text)
    if said.tzinfo is None and said != told.replace(tzinfo=None):
        return text
    local = told.astimezone(ZoneInfo(zone))
    return (local if local.fold else local.replace(tzinfo=None)).isoformat(" ", "seconds")


def instant(text: str, zone: str) -> datetime | None:
    """The moment that an ODM date or dateTime tells, None where it is none.

    Without an offset it is local, as ODM has it.
    """
    try:
        told = datetime.fromisoformat(text)
        aware = told if told.tzinfo else told.replace(tzinfo=ZoneInfo(zone))
        return aware.astimezone(UTC).astimezone(aware.tzinfo)
    except (ValueError, OverflowError):
        return None


def _values(element: Element) -> tuple[str, ...]:
    if str(element.tag).endswith("Binary"):
        has_content = bool((element.text or "").strip() or element.get("Value", "").strip())
        return (DOCUMENT,) if has_content else ()
    said = element.get("Value")
    if said is not None:
        return (said,) if said.strip() else ()
    several = [
        ("".join(each.itertext()).strip(), each.get("SeqNum", ""))
        for each in element.iterchildren("{*}Value")
    ]
    if several:
        several.sort(key=lambda each: int(each[1]) if each[1].isdecimal() else 0)
        return tuple(text for text, _ in several if text)
    text = (element.text or "").strip()
    return (text,) if text else ()
