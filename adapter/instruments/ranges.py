"""Stretches of link ids, as declarations write them: `phq9-1 .. phq9-9`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

Word = TypeVar("Word")
_RANGE = re.compile(r"^(?P<first>\S+) \.\. (?P<last>\S+)$")


def spread_keys(words: Mapping[str, Word], order: list[str]) -> dict[str, Word]:
    """The words of each link id, where a key may be a stretch of them."""
    return {link_id: said for key, said in words.items() for link_id in spread((key,), order)}


def spread(names: tuple[str, ...], order: list[str]) -> tuple[str, ...]:
    """The link ids that names and stretches of them stand for, in the order of the form.

    >>> spread(("a .. c", "e"), ["a", "b", "c", "d", "e"])
    ('a', 'b', 'c', 'e')
    """
    spread: list[str] = []
    for name in names:
        found = _RANGE.match(name)
        stretch: list[str] = []
        if found and found["first"] in order and found["last"] in order:
            first, last = order.index(found["first"]), order.index(found["last"])
            stretch = order[first : last + 1]
        # A stretch that runs backwards is left as it stands: no item has that name, which is told.
        spread.extend(stretch or [name])
    return tuple(spread)
