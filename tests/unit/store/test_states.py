"""The drawing in the README, the table in the program and the rule in the database say the same."""

from __future__ import annotations

import re
import sqlite3
from itertools import product
from pathlib import Path

import psycopg
import pytest

from adapter.store.database import Database
from adapter.store.states import STATES, TRANSITIONS, State
from tests.unit.store.ledger import NOW, owe

README = Path(__file__).parents[3] / "README.md"
REFUSED = (sqlite3.IntegrityError, psycopg.IntegrityError)


def test_the_drawing_in_the_readme_has_every_transition_and_no_other() -> None:
    drawn = re.findall(r"^    (\w+) --> (\w+): .+$", README.read_text("utf-8"), re.MULTILINE)

    assert len(drawn) == len(set(drawn))
    assert set(drawn) == TRANSITIONS


def test_every_state_can_be_reached_and_left_but_the_last() -> None:
    reached = {after for _, after in TRANSITIONS} | {"queued"}
    left = {before for before, _ in TRANSITIONS}

    assert reached == set(STATES)
    assert left == set(STATES) - {"superseded"}


def test_the_database_allows_the_transitions_that_are_drawn_and_no_other(
    database: Database,
) -> None:
    for number, (before, after) in enumerate(product(STATES, STATES)):
        with database.write() as tx:
            owe(tx, f"Observation/{number}", unit=str(number))
            for step in way_to(before):
                become(tx, number, step)

        is_drawn = before == after or (before, after) in TRANSITIONS
        try:
            with database.write() as tx:
                become(tx, number, after)
        except REFUSED:
            assert not is_drawn, (before, after)
        else:
            assert is_drawn, (before, after)


def test_a_delivery_begins_as_queued_and_in_no_other_state(database: Database) -> None:
    with database.write() as tx:
        owe(tx, "Observation/a")

    for state in set(STATES) - {"queued"}:
        with pytest.raises(REFUSED), database.write() as tx:
            tx.execute(
                "INSERT INTO delivery (seq, clinic, type, id, version, action, unit, participant,"
                " form, state, rule, reason, created, updated) VALUES (9, 'c', 'Observation', 'a',"
                " 1, 'put', 'u', '1', 'f', ?, 'rule', 'reason', ?, ?)",
                (state, NOW, NOW),
            )


def way_to(state: State) -> list[State]:
    """A way from `queued` to a state."""
    ways: dict[State, list[State]] = {"queued": []}
    while state not in ways:
        for before, after in sorted(TRANSITIONS):
            if before in ways and after not in ways:
                ways[after] = [*ways[before], after]
    return ways[state]


def become(tx: object, number: int, state: State) -> None:
    execute = tx.execute  # type: ignore[attr-defined]
    execute(
        "UPDATE delivery SET state = ?, rule = 'rule', reason = 'reason' WHERE id = ?",
        (state, str(number)),
    )
