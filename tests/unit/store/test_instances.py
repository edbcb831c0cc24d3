"""What the sources held when they were read last, and what did not fit."""

from __future__ import annotations

import pytest

from adapter.errors import Origin, Problem
from adapter.instruments.participant import ConsentState, Participant
from adapter.store import instances, runs
from adapter.store.database import Transaction
from adapter.store.instances import Instance
from tests.unit.store.ledger import NOW


def seen(unit: str, run: int, *, participant: str = "1", status: str = "completed") -> Instance:
    return Instance(unit, participant, "mood", "hash", "mapping", status, "[]", run)


def somebody(name: str = "1", word: str = "given", since: str | None = "2024-02-01") -> Participant:
    state = ConsentState(word, since)  # type: ignore[arg-type]  # the word is one of the four
    return Participant(name, "2024-02-01", None, {"share": state}, {"ihi": "8003600000000000"})


def test_runs_are_numbered_and_the_last_one_is_the_last_that_ended(tx: Transaction) -> None:
    first, second = (runs.start_run(tx, "redcap", NOW) for _ in range(2))
    before = runs.last_run(tx)
    runs.end_run(tx, first, NOW)

    assert (first, second) == (1, 2)
    assert before is None
    assert runs.last_run(tx) == 1


def test_each_source_that_is_configured_has_a_last_run(tx: Transaction) -> None:
    sources = ("a.csv", "b.csv", "project 1", "a.csv", "b.csv", "a.csv", "project 2", "project 1")
    for source in (*sources, "c.csv"):
        runs.end_run(tx, runs.start_run(tx, source, NOW), NOW)
    runs.start_run(tx, "b.csv", NOW)  # killed

    assert runs.last_runs(tx, ["a.csv", "b.csv"], 0) == [5, 6]
    assert runs.last_runs(tx, ["a.csv", "a.csv", "c.csv"], 0) == [4, 6, 9]
    assert runs.last_runs(tx, ["a.csv", "b.csv", "c.csv"], 2) == [5, 6, 7, 8, 9]
    assert runs.last_runs(tx, [], 1) == [9]
    assert runs.last_runs(tx, [], 0) == []


def test_an_instance_is_kept_as_it_stands_now(tx: Transaction) -> None:
    instances.keep_instance(tx, seen("u", 1))

    instances.keep_instance(tx, seen("u", 2, status="amended"))

    assert instances.instance(tx, "u") == seen("u", 2, status="amended")
    assert instances.instance(tx, "other") is None


def test_an_instance_seen_again_is_only_seen_again(tx: Transaction) -> None:
    instances.keep_instance(tx, seen("u", 1))

    instances.see_again(tx, "u", 2)

    assert instances.instance(tx, "u") == seen("u", 2)


def test_a_person_is_kept_without_identifiers(tx: Transaction) -> None:
    is_changed = instances.keep_participant(tx, somebody(), 1)

    assert is_changed
    assert instances.participant(tx, "1") == Participant(
        "1", "2024-02-01", None, {"share": ConsentState("given", "2024-02-01")}
    )
    assert "800360" not in str([tuple(row) for row in tx.execute("SELECT * FROM participant")])


def test_a_person_read_again_as_before_has_not_changed(tx: Transaction) -> None:
    instances.keep_participant(tx, somebody(), 1)

    assert not instances.keep_participant(tx, somebody(), 2)
    assert instances.participant_run(tx, "1") == 2


@pytest.mark.parametrize(
    "again",
    [Participant("1", "2024-02-01", None, {"share": ConsentState("refused")}), Participant("1")],
    ids=["a consent", "everything"],
)
def test_a_person_of_whom_something_changed_has_changed(
    tx: Transaction, again: Participant
) -> None:
    instances.keep_participant(tx, somebody(), 1)

    assert instances.keep_participant(tx, again, 2)
    assert instances.participant(tx, "1") == again


