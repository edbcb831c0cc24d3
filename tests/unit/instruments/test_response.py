"""Raw text becomes typed answers, or every problem at once, and no message holds an answer."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from adapter.errors import AnswerError
from adapter.instruments.answer import Answer, describe
from adapter.instruments.fields import checkbox_column, fields_of
from adapter.instruments.form import Form, Option
from adapter.instruments.response import Record, Response, parse_response
from adapter.instruments.study import FormPlacement, Study
from tests.forms import form_of, record_of, study_of, study_with

EVERY_TYPE = """
kind: outcome
id: every-type
version: "1.0.0"
title: An item of every type
source: made for the tests
licence: {status: none, wording: shipped}
options:
  colour: [{value: 1, weight: 2.5}, {value: 2}, {value: b-3}]
items:
  - {link_id: colour, field: colour, options: colour}
  - {link_id: boxes, field: boxes, options: colour, repeats: true}
  - {link_id: attended, field: yes_no, type: boolean}
  - {link_id: whole, field: whole, type: integer, min: 0, max: 10}
  - {link_id: at-least, field: at_least, type: integer, min: 3}
  - {link_id: at-most, field: at_most, type: decimal, max: 1.5}
  - {link_id: number, field: number, type: decimal}
  - {link_id: day, field: day, type: date}
  - {link_id: moment, field: moment, type: dateTime}
  - {link_id: hour, field: hour, type: time}
  - {link_id: line, field: line, type: string}
  - {link_id: lines, field: lines, type: text}
scales:
  - {id: total, title: A total, field: total, method: reported, range: [-5, 63.5], places: 1}
