"""What is told of an error that nobody foresaw: its kind and its places, and nothing it says.

A traceback would quote what the program met: a database names the row that it refuses (PostgreSQL:
`Failing row contains ...`), and a conversion the text that it was given.
"""

from __future__ import annotations

from adapter.errors import kinds_and_places

_HEAD = (
    "An error that nobody foresaw. What was committed is whole. What it says is withheld, for it "
    "may hold an answer; report these lines:"
)


def told_without_words(wrong: Exception) -> str:
    """The kinds of the error and of what led to it, and where each was raised, the last first."""
    return "\n".join((_HEAD, *(f"  {line}" for line in kinds_and_places(wrong))))
