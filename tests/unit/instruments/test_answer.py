"""Raw text becomes a typed answer, or says what was expected instead."""

from __future__ import annotations

from decimal import Decimal

import pytest

from adapter.instruments.answer import Answer, describe
from tests.forms import form_of, record_of
from tests.unit.instruments.every_type import (
    COLOURS,
    EVERY_TYPE,
    answered,
    refusal,
)


@pytest.mark.parametrize(
    ("field", "raw", "expected"),
    [
        pytest.param("colour", "3", "one of the codes 1, 2, b-3", id="choice"),
        pytest.param("colour", " 1", "one of the codes 1, 2, b-3", id="choice with a blank"),
        pytest.param("boxes", "3", "one of the codes 1, 2, b-3", id="one of several choices"),
        pytest.param("boxes___1", "2", "0 or 1", id="checkbox"),
        pytest.param("yes_no", "2", "1 (yes) or 0 (no)", id="boolean"),
        pytest.param("whole", "11", "a whole number from 0 to 10", id="integer too high"),
        pytest.param("whole", "-1", "a whole number from 0 to 10", id="integer too low"),
        pytest.param("whole", "3.0", "a whole number from 0 to 10", id="integer with a point"),
        pytest.param("at_least", "2", "a whole number of at least 3", id="integer below min"),
        pytest.param("at_most", "1.51", "a number of at most 1.5", id="decimal above max"),
        pytest.param("number", "1,5", "a number", id="decimal with a comma"),
        pytest.param("number", "1e3", "a number", id="decimal with an exponent"),
        pytest.param("number", ".", "a number", id="a point alone"),
        pytest.param("number", "NaN", "a number", id="not a number"),
        pytest.param("day", "2023-02-30", "a calendar date YYYY-MM-DD", id="no such day"),
        pytest.param("day", "20230204", "a calendar date YYYY-MM-DD", id="day without dashes"),
        pytest.param("day", "2023-W05-6", "a calendar date YYYY-MM-DD", id="day of a week"),
        pytest.param("day", "2023-02-04 10:00", "a calendar date YYYY-MM-DD", id="day and time"),
        pytest.param(
            "moment",
            "yesterday",
            "a date YYYY-MM-DD, with or without a time HH:MM:SS",
            id="no moment",
        ),
        pytest.param(
            "moment",
            "2023-10-01 02:30",
            "a local time that exists in Australia/Sydney (the clocks skip this hour)",
            id="skipped hour",
        ),
        pytest.param(
            "hour", "24:00", "a time of day HH:MM, with or without seconds", id="no such hour"
        ),
        pytest.param(
            "hour", "7:5", "a time of day HH:MM, with or without seconds", id="hour with one digit"
        ),
        pytest.param(
            "hour", "10:00:60", "a time of day HH:MM, with or without seconds", id="no such second"
        ),
        pytest.param("line", "   ", "text that is not blank", id="blank line"),
        pytest.param("lines", "\n", "text that is not blank", id="blank text"),
        pytest.param("line", "a\x07b", "text without control characters", id="a bell"),
        pytest.param("at_least", "2147483648", "a whole number of at least 3", id="33 bits"),
        pytest.param("number", "\u0661", "a number", id="another alphabet's digit"),
        pytest.param("total", "63.6", "a number from -5 to 63.5", id="total too high"),
        pytest.param("total", "-5.1", "a number from -5 to 63.5", id="total too low"),
        pytest.param("total", "many", "a number from -5 to 63.5", id="total in words"),
    ],
)
def test_text_that_does_not_fit_is_a_problem_that_says_what_was_expected(
    field: str, raw: str, expected: str
) -> None:
    record = record_of("every-type", {field: raw})

    wrong = refusal(record)

    assert [(found.field, found.expected) for found in wrong.problems] == [(field, expected)]
    assert wrong.problems[0].origin == record.origin


@pytest.mark.parametrize(
    ("raw", "described"),
    [
        ("  ", "blank text"),
        ("12", "a whole number that does not fit"),
        ("-12", "a whole number that does not fit"),
        ("1.5", "a decimal number that does not fit"),
        (",5", "a decimal number that does not fit"),
        ("a name", "text of 6 characters"),
    ],
)
def test_what_was_found_is_described_and_not_quoted(raw: str, described: str) -> None:
    found = describe(raw)

    assert found == described


