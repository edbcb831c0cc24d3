"""Mistakes in the scales of a form: each is found, with its line, before anything is scored."""

from __future__ import annotations

import pytest

from tests.unit.instruments.declarations import FORM, form_findings, marked, planted


@pytest.mark.parametrize(
    ("change", "place", "expected"),
    [
        pytest.param(
            "items: [c-1 .. c-3] => items: [c-1 .. c-3, c-9] # <-",
            "scales.0.items",
            "link ids of this form",
            id="an item that there is not",
        ),
        pytest.param(
            "items: [c-1, c-4] => items: [c-1, c-4, c-3 .. c-2] # <-",
            "scales.1.items",
            "link ids of this form",
            id="a stretch that runs backwards",
        ),
        pytest.param(
            "items: [c-1 .. c-3] => items: [c-1 .. c-3, c-1] # <-",
            "scales.0.items",
            "each once",
            id="an item that is counted twice",
        ),
        pytest.param(
            "items: [c-1, c-4]\n => items: [c-1, c-4]\n    reverse: [c-2] # <-\n",
            "scales.1.reverse",
            "items of this scale",
            id="another scale's item reversed",
        ),
        pytest.param(
            "items: [c-2, c-5]\n => items: [c-2, c-5]\n    reverse: [c-5] # <-\n",
            "scales.2.reverse",
            "items with options, or with whole numbers from min to max",
            id="decimals reversed",
        ),
        pytest.param(
            "items: [c-1, c-4] => items: [c-1, c-4]\n    reverse: [c-4] # <-",
            "scales.1.reverse",
            "items with options, or with whole numbers from min to max",
            id="yes and no reversed",
        ),
        pytest.param(
            "id: held => id: mean # <-",
            "scales.3.id",
            "each id once",
            id="two scales of one name",
        ),
        pytest.param(
            "- id: held\n    title: Held\n    field: c_total\n    method: reported"
            " => - id: held # <-\n    title: Held\n    method: sum",
            "scales.3",
            "either `items` or `scales` or `field`",
            id="a scale of nothing",
        ),
        pytest.param(
            "- id: held\n => - id: held # <-\n    items: [c-1]\n",
            "scales.3",
            "either `items` or `scales` or `field`",
            id="a scale of two sources",
        ),
        pytest.param(
            "method: reported => method: sum # <-",
            "scales.3.method",
            "`items` or `scales` for the method `sum`",
            id="a total that is summed",
        ),
        pytest.param(
            "recode:\n => recode: # <-\n      c-1: {0: 0, 1: 1, 2: 2}\n",
            "scales.2.recode",
            "items of this scale",
            id="another scale's item recoded",
        ),
        pytest.param(
            "recode:\n      c-2: {0: 10, 1: 5, 2: 0} => recode: # <-\n      c-2: {0: 10, 1: 5}",
            "scales.2.recode",
            "every value that `c-2` can have",
            id="an answer without a recode",
        ),
        pytest.param(
            "recode:\n      c-2: {0: 10, => recode: # <-\n      c-2: {0: 10, 3: 0,",
            "scales.2.recode",
            "every value that `c-2` can have, and no other",
            id="a recode without an answer",
        ),
        pytest.param(
            "recode:\n => recode: # <-\n      c-5: {0: 10, 10: 0}\n",
            "scales.2.recode",
            "every value that `c-5` can have",
            id="a recode of decimals",
        ),
        pytest.param(
            "    range: [0, 10]\n =>     range: [0, 10]\n    multiply: 2 # <-\n",
            "scales.2.multiply",
            "the method `sum`, which alone is multiplied",
            id="a mean that is multiplied",
        ),
        pytest.param(
            "missing: {at_least: 2, fill: mean} => missing: {at_least: 4, fill: mean} # <-",
            "scales.0.missing.at_least",
            "at most the scale's 3 items",
            id="more items needed than there are",
        ),
        pytest.param(
            "missing: {at_least: 2, fill: mean} => missing: {at_least: 2, fill: none} # <-",
            "scales.0.missing.fill",
            "`mean`, because a sum with gaps is too low",
            id="a sum with gaps",
        ),
        pytest.param(
            "table: {0: 40.5, 1: 50, 2: 55, 3: 60} => table: {0: 40.5, 1: 50, 2: 50, 3: 60} # <-",
            "scales.1.table",
            "values that rise with the raw sum",
            id="a table that stands still",
        ),
        pytest.param(
            "2: 55, 3: 60} => 3: 60} # <-",
            "scales.1.table",
            "every raw sum from 0 to 3",
            id="a gap in the table",
        ),
        pytest.param(
            "3: 60}\n    range: [40.5, 60] => 3: 60, 4: 61} # <-\n    range: [40.5, 61]"
            " && low: 55, high: 60 => low: 55, high: 61",
            "scales.1.table",
            "every raw sum from 0 to 3",
            id="a table that goes too far",
        ),
        pytest.param(
            "- id: t\n => - id: t # <-\n"
            " && table: {0: 40.5, 1: 50, 2: 55, 3: 60}\n    range => range",
            "scales.1.table",
            "a table exactly for `lookup`",
            id="no table",
        ),
        pytest.param(
            "range: [0, 63] => range: [63, 0] # <-",
            "scales.3.range",
            "lowest before highest",
            id="a range the wrong way round",
        ),
        pytest.param(
            "range: [0, 6]\n => range: [0, 6] # <-\n    multiply: 2\n",
            "scales.0.range",
            "every possible score, from 0 to 12",
            id="a sum beyond the range",
        ),
        pytest.param(
            "type: integer, min: 0, max: 2} => type: integer, min: 0, max: 1}"
            " && fill: mean} => fill: mean} # <-",
            "scales.0.missing.fill",
            "items that all have the same lowest and highest count",
            id="a gap filled with a mean of unlike items",
        ),
        pytest.param(
            "range: [0, 10] => range: [0, 9] # <-",
            "scales.2.range",
            "every possible score, from 0 to 10",
            id="a mean beyond the range",
        ),
        pytest.param(
            "3: 60}\n    range: [40.5, 60] => 3: 60.1}\n    range: [40.5, 60] # <-",
            "scales.1.range",
            "every possible score, from 40.5 to 60.1",
            id="a table beyond the range",
        ),
        pytest.param(
            "low: 5, high: 6} => low: 5, high: 6, below: 7} # <-",
            "scales.0.bands.1",
            "either `high` or `below`",
            id="a band with two ends",
        ),
        pytest.param(
            "low: 5, high: 6} => low: 5} # <-",
            "scales.0.bands.1",
            "either `high` or `below`",
            id="a band without an end",
        ),
        pytest.param(
            "low: 5, high: 6} => low: 5.5, high: 6} # <-",
            "scales.0.bands.1.low",
            "5, where the band before ends",
            id="a gap between bands",
        ),
        pytest.param(
            "low: 55, high: 60} => low: 54.9, high: 60} # <-",
            "scales.1.bands.1.low",
            "55, where the band before ends",
            id="bands that overlap",
        ),
        pytest.param(
            "low: 0, high: 4, codes: [{system: loinc, code: LA6708-7}]} => low: 1, high: 4} # <-",
            "scales.0.bands.0.low",
            "0, where the band before ends",
            id="bands that begin too late",
        ),
        pytest.param(
            "low: 5, high: 6} => low: 5, high: 4} # <-\n"
            "      - {id: more, label: more, low: 5, high: 6}",
            "scales.0.bands.1",
            "an end after its beginning",
            id="a band that ends before it begins",
        ),
        pytest.param(
            "bands:\n => bands: # <-\n && low: 5, high: 6} => low: 5, high: 5}",
            "scales.0.bands",
            "bands up to 6",
            id="bands that end too early",
        ),
        pytest.param(
            "- {id: high, label: high, low: 5, high: 6} => "
            "- {id: low, label: high, low: 5, high: 6} # <-",
            "scales.0.bands.1.id",
            "each id once",
            id="two bands of one name",
        ),
        pytest.param(
            "points: 2, source: nobody} => source: nobody} # <-",
            "scales.0.change.0",
            "`points`, `percent` or both",
            id="a change of nothing",
        ),
        pytest.param(
            "range: [0, 10]\n => range: [0, 10]\n    change:\n"
            "      - {kind: minimal, points: 2, new_band: true, source: nobody} # <-\n",
            "scales.2.change.0.new_band",
            "a scale with `bands`",
            id="a change of bands where there are none",
        ),
    ],
)
def test_a_mistake_in_a_scale_is_one_finding_with_its_line(
    change: str, place: str, expected: str
) -> None:
    text = planted(FORM, *change.split(" && "))

    problems = form_findings(text)

    assert [problem.field for problem in problems] == [place]
    assert expected in problems[0].expected
    assert [problem.origin.line for problem in problems] == marked(text)


