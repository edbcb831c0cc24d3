"""A response to an earlier version is read as the same answers to the present one."""

from __future__ import annotations

from typing import Any

import pytest

from adapter.errors import Origin
from adapter.fhir.identity import Identity
from adapter.fhir.questionnaire_response import build_questionnaire_response
from adapter.fhir.reading import Occasion, UnfitResponseError, read_response, validate_response
from adapter.fhir.reading.migration import as_present, migrated
from adapter.instruments.coherence import check_form
from adapter.instruments.form import Form
from adapter.instruments.mapping import read_mapping
from adapter.instruments.response import parse_response
from adapter.scoring import score_response
from tests.forms import form_of, record_of, study_with

OLD = """
kind: instrument
id: sleep
version: "1.0.0"
title: Sleep
source: made for the tests
licence: {status: ours, wording: shipped}
options: {often: [{value: 0}, {value: 1}, {value: 2}]}
each: {options: often}
items:
  - {link_id: sleep-1, field: sleep_1, text: Falling asleep}
  - {link_id: sleep-2, field: sleep_2, text: Waking up}
  - {link_id: sleep-3, field: sleep_3, text: Dreaming}
scales:
  - {id: total, title: Total, items: [sleep-1, sleep-2], method: sum, range: [0, 4]}
"""
NEW = """
kind: instrument
id: sleep
version: "2.0.0"
title: Sleep
source: made for the tests
licence: {status: ours, wording: shipped}
options: {often: [{value: 0}, {value: 1}, {value: 2}]}
each: {options: often}
items:
  - {link_id: waking, field: sleep_2, text: Waking up at night}
  - {link_id: sleep-1, field: sleep_1, text: Falling asleep}
scales:
  - {id: total, title: Total, items: [sleep-1, waking], method: sum, range: [0, 4]}
migrates:
  - {version: "1.0.0", link_ids: {sleep-2: waking}, dropped: [sleep-3]}
"""
ANSWERS = {"sleep_1": "1", "sleep_2": "2", "sleep_3": "0"}
OCCASION = Occasion("week-0", None, Origin("sent.json"))


def sent(answers: dict[str, str] | None = None) -> dict[str, Any]:
    """A response to the old version, as it was sent when that was the present one."""
    form, study = form_of(OLD), study_with("sleep")
    record = record_of("sleep", ANSWERS if answers is None else answers)
    response = parse_response(record, form, study, "completed")
    assert response is not None
    return build_questionnaire_response(response, Identity(study, b"synthetic people only!"))


def read(resource: dict[str, Any], form: Form) -> dict[str, str]:
    response = read_response(
        resource, {"sleep": form}, {resource["subject"]["reference"]: "1"}, OCCASION
    )
    assert [score.value for score in score_response(response)] == [3]
    return {
        link_id: getattr(answer.values[0], "value", "")
        for link_id, answer in response.answers.items()
    }


def test_renamed_items_keep_their_answers_and_dropped_ones_are_left_out() -> None:
    assert read(sent(), form_of(NEW)) == {"waking": "2", "sleep-1": "1"}


def test_a_response_to_the_present_version_is_read_as_it_is() -> None:
    resource = sent()

    assert migrated(resource, {"sleep": form_of(OLD)}) is resource
    assert read(resource, form_of(OLD)) == {"sleep-1": "1", "sleep-2": "2", "sleep-3": "0"}


def test_the_old_words_of_a_renamed_item_are_left_out_and_the_others_stay() -> None:
    items = migrated(sent(), {"sleep": form_of(NEW)})["item"]

    assert [item.get("text") for item in items] == [None, "Falling asleep"]


def test_the_response_itself_stays_as_it_was_sent() -> None:
    resource, before = sent(), sent()

    read(resource, form_of(NEW))

    assert resource == before
    assert resource["questionnaire"].endswith("|1.0.0")


@pytest.mark.parametrize(
    "form",
    [
        NEW.replace('version: "1.0.0", link', 'version: "0.9.0", link'),
        NEW.split("migrates:", maxsplit=1)[0],
    ],
)
def test_a_version_that_the_form_says_nothing_of_is_refused(form: str) -> None:
    with pytest.raises(UnfitResponseError) as refused:
        read(sent(), form_of(form))

    errors = [issue.code for issue in refused.value.issues if issue.severity == "error"]
    assert errors == ["not-found"]


@pytest.mark.parametrize(
    ("old", "new", "place", "expected"),
    [
        ("sleep-2: waking}", "sleep-2: wake}", "migrates.0.link_ids.sleep-2", "a link id of"),
        ('- {version: "1.0.0"', '- {version: "2.0.0"', "migrates.0.version", "an earlier"),
        ("[sleep-3]}", "[sleep-1]}", "migrates.0.dropped", "items that the form has no longer"),
        ("[sleep-3]}", "[sleep-2]}", "migrates.0.dropped", "items that the form has no longer"),
        ("{sleep-2: waking}", "{a: waking, b: waking}", "migrates.0.link_ids", "a name of its own"),
        (
            "dropped: [sleep-3]}",
            'dropped: [sleep-3]}\n  - {version: "1.0.0"}',
            "migrates.1.version",
            "each version once",
        ),
    ],
)
def test_a_mistake_in_a_migration_is_one_finding(
    old: str, new: str, place: str, expected: str
) -> None:
    form, lines, problems = read_mapping(NEW.replace(old, new), "sleep.yaml", Form)
    assert form is not None, problems

    found = check_form(form, lines)

    assert [problem.field for problem in found] == [place]
    assert found[0].expected.startswith(expected)


@pytest.mark.parametrize(
    ("corrects", "place", "expected"),
    [
        ('["2.0.0"]', "corrects.0", "a version lower than the form's own, 2.0.0"),
        ('["1.0.0", "10.0.0"]', "corrects.1", "a version lower than the form's own, 2.0.0"),
        ('["1.0.0", "1.0.0"]', "corrects.1", "each version once"),
    ],
    ids=["its own", "a later one", "one twice"],
)
def test_a_form_corrects_earlier_versions_alone_and_each_once(
    corrects: str, place: str, expected: str
) -> None:
    form, lines, problems = read_mapping(f"{NEW}corrects: {corrects}\n", "sleep.yaml", Form)
    assert form is not None, problems

    (problem,) = check_form(form, lines)

    assert (problem.field, problem.expected) == (place, expected)
    assert problem.origin.line == len(NEW.splitlines()) + 1


def test_what_a_form_corrects_is_told_by_version() -> None:
    form, _, problems = read_mapping(f'{NEW}corrects: ["1.0"]\n', "sleep.yaml", Form)

    assert form is None
    assert [problem.field for problem in problems] == ["corrects.0"]


def test_who_compares_takes_an_item_of_the_same_name_for_the_same_one() -> None:
    plain = form_of(NEW.split("migrates:", maxsplit=1)[0])

    present = as_present(sent(), {"sleep": plain})

    assert present == {**sent(), "questionnaire": present["questionnaire"]}
    assert present["questionnaire"].endswith("/sleep|2.0.0")
    assert validate_response(present, {"sleep": plain}).answers["sleep-1"].values != ()
    for other in ({}, {"sleep": form_of(OLD)}, {"sleep": form_of(NEW)}):
        assert as_present(sent(), other) == migrated(sent(), other)
