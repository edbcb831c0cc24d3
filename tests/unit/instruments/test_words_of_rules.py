"""Mistakes in conditions, steps, scores of scores and profiles: each is one finding, with its line.

The form uses every such word rightly; each test plants one mistake.
"""

from __future__ import annotations

import pytest

from tests.unit.instruments.declarations import form_findings, marked, planted

FORM = """
kind: instrument
id: ruled
version: "1.0.0"
title: Ruled
source: made for the tests
licence: {status: none, wording: shipped}
options:
  level: [{value: 1}, {value: 2}, {value: 3}]
  cause: [{value: t, weight: 1}, {value: o, weight: 0}, {value: u}]
items:
  - {link_id: r-1, field: r_1, type: boolean}
  - {link_id: r-2, field: r_2, options: level, asked_if: {item: r-1, equals: 1}}
  - {link_id: r-3, field: r_3, options: cause, asked_if: {item: r-1, equals: 1}}
  - {link_id: r-4, field: r_4, type: decimal, min: 0}
  - {link_id: r-5, field: r_5, type: time}
  - {link_id: r-6, field: r_6, type: time}
  - {link_id: r-7, field: r_7, options: level}
  - {link_id: r-8, field: r_8, type: text}
  - {link_id: r-9, field: r_9, type: boolean}
scales:
  - id: impact
    title: Impact
    items: [r-2]
    method: sum
    only_if:
      r-2: {item: r-3, equals: t}
    if_missing:
      r-2: 1
    range: [0, 9]
  - id: stepped
    title: Stepped
    items: [r-4, r-7]
    method: sum
    steps:
      r-4:
        - {below: 5, counts: 2}
        - {high: 5, counts: 1}
        - {counts: 0}
    points:
      - {high: 1, counts: 0}
      - {counts: 1}
    range: [0, 1]
  - id: minutes
    title: Minutes
    items: [r-5, r-6]
    method: between
    range: [1, 1439]
    unit: min
  - id: share
    title: Share
    scales: [stepped, minutes]
    method: percent
    range: [0, 100]
    unit: "%"
  - id: highest
    title: Highest
    items: [r-2, r-7]
    method: highest
    range: [1, 3]
  - id: both
    title: Both
    scales: [stepped, highest]
    method: sum
    range: [1, 4]
  - id: profile
    title: Profile
    items: [r-7, r-2]
    method: profile
    range: [11, 33]
not_scored:
  - {id: index, title: Index, codes: [{system: loinc, code: 44249-1}], reason: No value set.}
unverified: [The steps are made up.]
"""


def test_a_form_that_uses_every_word_rightly_has_no_finding() -> None:
    problems = form_findings(FORM)

    assert problems == []


