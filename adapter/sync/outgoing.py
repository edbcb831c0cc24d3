"""What really goes over the wire for a delivery: the stored text, in the clinic's own terms.

Two things are exchanged at the door, and both only here: our pseudonymous Patient for the clinic's
own, and, for a retraction, the text for its retracted form (None for what can only be deleted).
"""

from __future__ import annotations

from dataclasses import dataclass

from adapter.fhir.check import write
from adapter.fhir.retraction import retract
from adapter.fhir.text import read_text
from adapter.store.deliveries import Delivery


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One delivery ready to be sent.

    `text` is None for a deletion; `before` is what the clinic should hold now (None for nothing)
    under its version `if_match` ('' for none).
    """

    delivery: Delivery
    text: bytes | None
    before: bytes | None = None
    if_match: str = ""


def wire_text(text: bytes, *, is_retraction: bool, ours: str, theirs: str) -> bytes | None:
    """A stored text as the clinic gets it; `ours` and `theirs` are ids of the Patient."""
    if is_retraction:
        said = retract(read_text(text))
        if said is None:
            return None
        text = write(said)
    if ours == theirs:
        return text
    return text.replace(f'"Patient/{ours}"'.encode(), f'"Patient/{theirs}"'.encode())
