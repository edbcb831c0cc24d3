"""Our judgement of a QuestionnaireResponse is the record system's, or it is said where it is not.

A real server holds every Questionnaire; its `$validate` judges responses to them, without a fault
and with one seeded fault each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import orjson
import pytest

from adapter.fhir.check import write
from adapter.fhir.issue import Issue
from adapter.fhir.questionnaire import build_questionnaire
from adapter.fhir.reading import validate_response
from adapter.instruments.form import Form
from tests.answered import ALL, STATUSES
from tests.live.servers import RecordSystem
from tests.mutated import MUTATIONS, Resource, build, chance_of, mutated, seeded_response

FHIR = {"content-type": "application/fhir+json"}
REQUIRED = {
    name: form.model_copy(
        update={
            "version": "9.0.0",
            "items": tuple(item.model_copy(update={"required": True}) for item in form.items),
        }
    )
    for name, form in ALL.items()
}
"""Every form in a version that requires all its answers: no shipped form requires any."""
TOLD_BY_HAPI_ALONE = {
    "another text": "wording is withheld or translated; the link id says what was asked",
    "decimal for a whole number": "some programs have no integers, and 7.0 is 7",
    "group of the renderer": "the questions in it are known, so their answers are",
}
"""What the record system refuses and we take with a warning, by mutation, and why."""
TOLD_BY_US_ALONE = {
    "another version": "HAPI does not judge by a Questionnaire that it does not have",
    "no questionnaire": "nor where none is named",
    "no subject": "R4 does not require one; an answer about nobody belongs in no record",
    "answer and reason for none": "data-absent-reason has no rule against it",
}
"""What we refuse and the record system takes, by mutation, and why."""

FAULTY = {
    (name, mutation): resource
    for name, form in ALL.items()
    for mutation in MUTATIONS
    if (resource := mutated(form, mutation)) is not None
}
"""A response with one fault, by form and mutation."""


@dataclass(frozen=True, slots=True)
class Judge:
    """The record system, which holds the Questionnaire of every form."""

    client: httpx.Client

    def errors(self, resource: Resource) -> list[str]:
        """The FHIRPath of every error that it finds."""
        text = orjson.dumps(resource, default=float)  # R4 may forbid it, so `write` would, too
        answer = self.client.post("/QuestionnaireResponse/$validate", content=text, headers=FHIR)
        return [
            issue.get("expression", [""])[0]
            for issue in answer.json()["issue"]
            if issue["severity"] in {"error", "fatal"}
        ]


@pytest.fixture(scope="module")
def judge(hapi: RecordSystem) -> Iterator[Judge]:
    with httpx.Client(base_url=hapi.base_url, timeout=120) as client:
        for name, form in [*ALL.items(), *((f"{n}-9", f) for n, f in REQUIRED.items())]:
            text = write(build_questionnaire(form, name))
            stored = client.put(f"/Questionnaire/{name}", content=text, headers=FHIR)
            assert stored.is_success, stored.text
        yield Judge(client)


every_form = pytest.mark.parametrize("name", ALL)


@every_form
@pytest.mark.parametrize("gaps", [0, 0.5])
def test_both_accept_what_we_build(judge: Judge, name: str, gaps: float) -> None:
    chance = chance_of(name, gaps)

    for status in STATUSES:
        resource = build(seeded_response(ALL[name], chance, gaps)) | {"status": status}

        assert judge.errors(resource) == []
        assert errors_of(resource) == []


@pytest.mark.parametrize(("name", "mutation"), FAULTY)
def test_both_refuse_a_fault_at_the_same_place_or_the_difference_is_listed(
    judge: Judge, name: str, mutation: str
) -> None:
    resource = FAULTY[name, mutation]

    theirs, ours = judge.errors(resource), errors_of(resource)

    assert bool(theirs) == (mutation not in TOLD_BY_US_ALONE)
    assert bool(ours) == (mutation not in TOLD_BY_HAPI_ALONE)
    if mutation in TOLD_BY_HAPI_ALONE:
        assert [issue.severity for issue in issues_of(resource)] == ["warning"]
    if theirs and ours:
        assert any(is_same_place(one, other) for one in theirs for other in ours), (theirs, ours)


def test_every_mutation_was_judged() -> None:
    assert {mutation for _, mutation in FAULTY} == set(MUTATIONS)
    assert set(MUTATIONS) >= TOLD_BY_HAPI_ALONE.keys() | TOLD_BY_US_ALONE.keys()


@every_form
def test_both_miss_a_required_answer_when_the_form_is_sent_and_not_before(
    judge: Judge, name: str
) -> None:
    form = REQUIRED[name]
    chance = chance_of(name)
    complete = build(seeded_response(form, chance))
    decisive = {item.asked_if.item for item in form.items if item.asked_if}
    answered = [item["linkId"] for item in complete["item"]]
    gone = chance.choice([link_id for link_id in answered if link_id not in decisive])
    incomplete = without(complete, gone)
    draft = incomplete | {"status": "in-progress"}

    theirs = [bool(judge.errors(resource)) for resource in (complete, incomplete, draft)]
    ours = [bool(errors_of(resource, form)) for resource in (complete, incomplete, draft)]

    assert theirs == ours == [False, True, False]


def without(resource: Resource, link_id: str) -> Resource:
    """The same response without one of its items; R4 has no empty lists."""
    rest = [item for item in resource["item"] if item["linkId"] != link_id]
    return {word: value for word, value in (resource | {"item": rest}).items() if value != []}


def issues_of(resource: Resource, form: Form | None = None) -> tuple[Issue, ...]:
    forms = ALL if form is None else {form.id: form}
    return validate_response(resource, forms).issues


def errors_of(resource: Resource, form: Form | None = None) -> list[str]:
    issues = issues_of(resource, form)
    return [issue.expression for issue in issues if issue.severity == "error"]


def is_same_place(one: str, other: str) -> bool:
    """Whether one place holds the other; the record system tells some faults of what is around."""
    first, second = (re.sub(r"\.value(\.ofType\(\w+\))?$", "", place) for place in (one, other))
    return first.startswith(second) or second.startswith(first)
