"""The therapy's Procedure: it stands as long as something in the ledger tells that there was one.

That is an adverse event that names it, or an answer to a form that reveals the allocation. It is a
unit of its own, for several of them may tell it.
"""

from __future__ import annotations

from adapter.fhir.check import write
from adapter.fhir.text import read_text
from adapter.fhir.therapy import build_therapy
from adapter.ingest.keep import retract_unit
from adapter.ingest.owe import owe
from adapter.ingest.trial import Trial
from adapter.instruments.response import Response
from adapter.release import THERAPY, reveals_allocation
from adapter.store import versions
from adapter.store.database import Transaction
from adapter.store.versions import Belonging, Version


def put_therapy(tx: Transaction, trial: Trial, response: Response, now: str) -> None:
    """Keeps and owes the Procedure before what names it; nothing where the response tells none."""
    therapy, participant = trial.study.therapy, response.participant
    related = (item.link_id for item in response.form.items if item.element == "relatedness")
    tells = any(link_id in response.answers for link_id in related)
    if therapy is None or not (tells or reveals_allocation(trial.study, response.form.id)):
        return
    built = build_therapy(trial.identity, therapy, participant)
    belonging = Belonging(_unit(trial, participant), participant, THERAPY)
    name = (built["resourceType"], built["id"])
    owe(tx, trial, versions.put(tx, name, write(built), belonging, now), now)


def drop_therapy(tx: Transaction, trial: Trial, form: str, participant: str, now: str) -> None:
    """Retracts the Procedure where, after a response to this form, nothing tells of it any more."""
    known = trial.forms.get(form)
    may_tell = known is None or known.kind == "adverse-event"
    if trial.study.therapy is None or not (may_tell or reveals_allocation(trial.study, form)):
        return
    standing = versions.of_participant(tx, participant)
    if not any(_tells(trial, version) for version in standing if not version.is_retracted):
        retract_unit(tx, trial, _unit(trial, participant), now)


def _tells(trial: Trial, version: Version) -> bool:
    if version.type == "AdverseEvent":
        return "suspectEntity" in read_text(version.text)
    is_own = version.form == THERAPY or version.type == "Provenance"
    return not is_own and reveals_allocation(trial.study, version.form)


def _unit(trial: Trial, participant: str) -> str:
    return trial.identity.token("therapy-unit", participant)
