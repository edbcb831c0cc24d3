"""Every answer becomes one of three values: it came, it was not reached, nobody knows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import httpx
import pytest
import respx

from adapter.sync.answer import Answer
from adapter.sync.client import FhirClient
from adapter.sync.receipt import Unknown, Unreachable
from tests.unit.sync.far_side import BASE, outcome

NOW = datetime(2026, 3, 1, 20, 30, tzinfo=ZoneInfo("Australia/Sydney"))  # 09:30 in Greenwich


@pytest.fixture
def client() -> Iterator[FhirClient]:
    with httpx.Client(base_url=BASE) as http:
        yield FhirClient(http, lambda: NOW)


@pytest.fixture
def base() -> Iterator[respx.Route]:
    """The address that bundles are sent to."""
    with respx.mock(assert_all_called=False) as router:
        yield router.post(BASE)


@pytest.mark.parametrize(
    "error",
    [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout],
    ids=lambda it: it.__name__,
)
def test_what_never_left_may_be_sent_again(
    client: FhirClient, base: respx.Route, error: type[Exception]
) -> None:
    base.mock(side_effect=error)

    answer = client.exchange("POST", "", b"{}")

    assert answer == Unreachable(error.__name__)


@pytest.mark.parametrize(
    "error",
    [
        httpx.ReadTimeout,
        httpx.WriteTimeout,
        httpx.ReadError,
        httpx.WriteError,
        httpx.CloseError,
        httpx.RemoteProtocolError,
        httpx.DecodingError,
    ],
    ids=lambda it: it.__name__,
)
def test_nobody_knows_what_became_of_what_left_and_was_not_answered(
    client: FhirClient, base: respx.Route, error: type[Exception]
) -> None:
    base.mock(side_effect=error)

    answer = client.exchange("POST", "", b"{}")

    assert answer == Unknown(error.__name__)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        pytest.param("120", 120.0, id="seconds"),
        pytest.param("0", 0.0, id="no seconds"),
        pytest.param(" 7 ", 7.0, id="seconds in blanks"),
        pytest.param("Sun, 01 Mar 2026 09:32:05 GMT", 125.0, id="a date"),
        pytest.param("Sunday, 01-Mar-26 09:32:05 GMT", 125.0, id="a date as it was once written"),
        pytest.param("Sun, 01 Mar 2026 10:32:05 +0100", 125.0, id="a date elsewhere"),
        pytest.param("Sun, 01 Mar 2026 09:32:05 -0000", 125.0, id="a date of no zone"),
        pytest.param("Sun, 01 Mar 2026 09:29:59 GMT", 0.0, id="a date gone by"),
        pytest.param("soon", None, id="no number and no date"),
        pytest.param("-5", None, id="less than nothing"),
        pytest.param("1.5", None, id="a broken number"),
        pytest.param("", None, id="empty"),
    ],
)
def test_a_busy_record_system_says_when_to_come_again(
    client: FhirClient, base: respx.Route, status: int, said: str, seconds: float | None
) -> None:
    base.respond(status, headers={"Retry-After": said})

    answer = client.exchange("POST", "", b"{}")

    assert answer == Unreachable(f"HTTP {status}", seconds)


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_record_system_may_say_nothing(
    client: FhirClient, base: respx.Route, status: int
) -> None:
    base.respond(status)

    answer = client.exchange("POST", "", b"{}")

    assert answer == Unreachable(f"HTTP {status}", None)


@pytest.mark.parametrize("status", [408, 500, 502, 504, 507, 520, 599])
def test_nobody_knows_what_a_broken_record_system_did(
    client: FhirClient, base: respx.Route, status: int
) -> None:
    base.respond(status, json=outcome("out of memory"))

    answer = client.exchange("POST", "", b"{}")

    assert answer == Unknown(f"HTTP {status}")


@pytest.mark.parametrize("body", [b"<html>Welcome</html>", b"[1]", b'"text"', b'{"resourceType":'])
@pytest.mark.parametrize("status", [200, 201])
def test_a_success_that_is_not_fhir_is_no_success(
    client: FhirClient, base: respx.Route, status: int, body: bytes
) -> None:
    base.respond(status, content=body)

    answer = client.exchange("POST", "", b"{}")

    assert answer == Unknown(f"HTTP {status} with a body that is not FHIR JSON")


@pytest.mark.parametrize("status", [302, 400, 401, 404, 413, 422])
def test_a_refusal_need_not_be_fhir(client: FhirClient, base: respx.Route, status: int) -> None:
    base.respond(status, html="<h1>No</h1>")

    answer = client.exchange("POST", "", b"{}")

    assert answer == Answer(status, {})


def test_an_answer_without_a_body_is_one(client: FhirClient, base: respx.Route) -> None:
    base.respond(204, headers={"ETag": 'W/"3"'})

    answer = client.exchange("POST", "", b"{}")

    assert answer == Answer(204, {}, 'W/"3"')


def test_what_is_sent_says_that_it_is_fhir(client: FhirClient, base: respx.Route) -> None:
    base.respond(200, json={})

    client.exchange("POST", "", b"{}")

    sent = base.calls.last.request
    assert sent.headers["Accept"] == sent.headers["Content-Type"] == "application/fhir+json"


def test_a_form_says_that_it_is_one_and_a_read_says_nothing_of_a_body(client: FhirClient) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    with respx.mock() as router:
        search = router.post(f"{BASE}Patient/_search").respond(200, json={})
        read = router.get(f"{BASE}Patient/1").respond(200, json={})
        client.exchange("POST", "Patient/_search", b"_count=2", form)
        client.exchange("GET", "Patient/1")

    assert search.calls.last.request.headers["Content-Type"] == form["Content-Type"]
    assert "Content-Type" not in read.calls.last.request.headers
