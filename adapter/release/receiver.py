"""For whom: what the ledger must know of a clinic to owe it anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from adapter.instruments.study import Purpose
from adapter.release.blinding import CONCEALED

BLINDED: Final = "blinded"
"""What a receiver agrees to that must not know the arm."""
LABELLED: Final = "arm-concealed"
"""That such a receiver is told, by a label, what was concealed: copies once went without it."""


@dataclass(frozen=True, slots=True)
class Taking:
    """What a receiver takes of one form, where that is not what it takes of all others.

    `rungs` are the ways by which it gets it. `codes`, where given, are the only Observations that
    it takes, by the project's own codes; None for all.
    """

    types: frozenset[str]
    rungs: frozenset[str]
    codes: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Receiver:
    """A clinic or repository: its name, why it may know, and what it takes.

    `accepts` are the resource types that it takes, `rungs` the ways by which it gets them; `forms`
    are the forms of which it takes otherwise. `codes` are the only Observations of a form that it
    takes as totals, by the project's own codes. `is_unblinded`: it may know who got the therapy.
    """

    name: str
    purpose: Purpose
    accepts: frozenset[str]
    rungs: frozenset[str] = frozenset({"transaction"})
    forms: Mapping[str, Taking] = field(default_factory=dict)
    codes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    is_unblinded: bool = False

    def taking(self, form: str) -> Taking:
        """What it takes of a form; of what belongs to no form, for '' and words that name none."""
        known = self.forms.get(form.removeprefix(CONCEALED))
        return known or Taking(self.accepts, self.rungs)

    def taking_by(self, rung: str, form: str) -> Taking:
        """What it takes of a form where it gets that by this way, and no other."""
        if rung in {"transaction", "single"}:
            return Taking(self.accepts, frozenset({rung}))
        if rung == "totals":
            codes = self.codes.get(form.removeprefix(CONCEALED), frozenset())
            return Taking(frozenset({"Observation"}), frozenset({rung}), codes)
        return Taking(frozenset({"DocumentReference"}), frozenset({rung}))

    def takes(self, resource_type: str, form: str) -> bool:
        """Whether it takes resources of this type that belong to this form."""
        return resource_type in self.taking(form).types

    def term(self, resource_type: str, form: str) -> str:
        """What it agreed to when it takes such a resource: the ledger notes it once owed."""
        named = form.removeprefix(CONCEALED)
        return f"{resource_type} of {named}" if named in self.forms else resource_type

    @property
    def terms(self) -> frozenset[str]:
        """All that it agreed to take."""
        special = (
            self.term(kind, form) for form, taking in self.forms.items() for kind in taking.types
        )
        concealed = () if self.is_unblinded else (BLINDED, LABELLED)
        return frozenset({*self.accepts, *special, *concealed})