@pytest.mark.parametrize(
    ("field", "raw", "answer"),
    [
        pytest.param(
            "colour",
            "1",
            Answer("colour", (COLOURS[0],), counts=Decimal("2.5")),
            id="choice with a weight",
        ),
        pytest.param(
            "colour", "2", Answer("colour", (COLOURS[1],), counts=Decimal(2)), id="choice"
        ),
        pytest.param(
            "colour", "b-3", Answer("colour", (COLOURS[2],)), id="choice that counts nothing"
        ),
        pytest.param(
            "boxes",
            "2",
            Answer("boxes", (COLOURS[1],), counts=Decimal(2)),
            id="one of several choices, not in columns",
        ),
        pytest.param("yes_no", "1", Answer("attended", (True,), counts=Decimal(1)), id="yes"),
        pytest.param("yes_no", "0", Answer("attended", (False,), counts=Decimal(0)), id="no"),
        pytest.param("whole", "0", Answer("whole", (0,), counts=Decimal(0)), id="lowest integer"),
        pytest.param("whole", "10", Answer("whole", (10,), counts=Decimal(10)), id="highest"),
        pytest.param(
            "at_least",
            "2147483647",
            Answer("at-least", (2147483647,), counts=Decimal(2147483647)),
            id="32 bits",
        ),
        pytest.param("whole", " +7 ", Answer("whole", (7,), counts=Decimal(7)), id="signed"),
        pytest.param(
            "at_least", "3", Answer("at-least", (3,), counts=Decimal(3)), id="integer at its min"
        ),
        pytest.param(
            "at_most",
            "-1.50",
            Answer("at-most", (Decimal("-1.50"),), counts=Decimal("-1.50")),
            id="decimal",
        ),
        pytest.param(
            "number", ".5", Answer("number", (Decimal("0.5"),), counts=Decimal("0.5")), id=".5"
        ),
        pytest.param("number", "5.", Answer("number", (Decimal(5),), counts=Decimal(5)), id="5."),
        pytest.param("day", "2023-02-28", Answer("day", ("2023-02-28",)), id="date"),
        pytest.param(
            "moment",
            "2023-02-28 09:05",
            Answer("moment", ("2023-02-28T09:05:00+11:00",)),
            id="moment",
        ),
        pytest.param("moment", "2023-02-28", Answer("moment", ("2023-02-28",)), id="moment, a day"),
        pytest.param("hour", "09:05", Answer("hour", ("09:05:00",)), id="time"),
        pytest.param("hour", "09:05:59", Answer("hour", ("09:05:59",)), id="time with seconds"),
        pytest.param("line", " a word ", Answer("line", ("a word",)), id="string"),
        pytest.param("lines", "two\nlines", Answer("lines", ("two\nlines",)), id="text"),
    ],
)
def test_text_that_fits_becomes_a_typed_answer(field: str, raw: str, answer: Answer) -> None:
    response = answered({field: raw})

    assert response.answers == {answer.link_id: answer}
    assert [type(value) for value in response.answers[answer.link_id].values] == [
        type(value) for value in answer.values
    ]


@pytest.mark.parametrize(
    ("code", "reason"), [("-97", "asked-declined"), ("-98", "not-applicable"), ("-99", "unknown")]
)
@pytest.mark.parametrize(
    ("field", "link_id"),
    [
        ("colour", "colour"),
        ("boxes", "boxes"),
        ("yes_no", "attended"),
        ("whole", "whole"),
        ("number", "number"),
        ("day", "day"),
        ("moment", "moment"),
        ("hour", "hour"),
        ("line", "line"),
    ],
)
def test_a_missing_data_code_is_the_reason_why_there_is_no_answer(
    field: str, link_id: str, code: str, reason: str
) -> None:
    response = answered({field: code})

    answer = response.answers[link_id]
    assert (answer.values, answer.absent, answer.counts) == ((), reason, None)


def test_an_option_goes_before_a_missing_data_code() -> None:
    """A form that offers -97 itself means its own answer by it."""
    text = EVERY_TYPE.replace("{value: 2}", '{value: "-97"}')

    response = answered({"colour": "-97"}, form_of(text))

    assert response.answers["colour"].counts == Decimal(-97)


@pytest.mark.parametrize(
    ("raw", "total"),
    [
        ("63.5", Decimal("63.5")),
        ("-5", Decimal(-5)),
        (" 0 ", Decimal(0)),
        ("-97", "asked-declined"),
    ],
)
def test_a_total_is_a_number_or_a_reason(raw: str, total: Decimal | str) -> None:
    response = answered({"total": raw})

    assert (response.answers, response.totals) == ({}, {"total": total})
