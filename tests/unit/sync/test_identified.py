"""Identifiers that speak against a linked Patient: only those of a system that the trial holds."""

from __future__ import annotations

import pytest

from adapter.sync.identified import held_by_trial, is_another
from tests.unit.sync.desk import IHI, NUMBER, STUDY

OTHER = "8003608000000000"
MRN = "https://north.example.org/mrn"
TODAY = "2026-03-01"


def ihi(value: object, **more: object) -> dict[str, object]:
    return {"system": IHI, "value": value, **more}


@pytest.mark.parametrize(
    ("identifiers", "differs"),
    [
        pytest.param([ihi(OTHER)], True, id="another number"),
        pytest.param([ihi(NUMBER)], False, id="the same"),
        pytest.param([ihi(OTHER), ihi(NUMBER)], False, id="one of two"),
        pytest.param([ihi(" 8003 6081 6669 0503 ")], False, id="the same in groups"),
        pytest.param([], False, id="none"),
        pytest.param([{"system": MRN, "value": OTHER}], False, id="another system"),
        pytest.param([ihi(OTHER), {"system": MRN, "value": "ab1"}], True, id="one of two systems"),
        pytest.param([ihi(OTHER, use="old")], False, id="a former one"),
        pytest.param([ihi(OTHER), ihi(NUMBER, use="old")], False, id="the same, formerly"),
        pytest.param([ihi(OTHER, period={"end": "2026-02-28T10:00:00Z"})], False, id="ended"),
        pytest.param([ihi(OTHER, period={"end": "2026"})], True, id="ends in this year"),
        pytest.param([ihi(OTHER, period={"end": "2025"})], False, id="ended in a year"),
        pytest.param([ihi(OTHER, period={"start": "2020"})], True, id="without an end"),
        pytest.param([ihi(OTHER, period="2020")], True, id="no period"),
        pytest.param([ihi(" "), ihi(None), {"system": IHI}, "?"], False, id="masked"),
        pytest.param("8003608000000000", False, id="no list"),
    ],
)
def test_a_patient_is_another_one_by_a_number_that_is_in_force(
    identifiers: object, differs: object
) -> None:
    assert is_another({"identifier": identifiers}, [(IHI, NUMBER)], TODAY) is differs


@pytest.mark.parametrize(("value", "differs"), [("ab-1", False), ("AB1", True)])
def test_case_tells_nobody_apart(value: str, differs: object) -> None:
    theirs = {"identifier": [{"system": MRN, "value": "AB-1"}]}

    assert is_another(theirs, [(MRN, value)], TODAY) is differs


def test_each_system_is_asked_for_itself() -> None:
    theirs = {"identifier": [ihi(NUMBER), {"system": MRN, "value": "2"}]}

    assert is_another(theirs, [(IHI, NUMBER), (MRN, "1")], TODAY)
    assert not is_another(theirs, [(IHI, NUMBER), (MRN, "1"), (MRN, "2")], TODAY)


def test_what_the_trial_does_not_hold_is_compared_with_nothing() -> None:
    assert not is_another({"identifier": [ihi(OTHER)]}, [(IHI, " ")], TODAY)
    assert list(held_by_trial(STUDY, {"ihi": NUMBER, "demographics/family": "Zed"})) == [
        (IHI, NUMBER)
    ]
    assert list(held_by_trial(STUDY, {})) == []
