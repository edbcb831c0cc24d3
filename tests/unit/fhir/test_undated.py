"""Where the source says no moment, what comes of a response says so, and no day is invented."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from adapter.fhir.change import build_change
from adapter.fhir.check import find_faults
from adapter.fhir.identity import Identity
from adapter.fhir.observation import build_observations
from adapter.fhir.questionnaire_response import build_questionnaire_response
from adapter.fhir.total import Filing, as_total, score_of
from adapter.scoring import score_response
from tests.forms import FORMS, respond, study_with

FORM = FORMS["gad-7"]
IDENTITY = Identity(study_with(FORM.id), b"synthetic people need no secret")
UNKNOWN = {
    "extension": [
        {
            "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
            "valueCode": "unknown",
        }
    ]
}
MOMENTS = {"authored", "effectiveDateTime", "issued"}


def built(authored: str | None) -> list[dict[str, Any]]:
    """All that comes of a response, with its total as a record system files it, and its change."""
    response = respond(FORM, {item.field: "1" for item in FORM.items})
    assert response is not None
    response = replace(response, authored=authored)
    drafts = build_observations(response, score_response(response), IDENTITY)
    observations = [draft.whole for draft in drafts]
    total = next(each for each in observations if score_of(each) == "gad-7-total")
    filed = as_total(total, Filing((("system", "urn:site"), ("code", "1")), "survey"))
    change = build_change(FORM, FORM.scales[0], (total, total), ("Observation", "a")).whole
    return [build_questionnaire_response(response, IDENTITY), *observations, filed, change]


def test_what_has_no_moment_says_that_it_is_not_known() -> None:
    resources = built(None)

    for resource in resources:
        element = "authored" if "questionnaire" in resource else "effectiveDateTime"
        assert resource[f"_{element}"] == UNKNOWN
        assert MOMENTS.isdisjoint(resource)
        assert find_faults(resource) == ()
    assert len(resources) > 3


@pytest.mark.parametrize("authored", ["2024-03-01", "2024-03-01T09:30:00+11:00"])
def test_what_has_one_says_that_alone(authored: str) -> None:
    for resource in built(authored):
        element = "authored" if "questionnaire" in resource else "effectiveDateTime"
        assert resource[element] == authored
        assert f"_{element}" not in resource
