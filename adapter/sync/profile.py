"""What a clinic accepts: one file a record system, `mappings/clinics/*.yaml`."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from adapter.instruments.declared import Declared, Id, Text
from adapter.instruments.study import Purpose
from adapter.release import Receiver

ResourceType = Literal[
    "Device",
    "ResearchStudy",
    "Questionnaire",
    "Patient",
    "ResearchSubject",
    "Consent",
    "QuestionnaireResponse",
    "Observation",
    "AdverseEvent",
    "Provenance",
    "Flag",
    "Task",
    "Procedure",
    "CodeSystem",
    "ValueSet",
]


Rung = Literal["transaction", "single", "totals", "document", "hl7v2", "task"]
"""The ways to a clinic, the highest first."""


class PatientRule(Declared, frozen=True):
    """Whose record: our pseudonymous Patient (`create`), or the clinic's (`find_by`)."""

    create: bool = False
    find_by: Text | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.create == (self.find_by is not None):
            raise ValueError("either `create: true` or `find_by`")
        return self


class BundleLimits(Declared, frozen=True):
    """How much a clinic takes in one transaction."""

    entries: int = Field(default=50, ge=1, le=1000)
    bytes: int = Field(default=400_000, ge=10_000)


class ClinicProfile(Declared, frozen=True):
    """One record system: why it may know, which types it takes, by which rungs.

    `unblinded`: it may know who got the therapy. `adverse_events` is the shape in which it gets
    them: base R4, or HL7's profile for clinical research.
    """

    kind: Literal["clinic"]
    id: Id
    title: Text
    purpose: Purpose
    ladder: tuple[Rung, ...] = Field(min_length=1)
    accepts: tuple[ResourceType, ...] = Field(min_length=1)
    patient: PatientRule
    licensed_wording: tuple[Id, ...] = ()
    unblinded: bool = False
    adverse_events: Literal["base", "research-backport"] = "base"
    bundle: BundleLimits = BundleLimits()
    timeout_seconds: float = Field(default=60, gt=0)

    @model_validator(mode="after")
    def _takes_what_suspects_name(self) -> Self:
        names_therapy = self.unblinded and "AdverseEvent" in self.accepts
        if names_therapy and "Procedure" not in self.accepts:
            raise ValueError(
                "`Procedure` in `accepts` of an unblinded clinic that takes adverse events: "
                "they name the therapy"
            )
        return self

    @property
    def receiver(self) -> Receiver:
        """What the ledger must know of this clinic."""
        return Receiver(self.id, self.purpose, frozenset(self.accepts))
