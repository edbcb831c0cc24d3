"""The study and a person's place in it: who takes part, and what they agreed to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from adapter.errors import DeclarationError, NotFoundError, Origin, Problem
from adapter.fhir.check import write
from adapter.fhir.consent import build_consent
from adapter.fhir.questionnaire import build_questionnaire
from adapter.fhir.research import (
    build_device,
    build_patient,
    build_research_study,
    build_research_subject,
)
from adapter.fhir.terminology import build_code_systems, build_value_sets
from adapter.fhir.text import read_text
from adapter.ingest.care import drop_all_care, follow_care
from adapter.ingest.keep import retract_gone, retract_unit
from adapter.ingest.newcomers import owe_newcomers
from adapter.ingest.owe import follow_consent, owe
from adapter.ingest.trial import Trial
from adapter.instruments.form import Form
from adapter.instruments.participant import ConsentState, Participant, ended_by_withdrawal
from adapter.instruments.study import Study
from adapter.release import PARTICIPATION, as_published, reveals_allocation
from adapter.store import instances, versions
from adapter.store.database import Transaction
from adapter.store.versions import Belonging


def accept_study(tx: Transaction, trial: Trial, now: str) -> None:
    """Keeps what belongs to nobody: the codes, the device, the study, its questionnaires."""
    identity, placed = trial.identity, _placed_forms(trial)
    # What changed under its version stays what that version said, until somebody raises it.
    forms = [form for form in placed if form.id not in trial.changed]
    # A fragment may leave codes out: not even that there is such a form is told to who is blinded.
    published = [as_published(form) for form in forms]
    told = [form for form in published if not reveals_allocation(trial.study, form.id)]
    systems = build_code_systems(told, trial.study.safety, identity) if forms == placed else ()
    built = [
        *(("", system) for system in systems),
        *((form.id, answers) for form in published for answers in build_value_sets(form, identity)),
        ("", build_device(identity, trial.software)),
        ("", build_research_study(identity)),
        *(
            (form.id, build_questionnaire(form, _questionnaire_id(trial, form)))
            for form in forms
            if form.items and form.kind != "adverse-event"
        ),
    ]
    for form_id, resource in built:
        unit = identity.token("study-unit", resource["resourceType"], resource["id"])
        _put(tx, trial, resource, Belonging(unit, "", form_id), now)
    _retire_older(tx, trial, placed, now)


def _questionnaire_id(trial: Trial, form: Form) -> str:
    """A version of its own is a resource of its own: older responses go on naming theirs."""
    return trial.identity.token("questionnaire", form.id, form.published_version)


def _retire_older(tx: Transaction, trial: Trial, forms: list[Form], now: str) -> None:
    """Says of a form's earlier Questionnaires that they are asked no more; they stay."""
    current = {form.id: _questionnaire_id(trial, form) for form in forms}
    for version in list(versions.of_type(tx, "Questionnaire")):
        said = read_text(version.text)
        is_older = current.get(version.form, version.id) != version.id
        if is_older and said["status"] == "active":
            retired = {**said, "status": "retired"}
            _put(tx, trial, retired, Belonging(version.unit, "", version.form), now)


def _placed_forms(trial: Trial) -> list[Form]:
    placed = dict.fromkeys(placement.form for placement in trial.study.forms)
    return [trial.forms[name] for name in placed]


def accept_participant(
    tx: Transaction, trial: Trial, person: Participant, run: int, now: str
) -> bool:
    """Keeps a person's facts and resources, follows their consents; gives whether any changed."""
    person = _with_every_consent(person, trial.study)
    person = ended_by_withdrawal(instances.with_withdrawals(tx, person), trial.study)
    is_changed = instances.keep_participant(tx, person, run)
    identity = trial.identity
    built = [build_patient(identity, person.participant), build_research_subject(identity, person)]
    built += [
        build_consent(identity, person.participant, rule, person.consents[rule.id])
        for rule in trial.study.consents
        if person.consents[rule.id].word != "unknown"
    ]
    unit = unit_of(trial, person.participant)
    for resource in built:
        _put(tx, trial, resource, Belonging(unit, person.participant, PARTICIPATION), now)
    kept = {(resource["resourceType"], resource["id"]) for resource in built}
    retract_gone(tx, trial, unit, kept, now)
    if is_changed:
        follow_consent(tx, trial, person, now)
        follow_care(tx, trial, person, now)
    return is_changed


