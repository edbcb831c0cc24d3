"""Every resource that the synthetic trials give is R4: so say HAPI's validator and fhir.resources.

No sample: every version of every resource after both exports, with what was amended and what was
taken back; and what a record system would get if everything in it were taken back.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import orjson
import pytest

from adapter.fhir.r4 import NotR4Error, read_resource
from adapter.fhir.text import read_text
from adapter.service import Service
from tests.golden import participation
from tests.live.cohort import (
    IDBT_PAIN,
    NEXT_TRIAL,
    Case,
    code_systems,
    name_of,
    questionnaires,
    retraction_texts,
    take_in,
    value_sets,
    written_texts,
)
from tests.live.definitions import definitions
from tests.live.servers import Issue, Validator
from tests.unit.fhir.faults import FAULTS, VALID

NOT_SEEN = {
    r"reference: ": "where a reference leads, and how it is spelt, is left to the server",
    r"(contentType|format\[\d+\]): binding": "every code passes for a MIME type",
    r"\bnulls\b": "lists of a primitive and of its extensions may differ in length",
    r"control null character": "JSON can say it, and the parser takes it",
    r"string blank": "a string may be nothing but spaces",
    r"\bid alone": "an element that holds nothing but its id passes",
    r"\bppc-": "R4 says it in words; its expression lets it pass",
    r"\bsdc-2\b": "the rule is SDC's, and SDC's profiles are not loaded",
}
"""The seeded faults that HAPI's validator lets pass, by name, and why it does."""


@pytest.fixture(scope="module", params=[IDBT_PAIN, NEXT_TRIAL], ids=lambda case: case.name)
def trial(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A trial after both of its exports."""
    case: Case = request.param
    with take_in(tmp_path_factory.mktemp(case.name), case, 2) as service:
        yield service


@pytest.fixture(scope="module")
def judge(validator: Validator) -> Validator:
    """The validator, which knows the extensions that we use."""
    for definition in definitions():
        validator.define(definition)
    return validator


@pytest.fixture
def informed(trial: Service, judge: Validator) -> Validator:
    """The validator, which knows the trial's own questionnaires and codes, too, and all of them.

    So that a code which is sent and stands in no CodeSystem of ours is an error.
    """
    for text in (*questionnaires(trial), *value_sets(trial)):
        judge.define(text)
    for system in code_systems(trial):
        judge.define(system)
    return judge


def test_every_version_of_every_resource_is_valid(trial: Service, informed: Validator) -> None:
    texts = written_texts(trial)

    errors = find_errors(texts, informed)

    assert not errors, tell(errors)


def test_everything_that_is_taken_back_is_valid_as_it_is_then_sent(
    trial: Service, informed: Validator
) -> None:
    texts = retraction_texts(trial)

    errors = find_errors(texts, informed)

    assert not errors, tell(errors)


def test_every_response_was_judged_by_its_questionnaire(trial: Service) -> None:
    known = {
        f"{questionnaire['url']}|{questionnaire['version']}"
        for questionnaire in map(read_text, questionnaires(trial))
    }

    resources = [read_text(text) for text in written_texts(trial)]

    asked = {each["questionnaire"] for each in resources if "questionnaire" in each}
    assert asked == known


def test_every_version_of_every_resource_loads_in_the_typed_models(trial: Service) -> None:
    errors = defaultdict(list)
    for text in [*written_texts(trial), *retraction_texts(trial)]:
        try:
            read_resource(text)
        except NotR4Error as wrong:
            for finding in wrong.findings:
                errors[finding].append(name_of(text))

    assert not errors, tell(errors)


def test_the_second_trial_shows_what_the_first_does_not(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with take_in(tmp_path_factory.mktemp("cases"), NEXT_TRIAL, 2) as service:
        resources = [read_text(text) for text in written_texts(service)]

    assert {
        each["status"] for each in resources if each["resourceType"] == "QuestionnaireResponse"
    } == {"completed", "in-progress", "stopped", "amended", "entered-in-error"}
    assert {each["status"] for each in resources if each["resourceType"] == "Consent"} >= {
        "active",
        "rejected",
        "inactive",
    }
    observations = [each for each in resources if each["resourceType"] == "Observation"]
    methods = {each["method"]["coding"][0]["code"] for each in observations if "method" in each}
    assert {"phq-9-total-sum-prorated", "dass-21-stress-sum-x2-prorated"} <= methods
    reasons = {
        each["dataAbsentReason"]["coding"][0]["code"]
        for each in observations
        if "dataAbsentReason" in each
    }
    assert reasons == {"asked-declined"}


def test_everything_that_is_said_of_a_consent_is_valid(judge: Validator) -> None:
    errors = find_errors([encode(each) for each in participation.build_case().values()], judge)

    assert not errors, tell(errors)


def test_what_the_faults_are_seeded_in_is_valid(judge: Validator) -> None:
    verdicts = judge.validate_all(encode(resource) for _, resource in VALID)

    assert not {
        name: errors
        for (name, _), issues in zip(VALID, verdicts, strict=True)
        if (errors := errors_of(issues))
    }


def test_hapi_rejects_every_seeded_fault_but_those_it_cannot_see(judge: Validator) -> None:
    verdicts = judge.validate_all(encode(resource) for _, resource in FAULTS)

    missed = [
        name for (name, _), issues in zip(FAULTS, verdicts, strict=True) if not errors_of(issues)
    ]

    reasons = {reason: [n for n in missed if re.search(reason, n)] for reason in NOT_SEEN}
    assert [name for name in missed if not any(name in names for names in reasons.values())] == []
    assert [reason for reason, names in reasons.items() if not names] == []


def find_errors(texts: Iterable[bytes], validator: Validator) -> dict[str, list[str]]:
    """The resources that are invalid, by what is wrong with them."""
    found = defaultdict(list)
    sent: list[bytes] = []

    def sending() -> Iterator[bytes]:
        for text in texts:
            sent.append(text)
            yield text

    for place, issues in enumerate(validator.validate_all(sending())):
        for location, message in errors_of(issues):
            found[f"{location}: {message}"].append(name_of(sent[place]))
    return found


def errors_of(issues: Iterable[Issue]) -> set[tuple[str, str]]:
    """What makes it invalid: where, and why. An extension that nobody defines does, too."""
    return {
        (issue.location, issue.message)
        for issue in issues
        if issue.is_error or issue.id == "Extension_EXT_Unknown"
    }


def tell(errors: Mapping[str, list[str]]) -> str:
    """One line for everything that is wrong, the most frequent first, each with an example."""
    ordered = sorted(errors.items(), key=lambda item: -len(item[1]))
    return "\n".join(f"{len(names)} x {what} (such as {names[0]})" for what, names in ordered)


def encode(resource: Mapping[str, Any]) -> bytes:
    """The text of a resource, decimals as they are."""
    return orjson.dumps(resource, default=as_number)


def as_number(value: object) -> orjson.Fragment:
    """A decimal as JSON; there is nothing else in a resource that JSON does not know."""
    assert isinstance(value, Decimal)
    return orjson.Fragment(str(value))
