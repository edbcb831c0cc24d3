"""The therapy's Procedure stands as long as something in the ledger tells that there was one."""

from __future__ import annotations

import json

import pytest

from adapter.release import THERAPY
from adapter.store import versions
from tests.unit.ingest.project import FORMS, STUDY, Bench, incident, person, tally

REVEALING = STUDY.replace(
    "source_form: tally, at: [week-0, week-4]",
    "source_form: tally, at: [week-0, week-4], reveals_allocation: true",
)
THERAPIES = "therapy: {title: A programme}\n"
ASKED = (
    FORMS["incident"]
    .replace(
        "options:\n",
        "options:\n  related:\n    - {value: 1, code: {system: ncit, code: C53260}}\n"
        "    - {value: 0, code: {system: ncit, code: C53256}}\n",
    )
    # Its column is asked for relatedness here: the project has no other one to spare.
    .replace("options: serious, element: seriousness", "options: related, element: relatedness")
)


@pytest.fixture
def revealing(bench: Bench) -> Bench:
    """A trial with a therapy, which the tally tells of."""
    return bench.with_study(REVEALING + THERAPIES)


def procedures(bench: Bench) -> list[tuple[str, bool]]:
    """What the ledger says of everybody's therapy: status, and whether it is taken back."""
    found = list(versions.of_type(bench.database.read(), "Procedure"))
    assert all(version.form == THERAPY for version in found)
    return [(json.loads(version.text)["status"], version.is_retracted) for version in found]


def test_a_form_that_reveals_the_arm_tells_of_the_therapy(revealing: Bench) -> None:
    revealing.ingest({**person("1"), **tally("12")}, person("2"))

    assert procedures(revealing) == [("unknown", False)]


def test_it_is_taken_back_when_the_form_is_gone_and_comes_back_with_it(revealing: Bench) -> None:
    revealing.ingest({**person("1"), **tally("12")})

    revealing.ingest(person("1"), missing_limit=5)
    gone = procedures(revealing)
    revealing.ingest({**person("1"), **tally("12")})

    assert gone == [("entered-in-error", True)]
    assert procedures(revealing) == [("unknown", False)]


def test_it_stays_as_long_as_an_event_names_it(bench: Bench) -> None:
    asking = bench.with_form(ASKED).with_study(REVEALING + THERAPIES)
    asking.ingest(person("1"), incident("1", "1", incident_serious="1"))
    named = procedures(asking)

    asking.ingest(person("1"), incident("1", "1", incident_serious=""))

    assert named == [("unknown", False)]
    assert procedures(asking) == [("entered-in-error", True)]


def test_a_study_without_a_therapy_has_no_procedure(bench: Bench) -> None:
    plain = bench.with_study(REVEALING)
    plain.ingest({**person("1"), **tally("12")})
    plain.ingest(person("1"), missing_limit=5)

    assert procedures(plain) == []


def test_other_forms_tell_of_none(revealing: Bench) -> None:
    revealing.ingest(person("1"), incident("1", "1"))
    revealing.ingest(person("1"), incident("1", "1", incident_what="slipped"))

    assert procedures(revealing) == []
