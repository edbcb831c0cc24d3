"""Beside the service, what a source told of is fetched, and what nobody told of is found."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from adapter.service import Service, now, open_service
from adapter.service.catching_up import GIVEN_UP, Bell, Work, catching_up
from adapter.service.triggers import source_of, triggered_sources
from adapter.simulate import serving
from adapter.simulate.redcap import Place
from adapter.store import triggered
from adapter.store.triggered import Waiting
from tests.unit.cli.site import Site, make_site
from tests.unit.ingest.project import WEEK_0, mood, person
from tests.unit.simulate.redcap.server import TOKEN, Server, Wall
from tests.unit.sources.redcap_api.wire import SYDNEY, small_project

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
HOST = "127.0.0.1, project 42"
PATIENCE_SECONDS = 20


@dataclass
class Beside:
    """A running adapter whose source is a simulated REDCap, and what was told of trouble."""

    service: Service
    server: Server
    bell: Bell = field(default_factory=Bell)
    troubles: list[Exception] = field(default_factory=list)

    def told(self, *records: str) -> None:
        """REDCap says that these were saved."""
        with self.service.database.write() as tx:
            for record in records:
                triggered.note(tx, HOST, record, self.service.now(), 100)
        self.bell.ring()

    def waiting(self) -> Waiting:
        return triggered.count(self.service.database.read())

    def statuses(self) -> dict[str, str]:
        """The status of each person's response at week 0."""
        rows = self.service.database.read().execute(
            "SELECT participant, status FROM instance WHERE form = 'mood'"
        )
        return {row["participant"]: row["status"] for row in rows}

    @contextmanager
    def working(self, every_seconds: float | None = None) -> Iterator[None]:
        """Works in a thread."""
        work = Work(self.service, self.bell, every_seconds, self.troubles.append)
        thread = threading.Thread(target=work.go_on)
        thread.start()
        try:
            yield
        finally:
            self.bell.end()
            thread.join(PATIENCE_SECONDS)

    def exports(self) -> int:
        """How often records were exported."""
        return sum(entry.type == "export" for entry in self.server.project.log)


def wait_for(is_so: Callable[[], bool]) -> None:
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < PATIENCE_SECONDS, "it did not come to pass"
        time.sleep(0.02)


@pytest.fixture
def beside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Beside]:
    """Three people in REDCap, nobody in the ledger."""
    wall = Wall(now().astimezone(SYDNEY).replace(tzinfo=None) - timedelta(days=9))
    rows = [{**person(name), **mood("1", "2", "0")} for name in ("1", "2", "3")]
    server = Server(small_project(rows, wall), wall)
    wall.wait(days=9)
    server.faults.retry_after_seconds = "0"
    with serving(server.app) as port:
        site = site_of(make_site(tmp_path, capsys), port)
        with open_service(site.config) as service:
            yield Beside(service, server)


def site_of(site: Site, port: int) -> Site:
    text = site.config.read_text("utf-8")
    begin, end = text.index("[[sources]]"), text.index("[[clinics]]")
    source = f"""\
[[sources]]
kind = "redcap-api"
url = "http://127.0.0.1:{port}/api/"
token_file = "token"
missing_limit = 5
trigger = {{project = 42, secret_file = "secret"}}

"""
    site.write("token", TOKEN)
    site.write("secret", "s" * 32)
    site.write("adapter.toml", text[:begin] + source + text[end:])
    return site


def test_what_was_told_is_fetched_and_nobody_else(beside: Beside) -> None:
    beside.told("2")

    with beside.working():
        wait_for(lambda: not beside.waiting().count)

    assert beside.statuses() == {"2": "completed"}
    assert beside.troubles == []


def test_what_another_process_was_told_is_fetched_though_nobody_rings(beside: Beside) -> None:
    with beside.working():
        time.sleep(0.5)  # it has looked, and found nobody
        with beside.service.database.write() as tx:
            triggered.note(tx, HOST, "2", beside.service.now(), 100)
        wait_for(lambda: not beside.waiting().count)

    assert beside.statuses() == {"2": "completed"}


