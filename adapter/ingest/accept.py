"""The story of one response: score it, build its resources, keep what changed, owe it.

Everything derived from one form instance is a unit: kept together, sent together, retracted
together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import orjson

from adapter.fhir.adverse_event import build_adverse_event
from adapter.fhir.change import change_name
from adapter.fhir.check import write
from adapter.fhir.draft import Draft
from adapter.fhir.observation import ObservationStatus, build_observations
from adapter.fhir.provenance import Activity, Derivation, build_provenance
from adapter.fhir.questionnaire_response import build_questionnaire_response
from adapter.fhir.retraction import retract
from adapter.fhir.text import read_text
from adapter.ingest.change import Place, after_baseline, changes_at, tracked
from adapter.ingest.owe import owe, retractable
from adapter.ingest.trial import Trial
from adapter.instruments.response import SCORED, Record, Response, ResponseStatus
from adapter.scoring import score_response
from adapter.store import instances, versions
from adapter.store.database import Transaction
from adapter.store.instances import Instance
from adapter.store.versions import Belonging, Version

Change = Literal["created", "changed", "unchanged"]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What one ingest says of a record: which run, when, and what its form instance was before."""

    record: Record
    run: int
    now: str
    before: Instance | None
    source_hash: str


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
    built = _build(trial, response)
    belonging = Belonging(unit, response.participant, response.form.id)
    changed = list(_put_all(tx, trial, belonging, built, said))
    place = Place(response.participant, response.form, response.timepoint)
    if response.repeat is None:
        since_baseline = changes_at(tx, trial, place)
        changed += _put_all(tx, trial, belonging, since_baseline, said)
        built += since_baseline
    if said.before is not None:
        changed += retract_gone(tx, trial, unit, {draft.name for draft in built}, said.now)
    if changed and built:
        _put_provenance(tx, trial, belonging, built, said)
    if response.repeat is None:
        _follow_baseline(tx, trial, place, said)
    record = said.record
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
    if said.before is None:
        return "created"
    return "changed" if changed else "unchanged"


def _put_provenance(
    tx: Transaction,
    trial: Trial,
    belonging: Belonging,
    built: list[Draft],
    said: Acceptance,
) -> None:
    activity: Activity = "CREATE" if said.before is None else "UPDATE"
    derivation = Derivation(
        said.record, said.source_hash, trial.form_of(said.record.form), activity
    )
    names = [draft.name for draft in built]
    provenance = build_provenance(derivation, names, trial.identity, said.now)
    list(_put_all(tx, trial, belonging, [Draft(provenance)], said))


def _follow_baseline(tx: Transaction, trial: Trial, place: Place, said: Acceptance) -> None:
    """Where this is a baseline: what changed since it is said anew at every later timepoint."""
    for later in after_baseline(trial, place):
        belonging = Belonging(later.unit(trial), later.participant, later.form.id)
        built = changes_at(tx, trial, later)
        if list(_put_all(tx, trial, belonging, built, said)):
            _put_provenance(tx, trial, belonging, built, said)
        _retract_changes(tx, trial, later, {draft.name for draft in built}, said.now)


def forget_baseline(tx: Transaction, trial: Trial, place: Place, now: str) -> None:
    """After a response was taken back: no change since it stands any more."""
    for later in after_baseline(trial, place):
        _retract_changes(tx, trial, later, set(), now)


def _retract_changes(
    tx: Transaction, trial: Trial, place: Place, kept: set[tuple[str, str]], now: str
) -> None:
    unit = place.unit(trial)
    for scale in tracked(place.form):
        name = change_name(unit, scale, trial.identity)
        version = None if name in kept else versions.latest(tx, *name)
        if version is not None and not version.is_retracted:
            _retract(tx, trial, version, now)


def _build(trial: Trial, response: Response) -> list[Draft]:
    if response.form.kind == "adverse-event":
        return [Draft(build_adverse_event(response, trial.identity))]
    built = []
    if not response.form.is_totals_only:
        built.append(Draft(build_questionnaire_response(response, trial.identity)))
    if response.status in SCORED:
        built.extend(build_observations(response, score_response(response), trial.identity))
    return built


def _put_all(
    tx: Transaction,
    trial: Trial,
    belonging: Belonging,
    built: list[Draft],
    said: Acceptance,
) -> Iterator[Version]:
    for draft in built:
        text = draft.write()
        if draft.name[0] == "Observation" and said.before is not None:
            text = _with_history(tx, draft, text, said)
        yield from owe(tx, trial, versions.put(tx, draft.name, text, belonging, said.now), said.now)


def _with_history(tx: Transaction, draft: Draft, text: bytes, said: Acceptance) -> bytes:
    """An Observation's text, given what was said before: the same, amended, or corrected.

    Other answers amend it; the same answers under another rule correct it.
    """
    before = versions.latest(tx, *draft.name)
    if before is None:
        return text
    if not before.is_retracted:  # what was retracted comes back, even as it was
        same = draft.with_status(read_text(before.text)["status"]).write()
        if same == before.text:
            return same
    is_other_rule = said.before is not None and said.before.source_hash == said.source_hash
    becomes: ObservationStatus = "corrected" if is_other_rule else "amended"
    return draft.with_status(becomes).write()


def retract_gone(
    tx: Transaction, trial: Trial, unit: str, kept: set[tuple[str, str]], now: str
) -> list[Version]:
    """Retracts what a unit gave earlier and does not give now; its Provenances stay."""
    gone = [
        version
        for version in versions.of_unit(tx, unit)
        if (version.type, version.id) not in kept
        and version.type != "Provenance"
        and not version.is_retracted
    ]
    return [retracted for version in gone for retracted in _retract(tx, trial, version, now)]


def retract_unit(tx: Transaction, trial: Trial, unit: str, now: str) -> None:
    """Retracts everything of a form instance that is no longer in the source, the last first."""
    for version in reversed(retractable(versions.of_unit(tx, unit))):
        _retract(tx, trial, version, now)


def _retract(tx: Transaction, trial: Trial, version: Version, now: str) -> list[Version]:
    said = retract(read_text(version.text))
    text = version.text if said is None else write(said)
    belonging = Belonging(version.unit, version.participant, version.form, is_retracted=True)
    name = (version.type, version.id)
    return owe(tx, trial, versions.put(tx, name, text, belonging, now), now)
