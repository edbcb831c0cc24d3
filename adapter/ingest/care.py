"""What standard care gave: kept for research, each with its Provenance, owed to nobody.

Nothing waits for a person here: what cannot be kept is left where it is, and counted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from adapter.fhir.care import is_since, read_care
from adapter.fhir.check import write
from adapter.fhir.provenance import Activity, Taken, build_taken_provenance
from adapter.ingest.keep import retract_unit
from adapter.ingest.received import is_about
from adapter.ingest.trial import Trial
from adapter.instruments.participant import Participant
from adapter.instruments.study import CareRule
from adapter.release import CARE
from adapter.store import inbox, versions
from adapter.store.database import Transaction
from adapter.store.inbox import Received
from adapter.store.versions import Belonging

CareBecame = Literal["taken", "changed", "unchanged", "retracted", "left"]
WITHDRAWN = "the consent was withdrawn"
GONE = "it is gone at the clinic"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A resource as a clinic gave it, asked for by its `patient` (the id there).

    `updated` is when the clinic's server changed it last, in UTC, '' where it does not say.
    """

    clinic: str
    patient: str
    person: Participant
    rule: CareRule
    updated: str
    resource: dict[str, Any]

    @property
    def remote_id(self) -> str:
        """Its id at the clinic."""
        return str(self.resource["id"])

    @property
    def remote_version(self) -> str:
        """Its version there, '' where the clinic tells none."""
        meta = self.resource.get("meta")
        return str(meta.get("versionId", "")) if isinstance(meta, dict) else ""


def take_care(tx: Transaction, trial: Trial, sent: Fetched, now: str) -> CareBecame:
    """Keeps what may be kept of one resource; what may not, or no longer, is left or retracted."""
    known = inbox.find(tx, sent.clinic, sent.rule.type, sent.remote_id)
    own_id = trial.identity.token("care", sent.clinic, sent.rule.type, sent.remote_id)
    built = _read(trial, sent, own_id)
    if isinstance(built, str):
        return drop_care(tx, trial, known, built, now)
    text = write(built)
    is_held = known is not None and known.stands == "held"
    if known is not None and is_held and known.text == text:
        return "unchanged"
    name = (sent.rule.type, own_id)
    belonging = Belonging(own_id, sent.person.participant, f"{CARE}{sent.rule.type}")
    activity: Activity = "UPDATE" if is_held else "CREATE"
    there = (sent.clinic, sent.rule.type, sent.remote_id, sent.remote_version)
    taken = Taken(*there, sent.updated, activity)
    versions.put(tx, name, text, belonging, now)
    provenance = build_taken_provenance(taken, [name], trial.identity, now, trial.software)
    told = ("Provenance", provenance["id"])
    versions.put(tx, told, write(provenance), belonging, now)
    inbox.keep(
        tx,
        Received(
            *there,
            sent.person.participant,
            text,
            "taken",
            "the study asks for it",
            now,
            form=belonging.form,
            unit=own_id,
            stands="held",
        ),
    )
    return "changed" if is_held else "taken"


def drop_care(
    tx: Transaction, trial: Trial, known: Received | None, why: str, now: str
) -> CareBecame:
    """After a resource may be kept no longer: it is retracted; one never kept leaves no trace."""
    if known is None:
        return "left"
    if known.stands == "held":
        retract_unit(tx, trial, known.unit, now)
    inbox.keep(tx, replace(known, state="left", why=why, text=b"", stands="was-held"))
    return "retracted" if known.stands == "held" else "left"


def drop_all_care(tx: Transaction, trial: Trial, participant: str, now: str) -> None:
    """Retracts all that standard care gave of somebody whom the source no longer holds."""
    for held in _held(tx, participant):
        drop_care(tx, trial, held, WITHDRAWN, now)


def follow_care(tx: Transaction, trial: Trial, person: Participant, now: str) -> None:
    """After a consent was withdrawn: retracts what must not stay."""
    gone = {
        rule.id
        for rule in trial.study.consents
        if rule.on_withdrawal == "retract" and person.word(rule.id) == "withdrawn"
    }
    research = {rule.id for rule in trial.study.consents if rule.purpose == "research"}
    for held in _held(tx, person.participant):
        rule = trial.study.care_rule(held.type)
        if gone & (research | {rule.consent if rule else ""}):
            drop_care(tx, trial, held, WITHDRAWN, now)


# Private functions


def _read(trial: Trial, sent: Fetched, own_id: str) -> dict[str, Any] | str:
    """What is kept of it, or why nothing is."""
    if not is_about(sent.resource, sent.patient):
        return "it is about somebody else"
    since, enrolled = sent.rule.since, sent.person.enrolled or ""
    is_asked = since == "ever" or (
        enrolled and is_since(sent.resource, sent.rule.type, enrolled, trial.study.zone)
    )
    if not is_asked:
        return "it had ended before the day of enrolment, or does not say"
    patient = trial.identity.patient(sent.person.participant)
    return read_care(sent.resource, sent.rule.type, patient, own_id)


def _held(tx: Transaction, participant: str) -> list[Received]:
    return [each for each in inbox.held_of(tx, participant) if each.form.startswith(CARE)]
