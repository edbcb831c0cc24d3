"""A form as it is declared: codes, weights, what items share, and stretches of link ids."""

from __future__ import annotations

from decimal import Decimal

import pytest

from adapter.instruments.form import Code, Form, Option
from adapter.instruments.mapping import read_mapping
from tests.forms import form_of

HEAD = """
kind: instrument
id: short
version: "1.0.0"
title: A short form
source: made for the tests
licence: {status: none, wording: shipped}
"""
SHORT = f"""{HEAD}
options:
  often: [{{value: 0}}, {{value: 1}}]
  seldom: [{{value: 9}}]
each: {{type: choice, options: often, observe: true}}
items:
  - {{link_id: s-1, field: s_1}}
  - {{link_id: s-2, field: s_2, options: seldom}}
  - {{link_id: s-3, field: s_3, type: date, options: null}}
  - {{link_id: s-4, field: s_4}}
scales:
  - {{id: total, title: Total, items: [s-1 .. s-2, s-4], method: sum, range: [9, 11]}}
"""


@pytest.fixture(scope="module")
def short() -> Form:
    return form_of(SHORT)


@pytest.mark.parametrize(
    ("system", "url"),
    [
        ("loinc", "http://loinc.org"),
        ("snomed", "http://snomed.info/sct"),
        ("ucum", "http://unitsofmeasure.org"),
        ("https://example.org/codes", "https://example.org/codes"),
    ],
)
def test_a_code_system_has_a_short_name_or_its_url(system: str, url: str) -> None:
    code = Code(system=system, code="1")

    assert code.url == url


@pytest.mark.parametrize(
    ("option", "score"),
    [
        ({"value": 2}, Decimal(2)),
        ({"value": "-2.5"}, Decimal("-2.5")),
        ({"value": "2", "weight": 0}, Decimal(0)),
        ({"value": "often", "weight": 1.5}, Decimal("1.5")),
        ({"value": "often"}, None),
        ({"value": "2a"}, None),
    ],
    ids=["its value", "a negative value", "weight 0", "a weight", "a word", "nearly a number"],
)
def test_an_option_counts_its_weight_or_its_value(
    option: dict[str, object], score: Decimal | None
) -> None:
    parsed = Option.model_validate(option)

    assert parsed.score == score


def test_items_share_what_each_says_and_their_own_words_win(short: Form) -> None:
    items = short.items

    assert [(item.type, item.options, item.observe) for item in items] == [
        ("choice", "often", True),
        ("choice", "seldom", True),
        ("date", None, True),
        ("choice", "often", True),
    ]


def test_a_form_equals_itself_alone(short: Form) -> None:
    """What is compiled from a form is kept by which object it is; nothing is compared at length."""
    same_text = form_of(f"{SHORT}\n")  # what is read again is read once

    kept = {short: "first", same_text: "second"}

    assert (kept[short], kept[same_text]) == ("first", "second")
    assert short != same_text


def test_an_item_is_found_by_its_link_id(short: Form) -> None:
    item = short.item("s-2")

    assert item.field == "s_2"


def test_an_unknown_link_id_is_a_key_error(short: Form) -> None:
    with pytest.raises(KeyError, match="s-9"):
        short.item("s-9")


@pytest.mark.parametrize(("link_id", "values"), [("s-1", ["0", "1"]), ("s-2", ["9"]), ("s-3", [])])
def test_an_item_offers_the_options_of_its_list(
    short: Form, link_id: str, values: list[str]
) -> None:
    offered = short.offered(short.item(link_id))

    assert [option.value for option in offered] == values


@pytest.mark.parametrize(
    ("items", "is_totals_only"),
    [("[]", True), ("[{link_id: s-1, field: s_1}]", False)],
    ids=["no items", "an item"],
)
def test_a_form_without_items_holds_totals_only(items: str, *, is_totals_only: bool) -> None:
    form = form_of(f"{HEAD}items: {items}")

    assert form.is_totals_only == is_totals_only


