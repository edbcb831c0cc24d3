"""A clinic that joins later is owed what the ledger already holds."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from adapter.release import Receiver
from adapter.store import receivers
from tests.unit.ingest.project import CLINIC, REPOSITORY, Bench, mood, person

NEWCOMER = "south-clinic"


def with_receiver(bench: Bench, accepts: frozenset[str]) -> Bench:
    joined = (*bench.trial.receivers, Receiver(NEWCOMER, "care", accepts))
    return replace(bench, trial=replace(bench.trial, receivers=joined))


def test_a_clinic_that_joins_later_is_owed_what_was_read_before(bench: Bench) -> None:
    rows = {**person("1"), **mood("1", "2", "0")}
    bench.ingest(rows)
    earlier = bench.owed(CLINIC)
    types = next(each.accepts for each in bench.trial.receivers if each.name == CLINIC)

    with_receiver(bench, types).ingest(rows)

    assert with_receiver(bench, types).owed(NEWCOMER) == earlier
    assert bench.owed(CLINIC) == earlier


def test_a_clinic_that_takes_a_further_type_is_owed_that_type_alone(bench: Bench) -> None:
    rows = {**person("1"), **mood("1", "2", "0")}
    with_receiver(bench, frozenset({"Observation"})).ingest(rows)
    before = bench.owed(NEWCOMER)

    with_receiver(bench, frozenset({"Observation", "QuestionnaireResponse"})).ingest(rows)

    added = bench.owed(NEWCOMER) - before
    assert added == Counter({"put QuestionnaireResponse": 1})


def test_a_newcomer_is_not_told_of_what_was_retracted(bench: Bench) -> None:
    bench.ingest({**person("1"), **mood("1", "2", "0")}, person("2"))
    bench.ingest(person("2"), missing_limit=1)

    joined = with_receiver(bench, frozenset({"QuestionnaireResponse", "Observation"}))
    joined.ingest(person("2"))

    assert joined.owed(NEWCOMER) == Counter()


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501], ids=str)
def test_what_is_owed_to_a_newcomer_is_paged_without_a_gap(bench: Bench, count: int) -> None:
    with bench.database.write() as tx:
        for number in range(count):
            tx.execute(
                "INSERT INTO version (type, id, version, unit, participant, form, is_retracted,"
                " hash, text, created) VALUES ('Observation', ?, 1, 'u', '', '', 0, x'', x'', '')",
                (str(number),),
            )
    tx = bench.database.read()

    found: list[str] = []
    after: int | None = 0
    while after is not None:
        page, after = receivers.newest_of(tx, frozenset({"Observation"}), after)
        found.extend(version.id for version in page)

    assert found == [str(number) for number in range(count)]


def test_who_was_met_before_is_not_owed_again(bench: Bench) -> None:
    rows = {**person("1"), **mood("1", "2", "0")}
    bench.ingest(rows)
    bench.deliver(REPOSITORY)

    bench.ingest(rows)

    assert bench.owed(REPOSITORY) == Counter()
