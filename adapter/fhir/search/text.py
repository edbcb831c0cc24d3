"""How values stand in a search: what separates them, what is escaped, and how words compare."""

from __future__ import annotations

import re
import unicodedata


def split_unescaped(text: str, separator: str) -> list[str]:
    r"""`text` cut at each separator that no backslash stands before.

    >>> split_unescaped(r"a\,b,c", ",")
    ['a\\,b', 'c']
    """
    parts = [""]
    escaped = False
    for character in text:
        if character == separator and not escaped:
            parts.append("")
        else:
            parts[-1] += character
        escaped = character == "\\" and not escaped
    return parts


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
