"""Patients made up for the pages: visits at which forms were answered, as our resources."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from adapter.fhir.adverse_event import build_adverse_event
from adapter.fhir.change import build_change, change_name
from adapter.fhir.draft import Draft
from adapter.fhir.identity import Identity
from adapter.fhir.observation import build_observations
from adapter.fhir.questionnaire_response import build_questionnaire_response
from adapter.fhir.safety import Alarm, build_safety
from adapter.instruments.response import Response, parse_response
from adapter.instruments.safety import Signal
from adapter.scoring import score_response
from adapter.scoring.signals import Fired
from tests.forms import FORMS, record_of, study_with

if TYPE_CHECKING:
    from collections.abc import Mapping

Resource = dict[str, Any]
STUDY = study_with(*FORMS)
IDENTITY = Identity(STUDY, b"synthetic people need no secret")


def visit(form: str, values: Mapping[str, str], at: str, number: int) -> list[Resource]:
    """What answering a form gives: the answers, where there are any, and the scores.

    `at` is local time (`2023-06-14 20:15:09`), '' for nobody knows; `number` tells visits apart.
    """
    record = replace(record_of(form, values), repeat=number, completed_at=at)
    response = parse_response(record, FORMS[form], STUDY, "completed")
    assert response is not None, "nobody answered anything"
    scores = score_response(response)
    built = [_whole(draft) for draft in build_observations(response, scores, IDENTITY)]
    if response.form.is_totals_only:
        return built
    return [build_questionnaire_response(response, IDENTITY), *built]


def same_answers(form: str, value: str, at: str, number: int) -> list[Resource]:
    """A visit at which every question was answered alike."""
    return visit(form, {item.field: value for item in FORMS[form].items}, at, number)


def total(form: str, value: str, at: str, number: int) -> list[Resource]:
    """A visit of which the trial holds the total alone."""
    (scale,) = FORMS[form].scales
    return visit(form, {str(scale.field): value}, at, number)


def long_record(months: int) -> list[Resource]:
    """A visit every month at which ten forms were answered, and an event every quarter."""
    told: list[Resource] = []
    for month in range(months):
        at = f"{2019 + month // 12}-{month % 12 + 1:02}-14 20:15:09"
        for form in ("ders-18", "pcl-c", "promis-pi-4a", "promis-pi-8a", "phq-9", "gad-7"):
            offered = FORMS[form].offered(FORMS[form].items[0])
            told += same_answers(form, offered[month % len(offered)].value, at, month)
        told += visit("nrs-pain-avg-week", {"nrs_pain_avg": str(month % 11)}, at, month)
        for form, low in (("bdi", 10), ("stai-y", 30), ("compas-w", 60)):
            told += total(form, str(low + month % 20), at, month)
        if month % 3 == 0:
            told.append(event(month, {"ae_term": "A fall", "ae_onset": at[:10]}))
    return told


def change(form: str, scale: str, scores: tuple[list[Resource], list[Resource]]) -> Resource:
    """The Observation of a scale's change from one visit to another."""
    declared = next(each for each in FORMS[form].scales if each.id == scale)
    first, later = (_score(each, f"{form}-{scale}") for each in scores)
    name = change_name(later["id"], declared, IDENTITY)
    return _whole(build_change(FORMS[form], declared, (first, later), name))


def event(number: int, values: Mapping[str, str]) -> Resource:
    """An adverse event."""
    record = replace(record_of("adverse-event", values), repeat=number)
    response = parse_response(record, FORMS["adverse-event"], STUDY, "completed")
    assert isinstance(response, Response)
    return build_adverse_event(response, IDENTITY)


def signal(title: str, focus: Resource) -> list[Resource]:
    """The Flag and the Task of a signal about a response."""
    rule = Signal.model_validate(
        {"id": "s1", "title": title, "form": "phq-9", "items": ["phq9-9"], "at_least": 1}
        | {"level": "urgent"}
    )
    about = ("QuestionnaireResponse", focus["id"])
    alarm = Alarm(focus["id"], focus["subject"], focus["authored"], about)
    return build_safety(Fired(rule, "reached", "1.0.0"), alarm, IDENTITY)


def _score(resources: list[Resource], code: str) -> Resource:
    return next(
        each
        for each in resources
        if any(said["code"] == code for said in each.get("code", {}).get("coding", ()))
    )


def _whole(draft: Draft) -> Resource:
    return {**draft.own, **draft.frame.elements}
