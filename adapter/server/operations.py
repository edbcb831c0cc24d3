"""Operations: `$validate` of any type, `$extract` and `$populate` of forms.

None of them changes anything. What is extracted are the very Observations that taking the response
in would make, by the very function. A response that is prepared by `$populate` says to whom, what,
and the answers that the form's file lets be filled in ahead (`adapter.fhir.prefill`).

Source: https://hl7.org/fhir/R4/resource-operation-validate.html and the SDC guide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from adapter.errors import Origin
from adapter.fhir.check import find_faults, write
from adapter.fhir.extraction import Intake, extract
from adapter.fhir.identity import PROJECT, questionnaire_url, reference
from adapter.fhir.ids import IS_ID
from adapter.fhir.issue import Issue as Finding
from adapter.fhir.issue import has_errors
from adapter.fhir.labels import highest
from adapter.fhir.operation_outcome import Issue, RefusalError, operation_outcome, refuse
from adapter.fhir.prefill import prefilled
from adapter.fhir.reading import Occasion, validate_transition
from adapter.fhir.reading.adverse_event import EVENT
from adapter.fhir.reading.findings import Findings
from adapter.fhir.reading.migration import as_present
from adapter.fhir.search.spans import EVER, moment_span
from adapter.fhir.text import read_text
from adapter.ingest.event import event_form, event_misfits
from adapter.ingest.judge import RESPONSE, timepoint_of
from adapter.ingest.trial import Trial
from adapter.ingest.written import misfits
from adapter.instruments.form import Form
from adapter.instruments.response import SCORED
from adapter.release.wording import without_wording
from adapter.server.body import as_issues, check_r4
from adapter.server.exchange import Answer
from adapter.server.ledger import View
from adapter.server.reads import unknown
from adapter.server.writes import Writing
from adapter.store import instances, reading

Resource = dict[str, Any]
_BASE_PROFILES = "http://hl7.org/fhir/StructureDefinition/"
_WELL = Issue("informational", "Nothing is wrong with it", severity="information")


def validate(view: View, trial: Trial, resource_type: str, said: Resource, target: str) -> Answer:
    """Everything that is wrong with a resource, as 200; `target` is the id of one that it updates.

    Raises:
        RefusalError: 400, where no resource was sent, 404 where there is no such target.
    """
    resource, words = _with_parameters(said)
    if resource is None or resource.get("resourceType") != resource_type:
        text = f"A resource of type {resource_type} is expected"
        raise refuse(400, "required", text, "Parameters.parameter")
    issues = [
        *_of_profile(resource_type, words.get("profile", "")),
        *_of_content(view, trial, resource, words.get("mode", "")),
        *(_of_target(view, resource_type, target, resource) if target else ()),
    ]
    return _told(issues or [_WELL])


def extract_stored(view: View, trial: Trial, response_id: str) -> Answer:
    """What is extracted from a response that the ledger holds.

    Raises:
        RefusalError: 404, for one that is not there or not for this caller.
    """
    seen = view.latest(RESPONSE, response_id) if IS_ID(response_id) else None
    instance = instances.instance(view.tx, response_id)
    if seen is None or seen.text is None or instance is None:
        raise unknown()
    _, event, _, repeat = orjson.loads(instance.place)
    point = trial.study.timepoint_of(event)
    occasion = Occasion(point.id if point else "", repeat, Origin("the ledger"))
    held = reading.newest(view.tx, RESPONSE, response_id)
    assert held is not None  # noqa: S101 - it was seen
    return _extracted(trial, read_text(held.version.text), instance.participant, occasion)


def extract_sent(writing: Writing, said: Resource) -> Answer:
    """What would be extracted from a response that is sent along, were it taken in.

    Raises:
        RefusalError: 400 or 422, for one that R4 or its form refuses, or that fits no timepoint.
    """
    resource, _ = _with_parameters(said, "questionnaire-response")
    if resource is None or resource.get("resourceType") != RESPONSE:
        text = "A QuestionnaireResponse is expected"
        raise refuse(400, "required", text, "Parameters.parameter")
    check_r4(resource)
    participant = writing.participant(resource)
    trial = writing.trial
    issues = misfits(resource, trial)
    if has_errors(issues):
        raise RefusalError(422, *as_issues(issues))
    timepoint, doubt = timepoint_of(writing.tx, trial, participant, resource)
    if doubt:
        raise refuse(422, "business-rule", f"It cannot be placed: {doubt}", f"{RESPONSE}.authored")
    return _extracted(trial, resource, participant, Occasion(timepoint, None, Origin("sent")))


def populate(view: View, trial: Trial, said: Resource, questionnaire_id: str) -> Answer:
    """A response to begin with: in progress, about a person, to a Questionnaire.

    Raises:
        RefusalError: 400 or 422, where it is not said of whom, or to what.
    """
    _, words = _with_parameters(said)
    form = _form_asked(view, trial, words, questionnaire_id)
    patient = words.get("subject", "").removeprefix("Patient/")
    person = view.latest("Patient", patient) if IS_ID(patient) else None
    if person is None:
        text = "Expected a Patient of this server of whom this client may know, as `subject`"
        raise refuse(422, "not-found", text, "Parameters.parameter")
    items = prefilled(form, _previous(view, form, patient), _patient_sent(said))
    response = {
        "resourceType": RESPONSE,
        "questionnaire": f"{questionnaire_url(form)}|{form.published_version}",
        "status": "in-progress",
        "subject": reference("Patient", patient),
        **({"item": items} if items else {}),
    }
    parameters = [
        {"name": "response", "resource": response},
        {"name": "issues", "resource": operation_outcome(_told_of_filled(form, len(items)))},
    ]
    return Answer(write({"resourceType": "Parameters", "parameter": parameters}))


def _previous(view: View, form: Form, patient: str) -> Resource | None:
    """The person's last response to a form that the caller may have, None where it may none."""
    if not view.caller.may("r", RESPONSE):
        return None
    held = reading.newest(view.tx, "Patient", patient)
    if held is None or all(item.prefill != "previous" for item in form.items):
        return None
    told = view.of_participant(held.version.participant, frozenset({RESPONSE}))
    said = [as_present(read_text(seen.text), {form.id: form}) for seen in told if seen.text]
    fitting = [
        each
        for each in said
        if each["questionnaire"].partition("|")[0] == questionnaire_url(form)
        and each["status"] in SCORED
    ]
    zone = view.ledger.study.zone

    def answered(response: Resource) -> float:  # what says no time is as old as anything
        return moment_span(response["authored"], zone)[0] if "authored" in response else EVER[0]

    return max(fitting, key=answered, default=None)


