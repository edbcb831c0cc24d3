"""Adverse events that a client wrote over HTTP: into the trial's log, by the way of its own rows.

An event is never compared with others: two may be alike and yet be two. So nothing waits for a
person, and the same text of the same client, sent again, is the same event. It stands as a row of
its own in the log, under a number that no source gives.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import orjson

from adapter.errors import Origin
from adapter.fhir.identity import reference
from adapter.fhir.issue import Issue, has_errors
from adapter.fhir.provenance import Taken
from adapter.fhir.reading.adverse_event import EVENT, READ, read_event
from adapter.ingest import findings
from adapter.ingest.accept import accept
from adapter.ingest.keep import Acceptance
from adapter.ingest.trial import Trial
from adapter.ingest.written import Given, Written, writer
from adapter.instruments.answer import Answer
from adapter.instruments.form import Form
from adapter.instruments.response import Record, Response
from adapter.instruments.study import FormPlacement
from adapter.instruments.window import local_day, timepoints_on
from adapter.release.blinding import as_published
from adapter.store import inbox, instances, runs
from adapter.store.database import Transaction
from adapter.store.inbox import Received

_FIRST_NUMBER = 1_000_000_000
_NUMBERS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an event stands in the trial: the form, how the study asks it, and when."""

    form: Form
    placement: FormPlacement
    timepoint: str


def event_form(trial: Trial) -> str | None:
    """The form of the study's log of adverse events, the first where it has several."""
    forms = (placed.form for placed in trial.study.forms)
    return next((name for name in forms if trial.forms[name].kind == "adverse-event"), None)


def event_misfits(
    resource: Mapping[str, Any], trial: Trial, participant: str, *, may_know_arm: bool
) -> tuple[Issue, ...]:
    """Everything that is wrong with an event, as the trial's log sees it."""
    return _read(resource, trial, participant, may_know_arm=may_know_arm)[1]


def create_event(
    tx: Transaction, trial: Trial, given: Given, now: str, *, may_know_arm: bool
) -> Written:
    """Takes an event in; `may_know_arm`: its writer may say what it is put down to."""
    answers, issues = _read(given.resource, trial, given.participant, may_know_arm=may_know_arm)
    if has_errors(issues):
        return Written("refused", issues=issues)
    place = _place(tx, trial, given)
    if isinstance(place, Issue):
        return Written("refused", issues=(place,))
    text = _kept(trial, given)
    name = trial.identity.token("written-event", given.client, text.decode())
    known = inbox.find(tx, writer(given.client), EVENT, name)
    if known is not None and known.stands == "held":
        return Written("unchanged", known.unit)
    origin = Origin(writer(given.client), record=given.participant, event=place.timepoint)
    response = Response(
        form=place.form,
        participant=given.participant,
        timepoint=place.timepoint,
        repeat=_free_number(tx, trial, given, place, int(name, 16)),
        status="completed",
        authored=None,
        answers=answers,
        totals={},
        origin=origin,
    )
    unit = trial.identity.of_response(response)
    inbox.keep(tx, replace(_received(given, name, text, response, now), unit=unit))
    point = next(each for each in trial.study.timepoints if each.id == place.timepoint)
    at, source_form = point.events[0], place.placement.source_form
    record = Record(given.participant, at, source_form, response.repeat, {}, origin)
    taken = Taken(writer(given.client), EVENT, name, "", "", "CREATE")
    run = runs.last_run(tx) or 0
    accept(tx, trial, response, Acceptance(record, run, now, None, name, taken))
    return Written("created", unit)


# Private functions


def _read(
    resource: Mapping[str, Any], trial: Trial, participant: str, *, may_know_arm: bool
) -> tuple[dict[str, Answer], tuple[Issue, ...]]:
    form = trial.forms[event_form(trial) or ""]
    therapy = f"Procedure/{trial.identity.therapy(participant)}"
    # Who is blinded knows no answer that only the therapy can have, and cannot give one.
    asked = form if may_know_arm else as_published(form)
    return read_event(dict(resource), asked, trial.study.zone, therapy if may_know_arm else None)


def _place(tx: Transaction, trial: Trial, given: Given) -> _Place | Issue:
    """Where it belongs: what is asked throughout has one place, else its day says when."""
    name = event_form(trial) or ""
    if name in trial.changed:
        told = findings.other_meaning(trial.forms[name])
        return Issue("error", "business-rule", EVENT, told.expected, told.found, told.action)
    placement = next(each for each in trial.study.forms if each.form == name)
    found = list(placement.at)
    if len(found) > 1:
        person = instances.participant(tx, given.participant)
        day = local_day(str(given.resource.get("date", "")), trial.study.zone)
        enrolled = person.enrolled if person else None
        found = (
            timepoints_on(trial.study, name, date.fromisoformat(enrolled), day)
            if enrolled and day
            else []
        )
    if len(found) == 1:
        return _Place(trial.forms[name], placement, found[0])
    expected, action = "a day that fits one timepoint of the study", "Say which day it began."
    what = f"one that fits {len(found)}"
    return Issue("error", "business-rule", f"{EVENT}.date", expected, what, action)


def _kept(trial: Trial, given: Given) -> bytes:
    """What is kept of it as it came: about our Patient, and nothing of who wrote it, or where."""
    subject = reference("Patient", trial.identity.patient(given.participant))
    kept = {
        name: given.resource[name] for name in ("resourceType", *READ) if name in given.resource
    }
    return orjson.dumps({**kept, "subject": subject}, option=orjson.OPT_SORT_KEYS)


def _received(given: Given, name: str, text: bytes, response: Response, now: str) -> Received:
    return Received(
        clinic=writer(given.client),
        type=EVENT,
        remote_id=name,
        remote_version="",
        participant=given.participant,
        text=text,
        state="taken",
        why="it fits",
        received=now,
        form=response.form.id,
        timepoint=response.timepoint,
        stands="held",
    )


def _free_number(tx: Transaction, trial: Trial, given: Given, place: _Place, wanted: int) -> int:
    """A number of this event's own in the log, far from those that a source gives."""
    numbers = (_FIRST_NUMBER + (wanted + step) % _NUMBERS for step in itertools.count())
    at = (given.participant, place.form.id, place.timepoint)
    return next(
        number
        for number in numbers
        if instances.instance(tx, trial.identity.unit(*at, number)) is None
    )
