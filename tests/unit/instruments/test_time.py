"""Local times of a study: offsets, the two days on which clocks change, and what is no time."""

from __future__ import annotations

from datetime import date

import pytest

from adapter.instruments.time import BadTimeError, day_of, end_of_window, local_datetime

SYDNEY, BERLIN, NEW_YORK = "Australia/Sydney", "Europe/Berlin", "America/New_York"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("2023-02-30", id="a day that no month has"),
        pytest.param("2023-13-01", id="a thirteenth month"),
        pytest.param("02/04/2023", id="another order"),
        pytest.param("20230402", id="without dashes"),
        pytest.param("2023-W14-7", id="a week"),
        pytest.param("2023-04-02 24:00", id="hour 24"),
        pytest.param("2023-04-02 12:60", id="minute 60"),
        pytest.param("2023-04-02 10", id="an hour alone"),
        pytest.param("2023-04-02 10:00:00.5", id="a fraction of a second"),
        pytest.param("2023-04-02T10:00:00+11:00", id="with an offset"),
        pytest.param("2023-04-02T10:00:00+10:00", id="with an offset that tells nothing"),
        pytest.param("2023-04-02T02:30:00+09:00", id="with an offset of another zone"),
        pytest.param("2023-10-01T02:30:00+10:00", id="with an offset in a skipped hour"),
        pytest.param("2023-04-02T02:30+10:00", id="with an offset and no seconds"),
        pytest.param("[not completed]", id="a word"),
        pytest.param("", id="nothing"),
    ],
)
def test_text_that_is_no_local_time_is_refused(text: str) -> None:
    with pytest.raises(BadTimeError):
        local_datetime(text, SYDNEY)


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("2023-10-01 02:00:00", SYDNEY),
        ("2023-10-01 02:30", SYDNEY),
        ("2023-10-01 02:59:59", SYDNEY),
        ("2023-03-26 02:00:00", BERLIN),
        ("2023-03-26 02:30", BERLIN),
        ("2023-03-26 02:59:59", BERLIN),
    ],
)
def test_an_hour_that_the_clocks_skip_is_refused(text: str, zone: str) -> None:
    with pytest.raises(BadTimeError, match=f"exists in {zone}"):
        local_datetime(text, zone)


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        pytest.param("1883-11-01 10:00", NEW_YORK, id="New York before zones"),
        pytest.param("1892-01-01 10:00", BERLIN, id="Berlin before zones"),
        pytest.param("1023-04-02 10:00", SYDNEY, id="Sydney before zones"),
        pytest.param("0001-01-01 00:00", SYDNEY, id="the first moment of all"),
    ],
)
def test_a_time_that_fhir_cannot_tell_is_refused(text: str, zone: str) -> None:
    """An offset of hours, minutes and seconds is no FHIR offset."""
    with pytest.raises(BadTimeError):
        local_datetime(text, zone)


