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
_ADDED = frozenset({"interpretation", "performer", "note", "issued", "encounter", "language"})
"""What people and record systems add to a result without changing what it says."""
_LISTED = frozenset({"interpretation", "performer", "note", "category"})
_SET_BY_SERVERS = ("versionId", "lastUpdated", "source")


def is_same_content(ours: bytes, theirs: dict[str, Any]) -> bool:
    """Whether `theirs`, as read back, says what our text says."""
    return _content(orjson.loads(ours)) == _content(theirs)


def is_same_total(ours: bytes, theirs: dict[str, Any]) -> bool:
    """Whether a record system that keeps only what it knows holds the total that our text says."""
    said, held = _content(orjson.loads(ours)), _content(theirs)
    needed = {name for name in said if name in _OF_A_TOTAL}
    return needed <= held.keys() and all(said[name] == held[name] for name in needed)


def still_says(ours: bytes, theirs: dict[str, Any]) -> bool:
    """Whether all that our text says is said there, and only such was added as changes none of it.

    Who signs a result may add a reading, a name or a note; a record system, labels of its own.
    """
    said, held = _content(orjson.loads(ours)), _content(theirs)
    meta, theirs_meta = said.pop("meta", {}), held.pop("meta", {})
    has_labels = all(_has(theirs_meta.get(name, []), meta[name]) for name in meta)
    if not has_labels or not (held.keys() - said.keys()) <= _ADDED:
        return False
    return all(
        name in held and (_has(held[name], value) if name in _LISTED else held[name] == value)
        for name, value in said.items()
    )


def _has(theirs: Any, ours: Any) -> bool:  # noqa: ANN401 - an element of any type
    if isinstance(ours, list) and isinstance(theirs, list):
        return all(each in theirs for each in ours)
    return bool(theirs == ours)


def _content(resource: dict[str, Any]) -> dict[str, Any]:
    meta = {
        word: value
        for word, value in resource.get("meta", {}).items()
        if word not in _SET_BY_SERVERS
    }
    rest = {word: value for word, value in resource.items() if word not in {"meta", "text"}}
    return {**rest, "meta": meta} if meta else rest
