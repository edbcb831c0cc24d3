"""What a date or a number stands for, as R4 says: no more exact than it was written."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from adapter.fhir.search.spans import moment_span, number_span

SYDNEY = ZoneInfo("Australia/Sydney")


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("said", "low", "high"),
    [
        ("2024", "2024-01-01T00:00:00+00:00", "2025-01-01T00:00:00+00:00"),
        ("2024-02", "2024-02-01T00:00:00+00:00", "2024-03-01T00:00:00+00:00"),
        ("2024-12", "2024-12-01T00:00:00+00:00", "2025-01-01T00:00:00+00:00"),
        ("2024-02-29", "2024-02-29T00:00:00+00:00", "2024-03-01T00:00:00+00:00"),
        ("2024-02-29T13:05", "2024-02-29T13:05:00+00:00", "2024-02-29T13:06:00+00:00"),
        ("2024-02-29T13:05:59Z", "2024-02-29T13:05:59+00:00", "2024-02-29T13:06:00+00:00"),
        (
            "2024-02-29T13:05:59.5+11:00",
            "2024-02-29T13:05:59.500+11:00",
            "2024-02-29T13:05:59.600+11:00",
        ),
    ],
)
def test_a_date_lasts_as_long_as_it_is_exact(said: str, low: str, high: str) -> None:
    assert [*moment_span(said, UTC)] == pytest.approx([seconds(low), seconds(high)], abs=1e-6)


@pytest.mark.parametrize("said", ["9999", "9999-12", "9999-12-31"])
def test_what_lasts_to_the_end_of_all_years_has_no_end(said: str) -> None:
    assert moment_span(said, UTC) == (seconds((said + "-01-01")[:10] + "T00:00Z"), float("inf"))


def test_a_day_without_a_zone_is_a_day_of_the_study_also_when_the_clocks_change() -> None:
    low, high = moment_span("2024-04-07", SYDNEY)  # 25 hours long there

    assert low == seconds("2024-04-07T00:00:00+11:00")
    assert high == seconds("2024-04-08T00:00:00+10:00")
    assert high - low == 25 * 3600


@pytest.mark.parametrize(
    "said",
    ["", "24", "2024-13", "2024-02-30", "2024-1-1", "today", "2024-02T10:00", "2024-02-01T25:00",
     "2024-02-01+11:00", "2024-02-01T10", "0000", "2024-02-01T10:00:00Z; DROP"],
)  # fmt: skip
def test_what_is_no_date_is_refused(said: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        moment_span(said, UTC)


@pytest.mark.parametrize(
    ("said", "low", "high"),
    [
        ("5", 4.5, 5.5),
        ("5.4", 5.35, 5.45),
        ("5.40", 5.395, 5.405),
        ("-2", -2.5, -1.5),
        ("1e2", 50.0, 150.0),
        ("100", 99.5, 100.5),
    ],
)
def test_a_number_stands_for_all_that_it_may_be_rounded_from(
    said: str, low: float, high: float
) -> None:
    assert [*number_span(said)] == pytest.approx([low, high])


@pytest.mark.parametrize("said", ["", "five", "1,5", "nan", "inf", "1e999", "0x10", "٣"])
def test_what_is_no_number_is_refused(said: str) -> None:
    with pytest.raises(ValueError, match="number"):
        number_span(said)
