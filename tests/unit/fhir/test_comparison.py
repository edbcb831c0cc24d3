"""What a record system may add to a result, and what changes what it says."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from adapter.fhir.comparison import still_says

OURS: dict[str, Any] = {
    "resourceType": "Observation",
    "id": "o1",
    "meta": {"security": [{"code": "R"}]},
    "status": "final",
    "category": [{"text": "survey"}],
    "code": {"text": "PHQ-9"},
    "valueInteger": 14,
    "note": [{"text": "of 9 answers, 8"}],
}
MORE_NOTES = [*OURS["note"], {"text": "seen"}]


@pytest.mark.parametrize(
    ("theirs", "is_said"),
    [
        pytest.param({}, True, id="nothing added"),
        pytest.param({"interpretation": [{"text": "moderate"}]}, True, id="a reading"),
        pytest.param({"performer": [{"display": "Dr N."}]}, True, id="who signed it"),
        pytest.param({"note": MORE_NOTES}, True, id="a note beside ours"),
        pytest.param(
            {"meta": {"versionId": "2", "security": [{"code": "N"}, {"code": "R"}]}},
            True,
            id="a label of theirs",
        ),
        pytest.param({"note": [{"text": "seen"}]}, False, id="a note in place of ours"),
        pytest.param({"valueInteger": 15}, False, id="another number"),
        pytest.param({"status": "cancelled"}, False, id="another status"),
        pytest.param({"meta": {}}, False, id="our label gone"),
        pytest.param({"dataAbsentReason": {"text": "?"}}, False, id="a reason for no number"),
        pytest.param({"modifierExtension": [{"url": "u"}]}, False, id="what turns it round"),
    ],
)
def test_what_we_wrote_is_said_whatever_was_added_that_does_not_change_it(
    theirs: dict[str, Any], *, is_said: bool
) -> None:
    assert still_says(orjson.dumps(OURS), {**OURS, **theirs}) is is_said


def test_what_we_wrote_and_they_dropped_is_not_said_any_more() -> None:
    dropped = {name: value for name, value in OURS.items() if name != "note"}

    assert not still_says(orjson.dumps(OURS), dropped)
