"""NDJSON files, one resource a line, that appear under their names when they are whole.

https://hl7.org/fhir/R4/nd-json.html. Who takes over from a process that died writes the unfinished
file again, from its beginning.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

LINES_A_WRITE = 256


@dataclass(frozen=True, slots=True)
class Line:
    """One line, the place that it has in the order of what is written, and whose data it is.

    `about` is a participant, '' for nobody.
    """

    place: int
    text: bytes
    about: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A file that is whole: its lines, the place of its last one, whom it is about, its SHA-256."""

    count: int
    place: int
    about: tuple[str, ...]
    sha256: str


def write_part(path: Path, lines: Iterator[Line], most: int) -> Part | None:
    """Writes up to so many lines; None, and no file, where there are none.

    What it says is on the disk when it is there.
    """
    unfinished = path.with_name(f".{path.name}.part")
    digest, count, place, about = hashlib.sha256(), 0, 0, set[str]()
    with unfinished.open("wb") as file:
        for batch in _batches(islice(lines, most)):
            text = b"\n".join([*(line.text for line in batch), b""])
            digest.update(text)
            file.write(text)
            count, place = count + len(batch), batch[-1].place
            about.update(line.about for line in batch)
        file.flush()
        os.fsync(file.fileno())
    if count == 0:
        unfinished.unlink()
        return None
    os.replace(unfinished, path)  # noqa: PTH105 - replaces, where Path.rename may refuse
    return Part(count, place, tuple(sorted(about - {""})), digest.hexdigest())


def _batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    waiting = iter(lines)
    while batch := list(islice(waiting, LINES_A_WRITE)):
        yield batch
