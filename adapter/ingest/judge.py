"""A response that a clinic wrote, beside what the trial holds: taken in, or left to wait.

What is plain goes in by `accept`; what is not waits in the inbox with its reason, for a person.
Neither the trial's source nor a clinic overwrites what the other one said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

import orjson

from adapter.errors import AnswerError, Origin
from adapter.fhir.identity import PROJECT
from adapter.fhir.provenance import Taken
from adapter.fhir.questionnaire_response import build_items
from adapter.fhir.reading import Occasion, glimpse_response, read_response, validate_response
from adapter.fhir.reading.migration import as_present
from adapter.fhir.text import read_text
from adapter.ingest import findings
from adapter.ingest.accept import accept, next_status, retract_response
from adapter.ingest.earlier import is_current
from adapter.ingest.keep import Acceptance
from adapter.ingest.kept_back import watch_written
from adapter.ingest.reconcile import Answers, Ours, reconcile
from adapter.ingest.trial import Trial
from adapter.instruments.response import Record, Response
from adapter.instruments.window import local_day, timepoints_on
from adapter.store import deliveries, inbox, instances, kept_back, runs, versions
from adapter.store.database import Transaction
from adapter.store.inbox import Received
from adapter.store.instances import Instance

Became = Literal[
    "taken",
    "agrees",
    "changed",
    "waiting",
    "retracted",
    "unchanged",
    "ours",
    "other",
    "draft",
    "foreign",
]
"""`other`: to no form of this study; `draft`: not sent yet; `foreign`: about somebody else."""
RESPONSE = "QuestionnaireResponse"
CONFLICT = "the trial's source says otherwise"
OTHER_CLINIC = "another clinic says otherwise"
OF_ANOTHER = "it came from another Patient than the record is linked to"
_FORMS = f"{PROJECT}/Questionnaire/"


@dataclass(frozen=True, slots=True)
class Judged:
    """A response that fits its form: how it came, what stood before, and whether it was this."""

    said: Received
    response: Response
    before: Instance | None
    is_theirs: bool


def judge(
    tx: Transaction, trial: Trial, said: Received, now: str, *, is_chosen: bool = False
) -> Became:
    """Takes a response in where that is plain, else lets it wait; notes which.

    `is_chosen`: a person has decided that it stands, whatever else does.
    """
    timepoint, doubt = said.timepoint, ""
    if not timepoint:
        timepoint, doubt = timepoint_of(tx, trial, said.participant, read_text(said.text))
    if doubt:
        return wait(tx, trial, said, doubt)
    try:
        response = _response(trial, said, timepoint)
    except AnswerError as wrong:
        return wait(tx, trial, said, "; ".join(map(str, wrong.problems)))
    unit = trial.identity.of_response(response)
    before, held = instances.instance(tx, unit), inbox.standing(tx, unit)
    is_theirs = held is not None and _is_same_resource(held, said)
    said = replace(said, form=response.form.id, timepoint=timepoint, unit=unit)
    found = Judged(said, response, before, is_theirs)
    match reconcile(_ours(tx, trial, found), response.answers):
        case "same":
            return _agree(tx, trial, found, now)
        case "conflict" if not is_chosen:
            said = replace(said, row_hash="" if before is None else before.source_hash)
            return wait(tx, trial, said, CONFLICT if held is None else OTHER_CLINIC)
        case "theirs-newer" if said.trial_row:
            return wait(tx, trial, said, CONFLICT)
    overruled = said.row_hash if is_theirs or before is None else before.source_hash
    if held is not None and not is_theirs:
        overruled = held.row_hash
        inbox.keep(tx, replace(held, stands="apart", state="left", why="another one was taken"))
    why = "a person took it" if is_chosen else "it fits"
    stands = replace(said, state="taken", why=why, stands="held", row_hash=overruled)
    inbox.keep(tx, stands)
    _accept(tx, trial, replace(found, said=stands), now)
    return "changed" if is_theirs else "taken"


def wait(tx: Transaction, trial: Trial, said: Received, why: str, *, is_r4: bool = True) -> Became:
    """Notes what a response waits for; what it says is watched meanwhile, where it is R4."""
    kept = inbox.keep(tx, replace(said, state="waiting", why=why))
    resource = read_text(said.text)
    occasion = Occasion(said.timepoint, None, Origin(said.clinic, record=said.participant))
    seen = glimpse_response(resource, trial.forms, said.participant, occasion) if is_r4 else None
    watch_written(tx, trial, kept, form_named(resource, trial) or "", seen)
    return "waiting"


def take_back(tx: Transaction, trial: Trial, known: Received | None, why: str, now: str) -> Became:
    """After a response is gone at its clinic: what came of it is retracted."""
    if known is None or (known.state == "left" and known.stands != "held"):
        return "unchanged"
    left = replace(known, state="left", why=why, trial_row="")
    if known.stands == "held":
        retract_held(tx, trial, known, now)
        left = replace(left, stands="was-held")
    inbox.keep(tx, left)
    return "retracted"


def retract_held(tx: Transaction, trial: Trial, held: Received, now: str) -> None:
    """Takes back the form instance that a clinic's response stands for."""
    gone = instances.instance(tx, held.unit)
    if gone is not None and gone.status != "entered-in-error":
        retract_response(tx, trial, gone, now)
        instances.keep_instance(tx, replace(gone, status="entered-in-error"))


