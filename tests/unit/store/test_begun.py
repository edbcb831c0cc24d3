"""Creates under way: a mark that stays until it is known what came of them."""

from __future__ import annotations

from dataclasses import replace

from adapter.store import begun, deliveries
from adapter.store.database import Transaction
from tests.unit.store.ledger import CLINIC, LATER, claim, owe, settle


def test_a_create_is_under_way_until_it_is_known_what_came_of_it(tx: Transaction) -> None:
    owe(tx, "Observation/a")
    owe(tx, "Observation/b")
    one, other = claim(tx)

    begun.begin(tx, one)
    begun.begin(tx, one)

    assert begun.is_begun(tx, one)
    assert not begun.is_begun(tx, other)
    begun.end(tx, one)
    assert not begun.is_begun(tx, one)


def test_a_record_system_finds_what_it_takes_if_it_always_did(tx: Transaction) -> None:
    owe(tx, "Observation/a")
    owe(tx, "Consent/b")
    observation, consent = claim(tx)

    assert not begun.finds(tx, observation)  # nobody has seen it yet
    begun.note_found(tx, observation, is_found=True)
    assert begun.finds(tx, observation)
    assert not begun.finds(tx, consent)
    begun.note_found(tx, observation, is_found=False)
    begun.note_found(tx, observation, is_found=True)
    assert not begun.finds(tx, observation)


def test_who_retries_what_was_refused_has_looked_for_it(tx: Transaction) -> None:
    owe(tx, "Observation/a", unit="a")
    owe(tx, "Observation/b", unit="b")
    refused, other = claim(tx)
    begun.begin(tx, refused)
    begun.begin(tx, other)
    settle(tx, [refused], "refused")
    settle(tx, [other], "uncertain")

    deliveries.retry(tx, CLINIC, LATER)

    assert not begun.is_begun(tx, refused)
    assert begun.is_begun(tx, other)


def test_what_was_learned_of_one_record_system_is_forgotten_when_somebody_says_so(
    tx: Transaction,
) -> None:
    owe(tx, "Observation/a")
    (observation,) = claim(tx)
    elsewhere = replace(observation, clinic="another")
    for each in (observation, elsewhere):
        begun.note_found(tx, each, is_found=False)

    forgotten = begun.forget(tx, CLINIC)

    assert forgotten == 1
    begun.note_found(tx, observation, is_found=True)
    begun.note_found(tx, elsewhere, is_found=True)
    assert begun.finds(tx, observation)
    assert not begun.finds(tx, elsewhere)
