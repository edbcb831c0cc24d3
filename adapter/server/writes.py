"""Creates and updates, one at a time, inside a transaction of the ledger.

https://hl7.org/fhir/R4/http.html#create and #update. Ids are the ledger's own. What a client writes
goes in by the road on which everything from outside goes in (`ingest.written`); what only a person
can settle is kept, and refused all the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import orjson

from adapter.fhir.ids import ID, IS_ID
from adapter.fhir.operation_outcome import Issue, RefusalError, operation_outcome, refuse
from adapter.fhir.reading.adverse_event import EVENT
from adapter.fhir.text import read_text, write_text
from adapter.ingest import written
from adapter.ingest.event import create_event, event_form
from adapter.ingest.judge import form_named
from adapter.ingest.trial import Trial
from adapter.ingest.written import Given, Written
from adapter.release.consent import held_by_consent
from adapter.server.body import as_issues, check_r4, parse
from adapter.server.conditional import digests, matching
from adapter.server.exchange import Answer, Asked, as_served, version_headers
from adapter.server.json_patch import Step, patched
from adapter.server.ledger import Seen, View
from adapter.store import instances, named, reading
from adapter.store.transaction import Transaction

Resource = dict[str, Any]
Steps = tuple[Step, ...]
Kind = Literal["create", "update"]
WRITABLE: Mapping[str, frozenset[Kind]] = {
    "AdverseEvent": frozenset({"create"}),
    "QuestionnaireResponse": frozenset({"create", "update"}),
}
"""What may be written of each type; nothing of any other."""
_ETAG = re.compile(r'(?:W/)?"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Write:
    """A create (`id` and `criteria` are empty) or an update, by its id or by criteria.

    `if_match` and `if_none_exist` are those of HTTP, '' and None for none: what asks by an empty
    text asks, too.
    """

    type: str
    resource: Resource
    id: str = ""
    criteria: str = ""
    if_match: str = ""
    if_none_exist: str | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a write: 200 or 201 and the id of what stands.

    With another status it was refused, and yet kept for a person: `issues` say why. `is_found`: it
    stood there before, and nothing was written.
    """

    status: int
    id: str
    issues: tuple[Issue, ...] = ()
    is_found: bool = False


