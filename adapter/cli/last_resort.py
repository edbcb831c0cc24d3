"""What is told of an error that nobody foresaw: its kind and its places, and nothing it says.

A traceback would quote what the program met: a database names the row that it refuses (PostgreSQL:
`Failing row contains ...`), and a conversion the text that it was given.
"""

from __future__ import annotations

import traceback
from pathlib import Path

_HEAD = (
    "An error that nobody foresaw. What was committed is whole. What it says is withheld, for it "
    "may hold an answer; report these lines:"
)


def told_without_words(wrong: Exception) -> str:
    """The kinds of the error and of what led to it, and where each was raised, the last first."""
    lines = []
    each: BaseException | None = wrong
    while each is not None:
        frames = reversed(traceback.extract_tb(each.__traceback__))
        places = ", ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
        lines.append(f"  {type(each).__module__}.{type(each).__name__} at {places}")
        each = each.__cause__ or each.__context__
    return "\n".join((_HEAD, *lines))
