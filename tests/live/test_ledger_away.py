"""A ledger on PostgreSQL that goes away holds nobody up: the service says so, and is soon back."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import httpx
import pytest

from adapter.store.database import Database
from tests.live.served import Served, serve
from tests.live.survival import wait_for
from tests.postgresql import PostgreSql

AT_FIRST_SECONDS, THEN_SECONDS, BACK_SECONDS = 8.0, 1.0, 8.0
"""How long the first answer may take that finds it out, each other one, and until it is back."""
SLOW_SECONDS = 3


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSql]:
    """A PostgreSQL that nobody else needs."""
    running = PostgreSql.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def served(server: PostgreSql, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The service of one worker, over a ledger on that."""
    folder = tmp_path_factory.mktemp("served")
    with serve(folder, frozenset({"1015"}), ledger=server.new()) as running:
        yield running


@contextmanager
def frozen(server: PostgreSql) -> Iterator[None]:
    """Every process of it stands still; what connects to it hears nothing."""
    for pid in server.processes():
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in server.processes():
            os.kill(pid, signal.SIGCONT)


@contextmanager
def stopped(server: PostgreSql) -> Iterator[None]:
    """It runs no more; what connects to it is turned away."""
    server.rest()
    try:
        yield
    finally:
        server.go_on()


@pytest.mark.parametrize("away", [frozen, stopped])
def test_while_the_ledger_is_away_everybody_is_told_at_once_when_to_ask_again(
    server: PostgreSql, served: Served, away: Callable[[PostgreSql], object]
) -> None:
    with httpx.Client(base_url=served.origin, timeout=60) as http:
        http.headers["Authorization"] = f"Bearer {served.token('system/*.rs')}"
        assert http.get("fhir/ResearchStudy").status_code == httpx.codes.OK
        (study,) = http.get("fhir/ResearchStudy").json()["entry"]
        name = f"fhir/ResearchStudy/{study['resource']['id']}"
        assert http.get(name).status_code == httpx.codes.OK

        with away(server):  # type: ignore[attr-defined]
            took, first = timed(lambda: http.get(name))
            others = [timed(lambda: http.get(name)), timed(lambda: http.get("fhir/ResearchStudy"))]
            lives, live = timed(lambda: http.get("health/live"))
            _, ready = timed(lambda: http.get("health/ready"))

        wait_for(lambda: http.get(name).status_code == httpx.codes.OK, BACK_SECONDS)
        assert http.get("fhir/ResearchStudy").status_code == httpx.codes.OK
    answers = [first, *(each for _, each in others)]
    assert [each.status_code for each in answers] == [503] * 3
    assert {each.headers["Retry-After"] for each in answers} == {"10"}
    assert took < AT_FIRST_SECONDS
    assert max(seconds for seconds, _ in others) < THEN_SECONDS
    assert (live.status_code, ready.status_code) == (200, 503)
    assert lives < THEN_SECONDS


def test_a_statement_that_takes_long_is_waited_for(server: PostgreSql) -> None:
    with closing(Database(server.new(), waits=False)) as database:
        (slept,) = database.read().execute(f"SELECT pg_sleep({SLOW_SECONDS}) IS NULL").fetchone()

    assert not slept


def timed(ask: Callable[[], httpx.Response]) -> tuple[float, httpx.Response]:
    begun = time.monotonic()
    answer = ask()
    return time.monotonic() - begun, answer
