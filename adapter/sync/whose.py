"""Whether somebody is a patient of a clinic: asked by a push, and foreseen by a plan.

A push asks the clinic about each person once. A plan asks nobody: it tells what follows from the
crosswalk, and else what the clinic said at the last push.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from adapter.store import standing
from adapter.store.transaction import Transaction
from adapter.sync.clinic import Clinic
from adapter.sync.linked import ASTRAY, look_at_linked
from adapter.sync.patients import (
    NOT_FOUND,
    SEARCH_REFUSED,
    find_patient,
    rule_of_candidates,
    rule_unasked,
)
from adapter.sync.receipt import Unknown, Unreachable
from adapter.sync.relinked import MOVED, is_moving, take_over

UNASKED = "patient-not-asked"
"""What a plan says of somebody who is not linked, and of whom no push has asked the clinic yet."""
_SAID_OF_UNLINKED = frozenset({NOT_FOUND, SEARCH_REFUSED})


def needs_nobody(clinic: Clinic, participant: str, action: str) -> bool:
    """Whether it goes whoever they are there: to our own Patient, or where it stands."""
    # What must go goes where it stands: that takes no search, and no identifier.
    addresses = clinic.addresses
    is_known = action == "retract" and addresses.standing(participant) is not None
    return is_known or addresses.is_ours(participant)


def rule_now(clinic: Clinic, participant: str, known: set[str]) -> str | Unreachable | Unknown:
    """The rule that holds somebody, '' for none, asked at the clinic; not of those in `known`."""
    addresses = clinic.addresses
    if addresses.now(participant) is None:
        return find_patient(clinic, participant)
    if addresses.is_left(participant):
        found = take_over(clinic, participant)
        if found:
            return found
    return "" if participant in known else look_at_linked(clinic, participant)


@dataclass(slots=True)
class Foreseen:
    """What would hold people, told without a request; each is looked up once in a row."""

    clinic: Clinic
    tx: Transaction
    _last: tuple[str, str] = field(default=("", ""))

    def rule_of(self, participant: str, action: str) -> str:
        """The rule that would hold such a delivery of somebody, '' for none that is known."""
        if needs_nobody(self.clinic, participant, action):
            return ""
        if self._last[0] != participant:
            self._last = participant, _foresee(self.clinic, self.tx, participant)
        return self._last[1]


def _foresee(clinic: Clinic, tx: Transaction, participant: str) -> str:
    addresses = clinic.addresses
    said = standing.rules_of(tx, clinic.name, participant)
    if addresses.now(participant) is None:
        rule = rule_unasked(clinic, participant) or min(said & _SAID_OF_UNLINKED, default="")
        return rule or rule_of_candidates(clinic, participant) or UNASKED
    if addresses.is_left(participant) and is_moving(clinic, participant):
        return MOVED
    return min(said & ASTRAY, default="")