@pytest.mark.parametrize("text", ["77-31-04", "2077-31-04", "2023-10-01 02:31", "0001-01-01 00:31"])
def test_a_refusal_never_quotes_the_text(text: str) -> None:
    with pytest.raises(BadTimeError) as refusal:
        local_datetime(text, SYDNEY)

    assert "31" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        pytest.param(
            "2023-10-01 01:59:59", SYDNEY, "2023-10-01T01:59:59+10:00", id="Sydney before"
        ),
        pytest.param("2023-10-01 03:00:00", SYDNEY, "2023-10-01T03:00:00+11:00", id="Sydney after"),
        pytest.param(
            "2023-03-26 01:59:59", BERLIN, "2023-03-26T01:59:59+01:00", id="Berlin before"
        ),
        pytest.param("2023-03-26 03:00:00", BERLIN, "2023-03-26T03:00:00+02:00", id="Berlin after"),
    ],
)
def test_the_hours_beside_the_skipped_one_have_their_offsets(
    text: str, zone: str, expected: str
) -> None:
    told = local_datetime(text, zone)

    assert told == expected


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        pytest.param(
            "2023-04-02 01:59:59", SYDNEY, "2023-04-02T01:59:59+11:00", id="Sydney before"
        ),
        pytest.param("2023-04-02 02:30:00", SYDNEY, "2023-04-02T02:30:00+11:00", id="Sydney twice"),
        pytest.param("2023-04-02 03:00:00", SYDNEY, "2023-04-02T03:00:00+10:00", id="Sydney after"),
        pytest.param(
            "2023-10-29 01:59:59", BERLIN, "2023-10-29T01:59:59+02:00", id="Berlin before"
        ),
        pytest.param("2023-10-29 02:30:00", BERLIN, "2023-10-29T02:30:00+02:00", id="Berlin twice"),
        pytest.param("2023-10-29 03:00:00", BERLIN, "2023-10-29T03:00:00+01:00", id="Berlin after"),
    ],
)
def test_an_hour_that_comes_twice_is_taken_as_the_first(
    text: str, zone: str, expected: str
) -> None:
    told = local_datetime(text, zone)

    assert told == expected


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2023-04-02T02:30:00+11:00", SYDNEY, "2023-04-02T02:30:00+11:00"),
        ("2023-04-02 02:30:00+10:00", SYDNEY, "2023-04-02T02:30:00+10:00"),
        ("2023-10-29 02:30:00+01:00", BERLIN, "2023-10-29T02:30:00+01:00"),
    ],
    ids=["Sydney first", "Sydney second", "Berlin second"],
)
def test_in_an_hour_that_comes_twice_a_stated_offset_is_kept(
    text: str, zone: str, expected: str
) -> None:
    told = local_datetime(text, zone)

    assert told == expected
    assert str(day_of(text, zone)) == expected[:10]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2023-06-15 09:05", "2023-06-15T09:05:00+10:00"),
        ("2023-06-15 09:05:07", "2023-06-15T09:05:07+10:00"),
        ("2023-06-15T09:05", "2023-06-15T09:05:00+10:00"),
        (" 2023-12-15 09:05 ", "2023-12-15T09:05:00+11:00"),
        ("2023-06-15 00:00", "2023-06-15T00:00:00+10:00"),
    ],
    ids=["minutes", "seconds", "a T between", "blanks around, summer", "midnight"],
)
def test_a_local_time_gets_the_offset_of_its_day(text: str, expected: str) -> None:
    told = local_datetime(text, SYDNEY)

    assert told == expected


@pytest.mark.parametrize("text", ["2023-10-01", " 2023-10-01", "0001-01-01", "9999-12-31"])
def test_a_date_stays_a_date(text: str) -> None:
    told = local_datetime(text, SYDNEY)

    assert told == text.strip()


@pytest.mark.parametrize("text", ["2023-10-01", "2023-10-01 02:30", "2023-10-01 23:59:59"])
def test_the_day_of_a_time_is_its_local_day(text: str) -> None:
    day = day_of(text, SYDNEY)

    assert day == date(2023, 10, 1)


def test_text_that_is_no_time_has_no_day() -> None:
    with pytest.raises(BadTimeError):
        day_of("yesterday", SYDNEY)


@pytest.mark.parametrize(
    ("enrolled", "closes"),
    [
        # nine weeks and 42 days are 105 days; the window closes when the last of them ends
        pytest.param(date(2023, 6, 15), "2023-09-29T00:00:00+10:00", id="in winter"),
        pytest.param(date(2023, 6, 17), "2023-10-01T00:00:00+10:00", id="the night of the change"),
        pytest.param(date(2023, 6, 18), "2023-10-02T00:00:00+11:00", id="after the change"),
    ],
)
def test_a_window_closes_when_its_last_local_day_ends(enrolled: date, closes: str) -> None:
    moment = end_of_window(enrolled, week=9, closes_days=42, zone=SYDNEY)

    assert moment.isoformat() == closes


def test_a_window_beyond_the_last_day_of_all_stays_open() -> None:
    moment = end_of_window(date(9999, 12, 31), week=9, closes_days=42, zone=SYDNEY)

    assert moment.isoformat() == "9999-12-31T23:59:59.999999+00:00"
