"""The trial's source and a clinic about the same form: neither writes over the other."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapter.errors import AnswerError, NotFoundError, Origin
from adapter.ingest.both_sides import both_sides
from adapter.ingest.decide import leave, take
from adapter.instruments.response import Record
from adapter.store import inbox
from tests.unit.ingest import project
from tests.unit.sync.far_side import Take
from tests.unit.sync.ward import Ward, opened


@pytest.fixture
def ward(tmp_path: Path, where: Path | str) -> Iterator[Ward]:
    with opened(tmp_path, where) as made:
        yield made


def decide(ward: Ward, word: str, id_: str = "r1", **how: Any) -> None:  # noqa: ANN401
    number, now = ward.row(id_).number, ward.clinic.now()
    with ward.database.write() as tx:
        if word == "take":
            take(tx, ward.trial, number, now, **how)
        else:
            leave(tx, ward.trial, number, now)


def clinic_first(ward: Ward) -> None:
    ward.write("r1", 1, 2, 3)
    ward.pull()
    ward.ingest(p1=project.mood("0", "0", "0"))


def trial_first(ward: Ward) -> None:
    ward.ingest(p1=project.mood("0", "0", "0"))
    ward.write("r1", 1, 2, 3)
    ward.pull()


ORDERS = pytest.mark.parametrize("come", [clinic_first, trial_first])


@ORDERS
def test_what_contradicts_waits_and_what_stood_stands(
    ward: Ward, come: Callable[[Ward], None]
) -> None:
    come(ward)

    assert ward.row("r1").state == "waiting"
    assert ward.row("r1").why == "the trial's source says otherwise"
    assert ward.total() == (6 if come is clinic_first else 0)


@ORDERS
def test_both_sides_are_shown_item_by_item(ward: Ward, come: Callable[[Ward], None]) -> None:
    come(ward)

    sides = both_sides(ward.database.read(), ward.trial, ward.row("r1"))

    assert [(each.link_id, each.ours, each.theirs, each.is_same) for each in sides] == [
        ("mood-1", "0", "1", False),
        ("mood-2", "0", "2", False),
        ("mood-3", "0", "3", False),
    ]


@ORDERS
@pytest.mark.parametrize(("word", "total"), [("take", 6), ("leave", 0)])
def test_what_a_person_chose_stands_and_does_not_come_back(
    ward: Ward, come: Callable[[Ward], None], word: str, total: int
) -> None:
    come(ward)

    decide(ward, word)
    chosen = ward.total()
    report = ward.ingest()
    ward.pull()
    ward.pull(is_full=True)

    assert (chosen, ward.total()) == (total, total)
    assert report.problems == 0
    assert ward.row("r1").state == ("taken" if word == "take" else "left")


@ORDERS
def test_another_row_of_the_source_is_another_question(
    ward: Ward, come: Callable[[Ward], None]
) -> None:
    come(ward)
    decide(ward, "take")

    report = ward.ingest(p1=project.mood("0", "0", "1"))

    assert (ward.row("r1").state, ward.total(), report.problems) == ("waiting", 6, 1)


@ORDERS
@pytest.mark.parametrize("word", ["take", "leave"])
def test_what_a_person_chose_before_unmapped_cells_were_left_out_stands(
    ward: Ward, come: Callable[[Ward], None], word: str
) -> None:
    ward.people["1"]["mood_spare"] = "x"
    come(ward)
    row = ward.row("r1")
    assert "mood_spare" not in row.trial_row
    decide(ward, word)
    cells = {"mood_1": "0", "mood_2": "0", "mood_3": "0", "mood_spare": "x"}
    whole = Record(
        "p1", project.WEEK_0, "mood", None, cells, Origin(""), "2", "2024-02-01 10:15:00"
    )
    with ward.database.write() as tx:
        hashed = ward.trial.identity.source_hash(whole)
        tx.execute("UPDATE inbox SET row_hash = ?", (hashed,))
        if word == "leave":
            tx.execute("UPDATE instance SET source_hash = ?", (hashed,))

    first = ward.ingest()
    second = ward.ingest(p1={"mood_spare": "y"})

    assert (first.problems, second.problems) == (0, 0)
    assert ward.row("r1").state == ("taken" if word == "take" else "left")
    assert ward.total() == (6 if word == "take" else 0)


@ORDERS
def test_another_answer_at_the_clinic_is_another_question(
    ward: Ward, come: Callable[[Ward], None]
) -> None:
    come(ward)
    decide(ward, "leave")
    ward.write("r1", 3, 3, 3)

    ward.pull()

    assert (ward.row("r1").state, ward.total()) == ("waiting", 0)


@ORDERS
def test_what_comes_to_agree_waits_no_more(ward: Ward, come: Callable[[Ward], None]) -> None:
    come(ward)

    ward.ingest(p1=project.mood("1", "2", "3"))
    ward.pull()

    assert (ward.row("r1").state, ward.total()) == ("taken", 6)


@ORDERS
def test_what_agrees_from_the_first_is_kept_once(ward: Ward, come: Callable[[Ward], None]) -> None:
    if come is clinic_first:
        ward.write("r1", 0, 0, 0)
        ward.pull()
        report = ward.ingest(p1=project.mood("0", "0", "0"))
    else:
        report = ward.ingest(p1=project.mood("0", "0", "0"))
        ward.write("r1", 0, 0, 0)
        ward.pull()

    assert (report.problems, ward.row("r1").state, ward.status()) == (0, "taken", "completed")


def test_a_conflict_is_told_each_time_until_it_is_settled(ward: Ward) -> None:
    clinic_first(ward)

    report = ward.ingest()

    (problem,) = ward.bench.problems(report)
    assert "adapter inbox show" in problem.action
    assert not any(digit in problem.found + problem.expected for digit in "0123456789")


def test_after_the_clinic_took_its_own_back_the_trial_s_stands(ward: Ward) -> None:
    clinic_first(ward)
    ward.write("r1", 1, 2, 3, status="entered-in-error")
    ward.pull()

    ward.ingest()
    ward.push()

    assert ward.total() == 0
    assert ward.far.holds(f"QuestionnaireResponse/{ward.unit()}") is not None


def test_the_trial_s_goes_to_the_clinic_after_its_own_was_left(ward: Ward) -> None:
    clinic_first(ward)
    decide(ward, "leave")

    report = ward.push()

    assert report.refused.total() == 0
    assert ward.far.holds(f"QuestionnaireResponse/{ward.unit()}") is not None


def test_two_responses_of_the_clinic_that_contradict_wait_for_a_person(ward: Ward) -> None:
    ward.write("r1", 1, 2, 3)
    ward.write("r2", 3, 3, 3)

    ward.pull()
    before = ward.total()
    decide(ward, "take", "r2")

    assert (before, ward.total()) == (6, 9)
    assert (ward.row("r1").state, ward.row("r2").state) == ("left", "taken")


def test_a_person_says_to_which_timepoint_it_belongs(ward: Ward) -> None:
    ward.write("r1", 1, 2, 3, authored="2024-03-20")
    ward.pull()
    with pytest.raises(NotFoundError, match="it fits no timepoint"):
        decide(ward, "take")

    decide(ward, "take", timepoint="week-4")

    assert ward.total(timepoint="week-4") == 6


@pytest.mark.parametrize("word", ["take", "leave"])
def test_what_does_not_wait_is_not_decided(ward: Ward, word: str) -> None:
    ward.write("r1", 1, 2, 3)
    ward.pull()

    with pytest.raises(NotFoundError, match="something that waits"):
        decide(ward, word)


def test_a_row_whose_form_is_asked_no_more_is_not_decided_for(ward: Ward) -> None:
    clinic_first(ward)
    ward.trial = project.small_trial(project.STUDY.replace(project.MOOD_ASKED, ""))

    with pytest.raises(AnswerError) as wrong:
        decide(ward, "leave")

    sides = both_sides(ward.database.read(), ward.trial, ward.row("r1"))
    assert [(each.ours, each.theirs) for each in sides] == [("", "1"), ("", "2"), ("", "3")]
    (problem,) = wrong.value.problems
    assert (problem.field, problem.origin.record) == ("mood", "1")
    assert (ward.row("r1").state, ward.total()) == ("waiting", 6)


def test_an_unknown_timepoint_is_refused_by_name(ward: Ward) -> None:
    ward.write("r1", 1, 2, 3, authored="2024-03-20")
    ward.pull()

    with pytest.raises(NotFoundError, match="week-0, week-4"):
        decide(ward, "take", timepoint="week-8")


# Killed anywhere


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(4))
def test_killed_at_any_request_and_begun_again_nothing_is_lost_or_doubled(
    ward: Ward, at: int, *, late: bool
) -> None:
    ward.admit("1", "2", "3")
    for number, record in enumerate(("1", "2", "3")):
        patient = {"reference": f"Patient/{77 + number}"}
        ward.write(f"r{record}", 1, 2, number, subject=patient)

    def killing(request: httpx.Request, take_: Take) -> httpx.Response:
        if late:
            take_(request)
        raise Killed

    ward.far.faults.extend((*[None] * at, killing))
    try:
        ward.pull()
    except Killed:
        ward.database.close()
        ward.crosswalk.close()
        ward.open()
    ward.far.faults.clear()
    ward.pull()

    assert [ward.total(record) for record in ("1", "2", "3")] == [3, 4, 5]
    assert len(list(inbox.of_clinic(ward.database.read(), ward.profile.id))) == 3


@pytest.mark.parametrize("table", ["inbox", "version", "instance", "cursor"])
def test_broken_off_between_two_statements_nothing_of_the_answer_is_kept(
    tmp_path: Path, table: str
) -> None:
    with opened(tmp_path, tmp_path / "ledger.sqlite") as ward:
        ward.write("r1", 1, 2, 3)
        tx = ward.database.read()
        tx.execute(
            f"CREATE TEMP TRIGGER breaks BEFORE INSERT ON main.{table}"
            " BEGIN SELECT RAISE(ABORT, 'broken off'); END"
        )
        with pytest.raises(sqlite3.IntegrityError, match="broken off"):
            ward.pull()
        tx.execute("DROP TRIGGER breaks")
        nothing = list(inbox.of_clinic(tx, ward.profile.id))
        ward.pull()

        assert nothing == []
        assert (ward.total(), ward.status()) == (6, "completed")
