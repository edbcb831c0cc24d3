"""The story of one response: score it, build its resources, keep what changed, owe it.

Everything derived from one form instance is a unit: kept together, sent together, retracted
together.
"""

from __future__ import annotations

from typing import Literal

import orjson

from adapter.fhir.adverse_event import build_adverse_event
from adapter.fhir.draft import Draft
from adapter.fhir.observation import build_observations
from adapter.fhir.questionnaire_response import build_questionnaire_response
from adapter.fhir.text import read_text
from adapter.ingest.blinded import concealed
from adapter.ingest.change import Place, changes_at, follow_baseline, forget_baseline
from adapter.ingest.compare import find_differences
from adapter.ingest.document import REPORTED, put_document
from adapter.ingest.keep import Acceptance, put_all, put_provenance, retract_gone, retract_unit
from adapter.ingest.signals import accept_signals, retract_signals
from adapter.ingest.therapy import drop_therapy, put_therapy
from adapter.ingest.trial import Trial
from adapter.instruments.response import SCORED, Response, ResponseStatus
from adapter.scoring import Score, score_response
from adapter.store import inbox, instances, versions
from adapter.store.database import Transaction
from adapter.store.differences import keep_differences
from adapter.store.instances import Instance
from adapter.store.versions import Belonging

Change = Literal["created", "changed", "unchanged"]


def next_status(word: ResponseStatus, before: Instance | None, source_hash: str) -> ResponseStatus:
    """The response's status, given what it was: what was once completed is amended, never reopened.

    Source: the R4 value set questionnaire-answers-status; completed never goes back to in-progress.
    """
    if before is None:
        return word
    match before.status:
        case "completed" if before.source_hash == source_hash and word == "completed":
            return "completed"
        case "completed" | "entered-in-error" | "amended":
            return "amended"
        case _:
            return word


def accept(tx: Transaction, trial: Trial, response: Response, said: Acceptance) -> Change:
    """Takes one response into the ledger; `unchanged` when nothing of it is new."""
    unit = trial.identity.of_response(response)
    scores = score_response(response) if response.status in SCORED else ()
    built = _build(trial, response, scores)
    belonging = Belonging(unit, response.participant, response.form.id)
    if said.taken is None and said.before is not None and said.before.status == "entered-in-error":
        inbox.give_up(tx, response.participant, unit)
    put_therapy(tx, trial, response, said.now)
    changed = put_all(tx, trial, belonging, built, said)
    place = Place(response.participant, response.form, response.timepoint)
    if response.repeat is None:
        since_baseline = changes_at(tx, trial, place)
        changed += put_all(tx, trial, belonging, since_baseline, said)
        built += since_baseline
    if said.before is not None:
        changed += retract_gone(tx, trial, unit, {draft.name for draft in built}, said.now)
        if changed:
            drop_therapy(tx, trial, response.form.id, response.participant, said.now)
    if changed and built:
        of_change = concealed(tx, trial, belonging, changed)
        put_provenance(tx, trial, of_change, built, said)
    if response.repeat is None:
        follow_baseline(tx, trial, place, said)
    accept_signals(tx, trial, response, scores, said)
    record = said.record
    keep_differences(tx, unit, find_differences(record, scores, trial.study))
    cell = orjson.dumps([record.participant, record.event, record.form, record.repeat]).decode()
    instances.keep_instance(
        tx,
        Instance(
            unit,
            response.participant,
            response.form.id,
            said.source_hash,
            trial.mapping_of(response.form),
            response.status,
            cell,
            said.run,
        ),
    )
    put_document(tx, trial, unit, said.now)
    if said.before is None:
        return "created"
    return "changed" if changed else "unchanged"


def stands_already(tx: Transaction, trial: Trial, response: Response) -> bool:
    """Whether all that is built of a response is what the ledger holds.

    So a cell that is written otherwise and says the same is no correction.
    """
    unit = trial.identity.of_response(response)
    built = _build(trial, response, score_response(response) if response.status in SCORED else ())
    if response.repeat is None:
        place = Place(response.participant, response.form, response.timepoint)
        built += changes_at(tx, trial, place)
    held = {
        (each.type, each.id): each.text
        for each in versions.of_unit(tx, unit)
        if each.type in REPORTED and not each.is_retracted
    }
    return {draft.name for draft in built} == held.keys() and all(
        _is_held(draft, held[draft.name]) for draft in built
    )


def _is_held(draft: Draft, text: bytes) -> bool:
    """Whether a draft is what is held; an Observation under whatever status it has come to."""
    if draft.name[0] == "Observation":
        draft = draft.with_status(read_text(text)["status"])
    return draft.write() == text


def retract_response(tx: Transaction, trial: Trial, gone: Instance, now: str) -> None:
    """Takes back all that came of a form instance which is no longer in the source."""
    retract_unit(tx, trial, gone.unit, now)
    keep_differences(tx, gone.unit, ())
    participant, event, _, repeat = orjson.loads(gone.place)
    drop_therapy(tx, trial, gone.form, participant, now)
    point, form = trial.study.timepoint_of(event), trial.forms.get(gone.form)
    if point is None or form is None:
        return
    place = Place(participant, form, point.id)
    if repeat is None:
        forget_baseline(tx, trial, place, now)
    retract_signals(tx, trial, place, gone.unit, now)


def _build(trial: Trial, response: Response, scores: tuple[Score, ...]) -> list[Draft]:
    if response.form.kind == "adverse-event":
        return [Draft(build_adverse_event(response, trial.identity))]
    built = []
    if not response.form.is_totals_only:
        built.append(Draft(build_questionnaire_response(response, trial.identity)))
    if response.status in SCORED:
        built.extend(build_observations(response, scores, trial.identity))
    return built
