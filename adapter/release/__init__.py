"""May this leave, for whom, and why not: consent and blinding, decided at send time."""

from adapter.release.blinding import (
    CARE,
    PARTICIPATION,
    THERAPY,
    as_blinded,
    as_published,
    reveals_allocation,
)
from adapter.release.gate import SAFETY, Decision, Reader, Rule, Subject, decide
from adapter.release.receiver import BLINDED, LABELLED, Receiver

__all__ = [
    "BLINDED",
    "CARE",
    "LABELLED",
    "PARTICIPATION",
    "SAFETY",
    "THERAPY",
    "Decision",
    "Reader",
    "Receiver",
    "Rule",
    "Subject",
    "as_blinded",
    "as_published",
    "decide",
    "reveals_allocation",
]
