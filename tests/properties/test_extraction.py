"""What is extracted of a response is what the trial's own answers give, and the same every time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.fhir.check import find_faults, write
from adapter.fhir.extraction import Intake, extract
from adapter.fhir.questionnaire_response import build_questionnaire_response
from adapter.fhir.r4 import read_resource
from tests.answered import ALL, IDENTITY, OBSERVED, PARTICIPANTS, occasion_of, responses
from tests.extracted import as_stored, own_path
from tests.rendered import VARIANTS, Resource, rendered, without_what_is_ours

if TYPE_CHECKING:
    from adapter.fhir.extraction import Extraction
    from adapter.instruments.response import Response, ResponseStatus

INTAKE = Intake(ALL, PARTICIPANTS, IDENTITY, "1.2.3")
SENT: tuple[ResponseStatus, ...] = ("completed", "amended")
NOT_SENT: tuple[ResponseStatus, ...] = ("in-progress", "stopped", "entered-in-error")
every_form = pytest.mark.parametrize("name", ALL)
every_observed_form = pytest.mark.parametrize("name", OBSERVED)
thoroughly = settings(max_examples=20, deadline=None)


def extracted(resource: Resource, response: Response) -> Extraction:
    return extract(resource, INTAKE, occasion_of(response))


@every_observed_form
@thoroughly
@given(data=st.data())
def test_the_observations_are_those_of_our_own_path(name: str, data: st.DataObject) -> None:
    response = data.draw(responses(name, ("completed",)))
    resource = read_resource(write(build_questionnaire_response(response, IDENTITY)))

    bundle = extracted(resource, response).bundle

    assert bundle is not None
    assert as_stored(bundle) == own_path(response)
    assert find_faults(bundle) == ()


@every_observed_form
@thoroughly
@given(data=st.data())
def test_an_amended_response_gives_the_same_and_says_that_it_was_amended(
    name: str, data: st.DataObject
) -> None:
    response = data.draw(responses(name, ("amended",)))

    bundle = extracted(build_questionnaire_response(response, IDENTITY), response).bundle

    assert bundle is not None
    assert as_stored(bundle) == {
        each: {**observation, "status": "amended"}
        for each, observation in own_path(response).items()
    }


@every_observed_form
@thoroughly
@given(data=st.data())
def test_whoever_rendered_the_form_the_observations_are_the_same(
    name: str, data: st.DataObject
) -> None:
    response = data.draw(responses(name, ("completed",)))
    variants = data.draw(st.sets(st.sampled_from(VARIANTS), min_size=1).map(tuple))
    other = rendered(build_questionnaire_response(response, IDENTITY), ALL[name], variants)
    ours = own_path(response)
    if without_what_is_ours in variants:  # then nothing can refer to it, and nobody says who spoke
        for observation in ours.values():
            observation.pop("derivedFrom", None)
            observation.pop("performer", None)

    bundle = extracted(other, response).bundle

    assert bundle is not None
    assert as_stored(bundle) == ours


@every_observed_form
@thoroughly
@given(data=st.data())
def test_the_same_response_gives_the_same_bytes(name: str, data: st.DataObject) -> None:
    response = data.draw(responses(name, SENT))
    text = write(build_questionnaire_response(response, IDENTITY))

    first, second = (extracted(read_resource(text), response) for _ in range(2))

    assert first.bundle is not None
    assert second.bundle is not None
    assert write(first.bundle) == write(second.bundle)
    assert first.issues == second.issues


@every_form
@thoroughly
@given(data=st.data())
def test_a_form_that_nobody_sent_gives_nothing(name: str, data: st.DataObject) -> None:
    response = data.draw(responses(name, NOT_SENT))

    extraction = extracted(build_questionnaire_response(response, IDENTITY), response)

    assert extraction.bundle is None
    assert extraction.issues[-1].severity == "information"
