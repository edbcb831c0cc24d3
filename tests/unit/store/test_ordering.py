"""Nothing goes before what it refers to, in whatever order the two were entered."""

from __future__ import annotations

from adapter.store import claiming, deliveries
from adapter.store.database import Transaction
from tests.unit.store.ledger import CLINIC, NOW, claim, names, owe, put, settle


def naming(*others: str) -> bytes:
    """A resource that refers to these."""
    named = ",".join(f'{{"reference":"{each}"}}' for each in others)
    return f'{{"derivedFrom":[{named}]}}'.encode()


def entered_late(tx: Transaction) -> None:
    """Week 9, then the baseline, then what week 9 says of its change since the baseline."""
    owe(tx, "Observation/week-9", unit="week-9")
    owe(tx, "Observation/baseline", unit="baseline")
    owe(tx, "Observation/change", naming("Observation/baseline"), unit="week-9")


def test_a_unit_goes_behind_what_a_later_part_of_it_refers_to(tx: Transaction) -> None:
    entered_late(tx)

    claimed = claim(tx)

    assert names(claimed) == ["Observation/baseline", "Observation/week-9", "Observation/change"]


def test_also_where_there_is_room_for_one_of_the_two(tx: Transaction) -> None:
    entered_late(tx)

    first, second = claim(tx, 1), claim(tx, 1)

    assert names(first) == ["Observation/baseline"]
    assert names(second) == ["Observation/week-9", "Observation/change"]


def test_what_refers_to_the_unit_goes_behind_it_still(tx: Transaction) -> None:
    owe(tx, "Observation/week-9", unit="week-9")
    owe(tx, "Flag/week-9", naming("Observation/week-9"), unit="signal")
    owe(tx, "Observation/baseline", unit="baseline")
    owe(tx, "Observation/change", naming("Observation/baseline"), unit="week-9")

    assert names(claim(tx)) == [
        "Observation/baseline",
        "Observation/week-9",
        "Observation/change",
        "Flag/week-9",
    ]


def test_a_unit_waits_while_what_it_refers_to_is_under_way(tx: Transaction) -> None:
    owe(tx, "Observation/baseline", b"1", unit="baseline")
    under_way = claim(tx)
    owe(tx, "Observation/week-9", unit="week-9")
    owe(tx, "Observation/baseline", b"2", unit="baseline")
    owe(tx, "Observation/change", naming("Observation/baseline"), unit="week-9")

    meanwhile = claim(tx)
    settle(tx, under_way, "accepted")

    assert meanwhile == []
    assert names(claim(tx)) == ["Observation/baseline", "Observation/week-9", "Observation/change"]


def test_what_is_to_be_taken_back_is_not_waited_for(tx: Transaction) -> None:
    version = owe(tx, "Observation/baseline", unit="baseline")
    settle(tx, claim(tx), "accepted")
    owe(tx, "Observation/week-9", unit="week-9")
    deliveries.enqueue(tx, CLINIC, version, "retract", NOW)
    owe(tx, "Observation/change", naming("Observation/baseline"), unit="week-9")

    assert names(claim(tx)) == ["Observation/week-9", "Observation/change", "Observation/baseline"]


def test_two_that_refer_to_each_other_go_together(tx: Transaction) -> None:
    owe(tx, "Observation/a", unit="a")
    owe(tx, "Observation/b", naming("Observation/c"), unit="b")
    owe(tx, "Observation/c", naming("Observation/b"), unit="a")

    assert sorted(names(claim(tx))) == ["Observation/a", "Observation/b", "Observation/c"]


def test_what_another_clinic_waits_for_changes_no_order(tx: Transaction) -> None:
    owe(tx, "Observation/week-9", unit="week-9")
    deliveries.enqueue(tx, "south", put(tx, "Observation/baseline", unit="baseline"), "put", NOW)
    owe(tx, "Observation/change", naming("Observation/baseline"), unit="week-9")

    north = claim(tx)
    south = claiming.claim(tx, "south", claiming.Room(50), NOW)

    assert names(north) == ["Observation/week-9", "Observation/change"]
    assert names(south) == ["Observation/baseline"]
