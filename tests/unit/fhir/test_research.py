"""The study and a person's place in it, and how it ends, with or without a day."""

from __future__ import annotations

from typing import Any

import pytest

from adapter.fhir.check import find_faults
from adapter.fhir.identity import Identity
from adapter.fhir.research import END_REASON, build_research_study, build_research_subject
from adapter.instruments.participant import ConsentState, Participant
from tests.forms import STUDY_TEXT, study_of

CONSENTS = """
consents:
  - {id: research, purpose: research, form: c, given: {field: a}, on_withdrawal: keep}
  - {id: follow-up, purpose: research, form: c, given: {field: b}, on_withdrawal: keep}
  - {id: share, purpose: care, form: c, given: {field: d}, on_withdrawal: retract}
forms: []
"""
STUDY = study_of(STUDY_TEXT + CONSENTS)
IDENTITY = Identity(STUDY, b"synthetic people need no secret")
UNKNOWN = {
    "extension": [
        {
            "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
            "valueCode": "unknown",
        }
    ]
}
WITHDRAWN = [{"url": END_REASON, "valueCode": "withdrawn"}]
GIVEN = ConsentState("given", "2023-03-01")
UNDATED = ConsentState("withdrawn", "2023-03-01")
DATED = ConsentState("withdrawn", "2023-03-01", "2023-05-01")


def subject(ended: str | None = None, **consents: ConsentState) -> dict[str, Any]:
    said = {"research": GIVEN, "follow-up": GIVEN, "share": GIVEN}
    named = {name.replace("_", "-"): state for name, state in consents.items()}
    person = Participant("1", "2023-03-01", ended, said | named)
    built = build_research_subject(IDENTITY, person)
    assert not find_faults(built)
    return built


@pytest.mark.parametrize("purpose", ["treatment", "prevention"])
def test_the_study_says_what_it_is_for(purpose: str) -> None:
    told = {} if purpose == "treatment" else {"primary_purpose": purpose}
    study = STUDY.model_validate({**STUDY.model_dump(exclude_unset=True), **told})

    built = build_research_study(Identity(study, IDENTITY.key))

    assert not find_faults(built)
    assert built["primaryPurposeType"]["coding"] == [
        {
            "system": "http://terminology.hl7.org/CodeSystem/research-study-prim-purp-type",
            "code": purpose,
        }
    ]


def test_who_withdrew_on_a_day_that_nobody_knows_is_off_study_since_an_unknown_day() -> None:
    built = subject(research=UNDATED)

    assert built["status"] == "off-study"
    assert built["period"] == {"start": "2023-03-01", "_end": UNKNOWN}
    assert built["extension"] == WITHDRAWN


@pytest.mark.parametrize(
    ("ended", "research", "reason"),
    [
        pytest.param("2023-05-01", DATED, WITHDRAWN, id="withdrew that day"),
        pytest.param("2023-06-01", DATED, WITHDRAWN, id="withdrew, and was let go later"),
        pytest.param("2023-06-01", UNDATED, WITHDRAWN, id="withdrew on an unknown day"),
        pytest.param("2023-04-01", DATED, None, id="was through before"),
        pytest.param("2023-05-01", GIVEN, None, id="a reason that the trial does not tell"),
    ],
)
def test_the_reason_of_the_end_is_told_where_it_is_a_withdrawal(
    ended: str, research: ConsentState, reason: list[dict[str, str]] | None
) -> None:
    built = subject(ended, research=research)

    assert built["status"] == "off-study"
    assert built["period"] == {"start": "2023-03-01", "end": ended}
    assert built.get("extension") == reason


@pytest.mark.parametrize(
    ("consents", "status"),
    [
        pytest.param({}, "on-study", id="given"),
        pytest.param({"share": UNDATED}, "on-study", id="only care was withdrawn"),
        pytest.param({"research": ConsentState("refused")}, "not-registered", id="refused"),
        pytest.param({"follow_up": ConsentState("unknown")}, "candidate", id="not answered"),
        pytest.param(
            {"research": UNDATED, "follow_up": ConsentState("refused")},
            "off-study",
            id="withdrawn, and another refused",
        ),
        pytest.param(
            {"research": UNDATED, "follow_up": ConsentState("unknown")},
            "off-study",
            id="withdrawn, and another not answered",
        ),
    ],
)
def test_the_consents_to_the_research_say_where_a_person_stands(
    consents: dict[str, ConsentState], status: str
) -> None:
    assert subject(None, **consents)["status"] == status
