"""The ledger knows whom it has met, and tells what a newcomer has not been owed."""

from __future__ import annotations

from adapter.store import provenances, receivers
from adapter.store.database import Transaction
from tests.unit.store.ledger import CLINIC, LATER, claim, owe, put, settle, states

OF_A = b'{"target":[{"reference":"Observation/a"}]}'


def test_a_receiver_that_was_never_met_took_nothing(tx: Transaction) -> None:
    assert receivers.accepted_before(tx, CLINIC) == frozenset()


def test_what_a_receiver_takes_is_kept_as_said_last(tx: Transaction) -> None:
    receivers.keep(tx, CLINIC, frozenset({"Patient"}))
    receivers.keep(tx, CLINIC, frozenset({"Patient", "Observation"}))
    receivers.keep(tx, "south", frozenset())

    assert receivers.accepted_before(tx, CLINIC) == {"Patient", "Observation"}
    assert receivers.accepted_before(tx, "south") == frozenset()


def test_the_newest_versions_that_stand_come_in_the_order_of_the_first(tx: Transaction) -> None:
    put(tx, "Observation/a", b"1")
    put(tx, "Observation/b", b"1")
    put(tx, "Patient/p")
    put(tx, "Device/d")
    put(tx, "Observation/a", b"2")
    put(tx, "Observation/b", b"retracted", is_retracted=True)

    page, after = receivers.newest_of(tx, frozenset({"Observation", "Patient"}), 0)

    assert [(each.type, each.version) for each in page] == [("Observation", 2), ("Patient", 1)]
    assert after is None


def test_pages_of_versions_follow_each_other(tx: Transaction) -> None:
    for number in range(501):
        put(tx, f"Observation/{number}")

    first, after = receivers.newest_of(tx, frozenset({"Observation"}), 0)
    assert after is not None
    second, end = receivers.newest_of(tx, frozenset({"Observation"}), after)

    assert (len(first), len(second), end) == (500, 1, None)


def test_what_never_left_is_forgotten_with_the_proofs_that_name_it(tx: Transaction) -> None:
    version = owe(tx, "Observation/a")
    owe(tx, "Provenance/a", OF_A)
    owe(tx, "Provenance/b", b'{"target":[{"reference":"Observation/b"}]}')
    owe(tx, "Provenance/other", OF_A, unit="unit-2")

    provenances.forget(tx, CLINIC, version, LATER)

    assert states(tx) == [
        (1, "put", "superseded"),
        (1, "put", "superseded"),
        (1, "put", "queued"),
        (1, "put", "queued"),
    ]


def test_a_proof_that_left_is_not_forgotten(tx: Transaction) -> None:
    owe(tx, "Provenance/a", OF_A)
    settle(tx, claim(tx), "accepted")
    version = owe(tx, "Observation/a")

    provenances.forget(tx, CLINIC, version, LATER)

    assert states(tx, "Provenance/a") == [(1, "put", "accepted")]
