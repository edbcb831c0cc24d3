"""A consent in R4's words: what was agreed to, for which purpose, and until when."""

from __future__ import annotations

from typing import Any

import pytest

from adapter.fhir.check import find_faults
from adapter.fhir.consent import build_consent
from adapter.fhir.identity import Identity
from adapter.instruments.participant import ConsentState
from adapter.instruments.study import ConsentRule
from tests.forms import study_with
from tests.unit.fhir.test_research import UNKNOWN

IDENTITY = Identity(study_with("phq-9"), b"synthetic people need no secret")
RULE = ConsentRule.model_validate(
    {
        "id": "share",
        "purpose": "care",
        "form": "consent",
        "given": {"field": "agreed"},
        "on_withdrawal": "retract",
    }
)


def consent(state: ConsentState, **rule: Any) -> dict[str, Any]:  # noqa: ANN401 - any of its words
    built = build_consent(IDENTITY, "1", RULE.model_copy(update=rule), state)
    assert not find_faults(built)
    return built


@pytest.mark.parametrize(
    ("state", "status", "kind", "period"),
    [
        pytest.param(
            ConsentState("given", "2023-03-01"),
            "active",
            "permit",
            {"start": "2023-03-01"},
            id="given",
        ),
        pytest.param(ConsentState("refused"), "rejected", "deny", None, id="refused"),
        pytest.param(
            ConsentState("withdrawn", "2023-03-01", "2023-05-01"),
            "inactive",
            "permit",
            {"start": "2023-03-01", "end": "2023-05-01"},
            id="withdrawn",
        ),
        pytest.param(
            ConsentState("withdrawn"),
            "inactive",
            "permit",
            {"_end": UNKNOWN},
            id="withdrawn on a day that nobody knows",
        ),
    ],
)
def test_what_was_said_is_permitted_or_denied_for_a_time(
    state: ConsentState, status: str, kind: str, period: dict[str, Any] | None
) -> None:
    built = consent(state)

    assert (built["status"], built["provision"]["type"]) == (status, kind)
    assert built["provision"].get("period") == period


@pytest.mark.parametrize(
    ("purpose", "scope", "code"),
    [
        ("research", "research", "HRESCH"),
        ("care", "patient-privacy", "TREAT"),
        ("from-care", "research", "HRESCH"),
    ],
)
def test_a_consent_is_about_one_purpose(purpose: str, scope: str, code: str) -> None:
    built = consent(ConsentState("given"), purpose=purpose)

    assert built["scope"]["coding"][0]["code"] == scope
    assert [each["code"] for each in built["provision"]["purpose"]] == [code]


def test_the_clinics_that_a_consent_names_are_its_recipients() -> None:
    provision = consent(ConsentState("given"), clinics=("north", "south"))["provision"]

    assert [each["role"]["coding"][0]["code"] for each in provision["actor"]] == ["IRCP", "IRCP"]
    assert [each["reference"]["identifier"]["value"] for each in provision["actor"]] == [
        "north",
        "south",
    ]
    assert "actor" not in consent(ConsentState("given"))["provision"]
