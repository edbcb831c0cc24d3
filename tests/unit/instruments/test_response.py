"""A record becomes a response, or every problem at once; no message holds an answer."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from adapter.errors import AnswerError
from adapter.instruments.answer import Answer
from adapter.instruments.form import Form, Option
from adapter.instruments.response import Record, Response, parse_response
from tests.forms import form_of, record_of, study_of, study_with
from tests.unit.instruments.every_type import (
    COLOURS,
    FORM,
    PLACED,
    STUDY,
    answered,
    refusal,
)


def test_every_problem_is_found_at_once() -> None:
    wrong_values = {
        "colour": "9",
        "boxes___2": "x",
        "boxes___b_3": "x",
        "whole": "99",
        "hour": "99",
        "total": "99",
    }
    record = replace(record_of("every-type", wrong_values), completed_at="9")

    wrong = refusal(record)

    assert [found.field for found in wrong.problems] == [
        *wrong_values,
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
def test_no_message_holds_an_answer(canary: str) -> None:
    typed = [item.field for item in FORM.items if item.type not in {"string", "text", "dateTime"}]
    unbounded = {"at_least", "at_most", "number"}
    values = dict.fromkeys([*(field for field in typed if field not in unbounded), "total"], canary)
    values |= {"boxes___1": canary, "moment": canary}
    del values["boxes"]
    record = replace(record_of("every-type", values), completed_at=canary)

    wrong = refusal(record)

    told = f"{wrong}{wrong.problems!r}"
    assert len(wrong.problems) == len(values) + 1
    assert not [part for part in (canary, "canary", "7731", "31:31") if part in told]


@pytest.mark.parametrize(
    ("columns", "ticked"),
    [
        pytest.param({"boxes___1": "1"}, (COLOURS[0],), id="one"),
        pytest.param({"boxes___b_3": "1", "boxes___1": "1"}, (COLOURS[0], COLOURS[2]), id="two"),
        pytest.param({"boxes___1": "0", "boxes___2": "1"}, (COLOURS[1],), id="one of two"),
    ],
)
def test_ticked_boxes_are_one_answer_in_the_order_of_the_form(
    columns: dict[str, str], ticked: tuple[Option, ...]
) -> None:
    response = answered(columns)

    assert response.answers == {"boxes": Answer("boxes", ticked)}


def test_boxes_without_a_tick_are_no_answer() -> None:
    response = answered({"boxes___1": "0", "boxes___2": "0", "whole": "1"})

    assert list(response.answers) == ["whole"]


def test_a_missing_data_code_that_is_ticked_is_an_answer_with_a_reason() -> None:
    response = answered({"boxes____97": "1", "boxes___1": "0"})

    assert response.answers == {"boxes": Answer("boxes", (), "asked-declined")}


def test_a_missing_data_code_beside_a_tick_is_refused() -> None:
    wrong = refusal(record_of("every-type", {"boxes____97": "1", "boxes___b_3": "1"}))

    (problem,) = wrong.problems
    assert (problem.expected, problem.found) == (
        "boxes that are ticked, or a missing-data code",
        "both",
    )


def test_answers_stand_in_the_order_of_the_form() -> None:
    response = answered({"line": "x", "hour": "10:00", "whole": "1", "colour": "1"})

    assert list(response.answers) == ["colour", "whole", "hour", "line"]


def test_fields_that_the_form_does_not_have_are_left_alone() -> None:
    response = answered({"whole": "1", "whole_again": "canary"})

    assert list(response.answers) == ["whole"]


@pytest.mark.parametrize("values", [{}, {"boxes___1": "0"}, {"elsewhere": "1"}], ids=str)
def test_a_record_without_an_answer_is_no_response(values: dict[str, str]) -> None:
    record = record_of("every-type", values)

    response = parse_response(record, FORM, STUDY, "completed")

    assert response is None


def test_a_response_says_whose_it_is_and_when_it_was_given() -> None:
    record = replace(
        record_of("every-type", {"whole": "1"}), repeat=2, completed_at="2023-06-15 10:00"
    )

    response = parse_response(record, FORM, STUDY, "stopped")

    assert response == Response(
        form=FORM,
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
    ("completed_at", "authored"),
    [("", None), ("-99", None), ("2023-06-15", "2023-06-15")],
    ids=["none", "a missing-data code", "a day"],
)
def test_no_moment_is_made_up(completed_at: str, authored: str | None) -> None:
    record = replace(record_of("every-type", {"whole": "1"}), completed_at=completed_at)

    response = parse_response(record, FORM, STUDY, "completed")

    assert response is not None
    assert response.authored == authored


@pytest.mark.parametrize(
    ("complete", "is_verified"), [("0", True), ("1", False), ("2", True), ("", True)]
)
def test_a_form_marked_unverified_says_so(complete: str, *, is_verified: bool) -> None:
    record = replace(record_of("every-type", {"whole": "1"}), complete=complete)

    response = parse_response(record, FORM, STUDY, "completed")

    assert response is not None
    assert response.is_verified == is_verified


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
    change: dict[str, str], field: str, expected: str
) -> None:
    placed = replace(record_of("mine", {"my_whole": "canary"}), event="start")
    changes = {"form": placed.form, "event": placed.event} | change
    record = replace(placed, form=changes["form"], event=changes["event"])

    wrong = refusal(record, study_of(PLACED))

    assert [(found.field, found.expected) for found in wrong.problems] == [(field, expected)]
    assert "canary" not in str(wrong)


def test_a_study_may_name_fields_its_own_way() -> None:
    values = {"my_whole": "1", "whole": "2", "my_boxes___1": "1", "my_total": "3"}
    record = replace(record_of("mine", values), event="end")

    response = parse_response(record, FORM, study_of(PLACED), "completed")

    assert response is not None
    assert response.timepoint == "week-9"
    assert list(response.answers) == ["boxes", "whole"]
    assert response.answers["whole"].values == (1,)
    assert response.totals == {"total": Decimal(3)}


def test_a_wrong_moment_is_told_by_the_field_that_holds_it() -> None:
    record = replace(
        record_of("mine", {"my_whole": "1"}), event="end", completed_at="2023-03-26 02:30"
    )

    wrong = refusal(record, study_of(PLACED))

    assert [(found.field, found.expected) for found in wrong.problems] == [
        ("done", "a local time that exists in Europe/Berlin (the clocks skip this hour)")
    ]


REQUIRING = """
kind: instrument
id: requiring
version: "1.0.0"
title: Requiring
source: made for the tests
licence: {status: Public domain, wording: shipped}
items:
  - {link_id: r-1, field: r_1, type: boolean, required: true}
  - {link_id: r-2, field: r_2, type: integer, required: true, asked_if: {item: r-1, equals: 1}}
  - {link_id: r-3, field: r_3, type: text}
"""


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        pytest.param({"r_1": "1", "r_2": "4"}, [], id="everything is answered"),
        pytest.param({"r_1": "0"}, [], id="what was not asked is not required"),
        pytest.param({"r_1": "1", "r_3": "x"}, [("r_2", "nothing")], id="a gap"),
        pytest.param({"r_1": "-99"}, [("r_1", "a missing-data code")], id="a reason"),
        pytest.param({"r_3": "x"}, [("r_1", "nothing")], id="nobody knows whether it was asked"),
        pytest.param({}, [], id="nothing at all is no response"),
    ],
)
def test_a_form_that_was_sent_needs_what_it_requires(
    values: dict[str, str], missing: list[tuple[str, str]]
) -> None:
    form = form_of(REQUIRING)
    record = record_of("requiring", values)

    parse_response(record, form, study_with("requiring"), "in-progress")

    assert told_missing(record, form) == missing


def told_missing(record: Record, form: Form) -> list[tuple[str, str]]:
    try:
        parse_response(record, form, study_with("requiring"), "completed")
    except AnswerError as wrong:
        return [(problem.field, problem.found) for problem in wrong.problems]
    return []
