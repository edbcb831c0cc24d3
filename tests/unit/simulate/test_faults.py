"""Faults between a client and a record system, over real sockets."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest

from adapter.simulate import FAULTS, Bearer, Chance, FaultLayer, parse_rates, serving
from tests.unit.simulate.clinic import Clinic, patient

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


class Faulty:
    """A record system behind one fault, and a client of it."""

    def __init__(self, layer: FaultLayer, clinic: Clinic, port: int) -> None:
        self.layer, self.clinic = layer, clinic
        self._base = f"http://127.0.0.1:{port}/fhir"

    def put(self, timeout: float = 5) -> httpx.Response:
        url = f"{self._base}/Patient/p1"
        return httpx.put(url, json=patient("p1"), timeout=timeout, trust_env=False)

    @property
    def took_effect(self) -> bool:
        return self.clinic.system.resources.is_live("Patient", "p1")


@contextmanager
def faulty(fault: str, seed: int = 1) -> Iterator[Faulty]:
    clinic = Clinic()
    chance = Chance({fault: 1.0}, seed)
    layer = FaultLayer(
        clinic.app, chance, lambda: clinic.now, retry_after_seconds=7, silent_seconds=30
    )
    with serving(layer, dates=False) as port:
        yield Faulty(layer, clinic, port)


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [("busy", 429, "throttled"), ("away", 503, "transient"), ("broken", 500, "exception")],
)
def test_a_server_that_will_not_says_so_and_does_nothing(
    fault: str, status: int, code: str
) -> None:
    with faulty(fault) as record_system:
        answer = record_system.put()

        assert (answer.status_code, answer.json()["issue"][0]["code"]) == (status, code)
        assert ("retry-after" in answer.headers) is (fault != "broken")
        assert not record_system.took_effect


def test_how_long_to_wait_is_told_in_seconds_or_as_a_date_of_the_server_s_clock() -> None:
    with faulty("busy", seed=3) as record_system:
        told = {record_system.put().headers["retry-after"] for _ in range(20)}
        now = record_system.clinic.now.replace(microsecond=0)

    assert "7" in told
    (date,) = told - {"7"}
    assert parsedate_to_datetime(date) == now + timedelta(seconds=7)


def test_every_answer_carries_the_date_of_the_server_s_clock_once() -> None:
    with faulty("latency") as record_system:
        answer = record_system.put()

    assert answer.headers.get_list("date") == ["Sun, 01 Mar 2026 09:30:00 GMT"]
    assert answer.json()["meta"]["lastUpdated"] == "2026-03-01T09:30:00.123Z"


def test_a_token_is_told_to_be_expired() -> None:
    with faulty("expired") as record_system:
        answer = record_system.put()

        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        assert not record_system.took_effect


@pytest.mark.parametrize(
    ("fault", "status", "took_effect"), [("html", 200, False), ("gateway", 502, True)]
)
def test_a_page_in_html_comes_before_or_after_the_effect(
    fault: str, status: int, *, took_effect: bool
) -> None:
    with faulty(fault) as record_system:
        answer = record_system.put()

        assert (answer.status_code, answer.headers["content-type"]) == (
            status,
            "text/html; charset=utf-8",
        )
        assert record_system.took_effect is took_effect


def test_half_a_body_looks_like_a_whole_one() -> None:
    with faulty("truncated") as record_system:
        answer = record_system.put()

        assert answer.status_code == 201
        assert answer.content.startswith(b'{"resourceType":"Patient"')
        with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
            answer.json()
        assert record_system.took_effect


@pytest.mark.parametrize(("fault", "took_effect"), [("dropped", False), ("reset", True)])
def test_a_connection_is_cut_before_or_after_the_effect(fault: str, *, took_effect: bool) -> None:
    with faulty(fault) as record_system:
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            record_system.put()

        assert record_system.took_effect is took_effect


def test_a_silent_server_has_done_what_it_was_asked_and_notices_who_gave_up(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with faulty("silent") as record_system:
        with pytest.raises(httpx.ReadTimeout):
            record_system.put(timeout=0.3)

        assert record_system.took_effect
    assert capfd.readouterr().err == ""


def test_an_answer_that_comes_late_is_whole() -> None:
    with faulty("latency") as record_system:
        before = time.perf_counter()
        answer = record_system.put()

    assert answer.json()["id"] == "p1"
    assert time.perf_counter() - before >= 0.05


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_meets_the_share_of_requests_that_is_asked_for(fault: str) -> None:
    chance = Chance({"another": 0.3, fault: 0.2}, 5)

    met = [chance.draw() for _ in range(10_000)]

    assert set(met) == {None, "another", fault}
    assert 0.18 < met.count(fault) / len(met) < 0.22
    assert 0.28 < met.count("another") / len(met) < 0.32


def test_the_same_seed_gives_the_same_faults() -> None:
    rates = {"reset": 0.1, "busy": 0.3}
    runs = [Chance(rates, seed) for seed in (1, 1, 2)]

    first, again, other = ([chance.draw() for _ in range(200)] for chance in runs)

    assert first == again != other


@pytest.mark.parametrize(
    "said",
    [["tired:0.1"], ["busy"], ["busy:often"], ["busy:1.5"], ["busy:-0.1"], ["busy:0.1"] * 2],
    ids=" ".join,
)
def test_rates_that_make_no_sense_are_refused(said: list[str]) -> None:
    with pytest.raises(ValueError, match=r"could not convert|is no fault"):
        parse_rates(said, FAULTS)


def test_rates_are_shares_of_one_whole() -> None:
    assert parse_rates(["busy:0.25", "reset:0.75"], FAULTS) == {"busy": 0.25, "reset": 0.75}
    with pytest.raises(ValueError, match="more than 1"):
        parse_rates(["busy:0.5", "reset:0.75"], FAULTS)


def test_what_lies_outside_fhir_meets_no_fault() -> None:
    clinic = Clinic()
    chance = Chance({"broken": 1.0}, 1)
    layer = FaultLayer(clinic.app, chance, lambda: clinic.now)
    with serving(layer) as port:
        answer = httpx.get(f"http://127.0.0.1:{port}/desk", trust_env=False)

    assert (answer.status_code, layer.met) == (404, [])


def test_behind_a_token_only_the_statement_is_open() -> None:
    clinic = Clinic()
    with serving(Bearer(clinic.app, "s3cret")) as port:
        base = f"http://127.0.0.1:{port}/fhir"

        def get(path: str, token: str = "") -> httpx.Response:
            headers = {"authorization": f"Bearer {token}"} if token else {}
            return httpx.get(f"{base}/{path}", headers=headers, trust_env=False)

        refused = [get("Patient"), get("Patient", "another")]
        taken = [get("metadata"), get("Patient", "s3cret")]

    assert [(each.status_code, each.json()["issue"][0]["code"]) for each in refused] == [
        (401, "login")
    ] * 2
    assert refused[0].headers["www-authenticate"] == "Bearer"
    assert [each.status_code for each in taken] == [200, 200]


def test_a_clock_that_is_wrong_is_wrong_everywhere() -> None:
    with faulty("latency") as record_system:
        record_system.clinic.wait(-3600)
        answer = record_system.put()

    date = parsedate_to_datetime(answer.headers["date"])
    updated = datetime.fromisoformat(answer.json()["meta"]["lastUpdated"])
    assert date == updated.replace(microsecond=0) == datetime.fromisoformat("2026-03-01T08:30:00Z")
