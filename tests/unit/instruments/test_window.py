"""The timepoint that an answer belongs to, by its day alone."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from adapter.instruments.window import local_day, timepoints_on
from tests.unit.ingest import project

ENROLLED = date(2024, 2, 1)
SYDNEY = ZoneInfo("Australia/Sydney")
STUDY = project.STUDY.replace("week: 4, event", "week: 4, opens_days: 3, event")


@pytest.mark.parametrize(
    ("day", "found"),
    [
        (-1, []),
        (0, ["week-0"]),
        (24, ["week-0"]),  # the first window stays open until the next one opens
        (25, ["week-4"]),
        (35, ["week-4"]),
        (36, []),
    ],
)
def test_a_day_falls_into_the_window_that_is_open(day: int, found: list[str]) -> None:
    study = project.study(STUDY)

    assert timepoints_on(study, "mood", ENROLLED, ENROLLED + timedelta(days=day)) == found


def test_where_two_windows_are_open_both_are_told() -> None:
    early = project.study(STUDY.replace("week: 0, event", "week: 0, closes_days: 26, event"))

    found = timepoints_on(early, "mood", ENROLLED, ENROLLED + timedelta(days=25))

    assert found == ["week-0", "week-4"]


def test_what_happens_throughout_has_no_window() -> None:
    assert timepoints_on(project.study(), "incident", ENROLLED, ENROLLED) == []


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2024-02-28T20:30:00Z", date(2024, 2, 29)),
        ("2024-02-28T20:30:00.5+11:00", date(2024, 2, 28)),
        ("2024-04-06T14:30:00+00:00", date(2024, 4, 7)),  # the night the clocks go back
        ("2024-02-28", date(2024, 2, 28)),
        ("2024-02-30", None),
        ("2024-02-28T20:30:00", None),
        ("2024-02", None),
        ("2024", None),
        ("20240228", None),
        ("soon", None),
        ("9999-12-31T23:59:59Z", None),
        ("0001-01-01T00:00:00+14:00", None),
    ],
)
def test_a_day_is_that_of_the_study_s_zone(moment: str, day: date | None) -> None:
    assert local_day(moment, SYDNEY) == day
