"""What a study is: its timepoints, its forms and where they stand in the source, its consents.

Read from `mappings/studies/*.yaml`; the words are defined in `mappings/README.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache, cached_property
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, model_validator

from adapter.instruments.declared import Declared, Id, SourceCode, Text, Unique
from adapter.instruments.form import Code
from adapter.instruments.safety import Safety

AbsentReason = Literal[
    "unknown",
    "asked-unknown",
    "temp-unknown",
    "not-asked",
    "asked-declined",
    "masked",
    "not-applicable",
    "unsupported",
    "error",
    "not-a-number",
    "negative-infinity",
    "positive-infinity",
    "not-performed",
    "not-permitted",
]
Purpose = Literal["research", "care"]
CareType = Literal["Condition", "Encounter", "MedicationRequest", "MedicationStatement"]
"""What may be asked of standard care: the types of which it is known what may be kept."""
PrimaryPurpose = Literal[
    "treatment",
    "prevention",
    "diagnostic",
    "supportive-care",
    "screening",
    "health-services-research",
    "basic-science",
    "device-feasibility",
]
StudyStatus = Literal[
    "active",
    "administratively-completed",
    "approved",
    "closed-to-accrual",
    "closed-to-accrual-and-intervention",
    "completed",
    "disapproved",
    "in-review",
    "temporarily-closed-to-accrual",
    "temporarily-closed-to-accrual-and-intervention",
    "withdrawn",
]


_zones = cache(available_timezones)  # it opens every file of the database


def _known_zone(name: str) -> str:
    if name not in _zones():
        raise ValueError("expected a time zone of the IANA database such as Australia/Sydney")
    return name


def _calendar_day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError("expected a day of the calendar, YYYY-MM-DD") from None


Zone = Annotated[str, AfterValidator(_known_zone)]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(_calendar_day)]


class Timepoint(Declared, frozen=True):
    """One assessment of the plan.

    `week` counts from enrolment, None for what happens throughout; `closes_days` is how many days
    after the planned day the window closes, None for a window that stays open; `opens_days` is how
    many days before it what a clinic wrote may belong to it. `event` is the source's name of it, or
    its names where the source has one for each arm.
    """

    id: Id
    title: Text
    week: int | None = None
    event: str | tuple[str, ...] = ""
    closes_days: int | None = Field(default=None, ge=0)
    opens_days: int = Field(default=0, ge=0)

    @property
    def events(self) -> tuple[str, ...]:
        """All the source's names of it."""
        return (self.event,) if isinstance(self.event, str) else self.event


class Identifier(Declared, frozen=True):
    """A business identifier of a person, and the source field that holds it."""

    field: Text
    system: Text


class Demographics(Declared, frozen=True):
    """The columns with who a person is, for clinics whose letters must say so.

    `sexes` are the source's values of `sex`, each with FHIR's administrative gender.
    """

    family: str | None = None
    given: str | None = None
    birth_date: str | None = None
    sex: str | None = None
    sexes: dict[SourceCode, Literal["male", "female", "other", "unknown"]] = Field(
        default_factory=dict
    )


class ParticipantForm(Declared, frozen=True):
    """Where the source keeps what the trial knows about a person; dates are local days."""

    form: Text
    enrolled: str | None = None
    completed: str | None = None
    identifiers: dict[str, Identifier] = Field(default_factory=dict)
    demographics: Demographics = Demographics()


class FieldEquals(Declared, frozen=True):
    """A source field that says yes by one value; without `equals`, by being filled in at all."""

    field: Text
    equals: Text | None = None

    def is_said(self, said: Mapping[str, str]) -> bool:
        """Whether the source's fields say yes."""
        answer = said.get(self.field)
        return answer is not None and self.equals in {None, answer}


class ConsentRule(Declared, frozen=True):
    """One thing a person may agree to, and what withdrawing means for what already left.

    It is about every receiver of its purpose, or about those alone that `clinics` names. One with
    the purpose `from-care` is about no receiver, but about what `from_care` fetches.
    """

    id: Id
    purpose: Purpose | Literal["from-care"]
    clinics: tuple[Id, ...] = ()
    form: Text
    given: FieldEquals
    date: str | None = None
    withdrawn: FieldEquals | None = None
    withdrawn_date: str | None = None
    on_withdrawal: Literal["keep", "retract"]

    def concerns(self, purpose: Purpose, clinic: str) -> bool:
        """Whether a receiver of this purpose and name needs it."""
        return self.purpose == purpose and (not self.clinics or clinic in self.clinics)


