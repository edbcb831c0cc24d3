"""SMART scopes: what to ask for, and whether what was granted is enough.

Both dialects: in v2 letters in the order c, r, u, d, s; in v1 `.read`, `.write` and `.*`, which
stand for `.rs`, `.cud` and `.cruds`.

Source: https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

_LETTERS = "cruds"
_V1 = {"read": "rs", "write": "cud", "*": _LETTERS}
_SCOPE = re.compile(
    r"system/(?P<type>\*|[A-Z][A-Za-z]+)\.(?P<rights>read|write|\*|c?r?u?d?s?)(?:\?(?P<query>.+))?"
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Rights on a type, '*' for all; with a `query` only on what it finds."""

    type: str
    rights: frozenset[str]
    query: str = ""

    def covers(self, asked: Scope, right: str) -> bool:
        """Whether it gives one of the rights that are asked for."""
        is_of_type = self.type in {"*", asked.type}
        return is_of_type and right in self.rights and self.query in {"", asked.query}


def parse_scope(text: str) -> Scope | None:
    """A scope for systems, None for any other text: letters out of order mean nothing."""
    found = _SCOPE.fullmatch(text)
    if found is None or not found["rights"]:
        return None
    rights = frozenset(_V1.get(found["rights"], found["rights"]))
    return Scope(found["type"], rights, found["query"] or "")


def needed_scopes(needs: Mapping[str, str], capabilities: Collection[str]) -> tuple[str, ...]:
    """Scopes for these rights by type, in the dialect that a server speaks.

    `needs` are letters of v2 by type. A server that names neither dialect is older than both names,
    and speaks v1.
    """
    if "permission-v2" in capabilities:
        return tuple(f"system/{name}.{letters}" for name, letters in needs.items())
    return tuple(
        f"system/{name}.{word}"
        for name, letters in needs.items()
        for word, meant in (("read", "rs"), ("write", "cud"))
        if set(letters) & set(meant)
    )


def lacking(asked: Iterable[str], granted: str) -> tuple[str, ...]:
    """Which of the scopes asked for were not granted in full; both dialects may be mixed."""
    given = [scope for word in granted.split() if (scope := parse_scope(word))]

    def is_covered(text: str) -> bool:
        scope = parse_scope(text)
        if scope is None:
            return text in granted.split()
        return all(any(each.covers(scope, right) for each in given) for right in scope.rights)

    return tuple(text for text in asked if not is_covered(text))
