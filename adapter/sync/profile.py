"""What a clinic accepts: one file a record system, `mappings/clinics/*.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from adapter.instruments.declared import Declared, Id, Text
from adapter.instruments.study import Purpose

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
RUNGS: Mapping[str, Rung] = {rung: rung for rung in get_args(Rung)}
EncounterStatus = Literal["arrived", "triaged", "in-progress", "onleave", "finished"]
"""Those of R4's that say that somebody was there."""
Corrections = Literal["update", "new-and-retire", "replace-document", "task"]
"""How what is there is corrected; see `mappings/README.md`."""
How = Literal["update", "either", "new", "task"]
"""Of one type: in its place, so or else beside it, only beside it, or by a person there."""
DOCUMENTED: frozenset[Rung] = frozenset({"document", "hl7v2", "task"})
"""The rungs that carry the document of an outcome; the others carry its resources."""
FILED: frozenset[Rung] = frozenset({"single", "totals"})
"""The rungs whose Observations are filed one by one, where a clinic asks for it in an Encounter."""
SPOKEN: frozenset[Rung] = frozenset({"transaction", "single", "totals", "document"})
"""The rungs that speak FHIR."""
_OF_TRIAL: frozenset[ResourceType] = frozenset({"Device", "ResearchStudy"})
REFERS: Mapping[ResourceType, frozenset[ResourceType]] = {
    "ResearchSubject": frozenset({"ResearchStudy"}),
    "Procedure": frozenset({"ResearchStudy"}),
    "QuestionnaireResponse": _OF_TRIAL,
    "Observation": frozenset({*_OF_TRIAL, "QuestionnaireResponse"}),
    "AdverseEvent": frozenset({"ResearchStudy"}),
    "Provenance": frozenset({"Device"}),
    "Flag": frozenset({"Device"}),
    "Task": frozenset({"Device"}),
}
"""What resources of a type refer to, beside people, their own type and what they are about."""


class PatientRule(Declared, frozen=True):
    """Whose record: our pseudonymous Patient (`create`), or one of the clinic's own.

    The clinic's own is named by a list (`listed`), or found by an identifier (`find_by`) or by
    `$match` (`match`) and then confirmed by a person.
    """

    create: bool = False
    find_by: Text | None = None
    match: bool = False
    listed: bool = False

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if sum((self.create, self.find_by is not None, self.match, self.listed)) != 1:
            raise ValueError("one of `create: true`, `find_by`, `match: true` and `listed: true`")
        return self


class BundleLimits(Declared, frozen=True):
    """How much a clinic takes in one transaction."""

    entries: int = Field(default=50, ge=1, le=1000)
    bytes: int = Field(default=400_000, ge=10_000)


class SiteCode(Declared, frozen=True):
    """The code under which a record system files one score, and the unit it wants there."""

    system: Text
    code: Text
    display: Text | None = None
    unit: Text | None = None


class TotalsRules(Declared, frozen=True):
    """What a record system asks of a total beside its code."""

    category: Literal["survey", "vital-signs", "laboratory"] = "survey"


class EncounterRule(Declared, frozen=True):
    """Which of the clinic's own Encounters a result is filed in, where none stands outside of one.

    The one that covers the day of the answer, else the next that began up to `within_days` behind
    it; of these `statuses`, and, where any are named, of one of the `classes` and one of the
    `types`: a code, or `system|code`.
    """

    within_days: int = Field(default=14, ge=0, le=366)
    statuses: tuple[EncounterStatus, ...] = Field(
        default=("arrived", "triaged", "in-progress", "onleave", "finished"), min_length=1
    )
    classes: tuple[Text, ...] = ()
    types: tuple[Text, ...] = ()


class DocumentRules(Declared, frozen=True):
    """In which formats a record system takes a document, the one it shows first."""

    formats: tuple[Literal["pdf", "text"], ...] = Field(default=("pdf", "text"), min_length=1)


class V2Rules(Declared, frozen=True):
    """How a receiver takes HL7 v2: its version, the way there, the names of both sides.

    A side is its application and its facility. `withdrawn` is the status of what is taken back.
    """

    version: Literal["2.4", "2.5.1"] = "2.4"
    transport: Literal["folder", "mllp"]
    sender: tuple[Text, Text] = ("TRIAL-FHIR-ADAPTER", "TRIAL")
    receiver: tuple[Text, Text]
    withdrawn: Literal["W", "X", "D"] = "W"
    pdf: bool = True


