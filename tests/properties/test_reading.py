"""What was built of a response is read back as the same response, whoever wrote it down."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.fhir.check import find_faults, write
from adapter.fhir.questionnaire_response import build_questionnaire_response
from adapter.fhir.r4 import read_resource
from adapter.fhir.reading import read_response, validate_response
from adapter.instruments.response import Response
from tests.answered import ALL, IDENTITY, PARTICIPANTS, occasion_of, responses
from tests.rendered import VARIANTS, Resource, rendered

every_form = pytest.mark.parametrize("name", ALL)
thoroughly = settings(max_examples=25, deadline=None)


def read(resource: Resource, response: Response) -> Response:
    return read_response(resource, ALL, PARTICIPANTS, occasion_of(response))


@every_form
@thoroughly
@given(data=st.data())
def test_a_response_is_read_back_as_it_was(name: str, data: st.DataObject) -> None:
    response = data.draw(responses(name))
    text = write(build_questionnaire_response(response, IDENTITY))

    back = read(read_resource(text), response)

    assert back == response
    assert list(back.answers) == list(response.answers)
    assert write(build_questionnaire_response(back, IDENTITY)) == text


@every_form
@thoroughly
@given(data=st.data())
def test_what_we_built_has_nothing_to_be_told_but_that_the_time_is_not_known(
    name: str, data: st.DataObject
) -> None:
    response = data.draw(responses(name))

    verdict = validate_response(build_questionnaire_response(response, IDENTITY), ALL)

    told = {issue.expression for issue in verdict.issues}
    assert told <= ({"QuestionnaireResponse.authored"} if response.authored is None else set())
    assert verdict.is_valid


@every_form
@thoroughly
@given(data=st.data())
def test_other_renderers_say_the_same(name: str, data: st.DataObject) -> None:
    response = data.draw(responses(name))
    variants = data.draw(st.sets(st.sampled_from(VARIANTS), min_size=1).map(tuple))
    other = rendered(build_questionnaire_response(response, IDENTITY), ALL[name], variants)
    assert find_faults(other) == ()

    back = read(other, response)

    assert back == response
