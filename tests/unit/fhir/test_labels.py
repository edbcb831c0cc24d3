"""Labels travel with copies, and a Bundle has the highest of what stands in it."""

from __future__ import annotations

from typing import Any

import pytest

from adapter.fhir.check import write
from adapter.fhir.document import Outcome, attached, build_document
from adapter.fhir.identity import Identity
from adapter.fhir.labels import (
    ARM_CONCEALED,
    REDACTED,
    RESTRICTED,
    VERY_RESTRICTED,
    as_concealing,
    as_once_redacted,
    as_redacted,
    as_very_restricted,
    highest,
)
from adapter.fhir.text import read_text
from tests.forms import study_with
from tests.unit.render.reported import document_of

IDENTITY = Identity(study_with("phq-9"), b"synthetic people need no secret")
R, V = RESTRICTED["security"], VERY_RESTRICTED["security"]


def patient(meta: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": "a",
        **({"meta": meta} if meta else {}),
        "active": True,
    }


def test_a_redacted_copy_keeps_its_other_labels_and_says_it_once() -> None:
    tagged = {**RESTRICTED, "tag": [{"code": "x"}]}

    told = as_redacted(as_redacted(patient(tagged)))

    assert told["meta"] == {"security": [*R, REDACTED], "tag": [{"code": "x"}]}
    assert as_redacted(told) is told
    assert patient(tagged)["meta"]["security"] == R == RESTRICTED["security"]


def test_a_copy_that_conceals_the_arm_says_so_beside_that_it_is_redacted() -> None:
    told = as_concealing(patient(RESTRICTED))

    assert told["meta"] == {"security": [*R, REDACTED, ARM_CONCEALED]}
    assert as_concealing(told) is told
    once = as_once_redacted(told)
    assert once == as_redacted(patient(RESTRICTED))
    assert as_once_redacted(once) is once


def test_a_copy_that_had_no_label_gets_one_behind_its_id() -> None:
    told = as_redacted(patient(None))

    assert list(told) == ["resourceType", "id", "meta", "active"]


def test_what_tells_the_arm_is_very_restricted_instead_of_restricted() -> None:
    told = as_very_restricted(as_redacted(patient(RESTRICTED)))

    assert told["meta"]["security"] == [*V, REDACTED]


@pytest.mark.parametrize(
    ("metas", "label"),
    [
        pytest.param([None, RESTRICTED, VERY_RESTRICTED], V, id="very restricted"),
        pytest.param([None, RESTRICTED], R, id="restricted"),
        pytest.param([None], [], id="no label"),
        pytest.param([], [], id="nothing"),
    ],
)
def test_the_highest_label_is_that_of_the_bundle(
    metas: list[dict[str, Any] | None], label: list[dict[str, str]]
) -> None:
    assert highest(write(patient(meta)) for meta in metas) == label


def test_a_document_says_the_same_label_in_both_places() -> None:
    document = as_very_restricted(document_of("phq-9"))

    assert document["meta"]["security"] == document["securityLabel"][0]["coding"] == V
    within = read_text(attached(document_of("phq-9"), "application/fhir+json"))
    assert within["meta"]["security"] == R == document_of("phq-9")["securityLabel"][0]["coding"]


def test_what_reports_something_that_tells_the_arm_is_labelled_as_that() -> None:
    telling = patient(VERY_RESTRICTED)
    outcome = Outcome(
        "unit", "1", "phq-9", "PHQ-9", None, is_amended=False, resources=(write(telling),)
    )

    document = build_document(outcome, "", IDENTITY, "2024-08-30T07:05:00Z")

    within = read_text(attached(document, "application/fhir+json"))
    assert document["meta"]["security"] == within["meta"]["security"] == V
    assert document["securityLabel"] == [{"coding": V}]
