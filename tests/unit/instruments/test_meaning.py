"""What a version of a form stands for: what it asks and how it is scored, and nothing else."""

from __future__ import annotations

import pytest

from adapter.instruments.meaning import meaning_of, meaning_of_scale
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
    "a further code of an answer": (
        "{value: 0},",
        "{value: 0, accepts: [{system: loinc, code: LA6568-5}]},",
    ),
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


def of_total(text: str) -> str:
    declared = form(text)
    return meaning_of_scale(declared, declared.scales[0])


ITEM = "  - {link_id: mood-note, field: mood_note, type: text}\n"
OF_A_SCORE = {
    "an item reversed": (SUM, f"{SUM}, reverse: [mood-1]"),
    "a weight": OTHERWISE["a weight"],
    "a condition on what counts": OTHERWISE["a condition"],
    "a condition in the scale": (SUM, f"{SUM}, only_if: {{mood-2: {{item: mood-3}}}}"),
}
NOT_OF_A_SCORE = {
    "another item": (ITEM, ""),
    "another scale": ("id: first, title", "id: one, title"),
    "bands": ("range: [0, 9]}", "range: [0, 9], bands: [{id: a, label: A, low: 0}]}"),
    "another condition": (ITEM, ITEM.replace("text}", "text, asked_if: {item: mood-1}}")),
}


@pytest.mark.parametrize(("old", "new"), OF_A_SCORE.values(), ids=OF_A_SCORE)
def test_a_score_s_number_follows_from_its_rule_and_items(old: str, new: str) -> None:
    assert of_total(changed(old, new)) != of_total(MOOD)


@pytest.mark.parametrize(("old", "new"), NOT_OF_A_SCORE.values(), ids=NOT_OF_A_SCORE)
def test_a_score_s_number_follows_from_nothing_else(old: str, new: str) -> None:
    assert of_total(changed(old, new)) == of_total(MOOD)


def test_a_score_follows_from_what_its_scores_and_conditions_follow_from() -> None:
    both = MOOD + "  - {id: both, title: Both, scales: [first], method: sum, range: [0, 3]}\n"
    asked = both.replace("field: mood_1,", "field: mood_1, asked_if: {item: mood-0, equals: 1},")
    asked = asked.replace(
        "  - {link_id: mood-1,",
        "  - {link_id: mood-0, field: mood_0, options: often}\n  - {link_id: mood-1,",
    )
    otherwise = asked.replace(
        "link_id: mood-0, field: mood_0", "link_id: mood-0, field: mood_0, required: true"
    )

    one, other = (form(text) for text in (asked, otherwise))

    assert meaning_of_scale(one, one.scales[-1]) != meaning_of_scale(other, other.scales[-1])
