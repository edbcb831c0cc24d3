"""A resource's text read back: numbers keep the precision they were written with."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any


def read_text(text: bytes) -> dict[str, Any]:
    """The resource that a text says, decimals as Decimal (`1.50` stays `1.50`)."""
    resource: dict[str, Any] = json.loads(text, parse_float=Decimal)
    return resource
