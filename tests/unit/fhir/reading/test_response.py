"""Who a response is about, and when it was given, comes from outside; nothing of it is guessed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from adapter.errors import Origin
from adapter.fhir.coding import own_coding
from adapter.fhir.questionnaire_response import UNVERIFIED, answer_value
from adapter.fhir.reading import Occasion, UnfitResponseError, read_response
from adapter.instruments.answer import Answer
from adapter.instruments.response import Response
from tests.unit.fhir.reading.sent import FORM, FORMS, LOINC, Resource, answering, sent

OCCASION = Occasion("week-9", 2, Origin("POST /fhir/QuestionnaireResponse", 3))
PARTICIPANTS = {"Patient/p1": "1001", "https://clinic.example.org/mrn|41": "1002"}
OPTIONS = {option.value: option for option in FORM.options["often"]}


def read(resource: Resource) -> Response:
    return read_response(resource, FORMS, PARTICIPANTS, OCCASION)


def written(response: Response, link_id: str) -> Resource:
    """The Coding of an answer, as we write it."""
    (option,) = response.answers[link_id].values
    coding: Resource = answer_value(FORM, FORM.item(link_id), option)["valueCoding"]
    return coding


def test_a_response_is_what_was_answered_and_on_which_occasion() -> None:
    response = read(sent())

    assert response == Response(
        form=FORM,
        participant="1001",
        timepoint="week-9",
        repeat=2,
        status="completed",
        authored="2024-03-15T10:30:00+10:00",
        answers={
            "how-often": Answer("how-often", (OPTIONS["0"],), counts=Decimal(0)),
            "how-many": Answer("how-many", (7,), counts=Decimal(7)),
            "how-much": Answer("how-much", (Decimal("1.50"),), counts=Decimal("1.50")),
            "which": Answer("which", (OPTIONS["1"], OPTIONS["y"])),
            "when": Answer("when", ("2024-02-29",)),
            "why": Answer("why", ("41 reasons",)),
        },
        totals={},
        origin=OCCASION.origin,
    )


def test_an_option_is_taken_by_a_further_code_of_it_and_written_by_its_own() -> None:
    answer = {"valueCoding": {"system": LOINC, "code": "LA6570-1"}}

    response = read(answering("how-often", answer))

    assert response.answers["how-often"].values == (OPTIONS["1"],)
    assert own_coding("answer", "sent-often-1").items() <= written(response, "how-often").items()


def test_a_response_that_says_that_it_was_not_verified_is_not() -> None:
    assert read(sent()).is_verified
    assert not read(sent(extension=[UNVERIFIED])).is_verified


@pytest.mark.parametrize(
    ("subject", "participant"),
    [
        pytest.param({"reference": "Patient/p1"}, "1001", id="by reference"),
        pytest.param(
            {"identifier": {"system": "https://clinic.example.org/mrn", "value": "41"}},
            "1002",
            id="by identifier",
        ),
    ],
)
def test_the_subject_is_found_in_the_mapping(subject: Resource, participant: str) -> None:
    assert read(sent(subject=subject)).participant == participant


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param({"reference": "Patient/p2"}, id="another reference"),
        pytest.param({"reference": "https://clinic.example.org/Patient/p1"}, id="another server"),
        pytest.param({"display": "Mary Sue"}, id="a name"),
        pytest.param(
            {"reference": "Patient/p2", "identifier": {"system": "", "value": "41"}}, id="both"
        ),
    ],
)
def test_a_subject_that_the_mapping_does_not_know_is_nobody(subject: Resource) -> None:
    with pytest.raises(UnfitResponseError) as unfit:
        read(sent(subject=subject))

    assert [(issue.code, issue.expression) for issue in unfit.value.issues][-1:] == [
        ("not-found", "QuestionnaireResponse.subject")
    ]
    assert "Mary" not in str(unfit.value)


def test_a_response_that_does_not_fit_is_refused_with_every_issue_and_where_it_came_from() -> None:
    resource = answering("how-many", {"valueInteger": 99}) | {"subject": {"reference": "Patient/x"}}
    del resource["authored"]

    with pytest.raises(UnfitResponseError) as unfit:
        read(resource)

    assert [(each.severity, each.code) for each in unfit.value.issues] == [
        ("warning", "required"),
        ("error", "value"),
        ("error", "not-found"),
    ]
    assert [(each.origin, each.field, each.severity) for each in unfit.value.problems] == [
        (OCCASION.origin, issue.expression, issue.severity) for issue in unfit.value.issues
    ]
    assert "POST /fhir/QuestionnaireResponse:3" in str(unfit.value)
    assert "99" not in str(unfit.value)


def test_a_known_person_s_response_that_does_not_fit_is_refused() -> None:
    with pytest.raises(UnfitResponseError):
        read(answering("how-many", {"valueInteger": 99}))


def test_a_response_about_nobody_says_so_once() -> None:
    with pytest.raises(UnfitResponseError) as unfit:
        read(sent(subject=None))

    assert [issue.code for issue in unfit.value.issues] == ["required"]


def test_a_warning_does_not_hinder() -> None:
    assert read(sent(authored=None)).authored is None


def test_a_response_to_an_unknown_form_is_refused() -> None:
    with pytest.raises(UnfitResponseError):
        read_response(sent(), {}, PARTICIPANTS, OCCASION)


def test_what_the_renderer_computed_is_no_total_of_the_response() -> None:
    without = sent()
    without["item"].pop()

    assert read(without) == read(sent())
