"""What an operator asks and does, at the terminal and on the page alike: one function for both.

`by` is who did it, where that is known; it stands in the audit log as the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapter.errors import ConflictError, NotFoundError
from adapter.fhir.audit_event import ALTHOUGH_DIFFERENT, TURNED_DOWN
from adapter.fhir.ids import IS_ID
from adapter.ingest.participation import withdraw
from adapter.ingest.whose import Whose, count_of_another, follow_link, follow_merge
from adapter.service.running import Service
from adapter.service.shown import Forms
from adapter.store import deliveries, inbox, instances, leaving, parking, settling, standing
from adapter.store.audit import Act
from adapter.store.identities import Candidates
from adapter.store.remote import replaced_by
from adapter.sync.clinic import Clinic
from adapter.sync.server import note_server, stop_if_elsewhere


@dataclass(frozen=True, slots=True)
class Linked:
    """What a link undid: how much stands with another Patient, and how much had come from one.

    `told_anew` is taken back there and told anew by the next pushes; `taken_back` is taken back
    here already, and what is about the right Patient comes with the next pull.
    """

    told_anew: int
    taken_back: int


def state_of(service: Service, name: str, forms: Forms = None) -> dict[str, Any]:
    """How a clinic, or a client that writes, stands: deliveries, what waits, since when and why.

    With `forms` of those alone; but for `parked`, which is about people.
    """
    tx = service.database.read()
    oldest = standing.oldest_undelivered(tx, name, forms)
    return {
        "name": name,
        **{str(word): count for word, count in standing.count_states(tx, name, forms).items()},
        "oldest_undelivered_seconds": None if oldest is None else seconds_since(service, oldest),
        "parked": len(parking.parked(tx, name)),
        "inbox_waiting": inbox.count_waiting(tx, name, forms),
        "needs_a_person": [
            {
                "state": stuck.state,
                "type": stuck.type,
                "why": stuck.rule or stuck.reason,
                "count": stuck.count,
            }
            for stuck in standing.stuck(tx, name, forms)
        ],
    }


def seconds_since(service: Service, moment: str) -> int:
    """How long ago a moment of the ledger was."""
    since = datetime.fromisoformat(service.now()) - datetime.fromisoformat(moment)
    return int(since.total_seconds())


def retry_all(service: Service, clinic: Clinic, by: str = "") -> int:
    """Queues again what a clinic refused; gives how many deliveries."""
    # A line is on the disk before its act takes effect.
    service.audit.add([Act(service.now(), "retry", clinic.name, rule=by)])
    with service.database.write() as tx:
        return deliveries.retry(tx, clinic.name, service.now())


def note_filed(service: Service, clinic: Clinic, task: str) -> None:
    """Notes that a person has filed a task.

    Raises:
        NotFoundError: no such task waits.
    """
    with service.database.write() as tx:
        if settling.file(tx, clinic.name, task, service.now()):
            return
        newer = replaced_by(tx, clinic.name, task)
    if newer:
        raise NotFoundError(
            f"Expected a task that waits to be filed; found one that {newer} has replaced. Do as "
            f"the page of {newer} says, also with the page that was filed; then run `adapter filed "
            f"{clinic.name} {newer}`."
        )
    raise NotFoundError("Expected a task that waits to be filed; found none so named.")


def note_withdrawal(service: Service, record: str, consent: str, by: str = "") -> None:
    """Records a withdrawal; a plan then shows what it retracts.

    Raises:
        NotFoundError: nobody of this name takes part, or the study has no such consent.
    """
    with service.database.write() as tx:
        withdraw(tx, service.trial, record, consent, service.now())
        # Whoever dies between the two leaves a line that the next ingest follows.
        service.audit.add([Act(service.now(), "withdraw", record=record, what=consent, rule=by)])


def link_to(  # noqa: PLR0913 - who is who, by whom, and what it may undo
    service: Service,
    clinic: Clinic,
    record: str,
    patient: str,
    by: str = "",
    *,
    replaces: bool = False,
    although_different: bool = False,
) -> Linked:
    """Notes a person's word on which Patient of a clinic a record is.

    Where another Patient was told of them, or answers were taken in from one, `replaces` has both
    taken back. `although_different` says that it is this one, whatever
    identifiers they have there; the clinic is not asked here.

    Raises:
        NotFoundError: nobody of this record takes part, or no Patient has such an id.
        ConflictError: somebody else is that Patient, something stands with another one or came
            from them, or the clinic is at another server than it was.
    """
    stop_if_elsewhere(service.crosswalk, clinic.name, clinic.server)
    if not IS_ID(patient) and (clinic.profile.speaks_fhir or not patient):
        raise NotFoundError(
            "Expected the id of a Patient as it stands behind `Patient/`: 1 to 64 letters, "
            "digits, `-` and `.`; found something else."
        )
    if instances.participant(service.database.read(), record) is None:
        raise NotFoundError("Expected a record that takes part; found none of this name.")
    count = _standing_elsewhere(service, clinic, record, patient)
    if count and not replaces:
        raise ConflictError(
            f"Expected `--replace`, because {count} resources of this record stand with another "
            "Patient there, who would keep them; found it missing. With it the next pushes mark "
            "them as entered in error there, and tell them anew."
        )
    whose, is_merged = _whose(service, clinic, record, patient)
    ledger, trial = service.database, service.trial
    came = 0 if is_merged else count_of_another(ledger.read(), trial, whose)
    if came and not replaces:
        raise ConflictError(
            f"Expected `--replace`, because {came} resources were taken in from another Patient "
            "there as this record's; found it missing. With it they are taken back, and the next "
            "pull reads those of this Patient."
        )
    note_server(service.crosswalk, clinic.name, clinic.server)
    service.crosswalk.link(
        clinic.name, record, patient, service.now(), although_different=although_different
    )
    with service.database.write() as tx:  # what held their data was said of whom they were so far
        deliveries.forget_who(tx, clinic.name, record, service.now())
    # Which Patient it is, and by which identifiers, stands in the crosswalk alone.
    why = f"{ALTHOUGH_DIFFERENT} {by}".strip() if although_different else by
    service.audit.add([Act(service.now(), "link", clinic.name, record, rule=why)])
    with ledger.write() as tx:  # last: who dies before it leaves it to the next pull
        if is_merged:
            follow_merge(tx, trial, whose, service.now())
            return Linked(count, 0)
        return Linked(count, follow_link(tx, trial, whose, service.now()).total())


def _whose(service: Service, clinic: Clinic, record: str, patient: str) -> tuple[Whose, bool]:
    """Who a record becomes, and whether the clinic merged the Patient that it was into that one."""
    crosswalk, told = service.crosswalk, clinic.addresses.told(record)
    linked = crosswalk.linked(clinic.name, record)
    before = linked or ("" if told is None else told.patient)
    found = crosswalk.candidates(clinic.name, record)  # of who is linked, merged ones alone
    is_merged = linked is not None and found is not None and _names(found, patient)
    return Whose(clinic.name, record, patient, before), is_merged


def _names(found: Candidates, patient: str) -> bool:
    return patient in {each.patient for each in found.patients}


def _standing_elsewhere(service: Service, clinic: Clinic, record: str, patient: str) -> int:
    """How much stands with a Patient of whom the clinic did not say that it is this one by now."""
    told, crosswalk = clinic.addresses.told(record), service.crosswalk
    if told is None or told.patient == patient:
        return 0
    found = crosswalk.candidates(clinic.name, record)
    is_named = found is not None and _names(found, patient)
    if is_named and crosswalk.linked(clinic.name, record) == told.patient:
        return 0
    return leaving.count_standing(service.database.read(), clinic.name, record)


def confirm_candidate(  # noqa: PLR0913 - as above
    service: Service,
    clinic: Clinic,
    record: str,
    patient: str,
    by: str = "",
    *,
    replaces: bool = False,
) -> Linked:
    """Links a record to one of its candidates, as `link_to` does.

    Raises:
        NotFoundError: it is none of them.
        ConflictError: as `link_to` does.
    """
    found = service.crosswalk.candidates(clinic.name, record)
    if found is None or not _names(found, patient):
        raise NotFoundError(
            "Expected one of the candidates of this record; found none of this id. "
            "`adapter candidates` lists them; `adapter link` needs none."
        )
    return link_to(service, clinic, record, patient, by, replaces=replaces)


def turn_down(service: Service, clinic: Clinic, record: str, by: str = "") -> int:
    """Notes a person's word that a record is none of its candidates; gives how many they were.

    Raises:
        NotFoundError: the record has no candidates there.
    """
    count = service.crosswalk.turn_down(clinic.name, record, service.now())
    if not count:
        raise NotFoundError(
            "Expected a record that waits for a person's word; found none of this name. "
            "`adapter candidates` lists them."
        )
    why = f"{TURNED_DOWN} {by}".strip()
    service.audit.add([Act(service.now(), "link", clinic.name, record, rule=why)])
    return count
