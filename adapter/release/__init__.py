"""May this leave, for whom, and why not: consent and blinding, decided at send time."""

from adapter.release.blinding import reveals_allocation
from adapter.release.gate import PARTICIPATION, SAFETY, Decision, Rule, Subject, decide
from adapter.release.receiver import Receiver

__all__ = [
    "PARTICIPATION",
    "SAFETY",
    "Decision",
    "Receiver",
    "Rule",
    "Subject",
    "decide",
    "reveals_allocation",
]
