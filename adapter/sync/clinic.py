"""One clinic at work: its profile, its client, and all that delivering to it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from adapter.errors import EhrError
from adapter.fhir.bare import without_references
from adapter.fhir.check import write
from adapter.fhir.identity import Identity
from adapter.fhir.renumbering import as_told_again, numbered
from adapter.fhir.research_backport import as_research_backport
from adapter.fhir.retraction import retract
from adapter.fhir.text import read_text
from adapter.instruments.form import Form
from adapter.instruments.study import Study
from adapter.release.blinding import CONCEALED, TELLING, as_blinded, as_whole, reveals_allocation
from adapter.release.wording import WORDED, without_wording
from adapter.store import holdings, inbox, versions
from adapter.store.audit import AuditLog
from adapter.store.database import Database, Transaction
from adapter.store.deliveries import Action, Delivery
from adapter.store.encounters import filed_in
from adapter.store.identities import Crosswalk
from adapter.store.moves import moved_to
from adapter.store.places import way_of
from adapter.sync.address import Addresses
from adapter.sync.answer import RecordSystem
from adapter.sync.capability import Capability
from adapter.sync.filing import as_filed, in_encounter
from adapter.sync.ladder import DOCUMENT, Choice, choose_all, correction_of
from adapter.sync.outgoing import wire_text
from adapter.sync.post import Post, rung_noted
from adapter.sync.profile import DOCUMENTED, FILED, RUNGS, ClinicProfile, How, Rung
from adapter.sync.server import Server, note_server, stop_if_elsewhere
from adapter.sync.set_back import note_turn, stop_if_set_back
from adapter.sync.turn import Turn

_BESIDE = frozenset({"Provenance", "ResearchSubject", "Device"})
"""What tells of outcomes, or of who takes part, and is none itself."""


@dataclass(frozen=True)
class Clinic:
    """A record system to deliver to. `clock` gives aware UTC; `sleep` waits for so many seconds.

    `chance` gives numbers between 0 and 1, by which waits are shortened up to half.
    `forms` are all that the mappings declare, `unlicensed` those whose wording it must not get.
    `capability` is what it says of itself, None where it never told; `post` is its way for HL7 v2,
    `tasks` the folder for what a person files. `await_leave` comes before all that goes these two
    ways; in a turn it waits for the budget and looks at the lease. `server` is where it is, and
    where it was under this name before; None where that is nowhere in particular. `asked` comes
    from `for_batch`.
    """

    profile: ClinicProfile
    client: RecordSystem
    database: Database
    crosswalk: Crosswalk
    study: Study
    identity: Identity
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    chance: Callable[[], float] = lambda: 1.0
    unlicensed: Mapping[str, Form] = field(default_factory=dict)
    forms: Mapping[str, Form] = field(default_factory=dict)
    capability: Capability | None = None
    post: Post | None = None
    tasks: Path | None = None
    server: Server | None = None
    asked: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    audit: AuditLog | None = None
    await_leave: Callable[[], None] = lambda: None

    @property
    def name(self) -> str:
        """The clinic's id."""
        return self.profile.id

    @cached_property
    def choices(self) -> Mapping[str, Choice]:
        """The rung for each form, and why."""
        return choose_all(self.profile, self.capability, self.forms.values())

    def chooses_id(self, resource_type: str) -> bool:
        """Whether the record system says that it keeps such resources under ids of ours."""
        said = self.capability
        is_kept = self.corrects(resource_type) in {"update", "either"}
        return said is not None and resource_type in said.update_create and is_kept

    def corrects(self, resource_type: str) -> How:
        """How such resources are corrected where they go one by one."""
        return correction_of(self.profile, self.capability, resource_type)

    def may(self, resource_type: str, interaction: str) -> bool:
        """Whether its statement offers an interaction with a type, or it never told."""
        said = self.capability
        return said is None or said.offers(resource_type, interaction)

    def leaves_out(self, delivery: Delivery) -> bool:
        """Whether it need not go, where it cannot be said without what this clinic never gets."""
        return delivery.type in _BESIDE and self.rung_of(delivery) == "single"

    def is_filed_in_one(self, delivery: Delivery) -> bool:
        """Whether it is a result that this clinic files in an Encounter of its own."""
        is_result = self.profile.encounter is not None and delivery.type == "Observation"
        return is_result and self.rung_of(delivery) in FILED

    def rung_of(self, delivery: Delivery) -> Rung:
        """The rung that carries a delivery: the one that carried the outcome before, or the chosen.

        Where a person moved it, it is the one that they said. A message and a task are known
        by the clinic's version that the ledger notes of them.
        """
        moved = moved_to(self.database.read(), self.name, delivery.unit)
        if moved and (moved in DOCUMENTED) == (delivery.type == DOCUMENT):
            return RUNGS[moved]
        if delivery.type == DOCUMENT:
            held = holdings.holding(self.database.read(), self.name, delivery.type, delivery.id)
            known = held.remote_version if held is not None and held.action == "put" else ""
            noted: str = rung_noted(known) if known else ""
        else:
            noted = way_of(self.database.read(), self.name, delivery.unit)
        return RUNGS.get(noted) or self.rung_for(delivery.type, delivery.form)

    def rung_for(self, resource_type: str, form: str) -> Rung:
        """The chosen rung for resources of this type that belong to this form."""
        for rung in _rungs(self.profile, self.choices.get(form.removeprefix(CONCEALED))):
            if (rung in DOCUMENTED) == (resource_type == DOCUMENT):
                return rung
        return "document"

    @contextmanager
    def alone(self) -> Iterator[tuple[Clinic, Turn]]:
        """A turn at this clinic, and the clinic as it is asked in it; what goes wrong names it.

        Raises:
            ConflictError: another process is at work with it, the ledger was set back, or it is
                another server than before.
            EhrError: it rests, after trouble or as it asked for.
        """
        turn = Turn(
            self.profile,
            self.client,
            self.database,
            lambda: self.clock().timestamp(),
            self.sleep,
            self.chance,
        )
        # An answer may take as long as its time-out: it must not outlast the lease.
        seconds = max(self.database.lease_seconds, 2 * self.profile.timeout_seconds)
        stop_if_set_back(self.database, self.crosswalk, self.name)
        stop_if_elsewhere(self.crosswalk, self.name, self.server)
        with self.database.sole_writer(self.name, seconds):
            try:
                note_turn(self.database, self.crosswalk, self.name)
                note_server(self.crosswalk, self.name, self.server)
                turn.begin()
                yield replace(self, client=turn, await_leave=turn.await_leave), turn
                turn.end()
            except EhrError as wrong:
                raise EhrError(f"{self.name}: {wrong}") from wrong

    def write(self) -> AbstractContextManager[Transaction]:
        """A transaction that touches the deliveries of this clinic alone."""
        return self.database.write(self.name)

    def now(self) -> str:
        """The present moment as the ledger writes it."""
        return self.clock().astimezone(UTC).isoformat(timespec="seconds")

    def today(self) -> str:
        """The present day where the study is."""
        return self.clock().astimezone(self.study.zone).date().isoformat()

    def may_know_arm(self, participant: str) -> bool:
        """Whether it may know who got the therapy: of everybody, or of this person by an act."""
        log = self.audit
        is_told = log is not None and bool(participant) and log.is_unblinded(self.name, participant)
        return self.profile.unblinded or is_told

    @cached_property
    def addresses(self) -> Addresses:
        """Who the participants are at this clinic, and where it was told about them."""
        return Addresses(self.profile, self.crosswalk, self.identity, self.asked)

    def for_batch(self, batch: Iterable[Delivery]) -> Clinic:
        """The clinic as it is while a batch goes: where its people stand is asked once of each."""
        people = {delivery.participant for delivery in batch}
        return replace(self, asked={who: self.addresses.at(who) for who in people})

    def text_of(
        self, tx: Transaction, delivery: Delivery, version: int, action: Action
    ) -> bytes | None:
        """What the clinic gets, or got, of a version: in its own terms, None for a deletion."""
        text = versions.text_of(tx, delivery.type, delivery.id, version)
        if delivery.type == DOCUMENT:
            return self._document(text, delivery, action)
        if delivery.type in TELLING or reveals_allocation(self.study, delivery.form):
            text = self._as_told(text, delivery)
        rung = self.rung_of(delivery)
        if rung in FILED:
            text = as_filed(text, self.profile, rung, delivery.form)
        if rung == "single":
            kept = {"Patient", *(self.profile.accepts if self.chooses_id(delivery.type) else ())}
            text = write(without_references(read_text(text), kept))
        if self.is_filed_in_one(delivery):
            text = in_encounter(text, filed_in(tx, self.name, delivery.unit))
        if delivery.form in self.unlicensed and delivery.type in WORDED:
            text = write(without_wording(read_text(text), self.unlicensed[delivery.form]))
        told = self._addressed(text, delivery, is_retraction=action == "retract")
        return None if told is None else self._naming_theirs(tx, told, delivery)

    def _addressed(self, text: bytes, delivery: Delivery, *, is_retraction: bool) -> bytes | None:
        """The text as it is told where this person is told of, None for a deletion."""
        patient, number = self.addresses.at(delivery.participant)
        ours = self.identity.patient(delivery.participant)
        told = wire_text(text, is_retraction=is_retraction, ours=ours, theirs=patient)
        if told is None or number == 1:
            return told
        return write(as_told_again(read_text(told), number))

    def _naming_theirs(self, tx: Transaction, text: bytes, delivery: Delivery) -> bytes:
        """The text about the clinic's own response, where that stands there in place of ours."""
        unit, whose = delivery.unit, delivery.participant
        named = numbered(unit, self.addresses.at(whose)[1])
        ours = f'"QuestionnaireResponse/{named}"'.encode()
        theirs = inbox.name_there(tx, self.name, whose, unit) if ours in text else None
        return (
            text
            if theirs is None
            else text.replace(ours, ours.replace(named.encode(), theirs.encode()))
        )

    def _document(self, text: bytes, delivery: Delivery, action: Action) -> bytes:
        """A document as the ledger holds it, or as the clinic gets it where it takes documents."""
        said = read_text(text)
        if action == "retract":
            said = retract(said) or said
        if self.rung_of(delivery) == "document":
            # Only who sends documents pays for what renders them.
            from adapter.render.delivered import as_delivered  # noqa: PLC0415

            person = self.addresses.person(delivery.participant)
            said = as_delivered(said, person, self.profile.document.formats)
        return self._addressed(write(said), delivery, is_retraction=False) or b""

    def _as_told(self, text: bytes, delivery: Delivery) -> bytes:
        """What may tell the arm, blinded unless it may know; an event in the shape it asks for."""
        held = told = read_text(text)
        # Where the therapy never comes, an event that names it would name nothing.
        names_what_comes = delivery.type not in TELLING or "Procedure" in self.profile.accepts
        if names_what_comes and self.may_know_arm(delivery.participant):
            told = as_whole(told, delivery.form, self.study)
        else:
            told = as_blinded(told, self.forms.get(delivery.form), self.study)
        if delivery.type == "AdverseEvent" and self.profile.adverse_events == "research-backport":
            takes_subjects = "ResearchSubject" in self.profile.accepts
            subject = self.identity.subject(delivery.participant) if takes_subjects else None
            told = as_research_backport(told, subject)
        return text if told is held else write(told)

    def keeps_retracted(self, resource_type: str) -> bool:
        """Whether what is taken back stays there, marked; else it is deleted.

        Of adverse events in the research profile's shape this is nearly always so; the few that the
        profile cannot say are deleted all the same.
        """
        is_marked = self.profile.adverse_events == "research-backport"
        is_event = resource_type == "AdverseEvent"
        return (is_event and is_marked) or retract({"resourceType": resource_type}) is not None


def _rungs(profile: ClinicProfile, choice: Choice | None) -> Iterator[Rung]:
    """The rungs that may carry something, the chosen ones first."""
    if choice is not None:
        yield choice.rung
        if choice.also is not None:
            yield choice.also
    yield from profile.ladder
    yield from profile.also