def form_named(resource: Mapping[str, Any], trial: Trial) -> str | None:
    """The form of this study that a response answers, None where it answers none."""
    url = str(resource.get("questionnaire", "")).partition("|")[0]
    name = url.removeprefix(_FORMS)
    placed = {each.form for each in trial.study.forms}
    form = trial.forms.get(name) if url.startswith(_FORMS) and name in placed else None
    return None if form is None or form.is_totals_only or form.kind == "adverse-event" else name


def held_answers(tx: Transaction, trial: Trial, unit: str) -> Answers | None:
    """The answers that stand in a form instance, None where none do.

    Those to an earlier version of the form are as far as both versions ask the same.
    """
    version = versions.latest(tx, RESPONSE, unit)
    if version is None or version.is_retracted:
        return None
    return validate_response(as_present(read_text(version.text), trial.forms), trial.forms).answers


def timepoint_of(
    tx: Transaction, trial: Trial, participant: str, resource: Mapping[str, Any]
) -> tuple[str, str]:
    """The timepoint that somebody's response belongs to, or why that is not known."""
    authored = resource.get("authored")
    if authored is None:
        return "", "it does not say when it was answered"
    day = local_day(str(authored), trial.study.zone)
    if day is None:
        return "", "its time names no day, or has no zone"
    person = instances.participant(tx, participant)
    if person is None or person.enrolled is None:
        return "", "the day of enrolment is not known"
    form = form_named(resource, trial) or ""
    found = timepoints_on(trial.study, form, date.fromisoformat(person.enrolled), day)
    if len(found) == 1:
        return found[0], ""
    return "", f"it fits {len(found)} timepoints" if found else "it fits no timepoint"


def refuse_changed(trial: Trial, form: str) -> None:
    """Takes nothing of a form that is not what its version stood for.

    Raises:
        AnswerError: it is such a form.
    """
    if form in trial.changed:
        found = findings.other_meaning(trial.forms[form])
        raise AnswerError("The form has changed under its version.", (found,))


# Private functions


def _response(trial: Trial, said: Received, timepoint: str) -> Response:
    origin = Origin(said.clinic, record=said.participant, event=timepoint)
    resource = read_text(said.text)
    refuse_changed(trial, form_named(resource, trial) or "")
    who = {resource["subject"]["reference"]: said.participant}
    placed = (each.form for each in trial.study.forms)
    forms = {name: trial.forms[name] for name in placed if name in trial.forms}
    return read_response(resource, forms, who, Occasion(timepoint, None, origin))


def _ours(tx: Transaction, trial: Trial, found: Judged) -> Ours | None:
    """What the ledger says of the form instance now, None where nothing stands."""
    before = found.before
    if before is None or before.status == "entered-in-error":
        return None
    answers = held_answers(tx, trial, before.unit)
    return None if answers is None else Ours(answers, found.is_theirs)


def _is_same_resource(one: Received, other: Received) -> bool:
    return (one.clinic, one.type, one.remote_id) == (other.clinic, other.type, other.remote_id)


def _agree(tx: Transaction, trial: Trial, found: Judged, now: str) -> Became:
    """Both sides say the same: nothing new, unless it is to be read anew."""
    said, before = found.said, found.before
    if said.trial_row:  # it is the trial's row that contradicts, still
        kept = inbox.keep(tx, replace(said, state="waiting", why=CONFLICT))
        kept_back.drop(tx, kept_back.written_place(kept.number))  # the ledger says what it says
        return "waiting"
    said = replace(said, state="taken", why="it agrees with what stands")
    if not found.is_theirs and before is not None:
        said = replace(said, row_hash=before.source_hash)
    inbox.keep(tx, said)
    if not found.is_theirs or before is None:
        return "agrees"
    if is_current(tx, trial, found.response.form, before):
        return "agrees"
    _accept(tx, trial, replace(found, said=said), now)
    return "changed"


def _accept(tx: Transaction, trial: Trial, found: Judged, now: str) -> None:
    """Takes it in as the form instance, and sends its clinic no second one."""
    said, response, before = found.said, found.response, found.before
    items = orjson.dumps(build_items(response), default=str).decode()
    hashed = trial.identity.token("received", said.clinic, items)  # equal answers, equal hash
    activity: Literal["CREATE", "UPDATE"] = "CREATE" if before is None else "UPDATE"
    taken = Taken(said.clinic, said.type, said.remote_id, said.remote_version, "", activity)
    run = runs.last_run(tx) or 0
    record = _record(trial, response)
    response = replace(response, status=next_status(response.status, before, hashed))
    accept(tx, trial, response, Acceptance(record, run, now, before, hashed, taken))
    version = versions.latest(tx, RESPONSE, said.unit)
    named = inbox.name_there(tx, said.clinic, said.participant, said.unit)
    if version is not None and named is not None:
        deliveries.cancel(tx, said.clinic, version, now)


def _record(trial: Trial, response: Response) -> Record:
    """Where it would stand in the trial's source, without a cell: the source does not hold it."""
    placed = next(
        each
        for each in trial.study.forms
        if each.form == response.form.id and response.timepoint in each.at
    )
    point = next(each for each in trial.study.timepoints if each.id == response.timepoint)
    name = placed.source_form
    return Record(response.participant, point.events[0], name, None, {}, response.origin)
