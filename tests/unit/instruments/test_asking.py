"""Items that are asked only if another was answered so: what was not asked is told, not missing."""

from __future__ import annotations

from decimal import Decimal

import pytest

from adapter.errors import AnswerError
from adapter.fhir.identity import questionnaire_url
from adapter.fhir.questionnaire import build_questionnaire
from adapter.fhir.questionnaire_response import build_items
from adapter.fhir.reading import Verdict, validate_response
from adapter.instruments.response import Response
from tests.forms import form_of, respond

FORM = form_of("""
kind: instrument
id: asking
version: "1.0.0"
title: Asking
source: made for the tests
licence: {status: none, wording: shipped}
options:
  cause: [{value: t}, {value: o}]
items:
  - {link_id: a-1, field: a_1, type: boolean}
  - {link_id: a-2, field: a_2, options: cause, required: true, asked_if: {item: a-1, equals: 1}}
  - {link_id: a-3, field: a_3, type: integer, min: 0, max: 9, asked_if: {item: a-2, equals: t}}
  - {link_id: a-4, field: a_4, type: integer, min: 0, max: 9, asked_if: {item: a-3}}
""")


def answered(**values: str) -> Response:
    response = respond(FORM, values)
    assert response is not None
    return response


def refused(**values: str) -> list[tuple[str, str]]:
    """The fields that are told to be wrong, and what was expected of them."""
    with pytest.raises(AnswerError) as caught:
        respond(FORM, values)
    return [(problem.field, problem.expected) for problem in caught.value.problems]


def test_a_no_spares_all_that_hangs_on_it() -> None:
    response = answered(a_1="0")

    marks = {
        link_id: (answer.is_asked, answer.absent, answer.counts)
        for link_id, answer in response.answers.items()
    }

    assert marks == {
        "a-1": (True, None, Decimal(0)),
        "a-2": (False, "not-applicable", Decimal(0)),
        "a-3": (False, "not-applicable", Decimal(0)),
        "a-4": (False, "not-applicable", Decimal(0)),
    }


@pytest.mark.parametrize(
    ("values", "known"),
    [
        pytest.param({"a_1": "1", "a_2": "t"}, ["a-1", "a-2"], id="asked, and missing"),
        pytest.param({"a_1": "1", "a_2": "o"}, ["a-1", "a-2"], id="the next is spared"),
        pytest.param({"a_1": "1", "a_2": "t", "a_3": "0"}, ["a-1", "a-2", "a-3"], id="asked by 0"),
        pytest.param({"a_1": "-99"}, ["a-1"], id="nobody knows whether it was asked"),
    ],
)
def test_what_was_asked_and_not_answered_is_missing(
    values: dict[str, str], known: list[str]
) -> None:
    response = answered(**values)

    asked = [link_id for link_id, answer in response.answers.items() if answer.is_asked]

    assert asked == known


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"a_1": "0", "a_2": "t"}, [("a_2", "a_1")]),
        ({"a_1": "0", "a_2": "t", "a_4": "1"}, [("a_2", "a_1"), ("a_4", "a_3")]),
        ({"a_2": "t"}, [("a_2", "a_1")]),
        ({"a_1": "-99", "a_2": "t"}, [("a_2", "a_1")]),
        ({"a_1": "1", "a_2": "t", "a_4": "1"}, [("a_4", "a_3")]),
    ],
    ids=["after a no", "and again", "after a blank", "after a refusal", "after any answer"],
)
def test_an_answer_to_what_was_not_asked_keeps_the_row_back(
    values: dict[str, str], fields: list[tuple[str, str]]
) -> None:
    found = refused(**values)

    assert found == [
        (field, f"nothing, unless `{other}` says that it is asked") for field, other in fields
    ]


def test_what_hangs_on_an_answer_that_does_not_fit_is_not_told_as_well() -> None:
    found = refused(a_1="maybe", a_2="t")

    assert found == [("a_1", "1 (yes) or 0 (no)")]


def test_a_missing_data_code_in_what_was_not_asked_says_nothing_more() -> None:
    response = answered(a_1="0", a_2="-98")

    assert not response.answers["a-2"].is_asked


def test_a_form_whose_every_answer_is_blank_is_still_no_response() -> None:
    assert respond(FORM, {"a_1": "", "a_2": ""}) is None


def test_what_was_not_asked_does_not_stand_in_the_questionnaire_response() -> None:
    response = answered(a_1="1", a_2="o")

    built = build_items(response)

    assert [item["linkId"] for item in built] == ["a-1", "a-2"]


def test_the_questionnaire_says_when_an_item_is_asked() -> None:
    built = build_questionnaire(FORM, "q")

    asked = [item.get("enableWhen") for item in built["item"]]
    system = "https://trial-fhir-adapter.example.org/fhir/CodeSystem/answer"
    assert asked == [
        None,
        [{"question": "a-1", "operator": "=", "answerBoolean": True}],
        [
            {
                "question": "a-2",
                "operator": "=",
                "answerCoding": {"system": system, "code": "asking-cause-t"},
            }
        ],
        [{"question": "a-3", "operator": "exists", "answerBoolean": True}],
    ]


def sent(*items: dict[str, object]) -> Verdict:
    """What is found in a response to the form."""
    resource = {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": f"{questionnaire_url(FORM)}|1.0.0",
        "status": "completed",
        "subject": {"reference": "Patient/p1"},
        "authored": "2024-03-15T10:30:00+10:00",
        "item": list(items),
    }
    return validate_response(resource, {"asking": FORM})


def test_a_response_that_came_in_is_read_with_its_marks_too() -> None:
    verdict = sent({"linkId": "a-1", "answer": [{"valueBoolean": False}]})

    assert verdict.issues == ()
    assert [answer.is_asked for answer in verdict.answers.values()] == [True, False, False, False]


def test_an_answer_that_came_in_to_what_was_not_asked_is_an_error_at_its_item() -> None:
    verdict = sent(
        {"linkId": "a-1", "answer": [{"valueBoolean": False}]},
        {"linkId": "a-3", "answer": [{"valueInteger": 1}]},
    )

    (issue,) = verdict.issues
    assert (issue.code, issue.expression) == ("structure", "QuestionnaireResponse.item[1]")
    assert issue.expected == "no answer, unless `a-2` says that it is asked"


def test_what_is_required_and_was_asked_must_be_answered() -> None:
    verdict = sent({"linkId": "a-1", "answer": [{"valueBoolean": True}]})

    assert [issue.expected for issue in verdict.issues] == ["an answer to `a-2`"]
