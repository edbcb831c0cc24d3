"""A Questionnaire asks for what is extracted, or it is told where it asks for something else."""

from __future__ import annotations

from typing import Any

import pytest

from adapter.fhir.check import find_faults
from adapter.fhir.coding import CATEGORY
from adapter.fhir.extraction import validate_extraction
from adapter.fhir.questionnaire import EXTRACT, EXTRACT_CATEGORY, build_questionnaire
from adapter.instruments.wording import Wording, with_wording
from tests.answered import ALL
from tests.unit.fhir.extraction.observed import FORM

Node = dict[str, Any]
ITEM = "Questionnaire.item"
YES, NO = ({"url": EXTRACT, "valueBoolean": said} for said in (True, False))
PART = {"url": EXTRACT, "valueCode": "component"}
ALONE = {"url": EXTRACT, "valueCode": "independent"}


def category(code: str) -> Node:
    concept = {"coding": [{"system": CATEGORY, "code": code}]}
    return {"url": EXTRACT_CATEGORY, "valueCodeableConcept": concept}


def questionnaire(*root: Node, **by_item: list[Node]) -> Node:
    """The form's Questionnaire with other flags on the root or on some items."""
    built = build_questionnaire(FORM, "q")
    built["extension"] += root
    for item in built["item"]:
        if item["linkId"] in by_item:
            item["extension"] = by_item[item["linkId"]]
    return built


def told(built: Node) -> list[tuple[str, str]]:
    issues = validate_extraction(built, FORM)
    assert all(issue.severity == "error" for issue in issues)
    return [(issue.code, issue.expression) for issue in issues]


@pytest.mark.parametrize("name", ALL)
def test_what_we_build_asks_for_what_is_extracted(name: str) -> None:
    built = build_questionnaire(ALL[name], "q")

    assert validate_extraction(built, ALL[name]) == ()


def test_a_form_asks_for_the_same_with_the_words_of_a_site_and_without() -> None:
    words = {"mood": "Wie war die Stimmung"}
    said = Wording(kind="wording", form="observed", language="de", source="ours", items=words)
    worded = with_wording(FORM, [said])
    built = build_questionnaire(worded, "q")

    assert built["version"] != FORM.version
    assert validate_extraction(built, worded) == ()
    assert validate_extraction(build_questionnaire(FORM, "q"), worded) == ()
    assert [issue.code for issue in validate_extraction(built, FORM)] == ["not-found"]


def test_a_category_of_its_own_stands_in_the_questionnaire() -> None:
    therapy = FORM.model_copy(update={"category": "therapy"})
    built = build_questionnaire(therapy, "q")

    assert category("therapy") in built["extension"]
    assert find_faults(built) == ()
    assert validate_extraction(built, therapy) == ()
    assert {issue.code for issue in validate_extraction(built, FORM)} == {"not-supported"}


@pytest.mark.parametrize(
    ("built", "issues"),
    [
        pytest.param(questionnaire(mood=[ALONE]), [], id="independent, as SDC 4 says it"),
        pytest.param(
            questionnaire(mood=[NO]), [("not-supported", f"{ITEM}[0]")], id="an item less"
        ),
        pytest.param(questionnaire(mood=[]), [("not-supported", f"{ITEM}[0]")], id="no flag"),
        pytest.param(
            questionnaire(**{"last-year": [YES]}),
            [("not-supported", f"{ITEM}[4]")],
            id="an answer about the past",
        ),
        pytest.param(
            questionnaire(YES), [("not-supported", f"{ITEM}[4]")], id="inherited from the root"
        ),
        pytest.param(
            questionnaire(YES, **{"last-year": [NO]}, mood=[]), [], id="the nearest flag wins"
        ),
        pytest.param(
            questionnaire(mood=[PART]), [("not-supported", f"{ITEM}[0]")], id="a component"
        ),
        pytest.param(
            questionnaire(mood=[YES, PART]), [("invariant", f"{ITEM}[0]")], id="both kinds of flag"
        ),
        pytest.param(
            questionnaire(mood=[YES, category("exam")]),
            [("not-supported", f"{ITEM}[0]")],
            id="another category",
        ),
        pytest.param(
            questionnaire(category("exam"), mood=[YES, category("survey")]),
            [("not-supported", f"{ITEM}[{index}]") for index in (1, 2, 3, 5, 6, 7)],
            id="an item's category replaces the root's",
        ),
    ],
)
def test_other_flags_are_told_where_they_count(built: Node, issues: list[tuple[str, str]]) -> None:
    assert told(built) == issues


def test_flags_are_inherited_through_a_group_and_a_text_has_none() -> None:
    built = questionnaire(mood=[])
    mood = built["item"].pop(0)
    text = {"linkId": "hello", "type": "display", "text": "Hello", "extension": [YES]}
    built["item"].insert(
        0, {"linkId": "page", "type": "group", "extension": [YES], "item": [mood, text]}
    )

    assert told(built) == [("invariant", f"{ITEM}[0].item[1]")]


def test_a_code_that_is_extracted_alone_is_not_supported() -> None:
    built = questionnaire()
    built["item"][0]["code"][0] = {**built["item"][0]["code"][0], "extension": [YES]}

    assert told(built) == [("not-supported", f"{ITEM}[0].code[0]")]


@pytest.mark.parametrize("element", ["url", "version"])
def test_another_questionnaire_says_nothing_of_this_form(element: str) -> None:
    assert told({**questionnaire(), element: "9.9.9"}) == [("not-found", "Questionnaire.url")]