@pytest.mark.parametrize(
    "item",
    [
        pytest.param("type: text", id="a text"),
        pytest.param("type: date", id="a date"),
        pytest.param("type: date, min: 0, max: 10", id="a date with bounds"),
        pytest.param("type: integer", id="a number without an end"),
        pytest.param("type: decimal, min: 0", id="a number with one end"),
        pytest.param("options: words", id="answers without weights"),
        pytest.param("options: often, repeats: true", id="several answers"),
    ],
)
def test_an_item_that_does_not_count_cannot_be_in_a_scale(item: str) -> None:
    text = planted(
        FORM,
        f"c_6, type: text => c_6, {item}",
        "options:\n => options:\n  words: [{value: a}, {value: b}]\n",
        "items: [c-2, c-5] => items: [c-2, c-5, c-6] # <-",
    )

    problems = form_findings(text)

    assert [problem.field for problem in problems] == ["scales.2.items"]
    assert problems[0].expected.startswith("items that count")
    assert [problem.origin.line for problem in problems] == marked(text)


def test_an_item_whose_list_is_missing_is_not_told_again_in_its_scale() -> None:
    text = planted(FORM, "c-2, field: c_2, options: often => c-2, field: c_2, options: never")

    problems = form_findings(text)

    assert problems[0].field == "items.1.options"
    assert not [problem for problem in problems if problem.field == "scales.2.items"]


@pytest.mark.parametrize("items", ["[c-1 .. c-3]", "[c-1, c-4]", "[c-2, c-5]"])
def test_the_scores_of_items_that_there_are_not_have_no_range(items: str) -> None:
    text = planted(FORM, f"items: {items} => items: [c-9]")

    problems = form_findings(text)

    assert "`c-9`" in [problem.found for problem in problems]
    assert not [problem for problem in problems if "possible score" in problem.expected]
