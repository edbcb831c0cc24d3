"""Whether a record system holds what we wrote: the same content, apart from what every server adds.

Servers set `meta.versionId`, `lastUpdated` and `source`, and may write a narrative; nothing else
may differ. https://hl7.org/fhir/R4/resource.html#Meta
"""

from __future__ import annotations

from typing import Any

import orjson

_OF_A_TOTAL = frozenset(
    {"status", "code", "subject", "effectiveDateTime", "valueQuantity", "dataAbsentReason"}
)
_SET_BY_SERVERS = ("versionId", "lastUpdated", "source")


def is_same_content(ours: bytes, theirs: dict[str, Any]) -> bool:
    """Whether `theirs`, as read back, says what our text says."""
    return _content(orjson.loads(ours)) == _content(theirs)


def is_same_total(ours: bytes, theirs: dict[str, Any]) -> bool:
    """Whether a record system that keeps only what it knows holds the total that our text says."""
    said, held = _content(orjson.loads(ours)), _content(theirs)
    needed = {name for name in said if name in _OF_A_TOTAL}
    return needed <= held.keys() and all(said[name] == held[name] for name in needed)


def _content(resource: dict[str, Any]) -> dict[str, Any]:
    meta = {
        word: value
        for word, value in resource.get("meta", {}).items()
        if word not in _SET_BY_SERVERS
    }
    rest = {word: value for word, value in resource.items() if word not in {"meta", "text"}}
    return {**rest, "meta": meta} if meta else rest