@pytest.mark.parametrize(
    ("said", "items"),
    [
        pytest.param("s-1 .. s-4", ["s-1", "s-2", "s-3", "s-4"], id="all"),
        pytest.param("s-2 .. s-2", ["s-2"], id="one"),
        pytest.param("s-4, s-1 .. s-2", ["s-4", "s-1", "s-2"], id="one and a stretch"),
        pytest.param("s-1 .. s-9", ["s-1 .. s-9"], id="an end that there is not"),
        pytest.param("s-9 .. s-4", ["s-9 .. s-4"], id="a beginning that there is not"),
        pytest.param("s-4 .. s-1", ["s-4 .. s-1"], id="backwards"),
        pytest.param("s-1..s-4", ["s-1..s-4"], id="without blanks"),
    ],
)
def test_a_stretch_is_written_out_in_the_order_of_the_form(said: str, items: list[str]) -> None:
    """What is no stretch is left as it stands; `coherence` finds that no item has this name."""
    form = form_of(SHORT.replace("s-1 .. s-2, s-4", said))

    assert list(form.scales[0].items) == items


def test_reversal_and_recodes_are_written_out_as_well() -> None:
    text = SHORT.replace(
        "method: sum", "method: sum, reverse: [s-1 .. s-2], recode: {s-2 .. s-3: {1: 5}}"
    )

    scale = form_of(text).scales[0]

    assert scale.reverse == ("s-1", "s-2")
    assert scale.recode == {"s-2": {Decimal(1): Decimal(5)}, "s-3": {Decimal(1): Decimal(5)}}


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        pytest.param("{value: yes}", "text; `true`: so YAML takes yes", id="yes is a boolean"),
        pytest.param("{value: 1, weight: no}", "Decimal input", id="no is no number"),
        pytest.param("{value: 1, weight: .inf}", "finite number", id="no end"),
        pytest.param("{value: 1, weight: many}", "valid decimal", id="a word is no number"),
        pytest.param('{value: ""}', "at least 1 character", id="no value"),
        pytest.param("3", "valid dictionary", id="no words"),
    ],
)
def test_an_option_that_is_none_is_found(wrong: str, expected: str) -> None:
    text = SHORT.replace("{value: 9}", wrong)

    form, _, problems = read_mapping(text, "short.yaml", Form)

    assert form is None
    told = [f"{problem.expected}; {problem.found}" for problem in problems]
    assert [expected in each for each in told] == [True]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        pytest.param("{type: choice, options: often, observe: true}", "often", "each", id="each"),
        pytest.param("s-1, field", "S-1, field", "items.0.link_id", id="capital letters"),
        pytest.param("s-1, field", f"{'s' * 49}, field", "items.0.link_id", id="49 letters"),
        pytest.param('"1.0.0"', "1.0", "version", id="version"),
        pytest.param("[9, 11]", "[9]", "scales.0.range", id="half a range"),
    ],
)
def test_a_form_that_is_none_is_found(old: str, new: str, place: str) -> None:
    text = SHORT.replace(old, new)

    _, _, problems = read_mapping(text, "short.yaml", Form)

    assert place in [problem.field for problem in problems]


@pytest.mark.parametrize("items", ["null", "3", "{s-1: s_1}"], ids=["none", "number", "words"])
def test_items_that_are_no_list_are_found_although_each_would_be_spread(items: str) -> None:
    text = f"{HEAD}each: {{type: date}}\nitems: {items}"

    form, _, problems = read_mapping(text, "short.yaml", Form)

    assert form is None
    assert [problem.field for problem in problems] == ["items"]


def test_an_item_that_has_no_words_is_found_although_each_would_be_spread() -> None:
    text = f"{HEAD}each: {{type: date}}\nitems: [s-1]"

    form, _, problems = read_mapping(text, "short.yaml", Form)

    assert form is None
    assert [problem.field for problem in problems] == ["items.0"]
