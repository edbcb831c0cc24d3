"""Mapping files: every mistake at once, each with its line, whatever the text is."""

from __future__ import annotations

import pytest

from adapter.instruments.form import Form
from adapter.instruments.mapping import Lines, read_mapping
from adapter.instruments.study import Study
from tests.forms import STUDY_TEXT

FORM = """kind: instrument
id: lines
version: "1.0.0"
title: Lines
source: made for the tests
licence: {status: none, wording: shipped}
options:
  often:
    - {value: 0}
    - {value: 1}
each: {options: often}
items:
  - {link_id: l-1, field: l_1}
  - link_id: l-2
    field: l_2
scales:
  - id: total
    title: Total
    items: [l-1 .. l-2]
    method: sum
    range: [0, 2]
"""


def findings(text: str) -> list[str]:
    """Line and place of everything that is wrong with a form."""
    _, _, problems = read_mapping(text, "lines.yaml", Form)
    return [f"{problem.origin.line} {problem.field}" for problem in problems]


def test_a_right_declaration_has_no_findings() -> None:
    form, _, problems = read_mapping(FORM, "lines.yaml", Form)

    assert form is not None
    assert problems == []


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        pytest.param("", 1, "something else", id="nothing"),
        pytest.param("# only a comment\n", 1, "something else", id="a comment"),
        pytest.param("- a\n- b\n", 1, "something else", id="a list"),
        pytest.param("words\n", 1, "something else", id="words"),
        pytest.param(
            "kind: [\nid: x\n", 3, "expected ',' or ']', but got '<stream end>'", id="open bracket"
        ),
        pytest.param(
            "kind: a\n\tid: b\n", 2, "character '\\t' that cannot start any token", id="tab"
        ),
        pytest.param("kind: !secret x\n", 1, "could not determine a constructor", id="tag"),
        pytest.param("kind: *nowhere\n", 1, "undefined alias 'nowhere'", id="alias"),
        pytest.param("? [a]\n: 1\n", 1, "unhashable key", id="a list as a word"),
        pytest.param("a: 1\n---\nb: 2\n", 2, "but found another document", id="two documents"),
        pytest.param("kind: \x00", 1, "text that cannot be read", id="a control character"),
        pytest.param("a: 1\nb: 2023-02-30\n", 2, "one that does not", id="a day there is not"),
        pytest.param("a: [x,\n  0x_]\n", 2, "one that does not", id="a number there is not"),
    ],
)
def test_text_that_is_no_declaration_is_one_finding(text: str, line: int, found: str) -> None:
    form, _, problems = read_mapping(text, "lines.yaml", Form)

    assert form is None
    assert [problem.origin.line for problem in problems] == [line]
    assert found in problems[0].found


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefghij", "bcdefghijk", strict=True)
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("kind: " + "[" * 900, "deeper than can be read", id="brackets"),
        pytest.param("kind: " + "[" * 500_000, "deeper than can be read", id="many brackets"),
        pytest.param("kind: " + "{a: " * 500_000, "deeper than can be read", id="many braces"),
        pytest.param("- " * 500_000, "deeper than can be read", id="many dashes"),
        pytest.param("kind: &a [*a]\n", "or one inside itself", id="a list in itself"),
        pytest.param(BOMB, "more, by its aliases", id="aliases of aliases"),
    ],
)
def test_a_declaration_that_no_end_is_of_is_refused_at_once(text: str, found: str) -> None:
    form, _, problems = read_mapping(text, "form.yaml", Form)

    assert form is None
    assert [found in problem.found for problem in problems] == [True]


def test_every_impossible_day_is_found_at_once() -> None:
    text = f"{STUDY_TEXT}period:\n  start: 2023-02-30\n  end: 2023-13-01\nforms: []\n"

    _, _, problems = read_mapping(text, "study.yaml", Study)

    assert [problem.origin.line for problem in problems] == [15, 16]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param("title: Lines\n", "", ["1 "], id="a missing word of the form"),
        pytest.param("    title: Total\n", "", ["17 scales.0"], id="a missing word of a scale"),
        pytest.param("    field: l_2\n", "", ["14 items.1"], id="a missing word of an item"),
        pytest.param("title: Lines", "titel: Lines", ["1 ", "4 titel"], id="a misspelt word"),
        pytest.param("Total\n", "Total\n    tital: x\n", ["19 scales.0.tital"], id="one too many"),
        pytest.param("l_1}", "l_1, kind: x}", ["13 items.0.kind"], id="in one line"),
        pytest.param("{options: often}", "{option: often}", ["11 each.option"], id="in each"),
        pytest.param("{options: often}", "{options: 5}", ["11 each.options"], id="wrong in each"),
        pytest.param("sum", "total", ["20 scales.0.method"], id="a word that cannot be"),
        pytest.param("[0, 2]", "[0, x]", ["21 scales.0.range.1"], id="a number that is none"),
        pytest.param("id: lines\n", "id: lines\nid: again\n", ["3 id"], id="a word twice"),
        pytest.param("l_1}", "l_1, field: x}", ["13 items.0.field"], id="twice in one line"),
        pytest.param("{value: 1}", "{value: 1, value: 2}", ["10 options.often.1.value"], id="deep"),
        pytest.param(
            "method: sum",
            "method: lookup\n    table:\n      0: 1\n      1: x",
            ["23 scales.0.table.1"],
            id="a line of a table",
        ),
    ],
)
def test_a_finding_tells_line_and_place(old: str, new: str, expected: list[str]) -> None:
    text = FORM.replace(old, new)

    found = findings(text)

    assert sorted(found) == sorted(expected)


