"""What is not believed to be gone, because something hides where its rows are now."""

from __future__ import annotations

from tests.unit.ingest.project import (
    Bench,
    at_week_4,
    columns,
    csv_bytes,
    mood,
    people,
    person,
    records_csv,
    tally,
)

RENAMED = "end_of_treatment_arm_1"


def of_two(event: str) -> list[dict[str, str]]:
    """Somebody with a mood at both timepoints, and a tally at the second, under this event."""
    later = {**at_week_4("1"), **mood("0", "0", "0"), **tally("4")}
    return [{**person("1"), **mood("1", "2", "0")}, {**later, "redcap_event_name": event}]


def test_an_event_that_was_renamed_takes_nothing_back(bench: Bench) -> None:
    bench.ingest(*of_two("week_4_arm_1"))
    before = bench.statuses("Observation")

    report = bench.ingest(*of_two(RENAMED), missing_limit=5)

    assert bench.statuses("Observation") == before
    assert report.counts["mood"]["retracted"] == 0
    assert {problem.found for problem in bench.problems(report)} == {"another event"}


def test_another_form_of_the_record_is_taken_back_all_the_same(bench: Bench) -> None:
    first, later = of_two("week_4_arm_1")
    bench.ingest(first, later)

    report = bench.ingest(
        first,
        {**later, **mood("", "", "", complete="", mood_timestamp=""), **tally("5")},
        {**at_week_4("1"), **tally("4"), "redcap_event_name": RENAMED},
        missing_limit=5,
    )

    assert report.counts["mood"]["retracted"] == 1


def test_an_event_that_has_its_name_again_is_read_as_before(bench: Bench) -> None:
    bench.ingest(*of_two("week_4_arm_1"))
    bench.ingest(*of_two(RENAMED), missing_limit=5)

    report = bench.ingest(*of_two("week_4_arm_1"), missing_limit=5)

    assert report.counts["mood"]["unchanged"] == 2


def test_an_export_that_is_a_header_alone_takes_nothing_back(bench: Bench) -> None:
    bench.ingest(*people(2))
    before = bench.statuses("Observation")

    report = bench.ingest(missing_limit=100)

    (problem,) = bench.problems(report)
    assert bench.statuses("Observation") == before
    assert problem.found == "a header and nothing else"


def test_a_first_export_without_rows_is_no_finding(bench: Bench) -> None:
    assert bench.problems(bench.ingest(missing_limit=100)) == []


def test_blank_rows_that_a_spreadsheet_leaves_are_passed_over(bench: Bench) -> None:
    rows = people(1)
    content = records_csv(rows) + b",,,\n" + csv_bytes([[""] * len(columns())])

    report = bench.read(bench.source(content, missing_limit=5))

    assert bench.problems(report) == []
    assert report.counts["mood"]["created"] == 2
