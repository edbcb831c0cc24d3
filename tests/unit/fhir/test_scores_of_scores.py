"""Observations of scores that rest on other scores, of profiles, and of what contradicts itself."""

from __future__ import annotations

from typing import Any

import pytest

from adapter.fhir.identity import Identity
from adapter.fhir.observation import build_observations, methods_of
from adapter.fhir.questionnaire import SDC, build_questionnaire
from adapter.scoring import score_response
from tests.forms import form_of, respond, study_with

FORM = form_of("""
kind: instrument
id: layered
version: "1.0.0"
title: Layered
source: made for the tests
licence: {status: none, wording: shipped}
options:
  level: [{value: 1}, {value: 2}, {value: 3}]
each: {type: choice, options: level}
items:
  - {link_id: l-1, field: l_1}
  - {link_id: l-2, field: l_2}
scales:
  - id: filled
    title: Filled
    items: [l-1, l-2]
    method: sum
    missing: {at_least: 1, fill: mean}
    range: [2, 6]
  - {id: first, title: First, items: [l-1], method: sum, range: [1, 3]}
  - {id: second, title: Second, items: [l-2], method: sum, range: [1, 3]}
  - {id: both, title: Both, scales: [filled, first], method: sum, range: [3, 9]}
  - {id: share, title: Share, scales: [first, second], method: percent, range: [0, 100], unit: "%"}
  - {id: profile, title: Profile, items: [l-1, l-2], method: profile, range: [11, 33]}
""")
IDENTITY = Identity(study_with("layered"), b"synthetic people need no secret")


def observed(scale: str, **values: str) -> dict[str, Any]:
    """The Observation of one scale."""
    response = respond(FORM, values)
    assert response is not None
    drafts = build_observations(response, score_response(response), IDENTITY)
    code = f"layered-{scale}"
    return next(
        draft.whole
        for draft in drafts
        if draft.whole["code"]["coding"][-1] == draft.whole["code"]["coding"][0] | {"code": code}
    )


def test_a_score_of_scores_says_how_many_there_are() -> None:
    built = observed("both", l_1="1", l_2="2")

    assert built["valueQuantity"]["value"] == 4
    assert built["method"]["text"] == "sum over 2 scores, Layered version 1.0.0"


def test_a_score_of_scores_says_how_many_are_known() -> None:
    built = observed("both", l_2="2")

    assert built["dataAbsentReason"]["text"] == "1 of 2 scores known"


def test_a_score_of_a_filled_score_is_told_as_prorated_by_a_code_that_is_published() -> None:
    scale = next(scale for scale in FORM.scales if scale.id == "both")

    built = observed("both", l_1="1")

    (coding,) = built["method"]["coding"]
    assert coding["code"] == "layered-both-sum-prorated"
    assert coding["code"] in methods_of(FORM, scale)


def test_a_score_that_no_filled_score_is_in_is_never_prorated() -> None:
    share = next(scale for scale in FORM.scales if scale.id == "share")

    assert list(methods_of(FORM, share)) == ["layered-share-percent"]


def test_answers_that_contradict_each_other_are_told() -> None:
    built = observed("share", l_1="3", l_2="2")

    assert built["dataAbsentReason"]["text"] == "the answers contradict each other"
    assert built["dataAbsentReason"]["coding"][0]["code"] == "error"


def test_a_profile_is_a_text_without_a_range_of_numbers() -> None:
    built = observed("profile", l_1="3", l_2="2")

    assert built["valueString"] == "32"
    assert not {"valueQuantity", "referenceRange", "dataAbsentReason"} & set(built)


def test_a_profile_with_a_gap_says_so() -> None:
    built = observed("profile", l_1="3")

    assert built["dataAbsentReason"]["text"] == "1 of 2 items answered"


@pytest.mark.parametrize("scale", ["both", "share", "profile"])
def test_a_form_filler_computes_them_in_items_of_their_own(scale: str) -> None:
    items = {item["linkId"]: item for item in build_questionnaire(FORM, "q")["item"]}

    urls = [extension["url"] for extension in items[f"score-{scale}"]["extension"]]

    assert items[f"score-{scale}"]["type"] == ("string" if scale == "profile" else "decimal")
    assert f"{SDC}/sdc-questionnaire-calculatedExpression" in urls
