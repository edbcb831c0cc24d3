"""Who a participant is at a clinic: now, and where the clinic was told about them.

The two differ after somebody was linked to another Patient, and after an identifier was corrected
or erased. What was told stands where it was told until it is taken back there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from itertools import filterfalse

from adapter.fhir.identity import Identity
from adapter.fhir.renumbering import named_as_told
from adapter.instruments.participant import DEMOGRAPHICS
from adapter.render.person import Person
from adapter.store.deliveries import Delivery
from adapter.store.identities import Crosswalk
from adapter.store.told import Address
from adapter.sync.profile import ClinicProfile

_BY_NUMBER = frozenset({"hl7v2", "task"})
"""The rungs by which a clinic is told whom something is about by a number, and by no Patient."""


@dataclass(frozen=True)
class Addresses:
    """The addresses of one clinic; `asked` are those of a batch, by participant, as `at` gives."""

    profile: ClinicProfile
    crosswalk: Crosswalk
    identity: Identity
    asked: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    def patient(self, participant: str) -> str | None:
        """The id of the participant's Patient at this clinic now, None while it is not known."""
        if self.is_ours(participant):
            return self.identity.patient(participant)
        address = self.now(participant)
        return None if address is None else self._patient(participant, address)

    def at(self, participant: str) -> tuple[str, int]:
        """The id of the Patient with whom what stands of somebody stands, or will; '' for nobody.

        And by which number it is named there: 1 but after a wrong link.
        """
        if self.is_ours(participant):
            return self.identity.patient(participant), 1
        if participant in self.asked:
            return self.asked[participant]
        address = self.standing(participant)
        return ("", 1) if address is None else (self._patient(participant, address), address.number)

    def named(self, delivery: Delivery) -> Delivery:
        """A delivery by the id that its resource has at the clinic, where that keeps ours."""
        name = named_as_told(delivery.name, self.at(delivery.participant)[1])
        return delivery if name == delivery.name else replace(delivery, id=name.partition("/")[2])

    def is_ours(self, participant: str) -> bool:
        """Whether the Patient there is the one that we created, or what is told is of nobody."""
        return self.profile.patient.create or not participant

    def now(self, participant: str) -> Address | None:
        """Who somebody is there by what is known now; None while it is not known."""
        name, identifiers = self.profile.patient.find_by, self.crosswalk.identifiers(participant)
        if name and not self.profile.speaks_fhir:  # it finds its patient by what a message says
            return Address("", identifiers) if name in identifiers else None
        linked = self.crosswalk.linked(self.profile.id, participant)
        return None if linked is None else Address(linked, identifiers)

    def told(self, participant: str) -> Address | None:
        """Where the clinic was told about somebody last, None where it never was."""
        found = self.crosswalk.told.to(self.profile.id, participant)
        is_known = found is not None and (found.patient or not self._is_linked)
        return found if is_known else None

    def standing(self, participant: str) -> Address | None:
        """Where what stands of somebody stands, or will; None while nobody knows who they are."""
        now, told = self.now(participant), self.told(participant)
        if now is None or told is None:
            return told or now
        if not self.is_same(now, told):
            return told
        # What the trial does not hold any more, the clinic was told.
        identifiers = {**told.identifiers, **now.identifiers}
        return replace(now, identifiers=identifiers, number=told.number)

    def is_same(self, one: Address, other: Address) -> bool:
        """Whether two addresses are those of the same Patient."""
        return self._key(one) == self._key(other)

    def is_left(self, participant: str) -> bool:
        """Whether the clinic was told about somebody who may be another Patient by now."""
        marked = self.crosswalk.told.is_left(self.profile.id, participant)
        return marked and self.told(participant) is not None

    def keep(self, people: Collection[str]) -> None:
        """Notes, before the clinic is told about them, where it will be."""
        news = []
        for participant in filterfalse(self.is_ours, people):
            address, told = self.standing(participant), self.told(participant)
            if address is not None and address != told:
                news.append((participant, address))
        if news:
            self.crosswalk.told.keep(self.profile.id, news)

    def person(self, participant: str) -> Person:
        """A participant as the clinic knows them: by its own number, and no other."""
        study = self.identity.study
        if self.profile.patient.create:
            return Person(((study.base, self.identity.patient(participant)),))
        address = self.standing(participant)
        if address is None:
            address = Address("", self.crosswalk.identifiers(participant))
        names = [self.profile.patient.find_by] if self.profile.patient.find_by else []
        numbers = tuple(
            (study.participant.identifiers[name].system, address.identifiers[name])
            for name in names
            if name in address.identifiers
        )
        if address.patient and not names:  # a person said what the clinic's own number is
            system = f"{study.base}/NamingSystem/patient-{self.profile.id}"
            numbers = ((system, address.patient),)
        told = {
            word: address.identifiers.get(f"{DEMOGRAPHICS}{word}", "")
            for word in ("family", "given", "birth_date", "sex")
        }
        return Person(numbers, **told)

    @property
    def _is_linked(self) -> bool:
        """Whether a person says who is who, and not a number in a message."""
        return self.profile.speaks_fhir or self.profile.patient.find_by is None

    def _patient(self, participant: str, address: Address) -> str:
        return address.patient or self.identity.patient(participant)

    def _key(self, address: Address) -> tuple[str, str]:
        name = self.profile.patient.find_by
        rungs = {*self.profile.ladder, *self.profile.also}
        is_by_number = name is not None and not rungs.isdisjoint(_BY_NUMBER)
        return address.patient, address.identifiers.get(name or "", "") if is_by_number else ""
