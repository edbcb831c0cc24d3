"""Mistakes in the items, answers and codes of a form: each is found, with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapter.instruments.items import bounds_of
from tests.forms import form_of
from tests.unit.instruments.declarations import FORM, form_findings, marked, planted

if TYPE_CHECKING:
    from decimal import Decimal


@pytest.mark.parametrize(
    ("change", "place", "expected"),
    [
        pytest.param(
            "c_6, type: text} => c_6, type: text}\n  - {link_id: c-6, field: c_7, type: text} # <-",
            "items.6.link_id",
            "each link_id once",
            id="two items of one name",
        ),
        pytest.param(
            "c_6, type: text} => c_5, type: text} # <-",
            "items.5.field",
            "each field once",
            id="two items of one column",
        ),
        pytest.param(
            "type: text} => type: choice, options: never} # <-",
            "items.5.options",
            "a list declared in `options`",
            id="a list of answers that there is not",
        ),
        pytest.param(
            "c_6, type: text} => c_6} # <-",
            "items.5",
            "`options` for a choice",
            id="a choice of nothing",
        ),
        pytest.param(
            "type: text} => type: integer, min: 5, max: 4} # <-",
            "items.5.min",
            "min not above max",
            id="bounds the wrong way round",
        ),
        pytest.param(
            "options:\n => options:\n  none: [] # <-\n",
            "options.none",
            "answers to choose from",
            id="an empty list of answers",
        ),
        pytest.param(
            "{value: 8} => {value: 7} # <-",
            "options.seldom.1.value",
            "each value once",
            id="an answer that stands twice",
        ),
        pytest.param(
            "44249-1, display: A panel} => 44249-2, display: A panel} # <-",
            "codes.0.code",
            "a loinc code whose check digit holds",
            id="the form's code mistyped",
        ),
        pytest.param(
            "code: 44250-9}]} => code: 44250-8}]} # <-",
            "items.1.codes.0.code",
            "check digit",
            id="an item's code mistyped",
        ),
        pytest.param(
            "code: LA6568-5, display: Not at all}} => code: LA6568-6}} # <-",
            "options.often.0.code.code",
            "check digit",
            id="an answer's code mistyped",
        ),
        pytest.param(
            '[{system: snomed, code: "720433000"}] => [{system: snomed, code: "720433001"}] # <-',
            "scales.0.codes.0.code",
            "a snomed code whose check digit holds",
            id="a score's code mistyped",
        ),
        pytest.param(
            "- {value: 1} => - {value: 1, accepts: [{system: loinc, code: LA6569-4}]} # <-",
            "options.often.1.accepts.0.code",
            "check digit",
            id="a further code of an answer mistyped",
        ),
        pytest.param(
            "- {value: 1} => - {value: 1, accepts: [{system: loinc, code: LA6568-5}]} # <-",
            "options.often.1.accepts.0",
            "a code by which no answer of the list is taken yet",
            id="a further code that is another answer's",
        ),
        pytest.param(
            "- {value: 1} => - {value: 1, accepts: [{system: http://loinc.org, code: LA6569-3}]}"
            " && - {value: 2} => - {value: 2, accepts: [{system: loinc, code: LA6569-3}]} # <-",
            "options.often.2.accepts.0",
            "a code by which no answer of the list is taken yet",
            id="a further code of two answers",
        ),
        pytest.param(
            "code: LA6568-5, display: Not at all}} => code: LA6568-5},"
            " accepts: [{system: loinc, code: LA6568-5}]} # <-",
            "options.often.0.accepts.0",
            "a code by which no answer of the list is taken yet",
            id="a further code that is the answer's own",
        ),
        pytest.param(
            "code: LA6708-7}]} => code: LA6708-8}]} # <-",
            "scales.0.bands.0.codes.0.code",
            "check digit",
            id="a band's code mistyped",
        ),
    ],
)
def test_a_mistake_in_an_item_is_one_finding_with_its_line(
    change: str, place: str, expected: str
) -> None:
    text = planted(FORM, *change.split(" && "))

    problems = form_findings(text)

    assert [problem.field for problem in problems] == [place]
    assert expected in problems[0].expected
    assert [problem.origin.line for problem in problems] == marked(text)


def test_withheld_wording_is_found_wherever_it_stands() -> None:
    text = planted(
        FORM,
        "wording: shipped => wording: withheld",
        "display: A panel} => display: A panel} # <-",
        "display: Not at all}} => display: Not at all}} # <-",
        "text: How often} => text: How often} # <-",
    )

    problems = form_findings(text)

    assert [problem.field for problem in problems] == [
        "items.0.text",
        "options.often.0.display",
        "codes.0.display",
        "options.often.0.code.display",
    ]
    assert {problem.origin.line for problem in problems} == set(marked(text))
    assert {problem.found for problem in problems} == {"wording"}


def test_every_item_of_an_adverse_event_form_names_its_element() -> None:
    text = planted(
        FORM,
        "kind: instrument => kind: adverse-event",
        "text: How often} => element: category}",
        "44250-9}]} => 44250-9}], element: event}",
        "min: 0, max: 2} => min: 0, max: 2, element: grade}",
        "type: boolean} => type: boolean, element: expected}",
        "type: decimal, min: 0, max: 10} => type: decimal, min: 0, max: 10} # <-",
        "type: text} => type: text, element: note}",
    )

    problems = [each for each in form_findings(text) if each.field == "items.4"]

    assert len(problems) == 1
    assert problems[0].expected == "`element` on every item of an adverse-event form"
    assert [problem.origin.line for problem in problems] == marked(text)


@pytest.mark.parametrize(
    ("link_id", "bounds"),
    [("c-1", (0, 2)), ("c-3", (0, 2)), ("c-4", None), ("c-5", (0, 10)), ("c-6", None)],
    ids=["options", "integer", "boolean", "decimal", "text"],
)
def test_an_item_has_bounds_by_its_options_or_by_its_ends(
    link_id: str, bounds: tuple[Decimal, Decimal] | None
) -> None:
    form = form_of(FORM)

    found = bounds_of(form, form.item(link_id))

    assert found == bounds


@pytest.mark.parametrize("one_end", ["min: 0", "max: 10"])
def test_an_item_with_one_end_has_no_bounds(one_end: str) -> None:
    form = form_of(planted(FORM, f"type: integer, min: 0, max: 2 => type: integer, {one_end}"))

    found = bounds_of(form, form.item("c-3"))

    assert found is None