def _patient_sent(said: Resource) -> Resource | None:
    """The Patient that came along as the launch context of this name; it is not kept.

    Raises:
        RefusalError: 400, R4 forbids it.
    """
    listed = said.get("parameter")
    for one in listed if isinstance(listed, list) else []:
        parts = one.get("part") if isinstance(one, dict) and one.get("name") == "context" else None
        named = [part for part in parts or () if isinstance(part, dict)]
        is_patient = any(part.get("valueString") == "patient" for part in named)
        for part in named if is_patient else ():
            content = part.get("resource")
            if isinstance(content, dict) and content.get("resourceType") == "Patient":
                check_r4(content)
                return content
    return None


def _told_of_filled(form: Form, count: int) -> Issue:
    if not any(item.prefill for item in form.items):
        text = "No item of this Questionnaire may be answered ahead"
    else:
        text = f"{count} items were answered ahead, for a person to look over"
    return Issue("informational", text, severity="information")


def _extracted(trial: Trial, resource: Resource, participant: str, occasion: Occasion) -> Answer:
    patient = str(resource["subject"]["reference"])
    intake = Intake(trial.forms, {patient: participant}, trial.identity, trial.software)
    extraction = extract(resource, intake, occasion)
    if has_errors(extraction.issues):
        raise RefusalError(422, *as_issues(extraction.issues))
    if extraction.bundle is None:
        return _told(as_issues(extraction.issues))
    url = str(resource["questionnaire"]).partition("|")[0]
    form = trial.forms[url.removeprefix(f"{PROJECT}/Questionnaire/")]
    entries = [
        {**entry, "resource": _as_may_be_told(entry["resource"], form)}
        for entry in extraction.bundle["entry"]
    ]
    labels = highest(orjson.dumps(entry["resource"], default=str) for entry in entries)
    bundle = {**extraction.bundle, "meta": {"security": labels}, "entry": entries}
    return Answer(write(bundle))


