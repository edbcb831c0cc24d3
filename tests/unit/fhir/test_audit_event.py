"""An act is told with who asked for it: the person whom the log names, the Device beside them."""

from __future__ import annotations

from typing import Any

import pytest

from adapter.fhir.audit_event import ALTHOUGH_DIFFERENT, TURNED_DOWN, build_audit_event
from adapter.fhir.check import find_faults
from adapter.fhir.identity import Identity
from tests.forms import study_with

IDENTITY = Identity(study_with("phq-9"), b"synthetic people need no secret")
DEVICE = {"reference": f"Device/{IDENTITY.device_id}"}
JO = {"identifier": IDENTITY.identifier("person", "an-operator")}


def agents(action: str, rule: str) -> list[dict[str, Any]]:
    act = {"at": "2024-03-20T22:30:00+00:00", "action": action, "clinic": "north", "record": "1"}
    built = build_audit_event(IDENTITY, "1", {**act, "what": "Flag/a/1", "rule": rule}, "p1")
    assert not find_faults(built)
    told: list[dict[str, Any]] = built["agent"]
    return told


@pytest.mark.parametrize(
    ("action", "rule"),
    [
        ("acknowledge", "an-operator"),
        ("withdraw", "an-operator"),
        ("link", f"{TURNED_DOWN} an-operator"),
        ("link", f"{ALTHOUGH_DIFFERENT} an-operator"),
    ],
)
def test_a_person_who_is_named_asked_for_it_and_the_device_did_it(action: str, rule: str) -> None:
    assert agents(action, rule) == [
        {"who": JO, "requestor": True},
        {"who": DEVICE, "requestor": False},
    ]


@pytest.mark.parametrize(
    ("action", "rule"),
    [("released", "released"), ("unblind", "emergency"), ("retry", ""), ("link", TURNED_DOWN)],
)
def test_where_the_log_names_nobody_the_device_did_it(action: str, rule: str) -> None:
    assert agents(action, rule) == [{"who": DEVICE, "requestor": True}]
