"""Nothing that stands in a record runs on a page, wherever in the record it stands."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import html

from adapter.viewer.page import Acknowledgement, Frame, Heading, answers_page, patient_page
from adapter.viewer.record import read_record
from tests.forms import FORMS
from tests.poison import POISON, all_poisoned, poisoned, strings
from tests.visits import STUDY, event, same_answers, signal, total

AT = "2023-06-14 20:15:09"
FRAME, HEADING = Frame("/app", "lee", "t"), Heading("1", "p1", "A study", "patients/1")
ANSWERED = same_answers("phq-4", "2", AT, 1)
RECORD: list[dict[str, Any]] = [
    *ANSWERED,
    *total("bdi", "12", AT, 1),
    *total("bdi", "22", "2023-07-14 20:15:09", 2),
    event(1, {"ae_term": "Rash", "ae_onset": "2023-06-20", "ae_severity": "1"}),
    *signal("Look here", ANSWERED[0]),
]


def pages(resources: list[dict[str, Any]], heading: Heading = HEADING) -> list[str]:
    record = read_record(resources, FORMS, STUDY.zone)
    seen = {each.id: Acknowledgement("kim", "2023-06-15", 0) for each in record.signals}
    return [
        patient_page(FRAME, heading, record, seen),
        *(answers_page(FRAME, heading, "Answers", each) for each in record.answers.values()),
    ]


def injected(page: str) -> list[str]:
    """What a page has that no template of ours writes."""
    root = html.fromstring(page)
    tags = [str(each.tag) for each in root.iter("script", "img", "iframe", "style", "object")]
    handlers = [
        name
        for each in root.iter()
        for name, value in each.attrib.items()
        if name.startswith("on") or name == "style" or value.lower().startswith("javascript:")
    ]
    return [*tags, *handlers]


@pytest.mark.parametrize("place", range(len(RECORD)), ids=lambda n: RECORD[n]["resourceType"])
def test_every_text_of_every_resource_is_inert(place: int) -> None:
    wrong = []
    for path, _ in strings(RECORD[place]):
        resources = [*RECORD]
        resources[place] = poisoned(RECORD[place], path)
        wrong += [(path, each) for page in pages(resources) for each in injected(page)]

    assert wrong == []


def test_all_texts_at_once_are_inert_and_are_told() -> None:
    told = pages([all_poisoned(each) for each in RECORD])

    assert [each for page in told for each in injected(page)] == []
    assert all(POISON in html.fromstring(page).text_content() for page in told)


def test_what_the_clinic_and_the_trial_call_somebody_is_inert() -> None:
    heading = Heading(POISON, POISON, POISON, "patients/1")

    assert [each for page in pages(RECORD, heading) for each in injected(page)] == []


def test_a_page_without_poison_is_what_the_check_is_made_for() -> None:
    assert injected(f"<p>{POISON}</p>") != []
    assert all(injected(page) == [] for page in pages(RECORD))
