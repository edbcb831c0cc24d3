"""A form that was sent is amended or taken back, and never a draft again."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, get_args

import pytest

from adapter.fhir.reading import validate_transition
from adapter.instruments.response import ResponseStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

ALLOWED = {
    ("in-progress", "in-progress"),
    ("in-progress", "completed"),
    ("in-progress", "stopped"),
    ("in-progress", "entered-in-error"),
    ("stopped", "in-progress"),
    ("stopped", "entered-in-error"),
    ("completed", "amended"),
    ("completed", "entered-in-error"),
    ("amended", "amended"),
    ("amended", "entered-in-error"),
}
STATUSES: Iterable[ResponseStatus] = get_args(ResponseStatus)


@pytest.mark.parametrize(("before", "after"), list(itertools.product(STATUSES, STATUSES)))
def test_a_status_follows_another_or_is_a_conflict(
    before: ResponseStatus, after: ResponseStatus
) -> None:
    issues = validate_transition(before, after)

    if (before, after) in ALLOWED:
        assert issues == ()
    else:
        (issue,) = issues
        assert (issue.severity, issue.code) == ("error", "conflict")
        assert issue.expression == "QuestionnaireResponse.status"
        assert issue.found == f"`{after}`"
