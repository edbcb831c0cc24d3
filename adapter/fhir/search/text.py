"""How values stand in a search: what separates them, what is escaped, and how words compare."""

from __future__ import annotations

import re
import unicodedata

import orjson


def split_unescaped(text: str, separator: str) -> list[str]:
    r"""`text` cut at each separator that no backslash stands before.

    >>> split_unescaped(r"a\,b,c", ",")
    ['a\\,b', 'c']
    """
    parts, start, escaped = list[str](), 0, False
    for place, character in enumerate(text):
        if character == separator and not escaped:
            parts.append(text[start:place])
            start = place + 1
        escaped = character == "\\" and not escaped
    return [*parts, text[start:]]


def unescape(text: str) -> str:
    """`text` without the backslashes that search values are escaped with."""
    return re.sub(r"\\([\\,|$])", r"\1", text)


def plain(text: str) -> str:
    """A word as it compares: without case, accents, and runs of white space.

    >>> plain("  ÉMILE   van Dyck ")
    'emile van dyck'
    """
    apart = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in apart if not unicodedata.combining(c)).split())


def named_as(system: str | None, code: str | None) -> str:
    """A code and its system in one text, None for any of them: where two codes stand in one place.

    >>> named_as("s", None)
    '["s",null]'
    """
    return orjson.dumps([system, code]).decode()
