"""Whose consents cannot be read: nothing new leaves, what can be read of a withdrawal counts."""

from __future__ import annotations

import pytest

from adapter.store import instances
from tests.unit.ingest.project import (
    CLINIC,
    FIELDS,
    Bench,
    Cells,
    at_week_4,
    columns,
    dictionary_csv,
    mood,
    person,
    records_csv,
)


def held(bench: Bench) -> list[str]:
    """Whose facts count as unreadable."""
    tx = bench.database.read()
    people = ((name, instances.participant(tx, name)) for name in instances.names(tx))
    return [name for name, known in people if known is not None and known.is_unreadable]


def word(bench: Bench, name: str = "1") -> str:
    known = instances.participant(bench.database.read(), name)
    assert known is not None
    return known.word("share")


def rows(**cells: str) -> list[Cells]:
    """Three people, of whom the second has these more cells."""
    return [person("1"), person("2", **cells), person("3")]


SENT = rows(**mood("1", "2", "0"))


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param({"agree_date": "10/03/2024"}, id="a day that is none"),
        pytest.param({"stop_share": "Yes"}, id="a withdrawal in words"),
        pytest.param({"agree_share": "Yes"}, id="a consent in words"),
        pytest.param({"stop_date": "2024-03-10"}, id="a day of withdrawal alone"),
    ],
)
def test_a_known_person_whose_row_cannot_be_read_is_held_until_it_can(
    bench: Bench, cells: Cells
) -> None:
    bench.ingest(*SENT)

    report = bench.ingest(*rows(**cells))

    (problem,) = bench.problems(report)
    assert problem.field in cells
    assert (held(bench), word(bench, "2")) == (["2"], "given")
    bench.ingest(*SENT)
    assert held(bench) == []


def test_a_withdrawal_on_an_unreadable_day_retracts_what_was_sent(bench: Bench) -> None:
    bench.ingest(*SENT)
    bench.deliver(CLINIC)

    report = bench.ingest(*rows(stop_share="1", stop_date="10/03/2024", **mood("3", "3", "3")))

    assert [problem.field for problem in bench.problems(report)] == ["stop_date"]
    assert bench.owed(CLINIC)["retract Observation"] == 3
    assert held(bench) == []


@pytest.mark.parametrize(("said", "becomes"), [("1", "withdrawn"), ("0", "given")])
def test_of_a_person_who_stands_twice_a_withdrawal_counts_and_the_rest_is_held(
    bench: Bench, said: str, becomes: str
) -> None:
    bench.ingest(*SENT)

    bench.ingest(*rows(), person("3"))
    bench.ingest(person("1"), person("1", stop_share=said), person("2"), person("3"))

    assert (held(bench), word(bench)) == (["1"], becomes)


@pytest.mark.parametrize(("said", "becomes"), [("1", "withdrawn"), ("0", "given")])
def test_of_a_person_whose_rows_stand_apart_a_withdrawal_counts_and_the_rest_is_held(
    bench: Bench, said: str, becomes: str
) -> None:
    apart = {**at_week_4("1"), "agree_share": "1", "stop_share": said}
    bench.ingest(*SENT)

    for _ in range(2):  # and stays so
        bench.ingest(*rows(), apart)
        assert (held(bench), word(bench)) == (["1"], becomes)


def test_whose_row_holds_bytes_of_another_encoding_is_held_alone(bench: Bench) -> None:
    bench.ingest(*SENT)
    content = records_csv(rows(full_name="na?ve")).replace(b"na?ve", b"na\xefve")

    bench.read(bench.source(content))

    assert held(bench) == ["2"]


@pytest.mark.parametrize("is_known", [True, False], ids=["known", "new"])
def test_around_a_row_of_nobody_knows_whom_both_neighbours_are_held(
    bench: Bench, *, is_known: bool
) -> None:
    people = [person(name) for name in "123"]
    if is_known:
        bench.ingest(*people)
    lines = records_csv(people).splitlines()

    bench.read(bench.source(b"\n".join([*lines[:2], b"2,short", *lines[2:]]) + b"\n"))

    assert held(bench) == ["1", "2"]


def test_whom_a_lost_row_may_be_about_is_held_wherever_they_stood(bench: Bench) -> None:
    bench.ingest(*(person(name) for name in "1234"))
    lines = records_csv([person(name) for name in "234"]).splitlines()

    bench.read(bench.source(b"\n".join([*lines, b"1,short"]) + b"\n"))

    assert held(bench) == ["1", "4"]


def without(column: str) -> list[str]:
    return [name for name in columns() if name != column]


def test_without_a_column_of_the_consents_everybody_is_held_until_it_is_there(
    bench: Bench,
) -> None:
    bench.ingest(*SENT)

    report = bench.read(bench.source(records_csv(SENT, without("stop_share"))))

    assert held(bench) == ["1", "2", "3"]
    assert "participant" not in report.counts
    bench.ingest(*SENT)
    assert held(bench) == []


def test_without_a_column_of_the_consents_a_withdrawal_in_another_counts(bench: Bench) -> None:
    bench.ingest(*SENT)

    bench.read(bench.source(records_csv(rows(stop_share="1"), without("agree_date"))))

    assert [word(bench, name) for name in "123"] == ["given", "withdrawn", "given"]


def test_a_consent_form_that_changed_holds_everybody_and_nothing_in_it_is_believed(
    bench: Bench,
) -> None:
    bench.ingest(*SENT)
    fields = tuple(
        (name, of, "radio", "1, No | 0, Yes") if name == "stop_share" else (name, of, kind, choices)
        for name, of, kind, choices in FIELDS
    )

    content = records_csv(rows(stop_share="1"))
    bench.read(bench.source(content, dictionary=dictionary_csv(fields)))

    assert held(bench) == ["1", "2", "3"]
    assert word(bench, "2") == "given"
