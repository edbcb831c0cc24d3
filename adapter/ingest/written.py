"""Responses that a client wrote over HTTP, by the very road on which those of a clinic come in.

The client's name stands where a clinic's would, and nothing is sent back to it. What it wrote is
called by a keyed hash, so that the same text, sent again, is the same one. What is at odds with the
trial's own source, or with what others wrote, waits for a person as it would from a clinic.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from adapter.fhir.issue import Issue, has_errors
from adapter.fhir.reading import validate_response, validate_transition
from adapter.fhir.reading.migration import migrated
from adapter.fhir.received import as_received
from adapter.fhir.text import read_text, write_text
from adapter.ingest.judge import RESPONSE, form_named
from adapter.ingest.received import Sent, take_in
from adapter.ingest.trial import Trial
from adapter.instruments.response import SCORED
from adapter.store import inbox, versions
from adapter.store.database import Transaction

Stored = Literal["created", "updated", "unchanged", "waiting", "duplicate", "refused"]


@dataclass(frozen=True, slots=True)
class Given:
    """A QuestionnaireResponse that R4 allows, by whom it was written and whom it is about."""

    client: str
    participant: str
    resource: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a response.

    `unit` is the id of the one that stands, '' where none does. `waiting`: it was kept, and `why`
    says what it waits for. `duplicate`: the client itself wrote another one before, which it has to
    update. `refused`: `issues` say why, and nothing was kept.
    """

    stored: Stored
    unit: str = ""
    why: str = ""
    issues: tuple[Issue, ...] = ()


def writer(client: str) -> str:
    """The name of a client where that of a clinic stands; no clinic can be called so."""
    return f"client:{client}"


def misfits(resource: Mapping[str, Any], trial: Trial) -> tuple[Issue, ...]:
    """Everything that is wrong with a response, as its form sees it; warnings are among it."""
    said = dict(resource)
    issues = validate_response(migrated(said, trial.forms), trial.forms).issues
    return (*issues, *_not_asked_for(said, trial))


def create(tx: Transaction, trial: Trial, given: Given, now: str) -> Written:
    """Takes a response in that is said to be new; the same text again is the same response."""
    issues = misfits(given.resource, trial)
    if has_errors(issues):
        return Written("refused", issues=issues)
    text = write_text(as_received(given.resource, trial.identity.patient(given.participant)))
    name = trial.identity.token("written", given.client, text.decode())
    known = inbox.find(tx, writer(given.client), RESPONSE, name)
    if known is not None and known.text != text:  # it was corrected since: what is sent again late
        return Written("duplicate", known.unit)
    return _take(tx, trial, _sent(trial, given, name), now)


def update(tx: Transaction, trial: Trial, given: Given, unit: str, now: str) -> Written:
    """Puts a response in the place of one that stands; of one that others gave, a person decides.

    Its status must be one that may follow; who sends the same content again changes nothing.
    """
    is_error = given.resource.get("status") == "entered-in-error"
    issues = () if is_error else misfits(given.resource, trial)
    if has_errors(issues):
        return Written("refused", unit, issues=issues)
    held, before = inbox.standing(tx, unit), versions.latest(tx, RESPONSE, unit)
    is_own = held is not None and held.clinic == writer(given.client)
    if is_error and not is_own:
        return Written("waiting", unit, "only who gave a response can take it back")
    name = trial.identity.token("rewritten", given.client, unit)
    if held is not None and is_own:
        name = held.remote_id
    done = _take(tx, trial, _sent(trial, given, name), now)
    if done.stored != "updated" or before is None:
        return done
    status = read_text(before.text)["status"]
    wrong = validate_transition(status, given.resource["status"])
    return Written("refused", unit, issues=wrong) if wrong else done


# Private functions


def _sent(trial: Trial, given: Given, name: str) -> Sent:
    patient = trial.identity.patient(given.participant)
    known = {"id": name, "subject": {"reference": f"Patient/{patient}"}}
    return Sent(writer(given.client), patient, given.participant, {**given.resource, **known})


def _take(tx: Transaction, trial: Trial, sent: Sent, now: str) -> Written:
    before = inbox.find(tx, sent.clinic, RESPONSE, sent.remote_id)
    became = take_in(tx, trial, sent, now)
    kept = inbox.find(tx, sent.clinic, RESPONSE, sent.remote_id)
    unit = kept.unit if kept else ""
    match became:
        case "taken" if before is None or before.stands != "held":
            return Written("created", unit)
        case "taken" | "changed" | "retracted":
            return Written("updated", unit)
        case "waiting" if kept is not None:
            held = inbox.standing(tx, unit) if unit else None
            is_own = held is not None and held.clinic == sent.clinic
            if is_own and held and held.remote_id != sent.remote_id:
                return Written("duplicate", unit)
            return Written("waiting", unit, kept.why)
        case _:
            return Written("unchanged", unit)


def _not_asked_for(resource: dict[str, Any], trial: Trial) -> Iterator[Issue]:
    """What the form itself cannot see: whether the study asks it, and whether it was sent."""
    if form_named(resource, trial) is None:
        expected = "a Questionnaire that the study asks"
        yield _issue("not-supported", "questionnaire", expected, "another one")
    if resource.get("status") not in SCORED:
        expected = "`completed` or `amended`: drafts are not kept"
        yield _issue("business-rule", "status", expected, "another status")
    if "authored" not in resource:
        yield _issue("required", "authored", "when it was answered", "nothing")


def _issue(
    code: Literal["not-supported", "business-rule", "required"],
    element: str,
    expected: str,
    found: str,
) -> Issue:
    place = f"{RESPONSE}.{element}"
    return Issue("error", code, place, expected, found, "Correct it and send it again.")