def test_what_to_do_is_said_with_every_finding() -> None:
    text = FORM.replace("    method: sum\n", "    methd: sum\n").replace("l-1, field", "L, field")

    _, _, problems = read_mapping(text, "lines.yaml", Form)

    told = "\n".join(sorted(str(problem) for problem in problems))
    assert told == (
        "lines.yaml:13: items.0.link_id: "
        "expected String should match pattern '^[a-z0-9]+(?:[-.][a-z0-9]+)*$'; found 'L'. "
        "Correct it; mappings/README.md defines the word.\n"
        "lines.yaml:17: scales.0: "
        "expected the word `method`; found it is missing. "
        "Add it; mappings/README.md defines it.\n"
        "lines.yaml:20: scales.0.methd: "
        "expected a word of mappings/README.md; found an unknown word. "
        "Correct its spelling or remove it."
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("    - {value: 1}", "    - {value: Yes}", id="an answer"),
        pytest.param("    method: sum", "    method: off", id="one of a list of words"),
    ],
)
def test_a_word_that_yaml_takes_for_yes_or_no_is_told_as_wanting_quotes(old: str, new: str) -> None:
    assert old in FORM

    _, _, (problem,) = read_mapping(FORM.replace(old, new), "lines.yaml", Form)

    assert problem.found.startswith(f"`{'yes' in new.lower()}`".lower())
    assert "yes, no, on and off without quotes" in problem.found
    assert problem.action.startswith("Put it in quotes")


def test_a_word_twice_names_the_line_of_the_first() -> None:
    _, _, problems = read_mapping(f"{FORM}title: Again\n", "lines.yaml", Form)

    assert str(problems[0]) == (
        "lines.yaml:22: title: expected each word once; "
        "found a second one (the first stands on line 4). Keep one of them."
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{FORM}colour: red\n", id="at the top"),
        pytest.param(FORM.replace("{options:", "{colour: red, options:"), id="in each"),
        pytest.param(FORM.replace("{value: 1}", "{value: 1, colour: red}"), id="in an option"),
        pytest.param(FORM.replace("    method", "    colour: red\n    method"), id="in a scale"),
        pytest.param(f"{FORM}title: Lines\n", id="a word twice"),
    ],
)
def test_an_unknown_word_does_not_hide_the_rest(text: str) -> None:
    form, _, problems = read_mapping(text, "lines.yaml", Form)

    assert form is not None
    assert form.model_dump() == read_mapping(FORM, "lines.yaml", Form)[0].model_dump()  # type: ignore[union-attr] # tested above
    assert len(problems) == 1


def test_an_unknown_word_beside_a_wrong_one_leaves_no_form() -> None:
    text = FORM.replace("method: sum", "method: total\n    colour: red")

    form, _, problems = read_mapping(text, "lines.yaml", Form)

    assert form is None
    assert len(problems) == 2


def test_what_an_alias_repeats_is_told_where_it_is_written() -> None:
    text = FORM.replace(
        "    - {value: 0}\n", "    - &zero {value: 0, colour: red}\n  seldom: [*zero]\n  more:\n"
    )

    found = findings(text)

    assert found == ["9 options.often.0.colour", "9 options.seldom.0.colour"]


def test_the_line_of_a_place_that_is_not_written_is_that_of_what_holds_it() -> None:
    lines = Lines("lines.yaml", {(): 1, ("scales",): 16, ("scales", "0"): 17})

    origins = [lines.origin(("scales", 0, "missing", "at_least")), lines.origin(("title",))]

    assert [origin.line for origin in origins] == [17, 1]


def test_without_any_line_the_first_is_told() -> None:
    lines = Lines("lines.yaml", {})

    problem = lines.problem(("scales", 0), "one thing", "another", "Do it.")

    assert str(problem) == "lines.yaml:1: scales.0: expected one thing; found another. Do it."
