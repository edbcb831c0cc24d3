"""A resource checked in two parts is as valid, and says the same, as one checked whole."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapter.errors import ResourceError
from adapter.fhir.check import find_faults, write
from adapter.fhir.draft import FREE, Draft, make_frame
from tests.golden.cases import case_names, read_expected

OWN: dict[str, Any] = {
    "resourceType": "Observation",
    "id": "total",
    "status": "final",
    "code": {"text": "a total"},
    "valueInteger": 3,
}
SHARED: dict[str, Any] = {
    "category": [{"text": "survey"}],
    "method": {"text": "sum"},
    "note": [{"text": "as the trial holds it"}],
}
OBSERVATIONS = [
    pytest.param(resource, id=f"{name}-{file}")
    for name in case_names()
    for file, resource in read_expected(name).items()
    if resource["resourceType"] == "Observation"
]


@pytest.mark.parametrize("observation", OBSERVATIONS)
def test_the_text_of_two_parts_is_the_text_of_the_whole(observation: dict[str, Any]) -> None:
    free = FREE["Observation"]
    shared = {name: value for name, value in observation.items() if name in free}
    own = {name: value for name, value in observation.items() if name not in free}

    draft = Draft(own, make_frame("Observation", shared))

    assert json.loads(draft.write()) == json.loads(write(observation))
    assert find_faults(draft.whole) == ()
    assert draft.whole == observation


@pytest.mark.parametrize(
    ("own", "shared"),
    [
        pytest.param({"status": "finalx"}, {}, id="its own part is wrong"),
        pytest.param({"dataAbsentReason": {"text": "why"}}, {}, id="its own elements clash"),
        pytest.param({}, {"method": {"txt": "sum"}}, id="the frame is wrong"),
        pytest.param({}, {"referenceRange": [{}]}, id="the frame is empty where it may not be"),
    ],
)
def test_what_the_whole_is_refused_for_its_parts_are_refused_for(
    own: dict[str, Any], shared: dict[str, Any]
) -> None:
    whole = {**OWN, **own, **SHARED, **shared}

    assert find_faults(whole)

    with pytest.raises(ResourceError):
        Draft({**OWN, **own}, make_frame("Observation", {**SHARED, **shared})).write()


@pytest.mark.parametrize("element", ["status", "code", "valueInteger", "contained", "component"])
def test_what_a_rule_reads_with_other_elements_cannot_be_in_a_frame(element: str) -> None:
    with pytest.raises(ValueError, match=element):
        make_frame("Observation", {element: "anything"})


def test_another_status_is_another_draft_and_the_first_stays() -> None:
    draft = Draft(OWN, make_frame("Observation", SHARED))

    amended = draft.with_status("amended")

    assert amended.name == draft.name == ("Observation", "total")
    assert amended.whole == {**OWN, **SHARED, "status": "amended"}
    assert draft.whole["status"] == "final"


def test_a_draft_without_a_frame_is_the_resource_itself() -> None:
    assert Draft(OWN).write() == write(OWN)
