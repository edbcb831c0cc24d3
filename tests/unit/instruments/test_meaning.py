"""What a version of a form stands for: what it asks and how it is scored, and nothing else."""

from __future__ import annotations

import pytest

from adapter.instruments.meaning import meaning_of
from tests.unit.ingest.project import FORMS, form

MOOD, PAIN = FORMS["mood"], FORMS["pain"]
SUM = "items: [mood-1 .. mood-3], method: sum"
OTHERWISE = {
    "a link id": ("link_id: mood-note", "link_id: mood-words"),
    "a type": ("type: text", "type: string"),
    "a weight": (
        "{value: 1}, {value: 2}, {value: 3}",
        "{value: 1}, {value: 2}, {value: 3, weight: 4}",
    ),
    "an option less": ("{value: 2}, {value: -1}", "{value: 2}"),
    "an option's code": ("{value: -1}", "{value: -1, code: {system: loinc, code: LA6568-5}}"),
    "one answer alone": (", repeats: true", ""),
    "an answer required": ("field: mood_2,", "field: mood_2, required: true,"),
    "a condition": ("field: mood_3,", "field: mood_3, asked_if: {item: mood-1, equals: 1},"),
    "an item reversed": (SUM, f"{SUM}, reverse: [mood-1]"),
    "an item less": (SUM, "items: [mood-1, mood-3], method: sum"),
    "another rule": (SUM, "items: [mood-1 .. mood-3], method: highest"),
    "a missing rule": (SUM, f"{SUM}, missing: {{at_least: 2, fill: mean}}"),
    "what an answer counts": (SUM, f"{SUM}, recode: {{mood-1: {{1: 2}}}}"),
}
ALIKE = {
    "a title": ("title: Mood\n", "title: How it was\n"),
    "words": ("field: mood_1,", "field: mood_1, text: How was it?,"),
    "words of an answer": ("{value: 0},", "{value: 0, display: Never},"),
    "a column": ("field: mood_1,", "field: mood_one,"),
    "a code of a question": (
        "field: mood_1,",
        "field: mood_1, codes: [{system: loinc, code: 44250-9}],",
    ),
    "an Observation": ("field: mood_1,", "field: mood_1, observe: true,"),
    "what is filled in ahead": ("type: text}", "type: text, prefill: previous}"),
    "a change since baseline": ("range: [0, 9]}", "range: [0, 9], observe_change: true}"),
    "a number written otherwise": ("range: [0, 9]", "range: [0.0, 9.0]"),
    "a default in words": (SUM, f"{SUM}, multiply: 1, places: 0, reverse: []"),
    "items one by one": (SUM, "items: [mood-1, mood-2, mood-3], method: sum"),
    "a weight that is the value": ("{value: 3}", "{value: 3, weight: 3}"),
    "another version": ('version: "1.0.0"', 'version: "1.1.0"'),
}


def changed(old: str, new: str) -> str:
    assert MOOD.count(old) >= 1
    return MOOD.replace(old, new, 1)


@pytest.mark.parametrize(("old", "new"), OTHERWISE.values(), ids=OTHERWISE)
def test_what_asks_or_scores_something_else_means_something_else(old: str, new: str) -> None:
    assert meaning_of(form(changed(old, new))) != meaning_of(form(MOOD))


@pytest.mark.parametrize(("old", "new"), ALIKE.values(), ids=ALIKE)
def test_what_is_only_said_otherwise_means_the_same(old: str, new: str) -> None:
    assert meaning_of(form(changed(old, new))) == meaning_of(form(MOOD))


def test_the_limits_of_a_number_are_part_of_it() -> None:
    assert meaning_of(form(PAIN.replace("max: 10", "max: 11"))) != meaning_of(form(PAIN))


def test_the_digest_does_not_depend_on_the_adapter() -> None:
    assert meaning_of(form(PAIN)) == "57475b8a9060e169357df4716a670ac5"
