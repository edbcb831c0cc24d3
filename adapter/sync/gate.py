"""The release gate, asked for one clinic about what the ledger owes it."""

from __future__ import annotations

from dataclasses import dataclass, field

from adapter.release import PARTICIPATION, Reader, Subject, decide
from adapter.store import holdings, instances
from adapter.store.deliveries import Delivery
from adapter.store.transaction import Transaction
from adapter.sync.clinic import Clinic
from adapter.sync.linked import ASTRAY

OF_VISITS = frozenset({"no-encounter", "encounter-search-refused"})
"""The rules that hold an outcome until there is an Encounter to file it in."""
FOUND_THERE = ASTRAY | OF_VISITS | {"patient-moved"}
"""The rules that no gate says, but what was found at the clinic when it was last asked."""


def held_by(clinic: Clinic, tx: Transaction, participant: str, form: str, action: str) -> str:
    """The rule of the release gate that holds such a delivery back, '' when none does."""
    is_known = form == PARTICIPATION and holdings.holds_of(tx, clinic.name, participant)
    subject = Subject(participant, form, is_retraction=action == "retract", is_known_there=is_known)
    person = instances.participant(tx, participant) if participant else None
    reader = Reader(
        clinic.profile.purpose, clinic.name, is_unblinded=clinic.may_know_arm(participant)
    )
    decision = decide(subject, clinic.study, reader, person, clinic.today())
    return "" if decision.is_released else decision.rule


@dataclass(slots=True)
class Asked:
    """The gate's word, asked once within a transaction for all that it depends on."""

    clinic: Clinic
    tx: Transaction
    known: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def may_leave(self, delivery: Delivery) -> bool:
        """Whether the gate lets it leave."""
        return not self.rule_of(delivery)

    def rule_of(self, delivery: Delivery) -> str:
        """The rule that holds it back, '' when none does."""
        about = (delivery.participant, delivery.form, delivery.action)
        if about not in self.known:
            self.known[about] = held_by(self.clinic, self.tx, *about)
        return self.known[about]
