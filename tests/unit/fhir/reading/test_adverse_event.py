"""An event that was built is read back as what it was built of; what else is said is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapter.fhir.adverse_event import NOTE, build_adverse_event
from adapter.fhir.issue import Issue
from adapter.fhir.reading.adverse_event import read_event
from adapter.instruments.answer import Answer
from adapter.instruments.form import Form
from adapter.release.blinding import as_published
from tests.forms import FORMS
from tests.unit.fhir.events import (
    FORM,
    IDENTITY,
    NON_SERIOUS,
    SERIOUS,
    STUDY,
    UNKNOWN,
    Resource,
    event_of,
    respond,
)

THERAPY = f"Procedure/{IDENTITY.therapy('1')}"


def read(
    event: Resource, suspect: str | None = THERAPY, form: Form = FORM
) -> tuple[dict[str, Answer], tuple[Issue, ...]]:
    return read_event(event, form, STUDY.zone, suspect)


@pytest.mark.parametrize("values", [SERIOUS, NON_SERIOUS, UNKNOWN], ids=["serious", "not", "open"])
def test_an_event_that_was_built_is_read_as_it_was_meant(values: dict[str, str]) -> None:
    response = respond(values)
    event = build_adverse_event(response, IDENTITY)

    answers, issues = read(event)

    assert issues == ()
    assert answers.items() >= response.answers.items()
    again = build_adverse_event(replace(response, answers=answers), IDENTITY)
    # A severity that only the grade gave is said in words now, for it was said.
    assert {**again, "severity": event["severity"]} == event
    assert list(answers) == [item.link_id for item in FORM.items if item.link_id in answers]


def test_who_is_blinded_can_say_neither_a_cause_nor_what_only_the_therapy_has() -> None:
    _, issues = read(event_of(SERIOUS), None, as_published(FORM))

    told = {issue.expression: issue.code for issue in issues}
    assert told == {
        "AdverseEvent.suspectEntity[0]": "business-rule",
        "AdverseEvent.category[0]": "code-invalid",
    }


def test_what_the_form_does_not_ask_is_told_and_not_dropped() -> None:
    shorter = FORMS["adverse-event"]
    event = event_of({name: SERIOUS[name] for name in ("ae_term", "ae_note")})
    event["seriousness"] = event_of(SERIOUS)["seriousness"]

    _, issues = read(event, THERAPY, shorter)

    places = [next(i for i, each in enumerate(event["extension"]) if each["url"] == NOTE)]
    assert {issue.expression for issue in issues} == {
        f"AdverseEvent.extension[{places[0]}]",
        "AdverseEvent.seriousness.coding[1]",
    }


def test_an_event_that_contradicts_itself_is_told_by_both_its_places() -> None:
    event = event_of(NON_SERIOUS)
    criterion = {**event["seriousness"]["coding"][0], "code": "SeriousIsBirthDefect"}
    event["seriousness"]["coding"].append(criterion)

    _, (issue,) = read(event)

    assert issue.code == "conflict"
    assert issue.expression == "AdverseEvent.criterion"
    assert "AdverseEvent.seriousness" in issue.expected


def test_a_moment_is_its_day_where_the_study_is() -> None:
    event = {**event_of(NON_SERIOUS), "date": "2024-02-03T20:30:00Z"}

    answers, issues = read(event)

    assert issues == ()
    assert answers["ae-onset"].values == ("2024-02-04",)
