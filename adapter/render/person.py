"""Whose report it is: known only where it is sent from, and never in the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Person:
    """A patient as a clinic knows them; '' for what the trial does not hold.

    `identifiers` are pairs of system and value; `birth_date` is YYYY-MM-DD; `sex` is FHIR's
    administrative gender.
    """

    identifiers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    family: str = field(default="", repr=False)
    given: str = field(default="", repr=False)
    birth_date: str = field(default="", repr=False)
    sex: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """Family name and given names, as a letter has them."""
        return ", ".join(filter(None, (self.family, self.given)))