class CareRule(Declared, frozen=True):
    """What the study asks of standard care: resources of one type, of whom agreed to `consent`.

    `since` leaves out what had ended before the day of enrolment.
    """

    type: CareType
    since: Literal["enrolment", "ever"] = "enrolment"
    consent: Id


class Embargo(Declared, frozen=True):
    """What must not be known yet: until a day, or until a moment of each person's own time.

    `after` is a timepoint, whose window has to be over, or `off-study`. Without `forms`, `purposes`
    or `clinics` it is about all of them.
    """

    until: Day | None = None
    after: Id | None = None
    forms: tuple[Id, ...] = ()
    purposes: tuple[Purpose, ...] = ()
    clinics: tuple[Id, ...] = ()

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.until is None) == (self.after is None):
            raise ValueError("either `until` or `after`")
        return self

    def concerns(self, form: str, purpose: Purpose, clinic: str) -> bool:
        """Whether it is about a form's data for a receiver of this purpose and name."""
        return (
            (not self.forms or form in self.forms)
            and (not self.purposes or purpose in self.purposes)
            and (not self.clinics or clinic in self.clinics)
        )


class FormPlacement(Unique, frozen=True):
    """A form in this study: its name in the source, when it is asked, what renames its fields.

    `completed_at` is the field with the moment of completion; left out, REDCap's own
    `<source_form>_timestamp` is taken where the export has it. `compare` is by scale the field with
    the total that the source has calculated itself.
    `conceals_note`: a blinded receiver is not told an adverse event's note.
    """

    form: Id
    source_form: Text
    at: tuple[Id, ...]
    completed_at: str | None = None
    fields: dict[str, str] = Field(default_factory=dict)
    compare: dict[Id, Text] = Field(default_factory=dict)
    reveals_allocation: bool = False
    conceals_note: bool = False


class Therapy(Declared, frozen=True):
    """What the trial tries, as a Procedure says it; it is told to unblinded receivers alone."""

    title: Text
    codes: tuple[Code, ...] = ()


class Registration(Declared, frozen=True):
    """The number under which the study is registered."""

    system: Text
    value: Text


class Period(Declared, frozen=True):
    """First and last day, local."""

    start: Day
    end: Day | None = None


class Study(Unique, frozen=True):
    """The shared context of every mapping."""

    kind: Literal["study"]
    id: Id
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    title: Text
    source: Text
    base: Annotated[str, Field(pattern=r"^https?://[^\s]+[^/\s]$")]
    registry: Registration | None = None
    status: StudyStatus
    primary_purpose: PrimaryPurpose = "treatment"
    period: Period | None = None
    timezone: Zone
    record_id: Text
    missing_codes: dict[str, AbsentReason] = Field(default_factory=dict)
    timepoints: tuple[Timepoint, ...]
    baseline: Id | None = None
    participant: ParticipantForm
    consents: tuple[ConsentRule, ...] = ()
    forms: tuple[FormPlacement, ...]
    therapy: Therapy | None = None
    safety: Safety | None = None
    embargoes: tuple[Embargo, ...] = ()
    from_care: tuple[CareRule, ...] = ()
    not_mapped: dict[str, Text] = Field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        """The zone that the source's local times are told in."""
        return ZoneInfo(self.timezone)

    def timepoint_of(self, event: str) -> Timepoint | None:
        """The timepoint that a source event stands for, None where the study names none."""
        return self._by_event.get(event)

    def placement_of(self, source_form: str) -> FormPlacement | None:
        """Where a form of the source belongs, None where the study does not map it."""
        return self._by_source_form.get(source_form)

    def care_rule(self, resource_type: str) -> CareRule | None:
        """What the study asks of standard care of this type, None where it asks for none."""
        return next((rule for rule in self.from_care if rule.type == resource_type), None)

    @cached_property
    def _by_event(self) -> dict[str, Timepoint]:
        return {event: point for point in reversed(self.timepoints) for event in point.events}

    @cached_property
    def _by_source_form(self) -> dict[str, FormPlacement]:
        return {form.source_form: form for form in reversed(self.forms)}