@pytest.mark.parametrize(
    ("change", "place", "expected"),
    [
        pytest.param(
            "asked_if: {item: r-1, equals: 1}} => asked_if: {item: r-3, equals: t}} # <-",
            "items.1.asked_if.item",
            "one that stands before",
            id="asked if a later item says so",
        ),
        pytest.param(
            "asked_if: {item: r-1, equals: 1}} => asked_if: {item: r-1, equals: 2}} # <-",
            "items.1.asked_if.equals",
            "one of the single answers of `r-1`: 0, 1",
            id="asked if an answer is given that there is not",
        ),
        pytest.param(
            "type: boolean}\n  - {link_id: r-2, => options: level, repeats: true}\n"
            "  - {link_id: r-2,"
            " && asked_if: {item: r-1, equals: 1}} => asked_if: {item: r-1, equals: 1}} # <-"
            " && cause, asked_if: {item: r-1, equals: 1}} => cause}",
            "items.1.asked_if.equals",
            "one of the single answers of `r-1`",
            id="asked if one of several boxes is ticked",
        ),
        pytest.param(
            "type: time} => type: time, options: level} # <-",
            "items.4.options",
            "`options` for a choice alone",
            id="a time of day with options",
        ),
        pytest.param(
            "{item: r-3, equals: t} => {item: r-2, equals: 1} # <-",
            "scales.0.only_if.r-2.item",
            "another item",
            id="an item that counts only if it says so itself",
        ),
        pytest.param(
            "{item: r-3, equals: t} => {item: r-3, equals: x} # <-",
            "scales.0.only_if.r-2.equals",
            "one of the single answers of `r-3`: t, o, u",
            id="a condition that never holds",
        ),
        pytest.param(
            "only_if:\n      r-2: => only_if: # <-\n      r-7:",
            "scales.0.only_if",
            "items of this scale",
            id="a condition on another scale's item",
        ),
        pytest.param(
            "      r-2: 1 =>       r-2: 4 # <-",
            "scales.0.if_missing.r-2",
            "a number that `r-2` can count, from 0 to 3",
            id="a gap that counts more than any answer",
        ),
        pytest.param(
            "{below: 5, counts: 2} => {below: 5, high: 5, counts: 2} # <-",
            "scales.1.steps.r-4.0",
            "either `high` or `below`",
            id="a step with two ends",
        ),
        pytest.param(
            "- {counts: 0} => - {high: 6, counts: 0} # <-",
            "scales.1.steps.r-4.2",
            "a last step without an end",
            id="steps that end",
        ),
        pytest.param(
            "{high: 5, counts: 1} => {high: 4, counts: 1} # <-",
            "scales.1.steps.r-4.1",
            "an end after 5",
            id="steps that fall",
        ),
        pytest.param(
            "{high: 5, counts: 1} => {below: 5, counts: 1} # <-",
            "scales.1.steps.r-4.1",
            "an end after 5",
            id="a step that holds nothing",
        ),
        pytest.param(
            "r-4:\n => r-7: # <-\n && items: [r-4, r-7] => items: [r-7]",
            "scales.1.steps.r-7",
            "an item that is a number",
            id="steps of a choice",
        ),
        pytest.param(
            "type: decimal, min: 0} => type: integer, min: 0, max: 9}"
            " && steps: => reverse: [r-4]\n    steps:"
            " && r-4:\n => r-4: # <-\n",
            "scales.1.steps.r-4",
            "one word that says what the item counts",
            id="an item that is reversed and put in steps",
        ),
        pytest.param(
            "- {high: 1, counts: 0} => - {high: 0, counts: 0} # <-",
            "scales.1.points.0",
            "a step that something from 1 to 5 is in",
            id="points that nothing gets",
        ),
        pytest.param(
            "- {counts: 1}\n    range: [0, 1] => - {counts: 2}\n    range: [0, 1] # <-"
            " && range: [1, 4] => range: [1, 5]",
            "scales.1.range",
            "every possible score, from 0 to 2",
            id="points beyond the range",
        ),
        pytest.param(
            "method: between => method: between\n    points: [{counts: 1}] # <-",
            "scales.2.points",
            "the method `sum`, `mean`, `highest` or `percent`",
            id="points of minutes",
        ),
        pytest.param(
            "unit: min => unit: h # <-",
            "scales.2.unit",
            "`min`, the unit of the method `between`",
            id="minutes told as hours",
        ),
        pytest.param(
            "items: [r-5, r-6] => items: [r-5, r-8] # <-",
            "scales.2.items",
            "items that hold a time of day",
            id="minutes to a text",
        ),
        pytest.param(
            "method: between => method: between # <- && items: [r-5, r-6] => items: [r-5]",
            "scales.2.method",
            "two `items`, each a time of day for the method `between`",
            id="minutes from one time",
        ),
        pytest.param(
            "method: between => method: between\n    if_missing: {r-5: 0} # <-",
            "scales.2.if_missing",
            "a method that counts items",
            id="minutes with a gap filled",
        ),
        pytest.param(
            "method: percent => method: percent # <-"
            " && scales: [stepped, minutes] => scales: [stepped]",
            "scales.3.method",
            "two `scales`, the part and the whole",
            id="a share of nothing",
        ),
        pytest.param(
            "scales: [stepped, minutes] => scales: [stepped, both] # <-",
            "scales.3.scales",
            "ids of scales that stand before this one",
            id="a share of a later scale",
        ),
        pytest.param(
            "scales: [stepped, highest] => scales: [highest, highest] # <-"
            " && range: [1, 4] => range: [1, 6]",
            "scales.5.scales",
            "each once",
            id="a score that counts twice",
        ),
        pytest.param(
            "[stepped, highest]\n => [stepped, highest]\n"
            "    missing: {at_least: 1, fill: mean} # <-\n",
            "scales.5.missing",
            "a sum, mean, lookup or highest of items",
            id="scores with gaps",
        ),
        pytest.param(
            "range: [1, 4] => range: [1, 3] # <-",
            "scales.5.range",
            "every possible score, from 1 to 4",
            id="scores beyond the range",
        ),
        pytest.param(
            "- id: both => - id: both # <-"
            " && scales: [stepped, highest] => scales: [stepped, highest]\n    items: [r-7]",
            "scales.5",
            "either `items` or `scales` or `field`",
            id="items and scores together",
        ),
        pytest.param(
            "method: highest => method: highest\n    missing: {at_least: 1, fill: none} # <-",
            "scales.4.missing.fill",
            "`settled`, because the highest of some may not be the highest of all",
            id="the highest of what there is",
        ),
        pytest.param(
            "items: [r-7, r-2]\n    method: profile => items: [r-7, r-2]\n    method: sum\n"
            "    missing: {at_least: 1, fill: settled} # <-"
            " && range: [11, 33] => range: [1, 6]",
            "scales.6.missing.fill",
            "`settled` for `highest`, or for a sum with `points`",
            id="a sum that any gap changes",
        ),
        pytest.param(
            "{link_id: r-7, field: r_7, options: level} =>"
            " {link_id: r-7, field: r_7, options: level, optional: true}"
            " && items: [r-4, r-7] => items: [r-4] && items: [r-2, r-7] => items: [r-2]"
            " && range: [1, 3] => range: [0, 3] && range: [1, 4] => range: [0, 4]"
            " && {high: 1, counts: 0} => {high: 1, counts: 0}"
            " && items: [r-7, r-2] => items: [r-7, r-2] # <-",
            "scales.6.items",
            "items that every source has",
            id="a score of an item that may not be there",
        ),
        pytest.param(
            "range: [1, 3]\n  - id: both => range: [2, 3] # <-\n  - id: both",
            "scales.4.range",
            "every possible score, from 1 to 3",
            id="a highest that is too low",
        ),
        pytest.param(
            "items: [r-7, r-2] => items: [r-7, r-3] # <-",
            "scales.6.items",
            "one choice, each of a code of one digit",
            id="a profile of letters",
        ),
        pytest.param(
            "range: [11, 33] => range: [11, 32] # <-",
            "scales.6.range",
            "every possible score, from 11 to 33",
            id="a profile beyond the range",
        ),
        pytest.param(
            "- id: profile\n => - id: profile # <-\n"
            "    change: [{kind: minimal, points: 1, source: s}]\n",
            "scales.6",
            "neither `bands` nor `change` for a profile",
            id="a change of a profile",
        ),
        pytest.param(
            "id: index, => id: both, # <-\n   ",
            "not_scored.0.id",
            "the id of a score that is not computed",
            id="a score that is computed and is not",
        ),
        pytest.param(
            "code: 44249-1 => code: 44249-2 # <-\n    ",
            "not_scored.0.codes.0.code",
            "a loinc code whose check digit holds",
            id="a mistyped code of a score that is not computed",
        ),
    ],
)
def test_a_mistake_in_a_rule_is_one_finding_with_its_line(
    change: str, place: str, expected: str
) -> None:
    text = planted(FORM, *change.split(" && "))

    problems = form_findings(text)

    assert [problem.field for problem in problems] == [place]
    assert expected in problems[0].expected
    assert [problem.origin.line for problem in problems] == marked(text)


@pytest.mark.parametrize(
    "items",
    [
        pytest.param("[r-2, r-7]", id="the highest"),
        pytest.param("[r-4, r-7]", id="points of a sum"),
        pytest.param("[r-7, r-2]", id="a profile"),
        pytest.param("[r-2]", id="a sum"),
    ],
)
def test_the_scores_of_items_that_there_are_not_have_no_range_and_no_points(items: str) -> None:
    text = planted(FORM, f"items: {items} => items: [r-99]")

    problems = form_findings(text)

    assert "`r-99`" in [problem.found for problem in problems]
    assert not [problem for problem in problems if "possible score" in problem.expected]
    assert not [problem for problem in problems if "is in" in problem.expected]