class PullRule(Declared, frozen=True):
    """What a clinic is asked for, of people who agreed to it.

    A reading begins `overlap_minutes` before the end of the last one; once in `full_every_hours`
    everything is read, and what was deleted is found; `page` is how much one answer should hold.
    `history`: what was deleted is found by the history of a type, too, which tells of everybody.
    `subscribe`: while `adapter listen` runs, the clinic tells it that something was written.
    """

    overlap_minutes: int = Field(default=5, ge=0)
    full_every_hours: float = Field(default=24, ge=0)
    page: int = Field(default=50, ge=1, le=1000)
    history: bool = False
    subscribe: bool = False


class ClinicProfile(Declared, frozen=True):
    """One record system: why it may know, which types it takes, by which rungs.

    `ladder` names the rungs that it accepts, the highest first; `also` a second one on purpose.
    `codes` are the site's own, by form and score. `unblinded`: it may know who got the therapy.
    `adverse_events` is the shape in which it gets them: base R4, or HL7's profile for clinical
    research. `corrections` None: it is read from the record system's own statement. `only_final`:
    it knows no amended or corrected Observation. `encounter`: what goes one by one is filed in an
    Encounter of the clinic's own; left out, in none. `pull`: what people wrote there is taken in;
    left out, nothing is asked for.
    """

    kind: Literal["clinic"]
    id: Id
    title: Text
    purpose: Purpose
    ladder: tuple[Rung, ...] = Field(min_length=1)
    also: tuple[Rung, ...] = ()
    accepts: tuple[ResourceType, ...] = ()
    patient: PatientRule
    codes: dict[Id, dict[Id, SiteCode]] = Field(default_factory=dict)
    corrections: Corrections | None = None
    only_final: bool = False
    totals: TotalsRules = TotalsRules()
    encounter: EncounterRule | None = None
    document: DocumentRules = DocumentRules()
    hl7v2: V2Rules | None = None
    licensed_wording: tuple[Id, ...] = ()
    unblinded: bool = False
    adverse_events: Literal["base", "research-backport"] = "base"
    bundle: BundleLimits = BundleLimits()
    pull: PullRule | None = None
    timeout_seconds: float = Field(default=60, gt=0)
    requests_per_second: float | None = Field(default=None, gt=0)
    burst: int = Field(default=10, ge=1)

    @model_validator(mode="after")
    def _takes_what_suspects_name(self) -> Self:
        names_therapy = self.unblinded and "AdverseEvent" in self.accepts
        if names_therapy and "Procedure" not in self.accepts:
            raise ValueError(
                "`Procedure` in `accepts` of an unblinded clinic that takes adverse events: "
                "they name the therapy"
            )
        return self

    @model_validator(mode="after")
    def _has_what_its_rungs_need(self) -> Self:
        rungs = {*self.ladder, *self.also}
        if rungs & {"transaction", "single"} and not self.accepts:
            raise ValueError("`accepts`: the resource types that it takes")
        if len(set(self.ladder)) < len(self.ladder):
            raise ValueError("each rung of `ladder` once")
        if self.ladder[-1] == "totals":
            raise ValueError("a rung behind `totals`, for what has no total")
        if self.corrections == "replace-document" and "document" not in rungs:
            raise ValueError("`document` in `ladder` or `also`, where documents are replaced")
        if self.encounter is not None and rungs.isdisjoint(FILED):
            raise ValueError(
                "`single` or `totals` in `ladder`, where results are filed in encounters"
            )
        if "hl7v2" in rungs and self.hl7v2 is None:
            raise ValueError("`hl7v2`: its version, transport and receiver")
        return self

    @property
    def refers_in_vain(self) -> tuple[ResourceType, ...]:
        """The types that it does not take, and to which what it gets in transactions refers."""
        if "transaction" not in {*self.ladder, *self.also}:
            return ()
        named = frozenset[ResourceType]().union(*(REFERS.get(kind, ()) for kind in self.accepts))
        return tuple(sorted(named.difference(self.accepts)))

    @property
    def speaks_fhir(self) -> bool:
        """Whether any of its rungs does."""
        return not SPOKEN.isdisjoint({*self.ladder, *self.also})
