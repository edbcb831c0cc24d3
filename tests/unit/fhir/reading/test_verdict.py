"""Every fault of a response is told at once, with its place, and never with the answer."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from adapter.fhir.check import find_faults
from adapter.fhir.coding import DATA_ABSENT_REASON
from adapter.fhir.issue import build_operation_outcome
from adapter.fhir.reading import validate_response
from tests.forms import FORMS as SHIPPED
from tests.unit.fhir.reading.sent import (
    FORM,
    FORMS,
    LOINC,
    OWN,
    Resource,
    answering,
    issues,
    sent,
    told,
)
from tests.unit.instruments.every_type import FORM as EVERY_TYPE

ITEM = "QuestionnaireResponse.item"


def coded(code: str, system: str = OWN) -> Resource:
    return {"valueCoding": {"system": system, "code": code}}


def weighted(inside: str, beside: str) -> Resource:
    """An answer with one weight in its coding, and one beside it."""
    core = "http://hl7.org/fhir/StructureDefinition"
    coding = coded("sent-often-1")["valueCoding"]
    ordinal = {"url": f"{core}/ordinalValue", "valueDecimal": Decimal(inside)}
    weight = {"url": f"{core}/itemWeight", "valueDecimal": Decimal(beside)}
    answer = {"valueCoding": {**coding, "extension": [ordinal]}, "extension": [weight]}
    return answering("how-often", answer)


def with_items(*items: Resource) -> Resource:
    return sent(item=[*sent()["item"], *items])


def declined(code: str = "asked-declined") -> Resource:
    return {"extension": [{"url": DATA_ABSENT_REASON, "valueCode": code}]}


def test_a_good_response_has_no_issue() -> None:
    assert told(sent()) == []


def test_a_weight_said_twice_is_one_weight() -> None:
    assert told(weighted("1", "1.0")) == []
    assert {issue[0] for issue in told(weighted("3", "3.0"))} == {"warning"}


ERRORS = [
    pytest.param(answering("how-often", coded("sent-often-7")), "code-invalid", 0, id="no option"),
    pytest.param(
        answering("how-often", coded("LA6568-5")), "code-invalid", 0, id="another code system"
    ),
    pytest.param(
        answering("how-often", {"valueCoding": {"code": "LA6568-5"}}), "code-invalid", 0, id="none"
    ),
    pytest.param(
        answering("how-often", coded("LA6569-3", LOINC)), "code-invalid", 0, id="a code of two"
    ),
    pytest.param(answering("how-often", {"valueString": "Never"}), "structure", 0, id="text"),
    pytest.param(weighted("1", "3"), "business-rule", 0, id="two weights that differ"),
    pytest.param(weighted("3", "2"), "business-rule", 0, id="two weights, neither the form's"),
    pytest.param(answering("how-many", {"valueInteger": 11}), "value", 1, id="above the highest"),
    pytest.param(answering("how-many", {"valueInteger": -1}), "value", 1, id="below the lowest"),
    pytest.param(answering("how-many", {"valueDecimal": Decimal("1.5")}), "value", 1, id="broken"),
    pytest.param(
        answering("how-many", {"valueDecimal": Decimal("1E999999999")}), "value", 1, id="enormous"
    ),
    pytest.param(answering("how-many", {"valueString": "7"}), "structure", 1, id="number as text"),
    pytest.param(answering("how-much", {"valueDecimal": Decimal(2)}), "value", 2, id="too much"),
    pytest.param(answering("when", {"valueDateTime": "2024-02-29"}), "structure", 4, id="a moment"),
    pytest.param(answering("when", {"valueDate": "2024-02-30"}), "value", 4, id="no such day"),
    pytest.param(answering("why", {"valueString": "a\x00b"}), "value", 5, id="control character"),
    pytest.param(
        answering("score-total", {"valueString": "7"}), "structure", 6, id="total as text"
    ),
]


@pytest.mark.parametrize(("resource", "code", "place"), ERRORS)
def test_an_answer_that_does_not_fit_is_an_error_at_its_value(
    resource: Resource, code: str, place: int
) -> None:
    assert told(resource) == [("error", code, f"{ITEM}[{place}].answer[0].value")]


@pytest.mark.parametrize("status", ["in-progress", "stopped", "amended", "entered-in-error"])
def test_an_answer_that_does_not_fit_is_an_error_in_a_draft_too(status: str) -> None:
    resource = answering("how-many", {"valueInteger": 11}) | {"status": status}

    assert told(resource) == [("error", "value", f"{ITEM}[1].answer[0].value")]


def test_a_second_answer_is_an_error_unless_the_item_repeats() -> None:
    resource = answering("how-many", {"valueInteger": 7}, {"valueInteger": 8})

    assert told(resource) == [("error", "structure", f"{ITEM}[1].answer")]


def test_a_second_total_is_an_error() -> None:
    resource = answering("score-total", {"valueDecimal": 7}, {"valueDecimal": 8})

    assert told(resource) == [("error", "structure", f"{ITEM}[6].answer")]


@pytest.mark.parametrize("status", ["completed", "amended"])
@pytest.mark.parametrize("gap", [[], [declined()]], ids=["no answer", "a reason for none"])
def test_what_is_required_is_required_when_the_form_is_sent(status: str, gap: list[Any]) -> None:
    resource = answering("how-many", *gap) | {"status": status}

    (issue,) = issues(resource)

    assert (issue.severity, issue.code) == ("error", "required")
    assert issue.expression == "QuestionnaireResponse"
    assert "how-many" in issue.expected


@pytest.mark.parametrize("status", ["in-progress", "stopped", "entered-in-error"])
def test_what_is_required_may_be_missing_from_a_form_that_nobody_sent(status: str) -> None:
    assert told(answering("how-many") | {"status": status}) == []


def test_an_item_that_is_left_out_is_the_same_as_one_without_answer() -> None:
    resource = answering("how-many")
    resource["item"] = [each for each in resource["item"] if each["linkId"] != "how-many"]

    left_out = validate_response(resource, FORMS)

    assert left_out.issues == issues(answering("how-many"))
    assert "how-many" not in left_out.answers


def test_a_form_that_nobody_sent_needs_no_time() -> None:
    assert told(sent(authored=None, status="in-progress")) == []


def test_a_link_id_that_nobody_asked_is_an_error() -> None:
    resource = with_items({"linkId": "how-long", "answer": [{"valueInteger": 3}]})

    assert told(resource) == [("error", "structure", f"{ITEM}[7].linkId")]


def test_an_item_without_a_link_id_is_told_by_r4_alone() -> None:
    item = {"answer": [{"valueInteger": 3}]}

    assert told(with_items(item)) == [("error", "required", f"{ITEM}[7].linkId")]


def test_an_item_that_stands_twice_is_an_error_and_the_first_is_read() -> None:
    resource = sent()
    resource["item"].insert(2, {"linkId": "how-many", "answer": [{"valueInteger": 8}]})

    assert told(resource) == [("error", "structure", f"{ITEM}[2]")]
    assert validate_response(resource, FORMS).answers["how-many"].values == (7,)


def test_an_item_that_stands_too_late_is_an_error_and_read_all_the_same() -> None:
    resource = sent()
    resource["item"].insert(1, resource["item"].pop(0))

    verdict = validate_response(resource, FORMS)

    assert told(resource) == [("error", "structure", f"{ITEM}[1]")]
    assert list(verdict.answers)[:2] == ["how-often", "how-many"]


def test_items_below_a_question_are_an_error_and_read_all_the_same() -> None:
    resource = answering("how-often", coded("sent-often-1") | {"item": [sent()["item"][1]]})
    resource["item"][1:3] = [
        {"linkId": "how-much", "item": [{"linkId": "more", "answer": [{"valueInteger": 1}]}]}
    ]

    assert told(resource) == [
        ("error", "structure", f"{ITEM}[0].answer[0].item"),
        ("error", "structure", f"{ITEM}[1].item"),
        ("error", "structure", f"{ITEM}[1].item[0].linkId"),
    ]


def test_items_below_both_a_question_and_its_answer_break_a_rule_of_r4() -> None:
    resource = answering("how-often", coded("sent-often-1") | {"item": [{"linkId": "a"}]})
    resource["item"][0] |= {"item": [{"linkId": "b"}]}

    assert told(resource) == [
        ("error", "invariant", f"{ITEM}[0]"),
        ("error", "structure", f"{ITEM}[0].item[0].linkId"),
        ("error", "structure", f"{ITEM}[0].answer[0].item"),
        ("error", "structure", f"{ITEM}[0].answer[0].item[0].linkId"),
    ]


def test_a_group_of_the_renderer_is_told_and_seen_through() -> None:
    resource = sent(item=[{"linkId": "page", "item": sent()["item"]}])

    verdict = validate_response(resource, FORMS)

    assert told(resource) == [("warning", "structure", f"{ITEM}[0]")]
    assert verdict.is_valid
    assert verdict.answers == validate_response(sent(), FORMS).answers


def test_an_answer_and_a_reason_for_none_contradict_each_other() -> None:
    resource = sent()
    resource["item"][1] |= declined()

    assert told(resource) == [("error", "invariant", f"{ITEM}[1].extension")]


def test_a_reason_that_is_none_is_an_error() -> None:
    resource = answering("how-much")
    resource["item"][2] |= declined("bored")

    assert told(resource) == [("error", "code-invalid", f"{ITEM}[2].extension[0]")]


@pytest.mark.parametrize(
    "gap",
    [
        pytest.param(declined(), id="beside the answer"),
        pytest.param({"answer": [declined()]}, id="in an answer"),
        pytest.param({"answer": [{"_valueDecimal": declined()}]}, id="in place of the value"),
    ],
)
def test_a_reason_is_read_wherever_it_stands(gap: Resource) -> None:
    resource = answering("how-much")
    resource["item"][2] |= gap

    verdict = validate_response(resource, FORMS)

    assert verdict.issues == ()
    assert verdict.answers["how-much"].absent == "asked-declined"


WARNINGS = [
    pytest.param(
        answering("how-many", {"valueDecimal": Decimal("7.0")}),
        ("structure", f"{ITEM}[1].answer[0].value"),
        id="a whole number as decimal",
    ),
    pytest.param(
        answering("how-much", {"valueInteger": 1}),
        ("structure", f"{ITEM}[2].answer[0].value"),
        id="a decimal as whole number",
    ),
    pytest.param(
        answering(
            "how-often",
            coded("sent-often-1")
            | {
                "extension": [
                    {"url": "http://hl7.org/fhir/StructureDefinition/itemWeight", "valueDecimal": 3}
                ]
            },
        ),
        ("business-rule", f"{ITEM}[0].answer[0].value"),
        id="another weight",
    ),
    pytest.param(
        sent(questionnaire=sent()["questionnaire"].partition("|")[0]),
        ("business-rule", "QuestionnaireResponse.questionnaire"),
        id="no version",
    ),
    pytest.param(sent(authored=None), ("required", "QuestionnaireResponse.authored"), id="no time"),
    pytest.param(
        sent(item=[{**sent()["item"][0], "text": "How"}, *sent()["item"][1:]]),
        ("business-rule", f"{ITEM}[0].text"),
        id="another text",
    ),
]


@pytest.mark.parametrize(("resource", "warning"), WARNINGS)
def test_what_other_renderers_do_is_told_and_taken(
    resource: Resource, warning: tuple[str, str]
) -> None:
    verdict = validate_response(resource, FORMS)

    assert told(resource) == [("warning", *warning)]
    assert verdict.is_valid
    assert verdict.answers.keys() == validate_response(sent(), FORMS).answers.keys()


def test_a_question_may_be_asked_in_any_language_that_the_form_has() -> None:
    first, *rest = FORM.items
    german = first.model_copy(update={"translations": {"de": "Wie oft"}})
    form = FORM.model_copy(update={"items": (german, *rest)})
    resource = sent(item=[{**sent()["item"][0], "text": "Wie oft"}, *sent()["item"][1:]])

    assert validate_response(resource, {"sent": form}).issues == ()
    assert told(resource) == [("warning", "business-rule", f"{ITEM}[0].text")]


@pytest.mark.parametrize(
    ("resource", "error"),
    [
        pytest.param(sent(questionnaire=None), ("required", "questionnaire"), id="no canonical"),
        pytest.param(
            sent(questionnaire="http://other.example.org/sent|1.0.0"),
            ("not-found", "questionnaire"),
            id="a stranger's Questionnaire",
        ),
        pytest.param(
            sent(questionnaire="sent|1.0.0"), ("value", "questionnaire"), id="the mere id"
        ),
        pytest.param(
            sent(questionnaire=sent()["questionnaire"].replace("1.0.0", "2.0.0")),
            ("not-found", "questionnaire"),
            id="another version",
        ),
        pytest.param(sent(subject=None), ("required", "subject"), id="nobody"),
        pytest.param(sent(status="sent"), ("code-invalid", "status"), id="no status of R4"),
        pytest.param(sent(authored="yesterday"), ("value", "authored"), id="no time of R4"),
        pytest.param(sent(mood="bad"), ("structure", "mood"), id="no element of R4"),
    ],
)
def test_what_the_response_itself_must_say(resource: Resource, error: tuple[str, str]) -> None:
    code, element = error

    assert told(resource) == [("error", code, f"QuestionnaireResponse.{element}")]


@pytest.mark.parametrize("name", ["adverse-event", "bdi"])
def test_a_form_without_a_questionnaire_is_not_known(name: str) -> None:
    canonical = sent()["questionnaire"].replace("/sent|", f"/{name}|")

    verdict = validate_response(sent(questionnaire=canonical), SHIPPED)

    assert verdict.form is None
    assert [issue.code for issue in verdict.issues] == ["not-found"]


def test_a_number_beyond_the_integers_of_r4_is_no_whole_number() -> None:
    canonical = sent()["questionnaire"].replace("/sent|", "/every-type|")
    item = {"linkId": "at-least", "answer": [{"valueDecimal": Decimal("1E12")}]}

    verdict = validate_response(
        sent(questionnaire=canonical, item=[item]), {"every-type": EVERY_TYPE}
    )

    assert [issue.code for issue in verdict.issues] == ["value"]


def test_an_element_whose_name_may_be_an_answer_is_told_by_what_holds_it() -> None:
    assert told(sent(**{"Mary Sue": 1})) == [("error", "structure", "QuestionnaireResponse")]


def test_what_is_no_json_is_told_of_the_whole() -> None:
    assert ("error", "structure", "QuestionnaireResponse") in told(sent(implicitRules=1j))


def test_all_faults_are_told_at_once() -> None:
    resource = sent(status="sent", subject=None, authored=5)
    resource["item"][0]["answer"] = [coded("sent-often-7")]
    resource["item"][1]["answer"] = [{"valueInteger": 11}, {"valueInteger": "7"}]
    resource["item"][2] = {"linkId": "how-long"}
    resource["item"][3] = 4
    resource["item"][4]["answer"] = {"valueDate": "2024-02-29"}

    places = [issue.expression for issue in issues(resource)]

    assert sorted(places) == sorted(
        [
            "QuestionnaireResponse.status",
            "QuestionnaireResponse.subject",
            "QuestionnaireResponse.authored",
            f"{ITEM}[0].answer[0].value",
            f"{ITEM}[1].answer",
            f"{ITEM}[1].answer[0].value",
            f"{ITEM}[1].answer[1].value",
            f"{ITEM}[2].linkId",
            f"{ITEM}[3]",
            f"{ITEM}[4].answer",
        ]
    )


def test_no_issue_repeats_an_answer() -> None:
    secret = "Mary Sue, born 1999-09-09"  # noqa: S105 - nobody's
    resource = sent(authored=secret, status=secret)
    resource["item"] = [
        {"linkId": "how-often", "text": secret, "answer": [coded(secret, secret)]},
        {"linkId": secret, "answer": [{"valueString": secret}]},
        {"linkId": "how-many", "answer": [{"valueString": secret}, {secret: 5}]},
        {"linkId": "when", "answer": [{"valueDate": secret}]},
        {"linkId": "why", "extension": [{"url": DATA_ABSENT_REASON, "valueCode": secret}]},
    ]

    outcome = build_operation_outcome(issues(resource))

    assert len(outcome["issue"]) > 8
    assert secret not in json.dumps(outcome)
    assert find_faults(outcome) == ()


def test_every_place_can_be_found_in_the_resource() -> None:
    for parameter in ERRORS:
        resource = parameter.values[0]
        assert isinstance(resource, dict)
        for issue in issues(resource):
            assert follow(resource, issue.expression), issue.expression


def follow(resource: Resource, expression: str) -> object:
    """What an expression of names and indexes leads to."""
    root, *steps = expression.replace("[", ".").replace("]", "").split(".")
    assert root == resource["resourceType"]
    here: Any = resource
    for step in steps:
        if step.isdigit():
            here = here[int(step)]
        elif step == "value":
            here = next(value for word, value in here.items() if word.startswith("value"))
        else:
            here = here[step]
    return here


def test_a_form_of_the_same_id_elsewhere_is_another_form() -> None:
    assert validate_response(sent(), {"sent": SHIPPED["peg"]}).form is None
    assert validate_response(sent(), {"sent": FORM}).form is FORM
