"""Whose turn it is: who knocked, and everybody now and then; and who may knock at all."""

from __future__ import annotations

import threading
from collections.abc import Collection
from itertools import islice

import httpx
import pytest

from adapter.errors import ConflictError
from adapter.service.notifications import Knocks, Rhythm, notification_app, turns, visit_all
from adapter.sync.subscription import HEADER
from tests.in_process import ask_app

EVERY, PAUSE = 900.0, 60.0
RHYTHM = Rhythm(EVERY, PAUSE)


class Days:
    """A clock that goes on while somebody waits; `knocks` says who knocks when."""

    def __init__(self, **knocks: float) -> None:
        self.now = 0.0
        self._knocks = sorted((moment, name) for name, moment in knocks.items())

    def wait(self, seconds: float) -> Collection[str]:
        end = self.now + seconds
        heard = [(moment, name) for moment, name in self._knocks if moment <= end]
        self._knocks = [each for each in self._knocks if each not in heard]
        self.now = max(self.now, heard[0][0]) if heard else end
        return {name for _, name in heard}

    def take(self, count: int, *names: str, rhythm: Rhythm = RHYTHM) -> list[tuple[str, float]]:
        """Who is asked, and when; each question takes a second."""
        asked = []
        for name in islice(turns(names, self.wait, rhythm, lambda: self.now), count):
            asked.append((name, self.now))
            self.now += 1
        return asked


def test_everybody_is_asked_at_once_and_then_in_the_rhythm() -> None:
    assert Days().take(4, "north", "south") == [
        ("north", 0.0),
        ("south", 1.0),
        ("north", 900.0),
        ("south", 901.0),
    ]


def test_who_knocks_is_asked_at_once_and_then_a_whole_time_later() -> None:
    assert Days(north=300.0).take(3, "north") == [
        ("north", 0.0),
        ("north", 300.0),
        ("north", 1200.0),
    ]


def test_who_was_just_asked_waits_for_the_pause() -> None:
    assert Days(north=10.0).take(2, "north") == [("north", 0.0), ("north", PAUSE)]


def test_a_knock_delays_nothing() -> None:
    often = Rhythm(every_seconds=10.0, pause_seconds=60.0)

    assert Days(north=5.0).take(2, "north", rhythm=often) == [("north", 0.0), ("north", 10.0)]


def test_a_knock_hinders_no_other_turn() -> None:
    assert Days(north=100.0).take(4, "north", "south")[2:] == [("north", 100.0), ("south", 901.0)]


def test_where_nobody_is_asked_it_ends() -> None:
    assert Days().take(1) == []


def test_who_could_not_be_asked_is_told_and_comes_again_as_at_the_start() -> None:
    looked: list[tuple[str, bool]] = []
    knocked: list[str] = []
    warned: list[str] = []

    def look(name: str, *, is_start: bool) -> None:
        looked.append((name, is_start))
        if len(looked) == 1:
            raise ConflictError("another process is at work")

    visit_all(["north", "north", "north"], look, knocked.append, warned.append)

    assert looked == [("north", True), ("north", True), ("north", False)]
    assert (knocked, warned) == (["north"], ["another process is at work"])


def test_many_knocks_are_one() -> None:
    knocks = Knocks()
    knocks.add("north")
    knocks.add("north")
    knocks.add("south")

    assert (set(knocks.wait(0)), set(knocks.wait(0))) == ({"north", "south"}, set())


def test_a_knock_ends_the_waiting() -> None:
    knocks = Knocks()
    threading.Timer(0.05, knocks.add, ("north",)).start()

    assert set(knocks.wait(30)) == {"north"}


@pytest.mark.parametrize("path", ["/north", "/behind/a/proxy/north"])
def test_who_shows_the_secret_has_knocked(path: str) -> None:
    heard, answer = knocked("POST", path, {HEADER: "of the north"})

    assert (heard, answer.status_code, answer.content) == (["north"], 200, b"")


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/north", {}),
        ("/north", {HEADER: "of the south"}),
        ("/north", {HEADER: ""}),
        ("/elsewhere", {HEADER: ""}),
        ("/", {}),
    ],
    ids=["no secret", "another's", "an empty one", "no clinic, no secret", "nobody"],
)
def test_nobody_else_has_and_nobody_learns_who_might(path: str, headers: dict[str, str]) -> None:
    heard, answer = knocked("POST", path, headers)

    assert (heard, answer.status_code, answer.content) == ([], 404, b"")


def test_looking_is_no_knock() -> None:
    heard, answer = knocked("GET", "/north", {HEADER: "of the north"})

    assert (heard, answer.status_code) == ([], 405)


def knocked(method: str, path: str, headers: dict[str, str]) -> tuple[list[str], httpx.Response]:
    heard: list[str] = []
    app = notification_app({"north": "of the north", "south": "of the south"}, heard.append)
    request = httpx.Request(method, f"http://127.0.0.1{path}", headers=headers, content=b"ignored")
    return heard, ask_app(app, request)