def test_ten_saves_of_one_record_are_one_fetch(beside: Beside) -> None:
    beside.told("2")
    with beside.working():
        wait_for(lambda: not beside.waiting().count)
        of_one = beside.exports()
        beside.told(*["2"] * 10)
        wait_for(lambda: not beside.waiting().count)

    assert beside.exports() == 2 * of_one


def test_a_record_that_was_deleted_or_never_was_is_left_to_a_reading_of_all(
    beside: Beside,
) -> None:
    beside.told("1", "2", "3")
    with beside.working():
        wait_for(lambda: not beside.waiting().count)
        beside.server.project.delete("2")
        beside.told("2", "nobody")
        wait_for(lambda: not beside.waiting().count)
    by_trigger = beside.statuses()
    beside.bell = Bell()
    with beside.working(1000):
        wait_for(lambda: beside.statuses() != by_trigger)

    assert by_trigger == dict.fromkeys("123", "completed")
    assert beside.statuses() == {**by_trigger, "2": "entered-in-error"}
    assert beside.troubles == []


def test_a_save_that_nobody_was_told_of_is_found_by_the_next_reading(beside: Beside) -> None:
    with beside.working(0.2):
        wait_for(lambda: len(beside.statuses()) == 3)
        beside.server.project.save(Place("2", WEEK_0), {"mood_1": "3"})
        wait_for(lambda: beside.statuses()["2"] == "amended")

    assert beside.troubles == []


def test_a_redcap_that_is_away_is_asked_again_and_the_trouble_is_told(beside: Beside) -> None:
    beside.server.faults.rule = "away"
    beside.told("2", "3")
    with beside.working():
        wait_for(lambda: beside.waiting().failures > 1)
        meanwhile = beside.waiting()
        beside.server.faults.rule = None
        wait_for(lambda: not beside.waiting().count)

    assert meanwhile.count == 2
    assert beside.statuses().keys() == {"2", "3"}
    assert "6 times in a row: HTTP 503" in str(beside.troubles[0])


def test_who_cannot_be_had_at_all_is_left_to_the_reading_of_all(beside: Beside) -> None:
    beside.told("2")
    with beside.service.database.write() as tx:
        tx.execute("UPDATE triggered SET failures = ?", (GIVEN_UP - 1,))
    beside.server.faults.rule = "away"

    with beside.working(1000):
        wait_for(lambda: not beside.waiting().count)

    assert beside.statuses() == {}
    assert beside.troubles


def test_another_ingest_goes_first(beside: Beside) -> None:
    with open_service(beside.service.settings.study.parent / "adapter.toml") as other:
        with other.database.sole_writer("ingest"):
            beside.told("2")
            with beside.working():
                time.sleep(2)
                meanwhile = beside.waiting(), beside.statuses()
        beside.bell = Bell()
        with beside.working():
            wait_for(lambda: not beside.waiting().count)

    assert meanwhile == (Waiting(1, meanwhile[0].since, 0), {})
    assert beside.statuses() == {"2": "completed"}
    assert beside.troubles == []


def test_a_token_of_another_project_is_no_way_to_the_one_that_tells(beside: Beside) -> None:
    settings = beside.service.settings
    source = settings.sources[0]
    (known,) = triggered_sources(settings)
    assert source_of(known) == HOST
    trigger = known.trigger.model_copy(update={"project": 43})  # type: ignore[union-attr]
    wrong = source.model_copy(update={"trigger": trigger})
    beside.service = replace(
        beside.service, settings=settings.model_copy(update={"sources": (wrong,)})
    )
    with beside.service.database.write() as tx:
        triggered.note(tx, "127.0.0.1, project 43", "2", beside.service.now(), 100)

    with beside.working():
        wait_for(lambda: bool(beside.troubles))

    assert beside.statuses() == {}
    assert "trigger.project" in str(beside.troubles[0])


def test_who_ends_does_not_wait_as_long_as_redcap_asked_for(beside: Beside) -> None:
    faults = beside.server.faults
    faults.following, faults.rule, faults.retry_after_seconds = deque(["away"]), "away", "200"
    beside.told("2")
    config = beside.service.settings.study.parent / "adapter.toml"
    with catching_up(open_service(config), None, beside.troubles.append):
        wait_for(lambda: not faults.following)
        began = time.monotonic()

    assert time.monotonic() - began < 10
    assert beside.waiting().count == 1
