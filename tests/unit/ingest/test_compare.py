"""The source's own totals are compared with ours; a difference is told, and replaces nothing."""

from __future__ import annotations

import pytest

from adapter.errors import Problem
from adapter.store.differences import differences
from tests.unit.ingest.project import (
    FIELDS,
    FORMS,
    STUDY,
    Bench,
    Cells,
    at_week_4,
    columns,
    correcting,
    dictionary_csv,
    mood,
    person,
    records_csv,
)

COMPARED = STUDY.replace(
    "{form: mood, source_form: mood, at: [week-0, week-4]}",
    "{form: mood, source_form: mood, at: [week-0, week-4], compare: {total: mood_sum}}",
)
WITH_SUM = (*FIELDS, ("mood_sum", "mood", "calc", "sum([mood_1],[mood_1],[mood_2])"))
"""The source counts one item twice and another never, as a real project of this kind did."""


@pytest.fixture
def compared(bench: Bench) -> Bench:
    return bench.with_study(COMPARED)


def read(bench: Bench, *rows: Cells) -> list[Problem]:
    content, dictionary = records_csv(list(rows), columns(WITH_SUM)), dictionary_csv(WITH_SUM)
    report = bench.read(bench.source(content, dictionary=dictionary))
    assert report.problems == 0
    return list(differences(bench.database.read()))


@pytest.mark.parametrize("held", ["6", "6.0", "6.4", "5.5", "", "-97"])
def test_the_same_total_is_not_told(compared: Bench, held: str) -> None:
    assert read(compared, {**person("1"), **mood("1", "2", "3", mood_sum=held)}) == []


@pytest.mark.parametrize(
    ("answers", "held", "found"),
    [
        pytest.param(("1", "2", "3"), "4", "another score", id="another total"),
        pytest.param(("1", "2", "3"), "6.5", "another score", id="just another"),
        pytest.param(("1", "2"), "3", "a score, where the rule gives none", id="too few answers"),
        pytest.param(("1", "2", "3"), "99", "no score of this scale", id="out of range"),
        pytest.param(("1", "2", "3"), "nan", "no score of this scale", id="no number"),
    ],
)
def test_another_total_is_told_with_its_record_and_without_its_value(
    compared: Bench, answers: tuple[str, ...], held: str, found: str
) -> None:
    (problem,) = read(compared, person("1"), {**at_week_4("1"), **mood(*answers, mood_sum=held)})

    assert str(problem.origin) == "records.csv:3 (record 1, event week_4_arm_1)"
    assert (problem.field, problem.severity) == ("mood_sum", "warning")
    assert (problem.expected, problem.found) == ("`total` as its rule gives it", found)
    assert not any(map(str.isdigit, problem.expected + problem.found + problem.action))


def test_our_score_is_taken(compared: Bench) -> None:
    read(compared, {**person("1"), **mood("1", "2", "3", mood_sum="4")})

    assert compared.observation("mood-total")["valueQuantity"]["value"] == 6


def test_a_difference_stays_told_while_the_record_does_not_change(compared: Bench) -> None:
    row = {**person("1"), **mood("1", "2", "3", mood_sum="4")}

    first, second = read(compared, row), read(compared, row)

    assert first == second
    assert len(second) == 1


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(mood("1", "2", "3", mood_sum="6"), id="the source calculates again"),
        pytest.param(mood("1", "2", "1", mood_sum="4"), id="an answer is corrected"),
        pytest.param(mood("1", "2", "3", mood_sum=""), id="the source's total is emptied"),
    ],
)
def test_a_difference_that_is_gone_is_not_told_any_more(compared: Bench, changed: Cells) -> None:
    read(compared, {**person("1"), **mood("1", "2", "3", mood_sum="4")})

    assert read(compared, {**person("1"), **changed}) == []


def test_a_rule_that_was_corrected_settles_the_difference(compared: Bench) -> None:
    row = {**person("1"), **mood("1", "2", "3", mood_sum="4")}
    read(compared, row)
    corrected = FORMS["mood"].replace("items: [mood-1 .. mood-3]", "items: [mood-1, mood-3]")

    assert read(compared.with_form(correcting(corrected)), row) == []


def test_a_form_that_nobody_sent_is_not_compared(compared: Bench) -> None:
    row = {**person("1"), **mood("1", "2", "3", complete="0", mood_sum="4")}

    assert read(compared, row) == []


def test_what_is_gone_from_the_source_is_not_told_any_more(compared: Bench) -> None:
    row = {**at_week_4("1"), **mood("1", "2", "3", mood_sum="4")}
    read(compared, person("1"), row)
    content = records_csv([person("1")], columns(WITH_SUM))

    report = compared.read(
        compared.source(content, dictionary=dictionary_csv(WITH_SUM), missing_limit=1)
    )

    assert report.counts["mood"] == {"retracted": 1}
    assert list(differences(compared.database.read())) == []


def test_a_total_that_the_export_does_not_have_keeps_its_form_back(compared: Bench) -> None:
    report = compared.ingest({**person("1"), **mood("1", "2", "3")})

    assert [problem.field for problem in compared.problems(report)] == ["mood_sum"]
    assert "mood" not in report.counts
