"""Rungs 2 and 3: outcomes one by one, and totals alone, to systems that take no more than that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from adapter.cli import main
from adapter.service import Service, open_service
from tests.live.ladder.outcome import OUTCOMES, RECORD, Stage
from tests.live.ladder.systems import ROWS, FarEnd, Shown, number_of, simulated
from tests.live.ladder.trial import go_round, set_up

DERS = next(outcome for outcome in OUTCOMES if outcome.form == "ders-18")
PROFILE: dict[str, object] = {
    "kind": "clinic",
    "id": "far",
    "title": "A record system that takes little",
    "purpose": "care",
    "patient": {"find_by": "ihi"},
}
STAGES: tuple[Stage, ...] = ("first", "corrected", "gone")
ROW = {"system": ROWS, "code": "ders-total", "display": "DERS-18"}
TOTALS: dict[str, object] = {
    "ladder": ["totals", "task"],
    "codes": {"ders-18": {"total": ROW}},
    "totals": {"category": "vital-signs"},
    "only_final": True,
}


def single(*kinds: str) -> dict[str, object]:
    return {"ladder": ["single"], "accepts": list(kinds)}


class Trial:
    """The trial's side, set up for one record system; it is opened anew for each round."""

    def __init__(self, folder: Path, far: FarEnd, ladder: dict[str, object]) -> None:
        self.folder, self.far = folder, far
        self.config = set_up(folder, far, {**PROFILE, **ladder})

    def sync(self, stage: Stage) -> list[Shown]:
        """One round: reads, sends, lets people there act, reads back; gives what is shown."""
        with open_service(self.config, asks=True) as service:
            go_round(service, self.folder, self.far, stage, everything=True)
        return self.far.shown(DERS)

    def states(self) -> dict[str, set[str]]:
        """The states of what is owed of the outcome, and why, by resource type."""
        with open_service(self.config) as service:
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
            single("QuestionnaireResponse", "Observation"),
            "Observation",
            ("final", "amended", "entered-in-error"),
            id="one by one, with ids of ours",
        ),
        pytest.param(
            "questionnaire-only",
            single("QuestionnaireResponse"),
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
    tmp_path: Path, name: str, ladder: dict[str, object], kind: str, statuses: tuple[str, ...]
) -> None:
    with simulated(name, number_of(RECORD)) as far:
        trial = Trial(tmp_path, far, ladder)

        charts = [trial.sync(stage) for stage in STAGES]

    mine = [[each for each in chart if each.kind == kind] for chart in charts]
    assert [len(chart) for chart in mine] == [1, 1, 1]
    assert len({chart[0].id for chart in mine}) == 1
    assert tuple(chart[0].status for chart in mine) == statuses
    numbers = {chart[0].said for chart in mine}
    assert len(numbers) == 2
    if kind == "Observation":
        assert numbers == {DERS.was, DERS.becomes}
    assert trial.states()[kind] == {"confirmed"}


def test_what_a_system_can_only_create_is_corrected_by_a_new_one_and_a_task(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with simulated("create-only", number_of(RECORD)) as far:
        trial = Trial(tmp_path, far, TOTALS)

        first, second = trial.sync("first"), trial.sync("corrected")

    assert [each.said for each in first] == [DERS.was]
    assert sorted(each.said for each in second) == [DERS.was, DERS.becomes]
    (state,) = trial.states()["Observation"]
    task = state.removeprefix("awaiting ").partition(":")[0]
    assert (tmp_path / "tasks" / f"{task}.txt").exists()
    config = ["--config", str(trial.config), "--json"]
    assert main(["status", *config]) == 0
    assert f"{task}: mark Observation/" in capsys.readouterr().out
    assert main(["filed", "far", task, *config]) == 0
    assert trial.states()["Observation"] == {"confirmed"}
    assert main(["filed", "far", task, *config]) == 15  # it waits no more


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
