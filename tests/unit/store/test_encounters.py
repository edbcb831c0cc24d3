"""Where results are filed at a clinic: noted once, and chosen anew only where nothing stands."""

from __future__ import annotations

import pytest

from adapter.store import deliveries, encounters
from adapter.store.database import Transaction
from adapter.store.encounters import Filed, FiledIn
from adapter.store.instances import Instance, keep_instance
from adapter.store.states import State
from tests.unit.store.ledger import CLINIC, LATER, NOW, claim, owe, settle

IN_7 = Filed("7", "hash", "covers")


def test_where_results_are_filed_is_known_of_one_clinic_alone(tx: Transaction) -> None:
    encounters.file_in(tx, CLINIC, "a", IN_7, NOW)
    encounters.file_in(tx, "another", "a", Filed("8", "hash", "follows"), NOW)

    assert encounters.filed_in(tx, CLINIC, "a") == IN_7
    assert encounters.filed_in(tx, CLINIC, "b") is None


def test_a_new_choice_takes_the_place_of_the_old_one(tx: Transaction) -> None:
    encounters.file_in(tx, CLINIC, "a", IN_7, NOW)
    encounters.file_in(tx, CLINIC, "a", Filed("9", "other", "follows"), LATER)

    assert encounters.filed_in(tx, CLINIC, "a") == Filed("9", "other", "follows")


@pytest.mark.parametrize(
    ("became", "stays"),
    [("refused", False), ("quarantined", False), ("uncertain", True), ("accepted", True)],
)
def test_a_person_s_retry_lets_choose_anew_for_what_was_refused(
    tx: Transaction, became: State, *, stays: bool
) -> None:
    owe(tx, "Observation/a", unit="a")
    encounters.file_in(tx, CLINIC, "a", IN_7, NOW)
    settle(tx, claim(tx), became)

    deliveries.retry(tx, CLINIC, LATER)

    assert (encounters.filed_in(tx, CLINIC, "a") is not None) is stays


def test_a_correction_that_is_refused_stays_where_the_result_was_filed(tx: Transaction) -> None:
    owe(tx, "Observation/a", b"1", unit="a")
    encounters.file_in(tx, CLINIC, "a", IN_7, NOW)
    settle(tx, claim(tx), "accepted", "1")
    owe(tx, "Observation/a", b"2", unit="a")
    settle(tx, claim(tx), "refused")

    deliveries.retry(tx, CLINIC, LATER)

    assert encounters.holds_result(tx, CLINIC, "a")
    assert encounters.filed_in(tx, CLINIC, "a") == IN_7


def test_each_is_told_by_its_place_in_the_source(tx: Transaction) -> None:
    for unit, place in (("b", '["2", "week_9", "mood", null]'), ("a", '["1", "", "mood", null]')):
        keep_instance(tx, Instance(unit, place[2], "mood", "", "", "completed", place, 1))
        encounters.file_in(tx, CLINIC, unit, IN_7, NOW)
    encounters.file_in(tx, "another", "a", IN_7, NOW)

    assert encounters.every(tx, CLINIC) == [
        FiledIn("1", "", "mood", "7", "covers"),
        FiledIn("2", "week_9", "mood", "7", "covers"),
    ]
