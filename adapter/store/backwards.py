"""Files of lines, read from their end: what was appended last comes first.

A page of a long log costs what the page is long, and a place in it stays what it is while others
append. Lines stand in the order of their times, for as long as nobody sets a clock back.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

AT_ONCE = 1 << 16


def end_of(path: Path) -> int:
    """Where the last whole line ends, in bytes; 0 for a file without one."""
    for place, line in lines_before(path, path.stat().st_size):
        return place + len(line)
    return 0


def lines_before(path: Path, end: int, at_once: int = AT_ONCE) -> Iterator[tuple[int, bytes]]:
    """The whole lines that end at a place or before it, the last first, each with its beginning.

    What stands between the last of them and the place is passed over: it is half a line. So many
    bytes are read `at_once`.
    """
    with path.open("rb") as file:
        begins, tail = min(end, os.fstat(file.fileno()).st_size), b""
        is_whole = False  # whether the end of what was read is that of a line
        while begins > 0:
            size = min(at_once, begins)
            begins -= size
            tail = os.pread(file.fileno(), size, begins) + tail
            if not is_whole:
                whole = tail.rfind(b"\n") + 1
                tail, is_whole = tail[:whole], whole > 0
            lines = tail.splitlines(keepends=True)
            first = 0 if begins == 0 else 1  # the first of them may go on before
            place = begins + len(tail)
            for line in reversed(lines[first:]):
                place -= len(line)
                yield place, line
            tail = lines[0] if lines and first else b""


def place_of(path: Path, end: int, is_before: Callable[[bytes], bool]) -> int:
    """The first place, `end` at most, whose line is not `before` any more; lines are in order."""
    low, high = 0, end  # every line that begins before `low` is before; `low` begins one
    with path.open("rb") as file:
        while low < high:
            middle = (low + high) // 2
            file.seek(max(middle - 1, 0))
            begins = max(middle - 1, 0) + len(file.readline()) if middle else 0
            line = file.readline() if begins < high else b""
            if line and is_before(line):
                low = begins + len(line)
            else:
                high = middle
    return low
