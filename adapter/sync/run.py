"""One push while it goes on: what comes next, and who has to wait.

A person whose bundle ends thrice in a time-out or an error of the server's is parked, and
tried again alone when nothing else is left. Others that pass show that it is not the clinic.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from adapter.store import claiming, parking, settling
from adapter.store.claiming import Room
from adapter.store.deliveries import Delivery, Settlement
from adapter.store.parking import Parked
from adapter.sync.clinic import Clinic
from adapter.sync.decisions import note_decisions
from adapter.sync.encounters import Encounters
from adapter.sync.gate import Asked
from adapter.sync.receipt import Unknown, Unreachable
from adapter.sync.turn import TRIES

PATIENCE_SECONDS = 60.0
LONGEST_PARKED_SECONDS = 3600.0
_FIRST_PARKED_SECONDS = 0.5


@dataclass(slots=True)
class PushReport:
    """What a push did, by resource type: created, updated, retracted, held (by rule), refused.

    `parked` is how many people it left for later, because of trouble that others did not meet.
    """

    created: Counter[str] = field(default_factory=Counter)
    updated: Counter[str] = field(default_factory=Counter)
    retracted: Counter[str] = field(default_factory=Counter)
    held: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    parked: int = 0


@dataclass(slots=True)
class Sent:
    """How one claim went: whether the clinic was asked at all, what went wrong, and with whom.

    `arrived` is of whom the clinic took something all the same.
    """

    is_asked: bool = False
    trouble: Unreachable | Unknown | None = None
    people: frozenset[str] = frozenset()
    arrived: frozenset[str] = frozenset()


@dataclass(slots=True)
class Run:
    """A push of one clinic. `passed` is how many bundles it answered; `alone` who is tried alone.

    `unfound` is who is no patient there, and why, `known` who is: each is asked for once a push,
    and so are the `encounters` of each. `step` is told how many deliveries the gate held.
    """

    clinic: Clinic
    step: Callable[[int], None] = lambda _: None
    report: PushReport = field(default_factory=PushReport)
    unfound: dict[str, str] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    encounters: Encounters = field(default_factory=Encounters)
    passed: int = 0
    alone: str = ""
    left: set[str] = field(default_factory=set)
    parked: set[str] = field(default_factory=set)

    def claim(self) -> list[Delivery]:
        """What is sent next: of those who are free, in order; else of one who waited long enough.

        Nothing when nothing can be sent any more in this push.
        """
        clinic = self.clinic
        self.alone = ""
        claimed = self._fill()
        if claimed:
            return claimed
        for waits in parking.parked(clinic.database.read(), clinic.name):
            left = waits.due - clinic.clock().timestamp()
            if waits.participant in self.left or PATIENCE_SECONDS < left <= LONGEST_PARKED_SECONDS:
                self._leave(waits.participant)
                continue
            if 0 < left <= PATIENCE_SECONDS:  # more than the longest: the clock went back
                clinic.database.renew(left)
                clinic.sleep(left)
            claimed = self._fill(waits.participant)
            if claimed:
                self.alone = waits.participant
                return claimed
        return []

    def _fill(self, participant: str = "") -> list[Delivery]:
        """A bundle of what the gate lets leave, of one person alone or of all who are free.

        What it holds on the way takes no room: a bundle is as full as if that did not exist.
        """
        clinic, size = self.clinic, self.clinic.profile.bundle.entries
        ready: list[Delivery] = []
        while len(ready) < size:
            with clinic.write() as tx:
                asked = Asked(clinic, tx)
                room = Room(size, len(ready), asked.may_leave)
                now = clinic.now()
                if participant:
                    claimed = claiming.claim_of(tx, clinic.name, participant, room, now)
                else:
                    claimed = claiming.claim(tx, clinic.name, room, now)
                held = [
                    Settlement(each.seq, "held", rule=rule)
                    for each in claimed
                    if (rule := asked.rule_of(each))
                ]
                settling.settle(tx, held, now)
            rules = {said.seq: said.rule for said in held}
            ready += [each for each in claimed if each.seq not in rules]
            self.report.held.update(
                (each.type, rules[each.seq]) for each in claimed if each.seq in rules
            )
            note_decisions(clinic, (), held, claimed)
            if not held:  # there is no more, or no room for it
                break
            self.step(len(held))
        return ready

    def blames_a_patient(self, sent: Sent) -> bool:
        """Parks those whose outcome nobody knows; whether one alone is to blame, and no clinic."""
        people = sent.people - sent.arrived - {""}
        if sent.trouble is None or not people:
            return False
        before = {each.participant: each for each in self._parked()}
        moment = self.clinic.clock().timestamp()
        with self.clinic.write() as tx:
            for person in sorted(people):
                attempts = before[person].attempts + 1 if person in before else 1
                more = max(0, attempts - parking.ALONE_FROM)
                wait = min(_FIRST_PARKED_SECONDS * 2.0**more, LONGEST_PARKED_SECONDS)
                who = Parked(person, attempts, moment + wait, sent.trouble.reason)
                parking.park(tx, self.clinic.name, who)
                if attempts >= TRIES:
                    self._leave(person)
        self.parked |= people
        return people == {self.alone} and self.passed > 0

    def let_go(self, people: Collection[str]) -> None:
        """Those of whom the clinic answered something go on with everybody."""
        self._let_go({each.participant for each in self._parked()}.intersection(people))

    def let_all_go(self) -> None:
        """Those who were parked in this push go on with everybody."""
        self.left.clear()
        self.report.parked = 0
        self._let_go(self.parked)

    def _let_go(self, people: set[str]) -> None:
        if people:
            with self.clinic.write() as tx:
                parking.unpark(tx, self.clinic.name, people)

    def _leave(self, person: str) -> None:
        if person not in self.left:
            self.left.add(person)
            self.report.parked += 1

    def _parked(self) -> list[Parked]:
        return parking.every(self.clinic.database.read(), self.clinic.name)
