"""What a form filler of another hand sends is read, and gives the Observations of our own path.

LHC-Forms draws each Questionnaire, has the answers filled in, computes the totals and writes the
response in its own way, with its own time and without a person.
"""

from __future__ import annotations

import dataclasses

import pytest

from adapter.fhir.check import write
from adapter.fhir.extraction import Intake, extract
from adapter.fhir.questionnaire import build_questionnaire
from adapter.fhir.r4 import read_resource
from adapter.fhir.reading import read_response
from adapter.instruments.response import Response
from tests.answered import ASKED, IDENTITY, occasion_of
from tests.conformance.scoring.engines import Engines
from tests.extracted import Resource, as_stored, own_path
from tests.mutated import build, chance_of, seeded_response

PATIENT = "Patient/p1"
INTAKE = Intake(ASKED, {PATIENT: "1"}, IDENTITY, "1.2.3")
GAPS = (0, 0, 0.2, 0.5, 0.9)


@pytest.mark.parametrize("name", ASKED)
def test_what_a_form_filler_sends_is_what_was_answered(name: str, engines: Engines) -> None:
    chance = chance_of("filled", name)
    given = [seeded_response(ASKED[name], chance, gaps) for gaps in GAPS]
    questionnaire = write(build_questionnaire(ASKED[name], name))

    filled = engines.fill(questionnaire, [write(build(response)) for response in given])

    for response, sent in zip(given, filled, strict=True):
        theirs = read_resource(write(sent | {"subject": {"reference": PATIENT}, "id": "theirs"}))
        ours = as_they_know_it(response, theirs)
        assert read_response(theirs, ASKED, INTAKE.participants, occasion_of(response)) == ours
        extraction = extract(theirs, INTAKE, occasion_of(response))
        told = {issue.severity for issue in extraction.issues}
        assert told <= {"information"}  # least of all that a total is another than ours
        found = as_stored(extraction.bundle) if extraction.bundle is not None else {}
        assert found == in_their_words(own_path(ours))


def as_they_know_it(response: Response, theirs: Resource) -> Response:
    """The response as a form filler knows it: at its own time, and no reason for a gap."""
    answers = {
        link_id: answer
        for link_id, answer in response.answers.items()
        if answer.values or not answer.is_asked
    }
    return dataclasses.replace(response, answers=answers, authored=theirs["authored"])


def in_their_words(observations: dict[str, Resource]) -> dict[str, Resource]:
    """Our Observations of their response to their person, of whom nobody says who spoke."""
    return {
        name: {word: value for word, value in observation.items() if word != "performer"}
        | {
            "subject": {"reference": PATIENT},
            "derivedFrom": [{"reference": "QuestionnaireResponse/theirs"}],
        }
        for name, observation in observations.items()
    }
