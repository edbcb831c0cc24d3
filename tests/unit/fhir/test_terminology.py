"""Every code of the project that is sent stands in a CodeSystem, and no withheld wording does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from adapter.fhir.change import build_change, change_name
from adapter.fhir.check import find_faults
from adapter.fhir.identity import PROJECT, Identity
from adapter.fhir.observation import build_observations
from adapter.fhir.questionnaire import build_questionnaire
from adapter.fhir.questionnaire_response import build_questionnaire_response
from adapter.fhir.terminology import build_code_systems, build_value_sets
from adapter.instruments.form import Form
from adapter.instruments.response import Response
from adapter.instruments.safety import Safety
from adapter.scoring import score_response
from tests.answered import as_asked
from tests.forms import FORMS, respond, study_with

KEY = b"synthetic people need no secret"
SAFETY = Safety.model_validate(
    {
        "version": "1.0.0",
        "source": "made up",
        "signals": [
            {
                "id": "item9",
                "title": "Thoughts of death",
                "form": "phq-9",
                "items": ["phq9-9"],
                "at_least": 1,
                "level": "urgent",
            }
        ],
    }
)
SCORED = [form for form in FORMS.values() if form.kind != "adverse-event"]


def identity_of(form: Form) -> Identity:
    return Identity(study_with(form.id), KEY)


def own_codes(node: object) -> Iterator[tuple[str, str]]:
    """Every coding of ours anywhere in a resource."""
    if isinstance(node, dict):
        system = node.get("system")
        if isinstance(system, str) and system.startswith(f"{PROJECT}/CodeSystem/"):
            yield system, node["code"]
        for value in node.values():
            yield from own_codes(value)
    elif isinstance(node, list):
        for value in node:
            yield from own_codes(value)


def published(form: Form) -> set[tuple[str, str]]:
    return {
        (system["url"], concept["code"])
        for system in build_code_systems([form], SAFETY, identity_of(form))
        for concept in system["concept"]
    }


def answered(form: Form, *, lowest: bool, gaps: bool) -> Response | None:
    """A response with every item at one of its ends; with gaps, without the last item."""
    values: dict[str, str] = {}
    for item in form.items:
        offered = form.offered(item)
        if offered and not item.repeats:
            values[item.field] = offered[0 if lowest else -1].value
        elif item.type in {"integer", "decimal"} and item.min is not None and item.max is not None:
            values[item.field] = str(item.min if lowest else item.max)
        elif item.type == "boolean":
            values[item.field] = "0" if lowest else "1"
    if gaps and values:
        values.popitem()
    for scale in form.scales:
        if scale.field:
            values[scale.field] = str(scale.range[0 if lowest else 1])
    return respond(form, as_asked(form, values))


@pytest.mark.parametrize("form", SCORED, ids=lambda form: form.id)
def test_every_code_of_ours_that_is_sent_is_published(form: Form) -> None:
    identity, sent = identity_of(form), list[dict[str, Any]]()
    if form.items:
        sent.append(build_questionnaire(form, "q"))
    for lowest in (True, False):
        for gaps in (True, False):
            response = answered(form, lowest=lowest, gaps=gaps)
            if response is not None:
                drafts = build_observations(response, score_response(response), identity)
                sent += [draft.whole for draft in drafts]
                sent.append(build_questionnaire_response(response, identity))

    assert set(own_codes(sent)) <= published(form)
    assert sent


@pytest.mark.parametrize("form", SCORED, ids=lambda form: form.id)
def test_every_code_of_a_change_is_published(form: Form) -> None:
    identity = identity_of(form)
    ends = [answered(form, lowest=lowest, gaps=False) for lowest in (True, False)]
    codes: set[tuple[str, str]] = set()
    for scale in form.scales:
        name = change_name("unit", scale, identity)
        scores = [
            draft.whole
            for response in ends
            if response is not None
            for draft in build_observations(response, score_response(response), identity)
            if draft.name[1] == identity.part(identity.of_response(response), scale.id)
        ]
        if len(scores) == len(ends) and all("valueQuantity" in score for score in scores):
            codes |= set(own_codes(build_change(form, scale, (scores[0], scores[1]), name).whole))

    assert codes <= published(form)
    assert bool(codes) == bool(form.scales)


@pytest.mark.parametrize("form", FORMS.values(), ids=lambda form: form.id)
def test_what_is_published_is_r4_and_holds_every_offered_answer(form: Form) -> None:
    identity = identity_of(form)
    sets = build_value_sets(form, identity)

    faults = [
        fault
        for resource in (*build_code_systems([form], SAFETY, identity), *sets)
        for fault in find_faults(resource)
    ]

    assert not faults
    listed = {
        each["title"]: sum(len(include["concept"]) for include in each["compose"]["include"])
        for each in sets
    }
    used = {item.options for item in form.items if item.options}
    assert listed == {
        f"{form.title}: answers ({name})": len(options)
        for name, options in form.options.items()
        if name in used
    }


@pytest.mark.parametrize(
    "form",
    [form for form in FORMS.values() if form.licence.wording == "withheld"],
    ids=lambda form: form.id,
)
def test_withheld_questions_are_published_by_number_alone(form: Form) -> None:
    (items,) = [
        system["concept"]
        for system in build_code_systems([form], None, identity_of(form))
        if system["url"].endswith("/item")
    ] or [[]]

    assert [each["display"] for each in items] == [
        f"{form.title}, {item.link_id}" for item in form.items
    ]


def test_a_study_without_signals_publishes_none() -> None:
    systems = build_code_systems([FORMS["phq-9"]], None, identity_of(FORMS["phq-9"]))

    assert not [each["url"] for each in systems if "safety" in each["url"]]
