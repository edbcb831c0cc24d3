"""Every resource that the synthetic trials give is R4, says HAPI's validator and says fhir.resources.

No sample: every version of every resource after both exports, what was amended and what was taken
back, and what a record system would get if all of it were taken back.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

import pytest

from adapter.fhir.r4 import NotR4Error, read_resource
from adapter.service import Service
from tests.live.cohort import (
    IDBT_PAIN,
    NEXT_TRIAL,
    Case,
    name_of,
    questionnaires,
    retraction_texts,
    take_in,
    written_texts,
)
from tests.live.servers import Issue, Validator
from tests.unit.fhir.faults import FAULTS

CASES = [pytest.param(case, id=case.name) for case in (IDBT_PAIN, NEXT_TRIAL)]


@pytest.fixture(scope="module", params=CASES)
def trial(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A trial after both of its exports."""
    case: Case = request.param
    with take_in(tmp_path_factory.mktemp(case.name), case, 2) as service:
        yield service


def test_every_version_of_every_resource_is_valid(trial: Service, validator: Validator) -> None:
    texts = written_texts(trial)

    assert_valid(texts, trial, validator)


def test_everything_that_can_be_taken_back_is_valid_when_it_is(
    trial: Service, validator: Validator
) -> None:
    texts = retraction_texts(trial)

    assert_valid(texts, trial, validator)


def test_every_version_of_every_resource_loads_in_the_typed_models(trial: Service) -> None:
    found = defaultdict(list)
    for text in [*written_texts(trial), *retraction_texts(trial)]:
        try:
            read_resource(text)
        except NotR4Error as error:
            found[error.findings].append(name_of(text))

    assert not found, told({" | ".join(findings): names for findings, names in found.items()})
