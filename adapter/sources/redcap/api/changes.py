"""What has changed in a REDCap project since it was read last, by its log and in its own time.

The log's times are the server's local ones, without a zone and in minutes; a position is one of
them. It is never taken from our own clock: before anything was logged, the server's own clock (its
HTTP date, in UTC) says a moment that is over in every time zone. A position is gone back behind by
an overlap that is longer than the hour that comes twice when the clocks are put back.

What could not be verified is how REDCap words a rename. Whatever looks like one makes this a full
reading, and a full reading finds every rename without the log. Sources: API help of REDCap 14
(Export Logging; times of the server); REDCapR#320 (the log since 10.8.0), #478 (its column `record`
since 13.4.9), #323 (dateRangeBegin is answered out of the log); redcapAPI#431 (a project that was
cleared logs no deletions).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from adapter.sources.redcap.api.connection import Connection
from adapter.sources.redcap.api.setup import Setup
from adapter.sources.redcap.api.trouble import RefusedError
from adapter.sources.rows import Row

HAS_LOG = (10, 8, 0)
_MINUTES = "%Y-%m-%d %H:%M"
_SECONDS = "%Y-%m-%d %H:%M:%S"
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?")
_ANY_ZONE = timedelta(hours=13)  # it is twelve hours earlier at most, and then an hour to be sure
_NEITHER = re.compile(r"\s*(create|delete)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Changes:
    """What the log says. `position` is where to go on from, None where that is not known.

    `deleted` are records that were deleted since; `is_unclear`: something happened that only a full
    reading can tell. `has_log`: the log may be read.
    """

    position: str | None
    deleted: frozenset[str] = frozenset()
    is_unclear: bool = False
    has_log: bool = True


def read_changes(connection: Connection, setup: Setup, since: str | None) -> Changes:
    """What the log says of the time since `since`; None: there is no such time yet.

    Raises:
        SourceError: the project cannot be read.
    """
    if setup.version < HAS_LOG:
        return Changes(None, is_unclear=True, has_log=False)
    begin = since if since is not None else _over_everywhere(connection.server_time)
    if begin is None:
        return Changes(None, is_unclear=True)
    try:
        entries = list(_entries(connection, beginTime=begin))
        if since is None:
            return Changes(_newest(entries, begin), is_unclear=True)
        deletions = list(_entries(connection, beginTime=begin, logtype="record_delete"))
    except RefusedError:  # the token's user may not read it
        return Changes(None, is_unclear=True, has_log=False)
    deleted = frozenset(entry.get("record", "") for entry in deletions)
    renames = (not entry or _is_rename(entry, setup.record_id) for entry in entries)
    is_unclear = "" in deleted or any(renames)
    return Changes(_newest(entries, begin), deleted, is_unclear)


def before(position: str, overlap: timedelta) -> str:
    """A position, gone back behind by an overlap; in minutes, as the log wants it.

    Example:
        >>> before("2024-04-07 02:10", timedelta(minutes=75))
        '2024-04-07 00:55'
    """
    return (_moment(position) - overlap).strftime(_MINUTES)


def _newest(entries: list[dict[str, str]], begin: str) -> str:
    """The newest moment that the log tells, or where it was begun to be read."""
    return max(
        (entry["timestamp"][:16] for entry in entries if _is_time(entry.get("timestamp", ""))),
        default=begin,
    )


def _is_rename(entry: dict[str, str], record_id: str) -> bool:
    """Whether it sets a record's name, and neither creates nor deletes one."""
    action, details = entry.get("action", ""), entry.get("details", "")
    names = details.lstrip().startswith(f"{record_id} = ")
    return "rename" in action.lower() or (names and not _NEITHER.match(action))


def _entries(connection: Connection, **said: str) -> Iterator[dict[str, str]]:
    """The entries of the log; one that cannot be read says nothing."""
    rows = connection.rows("log", **said)
    for row in rows.rows():
        yield dict(zip(rows.header, row.cells, strict=True)) if isinstance(row, Row) else {}


def _over_everywhere(server_time: datetime | None) -> str | None:
    if server_time is None:
        return None
    return (server_time.astimezone(UTC) - _ANY_ZONE).strftime(_MINUTES)


def _moment(text: str) -> datetime:
    pattern = _MINUTES if len(text) == len("2024-04-07 02:10") else _SECONDS
    return datetime.strptime(text, pattern)  # noqa: DTZ007 - the server's local time


def _is_time(text: str) -> bool:
    if not _TIME.fullmatch(text):
        return False
    try:
        _moment(text)
    except ValueError:
        return False
    return True
