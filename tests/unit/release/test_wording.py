"""What leaves for a clinic without a licence says not one word of a licensed form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapter.fhir.check import find_faults
from adapter.fhir.identity import Identity
from adapter.fhir.labels import REDACTED
from adapter.fhir.observation import build_observations
from adapter.fhir.questionnaire import build_questionnaire
from adapter.fhir.questionnaire_response import build_questionnaire_response
from adapter.instruments.form import Form
from adapter.instruments.response import parse_response
from adapter.instruments.wording import Wording, with_wording
from adapter.release.wording import without_wording
from adapter.scoring import score_response
from tests.forms import form_of, record_of, study_with

PLAIN = form_of("""
kind: instrument
id: scale
version: "1.2.0"
title: A scale
source: made for the tests
licence: {status: theirs, wording: withheld}
options:
  often: [{value: 0}, {value: 1, code: {system: loinc, code: LA6569-3}}]
each: {observe: true}
items:
  - {link_id: s-1, field: s_1, options: often}
  - {link_id: s-2, field: s_2, type: integer, min: 0, max: 3}
scales:
  - {id: total, title: Our own title, items: [s-1, s-2], method: sum, range: [0, 4]}
""")
CANARY = "Licensed-words"
WORDS = [
    Wording.model_validate(
        {
            "kind": "wording",
            "form": "scale",
            "language": language,
            "source": "made up",
            "items": {"s-1": f"{CANARY} one {language}", "s-2": f"{CANARY} two"},
            "options": {"often": {"0": f"{CANARY} never", "1": f"{CANARY} always"}},
        }
    )
    for language in ("de", "fr")
]
WORDED = with_wording(PLAIN, WORDS)


def resources(form: Form) -> list[dict[str, Any]]:
    """Everything that says words of a form: for both answers, and for what is asked."""
    study = study_with("scale")
    identity = Identity(study, b"synthetic people need no secret")
    built = [build_questionnaire(form, "q")]
    for answer in ("0", "1"):
        record = record_of("scale", {"s_1": answer, "s_2": "3"})
        response = parse_response(record, form, study, "completed")
        assert response is not None
        drafts = build_observations(response, score_response(response), identity)
        built.append(build_questionnaire_response(response, identity))
        built += [draft.whole for draft in drafts]
    return built


def test_no_word_is_left_and_what_is_left_is_what_the_file_gives() -> None:
    bare = [without_wording(resource, WORDED) for resource in resources(WORDED)]

    said = [without(each, "security") for each in bare]
    assert said == [without(each, "security") for each in resources(PLAIN)]
    assert CANARY not in json.dumps(bare, default=str)


def without(resource: dict[str, Any], label: str) -> dict[str, Any]:
    """A resource without its labels."""
    meta = {word: said for word, said in resource.get("meta", {}).items() if word != label}
    return {**resource, "meta": meta}


def test_a_copy_without_its_words_is_labelled_as_redacted_and_one_that_had_none_is_not() -> None:
    bare = [without_wording(resource, WORDED) for resource in resources(WORDED)]

    redacted = [REDACTED in each.get("meta", {}).get("security", []) for each in bare]
    had_words = [CANARY in json.dumps(each, default=str) for each in resources(WORDED)]
    assert redacted == had_words
    assert {True, False} == set(redacted)


def test_with_a_licence_the_words_are_there_in_every_language() -> None:
    questionnaire, response = resources(WORDED)[:2]

    assert CANARY in json.dumps(questionnaire["item"][0]["text"])
    assert questionnaire["language"] == "de"
    translation = questionnaire["item"][0]["_text"]["extension"][0]["extension"]
    assert [list(part.values())[1] for part in translation] == ["fr", f"{CANARY} one fr"]
    assert response["item"][0]["text"] == f"{CANARY} one de"
    assert response["questionnaire"].endswith(f"|{questionnaire['version']}")


def test_with_words_and_without_everything_is_r4() -> None:
    worded = resources(WORDED)

    assert not [fault for each in worded for fault in find_faults(each)]
    assert not [fault for each in worded for fault in find_faults(without_wording(each, WORDED))]


@pytest.mark.parametrize("kind", ["Provenance", "Patient", "CodeSystem"])
def test_what_holds_no_words_of_a_form_is_left_alone(kind: str) -> None:
    resource = {"resourceType": kind, "text": {"div": "ours"}, "item": [{"linkId": "s-1"}]}

    assert without_wording(resource, WORDED) is resource


def test_nothing_is_changed_in_place() -> None:
    worded = resources(WORDED)
    before = json.dumps(worded, default=str)

    for resource in worded:
        without_wording(resource, WORDED)

    assert json.dumps(worded, default=str) == before


def test_no_word_of_what_an_earlier_version_asked_is_left_and_it_goes_on_naming_that() -> None:
    other = tuple(scale.model_copy(update={"id": "other"}) for scale in PLAIN.scales)
    said = {"version": "2.0.0", "items": PLAIN.items[1:], "scales": other}
    newer = PLAIN.model_copy(update=said)
    present = with_wording(newer, [each.model_copy(update={"items": {}}) for each in WORDS])

    bare = [without_wording(resource, present) for resource in resources(WORDED)]

    assert CANARY not in json.dumps(bare, default=str)
    assert bare[0]["version"] == "1.2.0"
    assert bare[0]["item"][-1]["text"] == "Our own title"
    assert bare[1]["questionnaire"].endswith("/scale|1.2.0")