def test_a_person_who_comes_back_has_changed(tx: Transaction) -> None:
    instances.keep_participant(tx, somebody(), 1)
    instances.miss_participant(tx, "1")
    missing = instances.participant(tx, "1"), instances.participant_run(tx, "1")

    is_changed = instances.keep_participant(tx, somebody(), 3)

    assert missing == (None, None)
    assert is_changed
    assert instances.participant_run(tx, "1") == 3


def test_who_is_gone_is_not_seen_again(tx: Transaction) -> None:
    instances.keep_participant(tx, somebody(), 1)
    instances.miss_participant(tx, "1")

    instances.see_participant_again(tx, "1", 2)

    assert instances.participant(tx, "1") is None


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        pytest.param(
            ConsentState("given", "2024-02-01"),
            ConsentState("withdrawn", "2024-02-01", "2024-03-01"),
            id="given before",
        ),
        pytest.param(
            ConsentState("given", "2024-03-01"),
            ConsentState("withdrawn", "2024-03-01", "2024-03-01"),
            id="given that day",
        ),
        pytest.param(
            ConsentState("given"),
            ConsentState("withdrawn", None, "2024-03-01"),
            id="given nobody knows when",
        ),
        pytest.param(
            ConsentState("given", "2024-03-02"),
            ConsentState("given", "2024-03-02"),
            id="given after",
        ),
        pytest.param(ConsentState("refused"), ConsentState("refused"), id="refused"),
        pytest.param(
            ConsentState("withdrawn", None, "2024-02-20"),
            ConsentState("withdrawn", None, "2024-02-20"),
            id="withdrawn in the source",
        ),
    ],
)
def test_a_withdrawal_recorded_here_stands_on_top_of_what_the_source_says(
    tx: Transaction, said: ConsentState, becomes: ConsentState
) -> None:
    instances.withdraw(tx, "1", "share", "2024-03-01")

    found = instances.with_withdrawals(tx, Participant("1", consents={"share": said}))

    assert found.consents == {"share": becomes}


def test_a_withdrawal_of_a_consent_that_is_no_longer_asked_for_changes_nothing(
    tx: Transaction,
) -> None:
    instances.withdraw(tx, "1", "former", "2024-03-01")
    instances.withdraw(tx, "2", "share", "2024-03-01")

    assert instances.with_withdrawals(tx, somebody()) == somebody()


def test_rejections_are_kept_with_all_they_say_in_the_order_they_were_met(
    tx: Transaction,
) -> None:
    first = Problem(Origin("b.csv", 7, "1", "week_0"), "f", "this", "that", "do", "warning")
    second = Problem(Origin("a.csv"), "", "this", "that", "do")
    for problem in (first, second):
        runs.reject(tx, problem, "mood", 3)
    runs.reject(tx, first, "mood", 4)

    found = list(runs.rejections(tx, 3))

    assert found == [first, second]
    assert (runs.count_rejections(tx, 3), runs.count_rejections(tx, 9)) == (2, 0)


def test_a_person_s_instances_are_those_that_stand(tx: Transaction) -> None:
    instances.keep_instance(tx, seen("a", 1))
    instances.keep_instance(tx, seen("b", 1, status="entered-in-error"))
    instances.keep_instance(tx, seen("c", 1, participant="2"))

    assert [each.unit for each in instances.of_participant(tx, "1")] == ["a"]


def test_what_a_run_did_not_look_at_stays_rejected(tx: Transaction) -> None:
    numbers = [runs.start_run(tx, source, NOW) for source in ("api", "other", "api", "api")]
    for record in ("1", "2", ""):
        problem = Problem(Origin("api", record=record), f"of {record}", "a", "b", "c")
        runs.reject(tx, problem, "mood", numbers[0])
    runs.reject(tx, Problem(Origin("o", record="1"), "other", "a", "b", "c"), "", numbers[1])
    for run in numbers[:2]:
        runs.end_run(tx, run, NOW)

    runs.carry_rejections(tx, numbers[3], {"2"})

    assert [problem.field for problem in runs.rejections(tx, numbers[3])] == ["of 1"]
    assert len(list(runs.rejections(tx, numbers[0]))) == 3
