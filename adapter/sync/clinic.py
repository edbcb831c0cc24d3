"""One clinic at work: its profile, its client, and all that delivering to it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlencode

from adapter.errors import EhrError
from adapter.fhir.check import write
from adapter.fhir.identity import Identity
from adapter.fhir.research_backport import as_research_backport
from adapter.fhir.retraction import retract
from adapter.fhir.text import read_text
from adapter.instruments.form import Form
from adapter.instruments.study import Study
from adapter.release.blinding import TELLING, as_blinded
from adapter.release.wording import WORDED, without_wording
from adapter.store import versions
from adapter.store.database import Database, Transaction
from adapter.store.deliveries import Action, Delivery
from adapter.store.identities import Crosswalk
from adapter.sync.answer import Answer, RecordSystem, reason_of, stop_if_no_entry
from adapter.sync.outgoing import wire_text
from adapter.sync.profile import ClinicProfile
from adapter.sync.receipt import Unknown, Unreachable


@dataclass(frozen=True)
class Clinic:
    """A record system to deliver to. `clock` gives aware UTC; `sleep` waits for so many seconds.

    `forms` are all that the mappings declare, `unlicensed` those whose wording it must not get.
    """

    profile: ClinicProfile
    client: RecordSystem
    database: Database
    crosswalk: Crosswalk
    study: Study
    identity: Identity
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    unlicensed: Mapping[str, Form] = field(default_factory=dict)
    forms: Mapping[str, Form] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The clinic's id."""
        return self.profile.id

    @contextmanager
    def alone(self) -> Iterator[None]:
        """The right to be the only one at work with this clinic; what goes wrong there names it.

        Raises:
            ConflictError: another process is at work with it.
        """
        with self.database.sole_writer(self.name):
            try:
                yield
            except EhrError as wrong:
                raise EhrError(f"{self.name}: {wrong}") from wrong

    def now(self) -> str:
        """The present moment as the ledger writes it."""
        return self.clock().astimezone(UTC).isoformat(timespec="seconds")

    def patient_of(self, participant: str) -> str | None:
        """The id of the participant's Patient at this clinic, None while it is not known."""
        if self.profile.patient.create or not participant:
            return self.identity.patient(participant)
        return self.crosswalk.linked(self.name, participant)

    def text_of(
        self, tx: Transaction, delivery: Delivery, version: int, action: Action
    ) -> bytes | None:
        """What the clinic gets, or got, of a version: in its own terms, None for a deletion."""
        text = versions.text_of(tx, delivery.type, delivery.id, version)
        if delivery.type in TELLING:
            text = self._as_told(text, delivery)
        if delivery.form in self.unlicensed and delivery.type in WORDED:
            text = write(without_wording(read_text(text), self.unlicensed[delivery.form]))
        return wire_text(
            text,
            is_retraction=action == "retract",
            ours=self.identity.patient(delivery.participant),
            theirs=self.patient_of(delivery.participant) or "",
        )

    def _as_told(self, text: bytes, delivery: Delivery) -> bytes:
        """What may tell the arm, blinded unless it may know; an event in the shape it asks for."""
        held = told = read_text(text)
        if not self.profile.unblinded:
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

    def find_patient(self, participant: str) -> str | Unreachable | Unknown:
        """Looks the participant up by identifier; '' once linked, else the rule that holds.

        The identifier travels in the body, because addresses end up in logs.
        """
        name = self.profile.patient.find_by or ""
        value = self.crosswalk.identifier(participant, name)
        if value is None:
            return "patient-without-identifier"
        system = self.study.participant.identifiers[name].system
        answer = self.client.exchange(
            "POST",
            "Patient/_search",
            urlencode({"identifier": f"{system}|{value}", "_count": "2"}).encode(),
            {"Content-Type": "application/x-www-form-urlencoded"},
        )
        if not isinstance(answer, Answer):
            return answer
        stop_if_no_entry(answer)
        if not answer.is_success:  # this person cannot be asked for; the others need not wait
            return "patient-search-refused"
        if answer.body.get("resourceType") != "Bundle":
            return Unknown(f"HTTP {answer.status} to a patient search: {reason_of(answer.body)}")
        resources = [entry.get("resource", {}) for entry in answer.body.get("entry", ())]
        found = [found["id"] for found in resources if found.get("resourceType") == "Patient"]
        if len(found) != 1:
            return "patient-ambiguous" if found else "patient-not-found"
        self.crosswalk.link(self.name, participant, found[0], self.now())
        return ""
