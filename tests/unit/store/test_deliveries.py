"""What is owed: claimed in whole units, in order; settled, superseded, never sent out of turn."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from adapter.store import claiming, deliveries, holdings, settling, standing
from adapter.store.database import Database, Transaction
from adapter.store.deliveries import Settlement
from adapter.store.holdings import Holding
from adapter.store.standing import Pending, Stuck
from adapter.store.states import STATES, State
from adapter.store.transaction import Rows
from tests.unit.store.ledger import (
    CLINIC,
    LATER,
    NOW,
    claim,
    names,
    owe,
    put,
    send,
    settle,
    states,
)


def one_in_each_state(tx: Transaction) -> None:
    """A delivery in every state, its state for a name."""
    for state in reversed(STATES):  # what is queued comes last, or it would be claimed again
        owe(tx, f"Observation/{state}", unit=state)
        settle(tx, claim(tx), state)


def states_of_each(tx: Transaction) -> dict[str, str]:
    """What became of `one_in_each_state`."""
    return {row["id"]: row["state"] for row in tx.execute("SELECT id, state FROM delivery")}


def test_what_is_owed_is_claimed_in_the_order_it_was_owed_in(tx: Transaction) -> None:
    for name in ("QuestionnaireResponse/q", "Observation/a", "Observation/b"):
        owe(tx, name)

    claimed = claim(tx)

    assert names(claimed) == ["QuestionnaireResponse/q", "Observation/a", "Observation/b"]
    assert [(each.clinic, each.version, each.action, each.unit) for each in claimed] == [
        (CLINIC, 1, "put", "unit-1")
    ] * 3
    assert states(tx) == [(1, "put", "claimed")] * 3


def test_a_claim_counts_as_an_attempt(tx: Transaction) -> None:
    owe(tx, "Observation/a")
    settle(tx, claim(tx), "queued")

    (again,) = claim(tx)

    assert again.attempts == 1
    row = tx.execute("SELECT attempts, updated FROM delivery").fetchone()
    assert tuple(row) == (2, NOW)


def test_what_is_owed_to_another_clinic_is_not_claimed(tx: Transaction) -> None:
    version = put(tx, "Observation/a")
    deliveries.enqueue(tx, "south", version, "put", NOW)

    assert claim(tx) == []
    assert names(claiming.claim(tx, "south", claiming.Room(50), NOW)) == ["Observation/a"]


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        pytest.param(1, "aaa", id="one unit alone is larger than the limit"),
        pytest.param(3, "aaa", id="one unit fills it"),
        pytest.param(4, "aaa", id="the second unit does not fit any more"),
        pytest.param(5, "aaabb", id="two units fill it"),
        pytest.param(6, "aaabbc", id="all"),
        pytest.param(50, "aaabbc", id="room for more"),
    ],
)
def test_a_claim_takes_whole_units_up_to_its_limit(
    tx: Transaction, limit: int, expected: str
) -> None:
    for number, unit in enumerate("aaabbc"):
        owe(tx, f"Observation/{number}", unit=unit)

    claimed = claim(tx, limit)

    assert "".join(each.unit for each in claimed) == expected


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        pytest.param(4, "-a-bb-c-d", id="room for all that counts"),
        pytest.param(6, "-a-bb-", id="up to what does not fit any more"),
        pytest.param(7, "-a-", id="the unit of two does not fit"),
        pytest.param(9, "-", id="full: what does not count is claimed all the same"),
    ],
)
def test_what_does_not_count_takes_no_room(tx: Transaction, taken: int, expected: str) -> None:
    for number, unit in enumerate(["-1", "a", "-2", "b", "b", "-3", "c", "-4", "d"]):
        owe(tx, f"Observation/{number}", unit=unit)
    room = claiming.Room(9, taken, lambda each: not each.unit.startswith("-"))

    claimed = claiming.claim(tx, CLINIC, room, NOW)

    assert "".join(each.unit[0] for each in claimed) == expected


def test_a_unit_that_is_larger_than_the_limit_goes_alone_whatever_does_not_count(
    tx: Transaction,
) -> None:
    for number, unit in enumerate(["-1", "a", "a", "a", "b"]):
        owe(tx, f"Observation/{number}", unit=unit)
    room = claiming.Room(2, 0, lambda each: not each.unit.startswith("-"))

    claimed = claiming.claim(tx, CLINIC, room, NOW)

    assert "".join(each.unit[0] for each in claimed) == "-aaa"


@pytest.mark.parametrize("limit", [2, 3, 4, 5])
def test_a_unit_is_not_divided_although_part_of_it_was_owed_later(
    tx: Transaction, limit: int
) -> None:
    for number, unit in enumerate("aabba"):
        owe(tx, f"Observation/{number}", unit=unit)

    first, second = claim(tx, limit), claim(tx, limit)

    assert [each.unit for each in first[:3]] == ["a", "a", "a"]
    assert {each.unit for each in first} & {each.unit for each in second} == set()
    assert len(first) + len(second) == 5


@pytest.mark.parametrize("state", ["claimed", "uncertain"])
def test_a_unit_under_way_waits_and_others_go_on(tx: Transaction, state: State) -> None:
    owe(tx, "QuestionnaireResponse/q", unit="a")
    settle(tx, claim(tx), state)
    owe(tx, "Observation/new", unit="a")
    owe(tx, "Observation/other", unit="b")

    claimed = claim(tx)

    assert names(claimed) == ["Observation/other"]


def test_a_unit_under_way_at_one_clinic_is_free_at_another(tx: Transaction) -> None:
    owe(tx, "Observation/a")
    claim(tx)
    deliveries.enqueue(tx, "south", put(tx, "Observation/b"), "put", NOW)

    claimed = claiming.claim(tx, "south", claiming.Room(50), NOW)

    assert names(claimed) == ["Observation/b"]


@pytest.mark.parametrize("state", ["queued", "held", "refused", "quarantined"])
def test_a_newer_version_supersedes_what_has_not_left(tx: Transaction, state: State) -> None:
    owe(tx, "Observation/a", b"1")
    settle(tx, claim(tx), state)

    owe(tx, "Observation/a", b"2")

    assert states(tx) == [(1, "put", "superseded"), (2, "put", "queued")]


@pytest.mark.parametrize("state", ["claimed", "uncertain", "accepted", "confirmed"])
def test_a_newer_version_leaves_alone_what_is_under_way_or_there(
    tx: Transaction, state: State
) -> None:
    owe(tx, "Observation/a", b"1")
    settle(tx, claim(tx), state)

    owe(tx, "Observation/a", b"2")

    assert states(tx) == [(1, "put", state), (2, "put", "queued")]


def test_a_version_supersedes_nothing_of_another_resource_or_clinic(tx: Transaction) -> None:
    version = owe(tx, "Observation/a")
    deliveries.enqueue(tx, "south", version, "put", NOW)
    owe(tx, "Observation/b")

    owe(tx, "Observation/a", b"2")

    assert [state for _, _, state in states(tx)] == ["superseded", "queued", "queued", "queued"]


def test_what_is_cancelled_is_not_claimed(tx: Transaction) -> None:
    version = owe(tx, "Observation/a")

    deliveries.cancel(tx, CLINIC, version, LATER)

    assert claim(tx) == []
    assert states(tx) == [(1, "put", "superseded")]


@pytest.mark.parametrize("state", ["queued", "held", "refused", "quarantined"])
def test_what_did_not_land_never_comes_after_a_newer_version(tx: Transaction, state: State) -> None:
    owe(tx, "Observation/a", b"1")
    older = claim(tx)
    owe(tx, "Observation/a", b"2")

    settle(tx, older, state)
    retried = deliveries.retry(tx, CLINIC, LATER)

    assert retried == 0
    assert states(tx) == [(1, "put", "superseded"), (2, "put", "queued")]


def test_what_waits_behind_what_did_not_land_takes_its_place_in_the_order(tx: Transaction) -> None:
    owe(tx, "Device/d", b"1", unit="a")
    claimed = claim(tx)
    owe(tx, "Observation/that-names-it", unit="b")
    owe(tx, "Device/d", b"2", unit="a")

    settle(tx, claimed, "queued")

    assert names(claim(tx)) == ["Device/d", "Observation/that-names-it"]


def test_a_newer_version_takes_the_place_of_what_waits(tx: Transaction) -> None:
    owe(tx, "Device/d", b"1", unit="a")
    owe(tx, "Observation/that-names-it", unit="b")

    owe(tx, "Device/d", b"2", unit="a")

    assert names(claim(tx)) == ["Device/d", "Observation/that-names-it"]


def test_what_did_not_land_is_tried_again_where_nothing_is_newer(tx: Transaction) -> None:
    owe(tx, "Observation/a", b"1")
    older = claim(tx)
    newer = owe(tx, "Observation/a", b"2")
    deliveries.cancel(tx, CLINIC, newer, NOW)

    settle(tx, older, "queued")

    assert states(tx) == [(1, "put", "queued"), (2, "put", "superseded")]


def test_a_retraction_of_what_never_landed_is_not_sent(tx: Transaction) -> None:
    owe(tx, "Observation/a")
    older = claim(tx)
    owe(tx, "Observation/a", b"retracted", action="retract")

    settle(tx, older, "queued")

    assert states(tx) == [(1, "put", "superseded"), (2, "retract", "superseded")]


def test_a_retraction_stays_where_an_earlier_version_is_there(tx: Transaction) -> None:
    owe(tx, "Observation/a", b"1")
    send(tx)
    newer = owe(tx, "Observation/a", b"2")
    older = claim(tx)
    deliveries.enqueue(tx, CLINIC, newer, "retract", NOW)

    settle(tx, older, "refused")

    assert states(tx) == [
        (1, "put", "accepted"),
        (1, "retract", "queued"),  # of what is there, not of what never came
        (2, "put", "superseded"),
    ]


def test_what_is_under_way_may_be_there_whatever_waits_behind_it(tx: Transaction) -> None:
    owe(tx, "Observation/a", b"1")
    before = holdings.may_hold(tx, CLINIC, "Observation", "a")
    older = claim(tx)
    owe(tx, "Observation/a", b"2")
    under_way = holdings.may_hold(tx, CLINIC, "Observation", "a")
    settle(tx, older, "accepted")
    settle(tx, claim(tx), "uncertain")
    doubted = holdings.may_hold(tx, CLINIC, "Observation", "a")

    assert (before, under_way, doubted) == (None, 1, 2)


def test_what_was_taken_back_is_not_there(tx: Transaction) -> None:
    version = owe(tx, "Observation/a")
    send(tx)
    there = holdings.may_hold(tx, CLINIC, "Observation", "a")
    deliveries.enqueue(tx, CLINIC, version, "retract", NOW)
    send(tx)

    assert (there, holdings.may_hold(tx, CLINIC, "Observation", "a")) == (1, None)


def test_what_was_accepted_is_held_with_the_clinics_own_version(tx: Transaction) -> None:
    owe(tx, "Observation/a")

    send(tx, remote_version="7")

    assert holdings.holding(tx, CLINIC, "Observation", "a") == Holding(1, "put", "7")
    assert holdings.holding(tx, "south", "Observation", "a") is None


def test_what_is_accepted_supersedes_what_was_accepted_before(tx: Transaction) -> None:
    owe(tx, "Observation/a", b"1")
    send(tx)
    owe(tx, "Observation/b")
    send(tx)
    owe(tx, "Observation/a", b"2")

    send(tx, remote_version="8")

    assert states(tx, "Observation/a") == [(1, "put", "superseded"), (2, "put", "accepted")]
    assert states(tx, "Observation/b") == [(1, "put", "accepted")]
    assert holdings.holding(tx, CLINIC, "Observation", "a") == Holding(2, "put", "8")


def test_what_is_confirmed_keeps_the_version_it_was_accepted_under(tx: Transaction) -> None:
    owe(tx, "Observation/a")
    claimed = claim(tx)
    settle(tx, claimed, "accepted", "7")

    settle(tx, claimed, "confirmed")

    row = tx.execute("SELECT state, remote_version, updated FROM delivery").fetchone()
    assert tuple(row) == ("confirmed", "7", LATER)


def test_a_settlement_writes_down_rule_and_reason(tx: Transaction) -> None:
    owe(tx, "Observation/a")
    (claimed,) = claim(tx)

    settling.settle(tx, [Settlement(claimed.seq, "held", "consent-withdrawn", "why")], LATER)

    row = tx.execute("SELECT state, rule, reason FROM delivery").fetchone()
    assert tuple(row) == ("held", "consent-withdrawn", "why")


def test_what_a_clinic_lost_is_held_no_more(tx: Transaction) -> None:
    owe(tx, "Observation/a")
    owe(tx, "Observation/b")
    claimed = claim(tx)
    settle(tx, claimed, "accepted")

    holdings.lose(tx, claimed[0])

    assert holdings.holding(tx, CLINIC, "Observation", "a") is None
    assert holdings.holding(tx, CLINIC, "Observation", "b") is not None


def test_before_a_push_what_was_held_is_asked_again_and_what_was_claimed_is_doubted(
    tx: Transaction,
) -> None:
    one_in_each_state(tx)

    deliveries.reopen(tx, CLINIC, LATER)

    found = states_of_each(tx)
    assert found == {**{state: state for state in STATES}, "held": "queued", "claimed": "uncertain"}
    assert tx.execute("SELECT count(*) FROM delivery WHERE rule <> ''").fetchone()[0] == 0


def test_another_clinics_deliveries_are_not_reopened(tx: Transaction) -> None:
    owe(tx, "Observation/a")
    settle(tx, claim(tx), "held")

    deliveries.reopen(tx, "south", LATER)

    assert states(tx) == [(1, "put", "held")]


def test_a_retry_queues_what_was_refused_and_forgets_why(tx: Transaction) -> None:
    one_in_each_state(tx)

    count = deliveries.retry(tx, CLINIC, LATER)

    assert count == 2
    assert states_of_each(tx) == {
        **{state: state for state in STATES},
        "refused": "queued",
        "quarantined": "queued",
    }
    assert tx.execute("SELECT count(*) FROM delivery WHERE reason <> ''").fetchone()[0] == 0
    assert deliveries.retry(tx, CLINIC, LATER) == 0


def test_a_retry_writes_over_the_version_that_a_person_made_and_no_later_one(
    tx: Transaction,
) -> None:
    owe(tx, "Observation/a")
    claimed = claim(tx)
    settle(tx, claimed, "accepted", "1")
    settle(tx, claimed, "refused", "2")
    before = holdings.holding(tx, CLINIC, "Observation", "a")

    deliveries.retry(tx, CLINIC, LATER)

    assert before == Holding(1, "put", "1")
    assert holdings.holding(tx, CLINIC, "Observation", "a") == Holding(1, "put", "2")


def test_what_was_refused_and_is_nowhere_is_named(tx: Transaction) -> None:
    owe(tx, "QuestionnaireResponse/q", unit="a")
    settle(tx, claim(tx), "refused")
    owe(tx, "Observation/b", b"1", unit="b")
    send(tx)
    owe(tx, "Observation/b", b"2", unit="b")
    settle(tx, claim(tx), "refused")

    assert standing.refused_and_absent(tx, CLINIC, ["", "1"]) == ["QuestionnaireResponse/q"]
    assert standing.refused_and_absent(tx, CLINIC, ["", "2"]) == []
    assert standing.refused_and_absent(tx, "south", ["", "1"]) == []


def test_deliveries_are_listed_by_state_oldest_first(tx: Transaction) -> None:
    for name in "abc":
        owe(tx, f"Observation/{name}", unit=name)

    listed = deliveries.in_state(tx, CLINIC, "queued", 2)

    assert names(listed) == ["Observation/a", "Observation/b"]
    assert deliveries.in_state(tx, CLINIC, "claimed", 2) == []


def test_pages_of_what_to_read_back_follow_each_other(tx: Transaction) -> None:
    for name in "abcd":
        owe(tx, f"Observation/{name}")
    claimed = claim(tx)
    settle(tx, claimed, "accepted")
    settle(tx, claimed[:1], "confirmed")

    unconfirmed = deliveries.after(tx, CLINIC, 0, 2, everything=False)
    rest = deliveries.after(tx, CLINIC, unconfirmed[-1].seq, 2, everything=False)
    everything = deliveries.after(tx, CLINIC, 0, 50, everything=True)

    assert names(unconfirmed) == ["Observation/b", "Observation/c"]
    assert names(rest) == ["Observation/d"]
    assert len(everything) == 4


def test_a_clinic_holds_of_a_person_what_it_accepted_and_did_not_give_back(
    tx: Transaction,
) -> None:
    before = holdings.holds_of(tx, CLINIC, "1")
    owe(tx, "Observation/a")
    send(tx)
    accepted = holdings.holds_of(tx, CLINIC, "1"), holdings.holds_of(tx, CLINIC, "2")
    owe(tx, "Observation/a", b"retracted", action="retract")
    send(tx)

    after = holdings.holds_of(tx, CLINIC, "1")

    assert (before, accepted, after) == (False, (True, False), False)


def test_the_last_thing_owed_is_what_counts(tx: Transaction) -> None:
    version = owe(tx, "Observation/a", b"1")
    send(tx)
    owe(tx, "Observation/a", b"2", action="retract")

    owed = deliveries.last_owed(tx, CLINIC, version)

    assert owed == (2, "retract", "queued")
    assert deliveries.last_owed(tx, "south", version) is None


def test_what_is_pending_is_grouped_by_what_the_gate_decides_on(tx: Transaction) -> None:
    owe(tx, "Observation/there", b"1")
    send(tx)
    owe(tx, "Observation/there", b"2")
    for name in "ab":
        owe(tx, f"Observation/{name}", unit=name)

    found = list(standing.pending(tx, CLINIC))

    assert sorted(found, key=str) == sorted(
        [
            Pending("1", "mood", "Observation", "put", "put", "", "", 1),
            Pending("1", "mood", "Observation", "put", None, "", "", 2),
        ],
        key=str,
    )


@pytest.mark.parametrize("state", STATES)
def test_only_what_may_still_leave_is_pending(tx: Transaction, state: State) -> None:
    owe(tx, "Observation/a")
    settle(tx, claim(tx), state)

    is_pending = bool(list(standing.pending(tx, CLINIC)))

    assert is_pending == (state in {"queued", "held", "claimed", "uncertain"})


def test_what_is_there_and_owed_nothing_for_is_settled(tx: Transaction) -> None:
    for name in "ab":
        owe(tx, f"Observation/{name}", b"1")
    send(tx)
    owe(tx, "Observation/a", b"2")

    found = standing.settled(tx, CLINIC)

    assert found == {("Observation", "put"): 1}


def test_every_state_is_counted_even_where_it_is_empty(tx: Transaction) -> None:
    owe(tx, "Observation/a")
    owe(tx, "Observation/b")
    settle(tx, claim(tx)[:1], "accepted")

    counted = standing.count_states(tx, CLINIC)

    assert counted == {**dict.fromkeys(STATES, 0), "accepted": 1, "claimed": 1}


@pytest.mark.parametrize("state", STATES)
def test_what_waits_and_may_leave_says_since_when(tx: Transaction, state: State) -> None:
    owe(tx, "Observation/a")
    settle(tx, claim(tx), state)

    since = standing.oldest_undelivered(tx, CLINIC)

    assert since == (NOW if state in {"queued", "claimed", "uncertain"} else None)


def test_what_needs_a_person_is_grouped_by_why_most_first(tx: Transaction) -> None:
    for number, state in enumerate(("held", "refused", "refused", "accepted")):
        owe(tx, f"Observation/{number}", unit=str(number))
        settle(tx, claim(tx), state)  # type: ignore[arg-type]  # a Literal in a tuple of str

    found = standing.stuck(tx, CLINIC)

    assert found == [
        Stuck("refused", "Observation", "", "because", 2),
        Stuck("held", "Observation", "consent", "", 1),
    ]


class Counted:
    """A transaction that counts how often the database is asked."""

    def __init__(self, tx: Transaction) -> None:
        self.tx, self.asked = tx, 0

    def execute(self, statement: str, parameters: Sequence[Any] = (), /) -> Rows:
        self.asked += 1
        return self.tx.execute(statement, parameters)

    def stream(self, statement: str, parameters: Sequence[Any] = (), /) -> Iterator[Any]:
        self.asked += 1
        return self.tx.stream(statement, parameters)

    def executemany(self, statement: str, parameters: Iterable[Sequence[Any]], /) -> object:
        many = list(parameters)
        self.asked += len(many)
        return self.tx.executemany(statement, many)

    def moment(self) -> float:
        return self.tx.moment()


def test_the_database_is_asked_as_often_for_many_as_for_a_few(tx: Transaction) -> None:
    asked = []
    for many in (2, 40):
        for number in range(many):
            owe(tx, f"Observation/{many}-{number}", unit=f"{many}-{number}")
        counted = Counted(tx)

        claimed = claim(counted, many)
        settle(counted, claimed, "accepted", "1")

        assert len(claimed) == many
        asked.append(counted.asked)

    assert asked[0] == asked[1] <= 7


def test_a_claim_costs_the_same_however_much_waits(tmp_path: Path) -> None:
    few, many = (_steps_of_a_claim(tmp_path / f"{size}.sqlite", size) for size in (100, 5_000))

    assert many < 1.5 * few


def _steps_of_a_claim(path: Path, waiting: int) -> int:
    """How many steps SQLite's machine takes to claim ten outcomes of so many deliveries."""
    with closing(Database(path)) as database:
        with database.write() as tx:
            for number in range(waiting):
                owe(tx, f"Observation/{number}", unit=f"unit-{number // 2}")
        steps = itertools.count()
        with database.write() as tx:
            assert isinstance(tx, sqlite3.Connection)
            tx.set_progress_handler(lambda: next(steps) < 0, 1)
            assert len(claim(tx, 20)) == 20
            tx.set_progress_handler(None, 0)
    return next(steps)
