"""Long lists of names, page by page: between two pages nothing stays open, so one may write."""

from __future__ import annotations

from collections.abc import Callable, Iterator

AT_ONCE = 500
"""So many rows are read at a time."""


def paged(behind: Callable[[str], list[str]]) -> Iterator[str]:
    """The names that `behind` gives, in their order; it gives a page of what stands behind one."""
    some = behind("")
    while some:
        yield from some
        some = behind(some[-1])
