"""The memory of a record system across restarts: one line of JSON per interaction, appended.

A line is on the disk before its interaction is acknowledged, so that a kill at any moment loses
nothing that was acknowledged and never leaves half a transaction: a last line without its end is
dropped.
"""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from adapter.errors import SourceError
from adapter.fhir.operation_outcome import RefusalError
from adapter.fhir.r4 import load_exactly
from adapter.simulate.versions import Version, build_version, instant, write_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


class Journal:
    """An NDJSON file of interactions, each with the versions it wrote."""

    def __init__(self, path: Path) -> None:
        """Creates the file, where it does not exist, for nobody else to read."""
        path.touch(mode=0o600)
        self._path = path
        self._end = 0

    def replay(self) -> Iterator[list[Version]]:
        """The versions of each interaction, in their order. To be read to its end before `append`.

        Raises:
            SourceError: A line is damaged, other than the last one that was never ended.
        """
        with self._path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if line.endswith(b"\n"):
                    yield _read_line(line, f"{self._path}:{number}")
                    self._end += len(line)

    def append(self, versions: Iterable[Version]) -> None:
        """Writes one interaction and waits until the disk has it."""
        line = write_json([_writing(version) for version in versions]) + b"\n"
        with self._path.open("r+b", buffering=0) as file:
            file.truncate(self._end)  # what a failed write or a torn line left behind
            file.seek(self._end)
            rest = memoryview(line)
            while rest:
                rest = rest[file.write(rest) :]
            os.fsync(file)
        self._end += len(line)


def _writing(version: Version) -> dict[str, object]:
    if version.body is None:
        return {
            "type": version.type,
            "id": version.id,
            "version": version.number,
            "lastUpdated": instant(version.last_updated),
            "method": version.method,
        }
    return {"method": version.method, "resource": orjson.Fragment(version.body)}


def _read_line(line: bytes, place: str) -> list[Version]:
    try:
        return _read_writings(line)
    except (ValueError, KeyError, TypeError, AttributeError, RefusalError):
        raise SourceError(
            f"{place}: expected one interaction of a record system; found something else. "
            "Restore the file, or remove it to begin with an empty record system."
        ) from None


def _read_writings(line: bytes) -> list[Version]:
    writings = load_exactly(line)
    if not isinstance(writings, list):
        raise TypeError("an array is expected")
    return [_read_writing(writing) for writing in writings]


def _read_writing(writing: dict[str, Any]) -> Version:
    resource = writing.get("resource")
    if resource is None:
        return Version(
            type=writing["type"],
            id=writing["id"],
            number=writing["version"],
            last_updated=datetime.fromisoformat(writing["lastUpdated"]),
            method=writing["method"],
            body=None,
        )
    return build_version(resource, (resource["resourceType"], resource["id"]), writing["method"])
