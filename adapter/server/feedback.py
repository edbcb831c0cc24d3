"""What became of a card, as a record system tells it by CDS Hooks: accepted or overridden.

Why somebody overrode a card they may say in free words, about a patient; none of that is kept.

Source: https://cds-hooks.hl7.org/2.0/#feedback
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapter.fhir.operation_outcome import refuse

MOST_CARDS = 100
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_OUTCOMES = frozenset({"accepted", "overridden"})


@dataclass(frozen=True, slots=True)
class Feedback:
    """A card by its id, and what became of it."""

    card: str
    outcome: str


def is_uuid(said: object) -> bool:
    """Whether something is the text of a UUID."""
    return isinstance(said, str) and _UUID.fullmatch(said) is not None


def read_feedback(said: Mapping[str, Any]) -> list[Feedback]:
    """What became of each card, in their order.

    Raises:
        RefusalError: 400, where one of them is not told as it should be; then none is taken.
    """
    given = said.get("feedback")
    if not isinstance(given, list) or not 0 < len(given) <= MOST_CARDS:
        raise refuse(400, "required", f"`feedback` with 1 to {MOST_CARDS} entries is expected")
    return [_read(each, place) for place, each in enumerate(given)]


def _read(said: object, place: int) -> Feedback:
    card = said.get("card") if isinstance(said, dict) else None
    outcome = said.get("outcome") if isinstance(said, dict) else None
    if not is_uuid(card) or outcome not in _OUTCOMES:
        text = f"`card`, a UUID, and `outcome`, accepted or overridden, are expected in [{place}]"
        raise refuse(400, "required", text)
    return Feedback(str(card).lower(), str(outcome))