def _as_may_be_told(resource: Resource, form: Form) -> Resource:
    return without_wording(resource, form) if form.is_licensed_to_site else resource


def _form_asked(view: View, trial: Trial, words: Mapping[str, str], questionnaire_id: str) -> Form:
    """The form that is named by id, by canonical or by reference."""
    named = words.get("questionnaire") or words.get("canonical") or words.get("questionnaireRef")
    name = questionnaire_id or str(named or "").removeprefix("Questionnaire/")
    if IS_ID(name):
        seen = view.latest("Questionnaire", name)
        name = "" if seen is None or seen.text is None else str(read_text(seen.text)["url"])
    url = name.partition("|")[0]
    form = trial.forms.get(url.removeprefix(f"{PROJECT}/Questionnaire/"))
    is_there = form is not None and questionnaire_url(form) == url and form.items
    if form is None or not is_there or not view.may_see("", form.id):
        text = "Expected a Questionnaire of this server, by its id or its canonical"
        raise refuse(422, "not-found", text, "Parameters.parameter")
    return form


def _of_profile(resource_type: str, profile: str) -> list[Issue]:
    if profile in {"", f"{_BASE_PROFILES}{resource_type}"}:
        return []
    return [Issue("not-supported", "That profile is not known here", "Parameters.parameter")]


def _of_content(view: View, trial: Trial, resource: Resource, mode: str) -> list[Issue]:
    resource_type = resource["resourceType"]
    if resource_type == RESPONSE and mode in {"create", "update"}:
        return as_issues(misfits(resource, _without_hidden(trial, view)))
    found = Findings()
    found.add_faults(find_faults(resource))
    if resource_type == EVENT and mode == "create" and not found.issues and event_form(trial):
        may_know, person = view.caller.is_unblinded, _person_of(view, resource)
        return as_issues(event_misfits(resource, trial, person, may_know_arm=may_know))
    return as_issues(found.issues)


def _without_hidden(trial: Trial, view: View) -> Trial:
    """The trial without the forms of which the caller may not know: they are as if unknown."""
    told = {name: form for name, form in trial.forms.items() if view.may_see("", name)}
    return replace(trial, forms=told)


def _person_of(view: View, resource: Resource) -> str:
    """Whom it is about, '' for nobody of whom the caller may know."""
    patient = str(resource["subject"].get("reference", "")).removeprefix("Patient/")
    is_known = IS_ID(patient) and view.latest("Patient", patient) is not None
    held = reading.newest(view.tx, "Patient", patient) if is_known else None
    return "" if held is None else held.version.participant


def _of_target(view: View, resource_type: str, target: str, resource: Resource) -> list[Issue]:
    seen = view.latest(resource_type, target) if IS_ID(target) else None
    if seen is None or seen.text is None:
        raise unknown()
    found: list[Finding] = []
    if resource_type == RESPONSE and isinstance(resource.get("status"), str):
        before, after = read_text(seen.text)["status"], resource["status"]
        if after in {"in-progress", "completed", "amended", "entered-in-error", "stopped"}:
            found += validate_transition(before, after)
    return as_issues(found)


def _with_parameters(
    said: Resource, name: str = "resource"
) -> tuple[Resource | None, dict[str, str]]:
    """The resource that an operation is about, and the words beside it, by name.

    A resource that is sent by itself is the one.
    """
    if said.get("resourceType") != "Parameters":
        return (said or None), {}
    listed = said.get("parameter")
    resource: Resource | None = None
    words = dict[str, str]()
    for one in listed if isinstance(listed, list) else []:
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            continue
        if one["name"] in {name, "resource"} and isinstance(one.get("resource"), dict):
            resource = one["resource"]
            continue
        for kind, value in one.items():
            if kind.startswith("value"):
                inner = value.get("reference") if isinstance(value, dict) else value
                words[one["name"]] = inner if isinstance(inner, str) else ""
    return resource, words


def _told(issues: list[Issue]) -> Answer:
    return Answer(orjson.dumps(operation_outcome(*issues)))
