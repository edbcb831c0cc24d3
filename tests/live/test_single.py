"""Rungs 2 and 3: outcomes one by one, and totals alone, to systems that take no more than that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from adapter.cli.deliver import push_all, verify_all
from adapter.cli.ingest import ingest_all
from adapter.service import Service, open_service
from tests.live.ladder.outcome import OUTCOMES, RECORD, ROOT, write_records
from tests.live.ladder.systems import PATIENT, ROWS, FarEnd, Shown, number_of, simulated

DERS = next(outcome for outcome in OUTCOMES if outcome.form == "ders-18")
PROFILE = """\
kind: clinic
id: far
title: A record system that takes little
purpose: care
patient: {find_by: ihi}
"""
SINGLE = "ladder: [single]\naccepts: [KINDS]\n"
TOTALS = f"""\
ladder: [totals, task]
codes: {{ders-18: {{total: {{system: "{ROWS}", code: ders-total, display: DERS-18}}}}}}
totals: {{category: vital-signs, only_final: true}}
"""
CONFIG = f"""\
study = "{ROOT}/mappings/studies/idbt-pain.yaml"
instruments = "{ROOT}/mappings/instruments"
ledger = "ledger.sqlite"
crosswalk = "crosswalk.sqlite"
key_file = "key"
crosswalk_key_file = "key"
[[sources]]
kind = "redcap"
dictionary = "{ROOT}/fixtures/idbt-pain/dictionary.csv"
records = "records.csv"
as_of = 2024-08-30T17:05:00+10:00
missing_limit = 5
[[clinics]]
profile = "clinic.yaml"
tasks = "tasks"
"""


class Trial:
    """The trial's side, set up for one record system; it is opened anew for each round."""

    def __init__(self, folder: Path, far: FarEnd, ladder: str) -> None:
        self.folder, self.far = folder, far
        (folder / "clinic.yaml").write_text(PROFILE + ladder, "utf-8")
        (folder / "key").write_text("synthetic people need no secret, but 32 bytes", "utf-8")
        (folder / "adapter.toml").write_text(CONFIG + far.settings, "utf-8")

    def sync(self, stage: str) -> list[Shown]:
        """One round: reads, sends, lets people there act, reads back; gives what is shown."""
        write_records(self.folder / "records.csv", stage)  # type: ignore[arg-type]
        with open_service(self.folder / "adapter.toml", asks=True) as service:
            ingest_all(service)
            service.crosswalk.link("far", RECORD, PATIENT, service.now())
            push_all(service)
            self.far.act()
            verify_all(service, everything=True)
        return self.far.shown(DERS)

    def states(self) -> dict[str, set[str]]:
        """The states of what is owed of the outcome, and why, by resource type."""
        with open_service(self.folder / "adapter.toml") as service:
            return states(service)


def states(service: Service) -> dict[str, set[str]]:
    rows = service.database.read().execute(
        "SELECT type, state, reason FROM delivery WHERE form = ? AND state <> 'superseded'",
        (DERS.form,),
    )
    told: dict[str, set[str]] = {}
    for row in rows:
        told.setdefault(row["type"], set()).add(f"{row['state']} {row['reason']}".strip())
    return told


@pytest.mark.parametrize(
    ("name", "ladder", "kind", "statuses"),
    [
        pytest.param(
            "racing",
            SINGLE.replace("KINDS", "QuestionnaireResponse, Observation"),
            "Observation",
            ("final", "amended", "entered-in-error"),
            id="one by one, with ids of ours",
        ),
        pytest.param(
            "questionnaire-only",
            SINGLE.replace("KINDS", "QuestionnaireResponse"),
            "QuestionnaireResponse",
            ("completed", "amended", "entered-in-error"),
            id="answers alone",
        ),
        pytest.param(
            "vitals-only",
            TOTALS,
            "Observation",
            ("final", "final", "entered-in-error"),
            id="totals alone, under ids of theirs",
        ),
    ],
)
def test_an_outcome_is_there_once_corrected_in_its_place_and_taken_back(
    tmp_path: Path, name: str, ladder: str, kind: str, statuses: tuple[str, ...]
) -> None:
    with simulated(name, number_of(RECORD)) as far:
        trial = Trial(tmp_path, far, ladder)

        charts = [trial.sync(stage) for stage in ("first", "corrected", "gone")]

    mine = [[each for each in chart if each.kind == kind] for chart in charts]
    assert [len(chart) for chart in mine] == [1, 1, 1]
    assert len({chart[0].id for chart in mine}) == 1
    assert tuple(chart[0].status for chart in mine) == statuses
    numbers = {chart[0].said for chart in mine}
    assert len(numbers) == 2
    if kind == "Observation":
        assert numbers == {DERS.was, DERS.becomes}
    assert trial.states()[kind] == {"confirmed"}


def test_what_a_system_can_only_create_is_there_once_and_its_correction_waits_for_a_person(
    tmp_path: Path,
) -> None:
    with simulated("create-only", number_of(RECORD)) as far:
        trial = Trial(tmp_path, far, TOTALS)

        first, second = trial.sync("first"), trial.sync("corrected")

    assert len(first) == 1
    assert second == first
    assert "refused The methods of this path are: GET" in trial.states()["Observation"]


def test_what_waits_for_a_signature_is_not_confirmed_and_not_sent_twice(tmp_path: Path) -> None:
    with simulated("unsigned-queue", number_of(RECORD)) as far:
        trial = Trial(tmp_path, far, TOTALS)
        trial.far = replace(far, act=lambda: None)  # nobody signs

        before, waits = trial.sync("first"), trial.states()
        trial.far = far
        after = trial.sync("first")

    assert before == []
    assert waits["Observation"] == {"awaiting not in the chart before somebody there signs it"}
    assert len(after) == 1
    assert trial.states()["Observation"] == {"confirmed"}