def _with_every_consent(person: Participant, study: Study) -> Participant:
    """Somebody of whom an earlier study file read less; what was added since is not known."""
    consents = {rule.id: ConsentState("unknown") for rule in study.consents} | person.consents
    return replace(person, consents=consents)


def check_withdrawals(tx: Transaction, study: Study) -> None:
    """Makes sure that every withdrawal recorded here is of a consent that the study knows.

    Raises:
        DeclarationError: it is not, so that what was withdrawn would be taken for agreed to.
    """
    known = [rule.id for rule in study.consents]
    lost = [name for name in instances.withdrawn_consents(tx) if name not in known]
    if lost:
        problems = tuple(
            Problem(
                Origin(f"study {study.id}"),
                "consents",
                f"a consent `{name}`, of which `adapter withdraw` recorded withdrawals",
                f"none of this id ({', '.join(known)})",
                "Give the consent its id back, or leave it in the study file: else who withdrew "
                "it would be taken to agree. Nothing was read or sent.",
            )
            for name in lost
        )
        raise DeclarationError("Recorded withdrawals belong to no consent.", problems)


def withdraw(tx: Transaction, trial: Trial, name: str, consent: str, now: str) -> None:
    """Records a withdrawal that the source does not say yet, and follows it at once.

    Raises:
        NotFoundError: nobody of this name takes part, or the study has no such consent.
    """
    person = instances.participant(tx, name)
    if person is None or consent not in {rule.id for rule in trial.study.consents}:
        raise NotFoundError(
            "Expected a record that takes part and a consent of the study "
            f"({', '.join(rule.id for rule in trial.study.consents)}); found one unknown. "
            "Check both words."
        )
    if person.word(consent) == "withdrawn" and instances.withdrawn_since(tx, name, consent):
        return
    _record(tx, trial, Withdrawal(name, consent, now), now)


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What was recorded here once: whose, of which consent, and when (ISO 8601, UTC)."""

    record: str
    consent: str
    at: str


def withdraw_again(tx: Transaction, trial: Trial, said: Withdrawal, now: str) -> bool:
    """Records a withdrawal that the ledger lost, and follows it; gives whether it changes anything.

    Of somebody who is not known any more it is remembered, too.
    """
    if instances.withdrawn_since(tx, said.record, said.consent) >= _day_of(trial, said):
        return False
    return _record(tx, trial, said, now)


def _day_of(trial: Trial, said: Withdrawal) -> str:
    return datetime.fromisoformat(said.at).astimezone(trial.study.zone).date().isoformat()


def _record(tx: Transaction, trial: Trial, said: Withdrawal, now: str) -> bool:
    """Keeps a withdrawal, even if the source says it, too: it may take its own word back."""
    name, consent = said.record, said.consent
    person = instances.participant(tx, name)
    if person is None or person.word(consent) == "withdrawn":
        instances.withdraw(tx, name, consent, _day_of(trial, said))
        return person is None
    owe_newcomers(tx, trial, now)  # first of all: what is owed now refers to what was before
    instances.withdraw(tx, name, consent, _day_of(trial, said))
    accept_participant(tx, trial, person, instances.participant_run(tx, name) or 0, now)
    after = instances.participant(tx, name)
    return after is not None and after.word(consent) == "withdrawn"


def retract_participant(tx: Transaction, trial: Trial, participant: str, now: str) -> None:
    """Retracts a person whom the source no longer holds, their form instances apart."""
    instances.miss_participant(tx, participant)
    drop_all_care(tx, trial, participant, now)
    retract_unit(tx, trial, unit_of(trial, participant), now)


def unit_of(trial: Trial, participant: str) -> str:
    """The unit of a person's own resources."""
    return trial.identity.token("participant-unit", participant)


def _put(
    tx: Transaction, trial: Trial, resource: dict[str, Any], belonging: Belonging, now: str
) -> None:
    name = (resource["resourceType"], resource["id"])
    owe(tx, trial, versions.put(tx, name, write(resource), belonging, now), now)
