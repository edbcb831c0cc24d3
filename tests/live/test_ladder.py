"""Two outcomes by every rung to every record system: docs/ladder.md is what happens."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest

from tests.live.ladder.outcome import OUTCOMES
from tests.live.ladder.table import (
    FHIR,
    NOT_OFFERED,
    NOT_YET,
    PAGE,
    PRACTICES,
    REAL,
    RUNGS,
    STEPS,
    Row,
    build_page,
    try_all,
)
from tests.live.servers import RecordSystem

TAKEN_BACK = {"entered-in-error", "withdrawn"}
NEVER_OVERWRITTEN = {"create-only", "unsigned-queue"}


@pytest.fixture(scope="module")
def rows(hapi: RecordSystem, tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """What became of every outcome at every record system by every rung."""
    return try_all(hapi, tmp_path_factory.mktemp("ladder"))


def tried(rows: list[Row]) -> list[Row]:
    """Those that were sent, and of which the chart showed something."""
    return [row for row in rows if any(row.charts)]


def test_the_page_says_what_happens(rows: list[Row]) -> None:
    assert PAGE.read_text("utf-8") == build_page(rows), "run `make ladder`, review the difference"


def test_every_system_rung_outcome_and_step_has_its_cell(rows: list[Row]) -> None:
    told = Counter((row.outcome, row.system, row.rung) for row in rows)

    assert set(told) == set(itertools.product(OUTCOMES, (*FHIR, REAL, *PRACTICES), RUNGS))
    assert set(told.values()) == {1}
    for row in rows:
        assert len(row.cells) == len(STEPS)
        assert all(cell.strip() for cell in row.cells), row


def test_a_rung_that_is_passed_over_says_why(rows: list[Row]) -> None:
    untried = [row for row in rows if not row.charts]

    assert untried
    for row in untried:
        (why,) = set(row.cells)
        assert why == NOT_YET or why.removeprefix(NOT_OFFERED).strip()


@pytest.mark.parametrize("rung", ["transaction", "document"])
def test_the_simulated_server_shows_what_the_real_one_shows(rows: list[Row], rung: str) -> None:
    mine = {(row.outcome, row.system): row for row in rows if row.rung == rung}

    for outcome in OUTCOMES:
        full, real = mine[outcome, "full"], mine[outcome, REAL]
        assert full.charts == real.charts
        assert full.states == real.states


def test_what_arrives_is_there_once_and_the_ledger_knows_it(rows: list[Row]) -> None:
    assert {row.system for row in tried(rows)} >= {"full", "racing", REAL, *PRACTICES}
    for row in tried(rows):
        first, *_ = row.charts
        assert len({each.kind for each in first}) == len(first), row
        assert any(row.outcome.was in each.said or "item" in each.said for each in first), row
        assert row.states[0] == ("confirmed",), row


def test_it_is_corrected_and_taken_back_in_place_where_the_system_lets_it(
    rows: list[Row],
) -> None:
    for row in tried(rows):
        if row.system in NEVER_OVERWRITTEN:
            continue
        _, corrected, gone = row.charts
        assert len({each.kind for each in corrected}) == len(corrected), row
        assert not any(row.outcome.was == each.said for each in corrected), row
        assert {each.status for each in gone} <= TAKEN_BACK, row
        assert row.states[1:] == (("confirmed",),) * 2, row


def test_what_cannot_be_corrected_is_told_to_a_person(rows: list[Row]) -> None:
    for row in tried(rows):
        if row.system in NEVER_OVERWRITTEN and any(
            each.said == row.outcome.was for each in row.charts[1]
        ):
            assert any(state.startswith(("refused", "quarantined")) for state in row.states[1]), row


def test_what_the_chart_never_shows_the_ledger_never_calls_confirmed(rows: list[Row]) -> None:
    for row in rows:
        if row.charts and not any(row.charts):
            assert "confirmed" not in {state for states in row.states for state in states}, row
