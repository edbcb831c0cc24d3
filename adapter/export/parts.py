"""NDJSON files, one resource a line, that appear under their names when they are whole.

https://hl7.org/fhir/R4/nd-json.html. Who takes over from a process that died writes the unfinished
file again, from its beginning.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from adapter.store.durable import keep_names


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that follow each other, and the place where they end in the order of what is written.

    There may be none of them. `about` are the participants whose data they hold, '' for nobody.
    """

    lines: Sequence[bytes]
    place: int
    about: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A file that is whole: its lines, the place where they end, and whom it is about."""

    count: int
    place: int
    about: tuple[str, ...]


def write_part(path: Path, blocks: Iterator[Block], enough: int) -> Part | None:
    """Writes blocks until there are so many lines; None, and no file, where there are none.

    What it says is on the disk when it is there.
    """
    unfinished = path.with_name(f".{path.name}.part")
    count, place, about = 0, 0, set[str]()
    with unfinished.open("wb") as file:
        for block in blocks:
            file.write(b"\n".join([*block.lines, b""]))
            count, place = count + len(block.lines), block.place
            about.update(block.about)
            if count >= enough:
                break
        file.flush()
        os.fsync(file.fileno())
    if count == 0:
        unfinished.unlink()
        return None
    os.replace(unfinished, path)  # noqa: PTH105 - replaces, where Path.rename may refuse
    keep_names(path.parent)
    return Part(count, place, tuple(sorted(about - {""})))
