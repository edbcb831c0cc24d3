"""How long to wait: what was asked for, else longer each time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from adapter.waiting import moment_of, retry_after_seconds, wait_seconds

NOW = datetime(2024, 3, 20, 22, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("0", 0.0),
        (" 120 ", 120.0),
        ("Wed, 20 Mar 2024 22:31:30 GMT", 90.0),
        ("Wed, 20 Mar 2024 22:31:30 -0000", 90.0),
        ("Wed, 20 Mar 2024 22:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("\N{SUPERSCRIPT TWO}", None),
    ],
)
def test_a_retry_after_is_read_as_seconds_or_as_a_date(said: str, seconds: float | None) -> None:
    assert retry_after_seconds(said, NOW) == seconds


def test_an_http_date_is_a_moment_with_its_zone() -> None:
    assert moment_of("Wed, 20 Mar 2024 22:30:00 GMT") == NOW
    assert moment_of("Wed, 20 Mar 2024") is None


def test_what_is_asked_for_comes_first() -> None:
    assert wait_seconds(9, 3.0) == 3.0


def test_without_a_wish_a_wait_doubles_until_a_minute() -> None:
    assert [wait_seconds(failures, None) for failures in (1, 2, 3, 8, 50)] == [
        *(0.5, 1.0, 2.0),
        *(60.0, 60.0),
    ]
