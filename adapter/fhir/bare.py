"""A resource without references to what a record system never gets, such as the trial's device.

A reference that leads nowhere is refused by strict servers, and misleads readers of others.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any


def without_references(resource: dict[str, Any], kept: Collection[str]) -> dict[str, Any]:
    """The resource with references to these types alone; extensions around others go whole."""
    bare: dict[str, Any] = _bare(resource, kept) or {}
    return bare


def _bare(value: Any, kept: Collection[str]) -> Any:  # noqa: ANN401 - any element
    if isinstance(value, list):
        parts = [part for each in value if (part := _bare(each, kept)) is not None]
        return parts or None
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("reference"), str):
        return value if value["reference"].partition("/")[0] in kept else None
    told = {name: part for name, each in value.items() if (part := _bare(each, kept)) is not None}
    is_hollow = "url" in value and set(told) <= {"url"}  # an extension has a value or parts
    return None if is_hollow or not told else told
