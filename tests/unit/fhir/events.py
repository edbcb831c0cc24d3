"""Adverse events as rows of the shipped form that asks for all of it; nobody in them exists."""

from __future__ import annotations

from typing import Any

from adapter.errors import Origin
from adapter.fhir.adverse_event import build_adverse_event
from adapter.fhir.identity import Identity
from adapter.instruments.response import Record, Response, ResponseStatus, parse_response
from adapter.instruments.study import Study
from tests.forms import FORMS, STUDY_TEXT, study_of

Resource = dict[str, Any]

FORM = FORMS["adverse-event-research"]
PLACED = "{form: adverse-event-research, source_form: adverse-event-research, at: [week-0]"
THERAPY = "therapy: {title: A programme}\n"
STUDY = study_of(f"{STUDY_TEXT}forms: [{PLACED}}}]\n{THERAPY}")
CONCEALING = study_of(f"{STUDY_TEXT}forms: [{PLACED}, conceals_note: true}}]\n{THERAPY}")
IDENTITY = Identity(STUDY, b"synthetic people need no secret")
SUBJECT = IDENTITY.subject("1")

SERIOUS = {
    "ae_term": "Taken to hospital",
    "ae_category": "distress-in-session",
    "ae_onset": "2024-02-03",
    "ae_serious": "1",
    "ae_criteria___hospitalisation": "1",
    "ae_criteria___medically_important": "1",
    "ae_grade": "3",
    "ae_outcome": "4",
    "ae_related": "3",
    "ae_discontinued": "1",
    "ae_aware": "2024-02-04 10:00",
    "ae_reported": "2024-02-04 16:45",
    "ae_note": "It began at home.",
}
NON_SERIOUS = {
    "ae_term": "A headache",
    "ae_category": "new-symptom",
    "ae_serious": "0",
    "ae_severity": "1",
    "ae_outcome": "1",
    "ae_expected": "0",
    "ae_resolved": "2024-02-05",
    "ae_related": "1",
}
UNKNOWN = {**NON_SERIOUS, "ae_outcome": "6"}


def respond(
    values: dict[str, str],
    study: Study = STUDY,
    status: ResponseStatus = "completed",
    complete: str = "2",
) -> Response:
    record = Record(
        participant="1",
        event="week_0_arm_1",
        form=FORM.id,
        repeat=1,
        values=values,
        origin=Origin("records.csv", 2, "1", "week_0_arm_1"),
        complete=complete,
    )
    response = parse_response(record, FORM, study, status)
    assert response is not None
    return response


def event_of(values: dict[str, str], **how: Any) -> Resource:  # noqa: ANN401
    """The event as the ledger keeps it."""
    return build_adverse_event(respond(values, **how), IDENTITY)


def extension_of(event: Resource, name: str) -> Resource | None:
    """The extension whose URL ends so."""
    found = [each for each in event["extension"] if each["url"].rpartition("/")[2] == name]
    assert len(found) <= 1
    return found[0] if found else None
