"""Responses as a clinic gives them: whose they are, whether they are any, and what may be kept.

What is about somebody else, what we wrote ourselves and what answers no form of the study is left
where it is: nothing of it is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from adapter.fhir.r4 import NotR4Error, check_resource, parse_json
from adapter.fhir.received import as_received
from adapter.fhir.text import write_text
from adapter.ingest.earlier import is_current
from adapter.ingest.judge import OF_ANOTHER, RESPONSE, Became, form_named, judge, take_back, wait
from adapter.ingest.trial import Trial
from adapter.instruments.response import SCORED
from adapter.store import holdings, inbox, instances, remote, versions
from adapter.store.database import Transaction
from adapter.store.inbox import Received


@dataclass(frozen=True, slots=True)
class Sent:
    """A QuestionnaireResponse as a clinic gave it, asked for by its `patient` (the id there)."""

    clinic: str
    patient: str
    participant: str
    resource: dict[str, Any]

    @property
    def remote_id(self) -> str:
        """Its id at the clinic."""
        return str(self.resource.get("id", ""))

    @property
    def remote_version(self) -> str:
        """Its version there, '' where the clinic tells none."""
        meta = self.resource.get("meta")
        return str(meta.get("versionId", "")) if isinstance(meta, dict) else ""


def receive(tx: Transaction, trial: Trial, sent: Sent, now: str) -> Became:
    """Takes in one response, or says why not; the same one again changes nothing."""
    return _set_aside(tx, trial, sent) or take_in(tx, trial, sent, now)


def take_in(tx: Transaction, trial: Trial, sent: Sent, now: str) -> Became:
    """Takes in one response that is known to be about this person and to be to a form of ours."""
    known = inbox.find(tx, sent.clinic, RESPONSE, sent.remote_id)
    if sent.resource.get("status") == "entered-in-error":
        return take_back(tx, trial, known, "it was entered in error at the clinic", now)
    said = _said(trial, sent, known, now)
    if known is not None and known.text == said.text and _is_settled(tx, trial, known):
        return "unchanged"
    if unfit := _unfit(sent.resource):
        return wait(tx, trial, said, unfit, is_r4=False)
    return judge(tx, trial, said, now)


def is_about(resource: Mapping[str, Any], patient: str) -> bool:
    """Whether its subject is the Patient who was asked for, said relative or in full."""
    subject = resource.get("subject", resource.get("patient"))
    named = subject.get("reference") if isinstance(subject, dict) else None
    return isinstance(named, str) and f"/{named}".endswith(f"/Patient/{patient}")


# Private functions


def _set_aside(tx: Transaction, trial: Trial, sent: Sent) -> Became | None:
    """Why nothing of it is kept, None for a response that is to be judged."""
    if not is_about(sent.resource, sent.patient):
        return "foreign"
    if _is_ours(tx, trial, sent):
        return "ours"
    if form_named(sent.resource, trial) is None:
        return "other"
    return None if sent.resource.get("status") in {*SCORED, "entered-in-error"} else "draft"


def _said(trial: Trial, sent: Sent, known: Received | None, now: str) -> Received:
    """What is kept of it; what was found out about an earlier version goes on with it."""
    patient = trial.identity.patient(sent.participant)
    fresh = Received(
        clinic=sent.clinic,
        type=RESPONSE,
        remote_id=sent.remote_id,
        remote_version=sent.remote_version,
        participant=sent.participant,
        text=write_text(as_received(sent.resource, patient)),
        state="waiting",
        why="it was not judged yet",
        received=now,
    )
    if known is None:
        return fresh
    place = known.timepoint if known.stands == "held" else ""
    return replace(
        fresh,
        form=known.form,
        timepoint=place,
        unit=known.unit,
        stands=known.stands,
        trial_row=known.trial_row,
        row_hash=known.row_hash,
    )


def _is_ours(tx: Transaction, trial: Trial, sent: Sent) -> bool:
    """Whether we wrote it: `verify` looks after that, also while its arrival is in doubt."""
    identifier = sent.resource.get("identifier")
    system = identifier.get("system") if isinstance(identifier, dict) else None
    return (
        system == trial.identity.identifier("response", "")["system"]
        or remote.names_ours(tx, sent.clinic, RESPONSE, sent.remote_id)
        or holdings.holding(tx, sent.clinic, RESPONSE, sent.remote_id) is not None
        or versions.latest(tx, RESPONSE, sent.remote_id) is not None
    )


def _unfit(resource: dict[str, Any]) -> str:
    """Why R4 refuses it, '' where it does not."""
    try:
        check_resource(parse_json(write_text(resource)))
    except NotR4Error as wrong:
        return "; ".join((wrong.message, *wrong.findings))
    return ""


def _is_settled(tx: Transaction, trial: Trial, known: Received) -> bool:
    """Whether a response that did not change needs no second look."""
    if known.state == "waiting":
        return False
    if known.state == "left":
        return known.stands == "apart" and known.why != OF_ANOTHER
    form, instance = trial.forms.get(known.form), instances.instance(tx, known.unit)
    if form is None or instance is None or instance.status == "entered-in-error":
        return False
    if known.stands == "held":
        return is_current(tx, trial, form, instance)
    return instance.source_hash == known.row_hash
