"""A resource's text read back, and written: numbers keep the precision they were given with."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import orjson


def read_text(text: bytes) -> dict[str, Any]:
    """The resource that a text says, decimals as Decimal (`1.50` stays `1.50`)."""
    resource: dict[str, Any] = json.loads(text, parse_float=Decimal)
    return resource


def write_text(resource: object) -> bytes:
    """The text of what came from outside, which R4 may forbid; the opposite of `read_text`."""
    return orjson.dumps(resource, exactly)


def exactly(value: object) -> orjson.Fragment:
    """A Decimal as a JSON number with its own precision, where orjson asks for it.

    Raises:
        TypeError: It is something else that JSON does not have.
    """
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    raise TypeError
