"""No answer goes out without its line in the access log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from adapter.errors import LedgerError
from adapter.server.audited import Audited, Auditing, Telling, told
from adapter.store.access_log import Access
from tests.in_process import ask_app

NOW = datetime(2024, 9, 1, 10, tzinfo=UTC)


class Lines:
    """What was noted; `is_full`: nothing can be."""

    def __init__(self) -> None:
        self.noted: list[Access] = []
        self.is_full = False

    def note(self, accesses: Iterable[Access]) -> None:
        if self.is_full:
            raise LedgerError("no room")
        self.noted += accesses


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def app(lines: Lines) -> Audited:
    async def read(request: Request) -> Response:
        telling = told(request)
        telling.interaction, telling.client = "read", "an-ehr"
        telling.type, telling.id, telling.about, telling.count = "Patient", "p1", ["7"], 1
        return PlainTextResponse("secret", 200)

    async def batch(request: Request) -> Response:
        telling = told(request)
        telling.client = "an-ehr"
        telling.parts = [Telling("", interaction="read", status=404), Telling("", count=2)]
        return PlainTextResponse("secret", 200)

    async def broken(_: Request) -> Response:
        raise ZeroDivisionError

    routes = [Route("/fhir/a", read), Route("/fhir", batch), Route("/fhir/b", broken)]
    auditing = Auditing(
        lines.note, lambda: NOW, lambda: "r1", {"fhir": "fhir"}, unaudited=("/health",)
    )
    return Audited(Starlette(routes=routes), auditing)


def ask(app: Audited, path: str) -> httpx.Response:
    return ask_app(app, httpx.Request("GET", f"http://trial.example.org{path}"))


def test_an_answer_is_noted_with_what_its_door_tells(app: Audited, lines: Lines) -> None:
    answer = ask(app, "/fhir/a?secret=secret")

    assert (answer.status_code, answer.text) == (200, "secret")
    assert answer.headers["x-request-id"] == "r1"
    at = "2024-09-01T10:00:00.000+00:00"
    assert lines.noted == [
        Access(at, "r1", "fhir", "read", "an-ehr", 200, "", "Patient", "p1", ("7",), 1)
    ]


def test_what_is_asked_for_in_vain_is_noted_without_its_path(app: Audited, lines: Lines) -> None:
    ask(app, "/fhir/secret")
    ask(app, "/secret")

    assert [(each.status, each.door) for each in lines.noted] == [(404, "fhir"), (404, "elsewhere")]
    assert "secret" not in repr(lines.noted)


def test_each_part_of_a_batch_has_a_line(app: Audited, lines: Lines) -> None:
    ask(app, "/fhir")

    told_of = [(each.client, each.interaction, each.status, each.count) for each in lines.noted]
    assert told_of == [("an-ehr", "read", 404, 0), ("an-ehr", "", 200, 2)]


def test_what_cannot_be_noted_is_not_answered(app: Audited, lines: Lines) -> None:
    lines.is_full = True

    answer = ask(app, "/fhir/a")

    assert answer.status_code == 503
    assert answer.json()["issue"][0]["code"] == "transient"
    assert "secret" not in answer.text


def test_what_nobody_foresaw_is_noted_too(app: Audited, lines: Lines) -> None:
    said: list[int] = []
    with pytest.raises(ZeroDivisionError):
        said.append(ask(app, "/fhir/b").status_code)

    assert [each.status for each in lines.noted] == [500]


def test_what_tells_nothing_of_anybody_is_not_noted(app: Audited, lines: Lines) -> None:
    assert ask(app, "/health/live").status_code == 404
    assert lines.noted == []