@dataclass(frozen=True)
class Writing:
    """One caller's writes in one transaction of the ledger, which `view` reads in, too.

    `now` is the moment as the ledger writes it; `base` the address of the server.
    """

    view: View
    trial: Trial
    base: str
    now: str

    @property
    def tx(self) -> Transaction:
        """The transaction."""
        return self.view.tx

    def perform(self, write: Write, kind: Kind) -> Done:
        """Writes, or says why not.

        Raises:
            RefusalError: nothing of it may stay; the transaction has to be taken back.
        """
        if kind not in WRITABLE.get(write.type, ()):
            raise refuse(405, "not-supported", f"{write.type} takes no {kind} here")
        self.view.caller.check(kind[0], write.type)
        if write.resource.get("resourceType") != write.type:
            text = f"A resource of type {write.type} is expected"
            raise refuse(400, "invalid", text, "resourceType")
        return self._create(write) if kind == "create" else self._update(write)

    def patch(self, resource_type: str, resource_id: str, if_match: str, steps: Steps) -> Done:
        """Makes of a resource as the caller may have it what the steps say, and updates it.

        Raises:
            RefusalError: nothing of it may stay; the transaction has to be taken back.
        """
        seen = self.view.latest(resource_type, resource_id)
        if seen is None or seen.text is None:
            raise refuse(404, "not-found", "There is no such resource here")
        write = Write(resource_type, {}, resource_id, if_match=if_match)
        self._check_version(write, seen.number)
        made = patched(read_text(as_served(seen)), steps)
        return self.perform(replace(write, resource=parse(write_text(made))), "update")

    def _create(self, write: Write) -> Done:
        if write.if_none_exist is not None:
            known = self._matching(write.type, write.if_none_exist)
            if len(known) > 1:
                raise _several()
            if known:
                return Done(200, known[0], is_found=True)
        check_r4(write.resource)
        participant = self.participant(write.resource)
        given = Given(self.view.caller.client, participant, write.resource)
        if write.type == EVENT:
            may_know = self.view.caller.is_unblinded
            done = create_event(self.tx, self.trial, given, self.now, may_know_arm=may_know)
        else:
            done = written.create(self.tx, self.trial, given, self.now)
        return self._told(done, write.resource)

    def _update(self, write: Write) -> Done:
        said = write.resource.get("id", "")
        resource_id = write.id
        if write.criteria:
            known = self._matching(write.type, write.criteria)
            if len(known) > 1:
                raise _several()
            if not known:
                if said:
                    raise _no_update_as_create()
                return self._create(write)
            resource_id = known[0]
        if said != resource_id and (said or not write.criteria):
            text = "The id is expected to be that of the resource which is updated"
            raise refuse(400, "invalid", text, f"{write.type}.id")
        seen = self.view.latest(write.type, resource_id) if IS_ID(resource_id) else None
        if seen is None:
            raise _no_update_as_create()
        self._check_version(write, seen.number)
        check_r4(write.resource)
        participant = self.participant(write.resource)
        held = reading.newest(self.tx, write.type, resource_id)
        if held is None or held.version.participant != participant:
            text = "The person whom it is about cannot be changed"
            raise refuse(422, "business-rule", text, f"{write.type}.subject")
        if form_named(write.resource, self.trial) != held.version.form:
            text = "The Questionnaire that it answers cannot be changed"
            raise refuse(422, "business-rule", text, f"{write.type}.questionnaire")
        given = Given(self.view.caller.client, participant, write.resource)
        done = written.update(self.tx, self.trial, given, resource_id, self.now)
        return self._told(done, write.resource)

    def _check_version(self, write: Write, number: int) -> None:
        if not write.if_match:
            if write.criteria:  # who says which by criteria knows of no version
                return
            text = "If-Match with the version that is updated is expected"
            raise refuse(428, "required", text)
        versions = [one.strip() for one in write.if_match.split(",")]
        told = [match[1] for match in map(_ETAG.fullmatch, versions) if match]
        if versions != ["*"] and str(number) not in told:
            raise refuse(412, "conflict", "Another version stands by now; read it first")

    def _told(self, done: Written, resource: Resource) -> Done:
        match done.stored:
            case "refused":
                errors = [each for each in done.issues if each.severity == "error"]
                raise RefusalError(422, *as_issues(errors))
            case "duplicate":
                text = (
                    "This client wrote one of this person, Questionnaire and time before; "
                    "update that one"
                )
                raise refuse(409, "duplicate", text)
            case "waiting":
                why = f": {done.why}" if ":" not in done.why else ""
                text = f"It was kept, and waits for a person of the trial{why}"
                return Done(409, done.unit, (Issue("conflict", text),))
        identity, client = self.trial.identity, self.view.caller.client
        names = digests(identity, client, resource)
        named.name(self.tx, client, resource["resourceType"], names, done.unit)
        return Done(201 if done.stored == "created" else 200, done.unit)

    def _matching(self, resource_type: str, query: str) -> list[str]:
        # What criteria mean is found by a search, and whether they mean anything tells as much.
        self.view.caller.check("s", resource_type)
        while self.view.ledger.index(self.tx):
            pass
        return matching(self.view, self.trial.identity, resource_type, query)

    def participant(self, resource: Resource) -> str:
        """Whose it is: somebody of whom this caller may know, and to whose form it is.

        Raises:
            RefusalError: 422, the same for who is not there and who may not be known.
        """
        subject = resource.get("subject", {}).get("reference", "")
        known = re.fullmatch(
            rf"(?:{re.escape(self.base)}/)?Patient/({ID})(?:/_history/\d+)?",
            str(subject),
        )
        person = reading.newest(self.tx, "Patient", known[1]) if known else None
        form = self._form_of(resource)
        participant = "" if person is None else person.version.participant
        if not participant or not self._may_write(participant, form):
            text = "Expected a Patient of this server whom this client may write about"
            raise refuse(422, "not-found", text, f"{resource['resourceType']}.subject")
        self.view.about[participant] = None
        return participant

    def _form_of(self, resource: Resource) -> str:
        """The form that it answers.

        Raises:
            RefusalError: 422, where the study asks no such thing.
        """
        kind = resource["resourceType"]
        is_event = kind == EVENT
        form = event_form(self.trial) if is_event else form_named(resource, self.trial)
        if form is not None and not is_event and not self.view.may_see("", form):
            form = None  # of a form that the caller may not know of it is not told that it is asked
        if form is None and is_event:
            text = "Expected a study that keeps a log of adverse events; found none in this one"
            raise refuse(422, "not-supported", text, kind)
        if form is None:
            text = "Expected a Questionnaire that the study asks; found another one"
            raise refuse(422, "not-supported", text, f"{kind}.questionnaire")
        return form

    def _may_write(self, participant: str, form: str) -> bool:
        """Whether the caller may have such a response, and the person agreed to the research."""
        person = instances.participant(self.tx, participant)
        is_held = held_by_consent(self.trial.study, "research", "", person)
        return self.view.may_see(participant, form) and not is_held


def told_of(view: View, resource_type: str, done: Done, asked: Asked, base: str) -> Answer:
    """What is answered to a write that was done: the resource, or as little as was preferred."""
    seen = view.latest(resource_type, done.id)
    if seen is None:  # given, and not to be told as long as it is under an embargo
        return Answer(b"", done.status)
    headers = {**version_headers(seen), "Location": place_of(seen, base)}
    if done.is_found and not view.caller.may("r", resource_type):
        return Answer(b"", done.status, headers)  # somebody else may have written it
    match asked.returned:
        case "minimal":
            return Answer(b"", done.status, headers)
        case "OperationOutcome":
            said = Issue("informational", "It was written", severity="information")
            return Answer(orjson.dumps(operation_outcome(said)), done.status, headers)
        case _:
            return Answer(as_served(seen), done.status, headers)


def place_of(seen: Seen, base: str) -> str:
    """The address of one version."""
    return f"{base}/{seen.type}/{seen.id}/_history/{seen.number}"


def _several() -> RefusalError:
    return refuse(412, "multiple-matches", "The criteria mean more than one resource")


def _no_update_as_create() -> RefusalError:
    text = "There is no such resource to be updated, and an update creates none"
    return refuse(405, "not-supported", text)