"""
COLOURS = (
    Option(value="1", weight=Decimal("2.5")),
    Option(value="2"),
    Option(value="b-3"),
)


@pytest.fixture(scope="module")
def form() -> Form:
    return form_of(EVERY_TYPE)


@pytest.fixture(scope="module")
def study() -> Study:
    return study_with("every-type")


def answered(form: Form, study: Study, values: dict[str, str]) -> Response:
    """The response of values that fit."""
    response = parse_response(record_of("every-type", values), form, study, "completed")
    assert response is not None
    return response


def refusal(form: Form, study: Study, record: Record) -> AnswerError:
    """Why a record is refused."""
    with pytest.raises(AnswerError) as caught:
        parse_response(record, form, study, "completed")
    return caught.value


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
        pytest.param("hour", "24:00", "a time of day HH:MM", id="no such hour"),
        pytest.param("hour", "7:5", "a time of day HH:MM", id="hour with one digit"),
        pytest.param("hour", "10:00:00", "a time of day HH:MM", id="hour with seconds"),
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
    form: Form, study: Study, field: str, raw: str, expected: str
) -> None:
    record = record_of("every-type", {field: raw})

    wrong = refusal(form, study, record)

    assert [(found.field, found.expected) for found in wrong.problems] == [(field, expected)]
    assert wrong.problems[0].origin == record.origin


def test_every_problem_is_found_at_once(form: Form, study: Study) -> None:
    wrong_values = {
        "colour": "9",
        "boxes___2": "x",
        "boxes____b_3": "x",
        "whole": "99",
        "hour": "99",
        "total": "99",
    }
    record = replace(record_of("every-type", {"boxes___b_3": "x"} | wrong_values), completed_at="9")

    wrong = refusal(form, study, record)

    assert [found.field for found in wrong.problems] == [
        *("colour", "boxes___2", "boxes___b_3", "whole", "hour", "total"),
        "every-type_timestamp",
    ]


@pytest.mark.parametrize(
    "canary",
    [
        "canary-7731",
        "7731",
        "-7731",
        "7731.7731",
        "7731,7731",
        "7731-77-31",
        "7731:77",
        "2023-10-01 02:31:31",
    ],
)
def test_no_message_holds_an_answer(form: Form, study: Study, canary: str) -> None:
    typed = [item.field for item in form.items if item.type not in {"string", "text", "dateTime"}]
    unbounded = {"at_least", "at_most", "number"}
    values = dict.fromkeys([*(field for field in typed if field not in unbounded), "total"], canary)
    values |= {"boxes___1": canary, "moment": canary}
    del values["boxes"]
    record = replace(record_of("every-type", values), completed_at=canary)

    wrong = refusal(form, study, record)

    told = f"{wrong}{wrong.problems!r}"
    assert len(wrong.problems) == len(values) + 1
    assert not [part for part in (canary, "canary", "7731", "31:31") if part in told]


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
        pytest.param("line", " a word ", Answer("line", ("a word",)), id="string"),
        pytest.param("lines", "two\nlines", Answer("lines", ("two\nlines",)), id="text"),
    ],
)
def test_text_that_fits_becomes_a_typed_answer(
    form: Form, study: Study, field: str, raw: str, answer: Answer
) -> None:
    response = answered(form, study, {field: raw})

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
def test_a_missing_data_code_is_the_reason_why_there_is_no_answer(  # noqa: PLR0913, PLR0917 - a grid
    form: Form, study: Study, field: str, link_id: str, code: str, reason: str
) -> None:
    response = answered(form, study, {field: code})

    answer = response.answers[link_id]
    assert (answer.values, answer.absent, answer.counts) == ((), reason, None)


def test_an_option_goes_before_a_missing_data_code(study: Study) -> None:
    """A form that offers -97 itself means its own answer by it."""
    text = EVERY_TYPE.replace("{value: 2}", '{value: "-97"}')

    response = answered(form_of(text), study, {"colour": "-97"})

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
def test_a_total_is_a_number_or_a_reason(
    form: Form, study: Study, raw: str, total: Decimal | str
) -> None:
    response = answered(form, study, {"total": raw})

    assert (response.answers, response.totals) == ({}, {"total": total})


@pytest.mark.parametrize(
    ("columns", "ticked"),
    [
        pytest.param({"boxes___1": "1"}, (COLOURS[0],), id="one"),
        pytest.param({"boxes___b_3": "1", "boxes___1": "1"}, (COLOURS[0], COLOURS[2]), id="two"),
        pytest.param({"boxes___1": "0", "boxes___2": "1"}, (COLOURS[1],), id="one of two"),
    ],
)
def test_ticked_boxes_are_one_answer_in_the_order_of_the_form(
    form: Form, study: Study, columns: dict[str, str], ticked: tuple[Option, ...]
) -> None:
    response = answered(form, study, columns)

    assert response.answers == {"boxes": Answer("boxes", ticked)}


def test_boxes_without_a_tick_are_no_answer(form: Form, study: Study) -> None:
    response = answered(form, study, {"boxes___1": "0", "boxes___2": "0", "whole": "1"})

    assert list(response.answers) == ["whole"]


@pytest.mark.parametrize(
    ("field", "code", "column"),
    [
        ("pain", "1", "pain___1"),
        ("pain", "-1", "pain____1"),
        ("pain", "UNK", "pain___unk"),
    ],
)
def test_a_checkbox_has_a_column_for_each_choice(field: str, code: str, column: str) -> None:
    named = checkbox_column(field, code)

    assert named == column


def test_answers_stand_in_the_order_of_the_form(form: Form, study: Study) -> None:
    response = answered(form, study, {"line": "x", "hour": "10:00", "whole": "1", "colour": "1"})

    assert list(response.answers) == ["colour", "whole", "hour", "line"]


def test_fields_that_the_form_does_not_have_are_left_alone(form: Form, study: Study) -> None:
    response = answered(form, study, {"whole": "1", "whole_again": "canary"})

    assert list(response.answers) == ["whole"]


@pytest.mark.parametrize("values", [{}, {"boxes___1": "0"}, {"elsewhere": "1"}], ids=str)
def test_a_record_without_an_answer_is_no_response(
    form: Form, study: Study, values: dict[str, str]
) -> None:
    record = record_of("every-type", values)

    response = parse_response(record, form, study, "completed")

    assert response is None


def test_a_response_says_whose_it_is_and_when_it_was_given(form: Form, study: Study) -> None:
    record = replace(
        record_of("every-type", {"whole": "1"}), repeat=2, completed_at="2023-06-15 10:00"
    )

    response = parse_response(record, form, study, "stopped")

    assert response == Response(
        form=form,
        participant="1",
        timepoint="week-0",
        repeat=2,
        status="stopped",
        authored="2023-06-15T10:00:00+10:00",
        answers={"whole": Answer("whole", (1,), counts=Decimal(1))},
        totals={},
        origin=record.origin,
        is_verified=True,
    )


@pytest.mark.parametrize(
    ("completed_at", "authored"), [("", None), ("2023-06-15", "2023-06-15")], ids=["none", "a day"]
)
def test_no_moment_is_made_up(
    form: Form, study: Study, completed_at: str, authored: str | None
) -> None:
    record = replace(record_of("every-type", {"whole": "1"}), completed_at=completed_at)

    response = parse_response(record, form, study, "completed")

    assert response is not None
    assert response.authored == authored


@pytest.mark.parametrize(
    ("complete", "is_verified"), [("0", True), ("1", False), ("2", True), ("", True)]
)
def test_a_form_marked_unverified_says_so(
    form: Form, study: Study, complete: str, *, is_verified: bool
) -> None:
    record = replace(record_of("every-type", {"whole": "1"}), complete=complete)

    response = parse_response(record, form, study, "completed")

    assert response is not None
    assert response.is_verified == is_verified


PLACED = """
kind: study
id: placed
version: "1.0.0"
title: A study with two timepoints
source: made for the tests
base: https://placed.example.org/fhir
status: active
timezone: Europe/Berlin
record_id: record_id
timepoints:
  - {id: week-0, title: Baseline, week: 0, event: start}
  - {id: week-9, title: End, week: 9, event: end}
  - {id: never, title: Never, event: never}
