"""Days that have not come yet, and answers without a day: told, and taken in all the same."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from adapter.instruments.time import is_later
from tests.unit.ingest.project import AS_OF, Cells, incident, mood, pain, person

if TYPE_CHECKING:
    from adapter.ingest import Report
    from tests.unit.ingest.project import Bench

LAST, LATER = "2024-03-22", "2024-03-23"  # the export is of 21 March, where the study is
WARNED = "expected a day that has come, by `as_of` or the clock of this machine; found a later one"


def warned(bench: Bench, report: Report) -> list[tuple[str, str]]:
    """What is warned of: field and record; nothing else is told."""
    problems = bench.problems(report)
    assert report.problems == len(problems)
    assert {each.severity for each in problems} <= {"warning"}
    assert all(WARNED in str(each) and LATER not in str(each) for each in problems)
    return [(each.field, each.origin.record) for each in problems]


ROWS = [
    pytest.param({**mood("1", "2", "0"), "mood_timestamp": f"{LATER} 00:00:00"}, "mood_timestamp"),
    pytest.param({**pain("3", "4.5"), "pain_day": LATER}, "pain_day"),
    pytest.param({"enrol_date": LATER}, "enrol_date"),
    pytest.param({"agree_date": LATER}, "agree_date"),
    pytest.param({"stop_share": "1", "stop_research": "1", "stop_date": LATER}, "stop_date"),
]


@pytest.mark.parametrize(("cells", "field"), ROWS)
def test_a_day_that_has_not_come_is_told_once_and_what_it_stands_in_is_taken_in(
    bench: Bench, cells: Cells, field: str
) -> None:
    report = bench.ingest({**person("1"), **cells})

    assert warned(bench, report) == [(field, "1")]
    assert all(set(counts) == {"created"} for counts in report.counts.values())


@pytest.mark.parametrize(("cells", "field"), ROWS)
def test_until_the_end_of_the_day_behind_the_export_nothing_is_told(
    bench: Bench, cells: Cells, field: str
) -> None:
    cells = {**cells, field: cells[field].replace(LATER, LAST).replace("00:00:00", "23:59:59")}

    assert warned(bench, bench.ingest({**person("1"), **cells})) == []


def test_an_event_that_is_yet_to_come_is_told_and_taken_in(bench: Bench) -> None:
    rows = [incident("1", "1", incident_day=LATER), incident("1", "2", incident_day=LAST)]

    report = bench.ingest(person("1"), *rows)

    assert warned(bench, report) == [("incident_day", "1")]
    assert report.counts["incident"] == {"created": 2}


def test_it_is_told_as_long_as_it_is_true_though_the_row_stays_as_it_is(bench: Bench) -> None:
    rows = {**person("1"), **pain("3", "4.5"), "pain_day": LATER}

    first, again = bench.ingest(rows), bench.ingest(rows)
    after = bench.ingest(rows, as_of=AS_OF + timedelta(days=1))

    assert warned(bench, first) == warned(bench, again) == [("pain_day", "1")]
    assert again.counts["pain"] == after.counts["pain"] == {"unchanged": 1}
    assert warned(bench, after) == []


def test_an_export_of_long_ago_is_read_by_the_clock(bench: Bench) -> None:
    rows = {**person("1"), **pain("3", "4.5"), "pain_day": LAST}

    assert warned(bench, bench.ingest(rows, as_of=AS_OF - timedelta(days=30))) == []


@pytest.mark.parametrize("text", ["9999", "tomorrow", "2999-02-30", "-99", ""])
def test_what_is_no_day_is_no_later_one(text: str) -> None:
    assert not is_later(text, LAST, "Australia/Sydney")


def test_answers_without_a_day_are_counted_by_form_and_no_finding(bench: Bench) -> None:
    undated = {**mood("1", "2", "0"), "mood_timestamp": ""}
    rows = [
        {**person("1"), **undated},
        {**person("2"), **undated, **pain("3", "4.5"), "pain_day": "2024-02-01"},
        incident("1", "1"),
        incident("2", "1", incident_day=""),
    ]

    first, again = bench.ingest(*rows), bench.ingest(*rows)

    assert +first.undated == +again.undated == {"mood": 2, "incident": 1}
    assert first.problems == again.problems == 0
