"""What each shipped form becomes is R4: so says HAPI's validator, of the golden cases.

The synthetic trials ask few of the forms; here is each of them, with its Questionnaire, by which
the response is judged (options, order, `enableWhen`).
"""

from __future__ import annotations

from typing import Any

import pytest

from adapter.fhir.identity import Identity
from adapter.fhir.terminology import build_code_systems, build_value_sets
from tests.forms import FORMS, study_with
from tests.golden.cases import build_case, case_names
from tests.live.definitions import definitions
from tests.live.servers import Validator
from tests.live.test_cohort_is_valid import encode, find_errors, tell

IDENTITY = Identity(study_with(*FORMS), b"synthetic people need no secret")


@pytest.fixture(scope="module")
def cases() -> dict[str, dict[str, dict[str, Any]]]:
    """Every golden case, resource by resource."""
    return {name: build_case(name) for name in case_names()}


@pytest.fixture(scope="module")
def informed(validator: Validator, cases: dict[str, dict[str, dict[str, Any]]]) -> Validator:
    """The validator, which knows our extensions, every Questionnaire and all of our codes."""
    for definition in definitions():
        validator.define(definition)
    for form in FORMS.values():
        for value_set in build_value_sets(form, IDENTITY):
            validator.define(value_set)
    for system in build_code_systems(list(FORMS.values()), None, IDENTITY):
        validator.define({**system, "content": "complete"})
    for case in cases.values():
        if "Questionnaire" in case:
            validator.define(case["Questionnaire"])
    return validator


def test_what_every_form_becomes_is_valid(
    informed: Validator, cases: dict[str, dict[str, dict[str, Any]]]
) -> None:
    # What claims the research profile is judged by a validator that knows it: test_adverse_events.
    texts = [
        encode(resource)
        for case in cases.values()
        for file, resource in case.items()
        if "research-backport" not in file
    ]

    errors = find_errors(texts, informed)

    assert not errors, tell(errors)


def test_an_answer_to_what_was_not_asked_is_an_error_to_others_too(
    informed: Validator, cases: dict[str, dict[str, dict[str, Any]]]
) -> None:
    """Question 3 of the C-SSRS screener is asked only after a yes to question 2."""
    response = cases["c-ssrs-screen"]["QuestionnaireResponse"]
    first, second, sixth = response["item"]
    third = {"linkId": "cssrs-3", "answer": [{"valueBoolean": False}]}

    errors = find_errors([encode({**response, "item": [first, second, third, sixth]})], informed)

    assert second["answer"] == [{"valueBoolean": False}]
    assert any("not enabled" in error for error in errors), tell(errors)
