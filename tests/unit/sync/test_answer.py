"""What a record system said, and the reason it gave: enough to act on, and nothing of a patient."""

from __future__ import annotations

from typing import Any

import pytest

from adapter.sync.answer import Answer, reason_of, version_of
from tests.unit.sync.far_side import outcome


@pytest.mark.parametrize(("status", "is_success"), [(200, True), (299, True), (300, False)])
def test_success_is_what_begins_with_a_two(status: int, *, is_success: bool) -> None:
    assert Answer(status, {}).is_success is is_success


@pytest.mark.parametrize("etag", ['W/"3"', '"3"', "3"])
def test_the_version_is_read_from_its_entity_tag_however_it_is_written(etag: str) -> None:
    assert version_of(etag) == "3"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        pytest.param(outcome("Unknown element"), "Unknown element", id="diagnostics"),
        pytest.param(
            {"resourceType": "OperationOutcome", "issue": [{"details": {"text": "Locked"}}]},
            "Locked",
            id="details",
        ),
        pytest.param(
            {"resourceType": "OperationOutcome", "issue": [{"code": "invariant"}, {}]},
            "invariant",
            id="a code alone",
        ),
        pytest.param(
            {"resourceType": "OperationOutcome", "issue": [{"code": "a"}, {"diagnostics": "b"}]},
            "a; b",
            id="several",
        ),
        pytest.param({"resourceType": "OperationOutcome"}, "an empty OperationOutcome", id="empty"),
        pytest.param({"resourceType": "Patient"}, "no OperationOutcome", id="something else"),
        pytest.param({}, "no OperationOutcome", id="nothing"),
        pytest.param(None, "no OperationOutcome", id="no JSON"),
        pytest.param(outcome("no " * 200), ("no " * 100), id="a novel"),
    ],
)
def test_a_refusal_gives_its_reason(said: dict[str, Any] | None, reason: str) -> None:
    assert reason_of(said) == reason


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ('Invalid value "1980-13-45" here', "Invalid value [withheld] here"),
        ("Invalid value '14' here", "Invalid value [withheld] here"),
        ("Invalid value `14` here", "Invalid value [withheld] here"),
        ("Both 'a' and \"b\"", "Both [withheld] and [withheld]"),
        ('Over "two\nlines" of it', "Over [withheld] of it"),
        ('Something left off in "the midst of', "Something left off in [withheld]"),
        ("It doesn't take value '14'", "It doesn't take value [withheld]"),
        ("It took 'it's 14' for a number", "It took [withheld] for a number"),
        ('No code"14" is known', "No code[withheld] is known"),
        ("“14” and «15»", "[withheld] and [withheld]"),
    ],
)
def test_what_a_refusal_quotes_is_withheld(said: str, reason: str) -> None:
    assert reason_of(outcome(said)) == reason
