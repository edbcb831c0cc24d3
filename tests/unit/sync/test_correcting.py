"""How a clinic is corrected, as its profile and its record system's own statement say."""

from __future__ import annotations

import pytest

from adapter.sync.capability import Capability
from adapter.sync.ladder import correction_of, drift
from adapter.sync.profile import ClinicProfile, Corrections, How
from tests.unit.sync.desk import CLINIC

CREATES = Capability({"Observation": frozenset({"create"})}, frozenset())
WRITES = Capability({"Observation": frozenset({"create", "update"})}, frozenset())


@pytest.mark.parametrize(
    ("said", "capability", "how"),
    [
        pytest.param(None, WRITES, "either", id="it updates"),
        pytest.param(None, CREATES, "new", id="it creates alone"),
        pytest.param(None, None, "either", id="it never told"),
        pytest.param("update", CREATES, "update", id="the profile knows better"),
        pytest.param("new-and-retire", WRITES, "new", id="the site wants new ones"),
        pytest.param("task", WRITES, "task", id="the site wants to do it"),
        pytest.param("replace-document", WRITES, "either", id="that is for documents"),
    ],
)
def test_the_profile_says_how_a_result_is_corrected_or_else_the_statement(
    said: Corrections | None, capability: Capability | None, how: How
) -> None:
    profile = CLINIC.model_copy(update={"corrections": said})

    assert correction_of(profile, capability, "Observation") == how


def test_documents_that_are_replaced_need_a_rung_that_brings_them() -> None:
    said = {**CLINIC.model_dump(), "corrections": "replace-document"}

    with pytest.raises(ValueError, match="`document` in `ladder` or `also`"):
        ClinicProfile.model_validate(said)


def test_what_a_profile_counts_on_and_a_statement_does_not_offer_is_found() -> None:
    update = {"ladder": ("transaction", "document"), "accepts": ("Observation", "Flag")}

    found = drift(CLINIC.model_copy(update=update), WRITES)

    assert found == [
        "transaction",
        "create or update of Flag",
        "create or update of DocumentReference",
    ]


def test_a_profile_that_a_statement_bears_out_has_nothing_found() -> None:
    update = {"ladder": ("single",), "accepts": ("Observation",)}

    assert drift(CLINIC.model_copy(update=update), CREATES) == []