participant: {form: participant}
forms:
  - form: every-type
    source_form: mine
    at: [week-0, week-9]
    completed_at: done
    fields: {whole: my_whole, boxes: my_boxes, total: my_total}
"""


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        ({"form": "yours"}, "yours", "a form of the study"),
        ({"event": "elsewhere"}, "redcap_event_name", "one of the events start, end"),
        ({"event": "never"}, "redcap_event_name", "one of the events start, end"),
    ],
    ids=["another form", "another event", "an event at which it is not asked"],
)
def test_a_record_that_has_no_place_in_the_study_is_refused(
    form: Form, change: dict[str, str], field: str, expected: str
) -> None:
    placed = replace(record_of("mine", {"my_whole": "canary"}), event="start")
    changes = {"form": placed.form, "event": placed.event} | change
    record = replace(placed, form=changes["form"], event=changes["event"])

    wrong = refusal(form, study_of(PLACED), record)

    assert [(found.field, found.expected) for found in wrong.problems] == [(field, expected)]
    assert "canary" not in str(wrong)


def test_a_study_may_name_fields_its_own_way(form: Form) -> None:
    values = {"my_whole": "1", "whole": "2", "my_boxes___1": "1", "my_total": "3"}
    record = replace(record_of("mine", values), event="end")

    response = parse_response(record, form, study_of(PLACED), "completed")

    assert response is not None
    assert response.timepoint == "week-9"
    assert list(response.answers) == ["boxes", "whole"]
    assert response.answers["whole"].values == (1,)
    assert response.totals == {"total": Decimal(3)}


def test_a_wrong_moment_is_told_by_the_field_that_holds_it(form: Form) -> None:
    record = replace(
        record_of("mine", {"my_whole": "1"}), event="end", completed_at="2023-03-26 02:30"
    )

    wrong = refusal(form, study_of(PLACED), record)

    assert [(found.field, found.expected) for found in wrong.problems] == [
        ("done", "a local time that exists in Europe/Berlin (the clocks skip this hour)")
    ]


def test_the_columns_of_a_form_are_known(form: Form) -> None:
    study = study_of(PLACED)

    columns = fields_of(form, study.forms[0], study)

    assert columns == (
        *("colour", "my_boxes___1", "my_boxes___2", "my_boxes___b_3", "yes_no", "my_whole"),
        *("at_least", "at_most", "number", "day", "moment", "hour", "line", "lines", "my_total"),
    )


def test_a_placement_without_renamed_fields_reads_the_forms_own(study: Study) -> None:
    form = form_of(EVERY_TYPE.replace("field: whole,", "field: entire,"))

    columns = fields_of(form, FormPlacement(form="every-type", source_form="x", at=()), study)

    assert "entire" in columns
