"""Two outcomes by every rung to every record system: docs/ladder.md is what happens."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest

from tests.live.ladder.outcome import OUTCOMES
from tests.live.ladder.table import (
    ANYWHERE,
    BY_HAND,
    FHIR,
    NOT_OFFERED,
    PAGE,
    PRACTICES,
    REAL,
    STEPS,
    SYSTEMS,
    WAYS,
    Row,
    build_page,
    try_all,
)
from tests.live.servers import RecordSystem

OUT = {"entered-in-error", "superseded", "withdrawn"}


@pytest.fixture(scope="module")
def rows(hapi: RecordSystem, tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """What became of every outcome at every record system by every way."""
    return try_all(hapi, tmp_path_factory.mktemp("ladder"))


def tried(rows: list[Row]) -> list[Row]:
    """Those that were sent, and of which the chart showed something."""
    return [row for row in rows if any(end.chart for end in row.ends)]


def test_the_page_says_what_happens(rows: list[Row]) -> None:
    assert PAGE.read_text("utf-8") == build_page(rows), "run `make ladder`, review the difference"


def test_every_system_way_outcome_and_step_has_its_cell(rows: list[Row]) -> None:
    told = Counter((row.outcome, row.system, row.way) for row in rows)

    ways = [way.name for way in WAYS]
    assert set(told) == set(itertools.product(OUTCOMES, SYSTEMS, ways))
    assert set(told.values()) == {1}
    for row in rows:
        assert len(row.cells) == len(STEPS)
        assert all(cell.strip() for cell in row.cells), row


def test_a_rung_that_is_passed_over_says_why(rows: list[Row]) -> None:
    untried = [row for row in rows if not row.ends]

    assert untried
    for row in untried:
        (why,) = set(row.cells)
        assert why == ANYWHERE or why.removeprefix(NOT_OFFERED).strip()


@pytest.mark.parametrize("way", ["transaction", "single", "document, PDF and text"])
def test_the_simulated_server_shows_what_the_real_one_shows(rows: list[Row], way: str) -> None:
    mine = {(row.outcome, row.system): row for row in rows if row.way == way}

    for outcome in OUTCOMES:
        full, real = mine[outcome, "full"], mine[outcome, REAL]
        assert full.cells == real.cells
        if way != "single":  # the one takes ids of ours, the other gives its own
            assert full.ends == real.ends


def test_what_arrives_is_there_once_and_the_ledger_knows_it(rows: list[Row]) -> None:
    systems = {row.system for row in tried(rows)}
    assert systems == {*FHIR, REAL, *PRACTICES, BY_HAND}
    for row in tried(rows):
        first, *_ = row.ends
        assert len({each.kind for each in first.chart}) == len(first.chart), row
        assert any(row.outcome.was in each.said or "item" in each.said for each in first.chart), row
        assert first.states == ("confirmed",), row


def test_nothing_wrong_stands_in_a_chart_when_all_have_done_their_part(rows: list[Row]) -> None:
    for row in tried(rows):
        if row.system == BY_HAND:  # its pages are papers: each says itself what it replaces
            continue
        _, corrected, gone = row.ends
        standing = [each for each in corrected.chart if each.status not in OUT]
        assert len({each.kind for each in standing}) == len(standing), row
        assert not any(row.outcome.was == each.said for each in standing), row
        assert {each.status for each in gone.chart} <= OUT, row
        assert (corrected.states, gone.states) == (("confirmed",),) * 2, row


def test_what_somebody_has_to_do_yet_the_ledger_awaits(rows: list[Row]) -> None:
    asked = [(row, told) for row in rows for told in row.asked if told is not None]

    assert {row.system for row, _ in asked} == {"create-only", "unsigned-queue", BY_HAND}
    for row, told in asked:
        assert any(state.startswith("awaiting: ") for state in told.states), row


def test_what_the_chart_never_shows_the_ledger_never_calls_confirmed(rows: list[Row]) -> None:
    for row in rows:
        if row.ends and not any(end.chart for end in row.ends):
            assert "confirmed" not in {state for end in row.ends for state in end.states}, row
