"""A proxy's word on who looks counts from the proxy alone, and only while it says so."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount

from adapter.settings import ServeSettings
from adapter.settings.person_header import PersonHeaderSettings
from adapter.store.database import Database
from adapter.viewer.people import People, Person
from adapter.viewer.proxied import Proxied
from adapter.viewer.routes import Look, Pages, pages_app
from tests.unit.viewer.test_routes import Shelf

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

ORIGIN = "http://127.0.0.1:8000"
PROXY, ELSEWHERE = "192.0.2.7", "192.0.2.8"
LEE, KIM, SAM = (Person(name, "operator") for name in ("lee", "kim", "sam"))
HEADER = PersonHeaderSettings(name="X-Remote-User", peers=(PROXY, "2001:db8::/64"))


@dataclass
class Connected:
    """The application behind connections from one address."""

    app: ASGIApp
    peer: str = PROXY

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app({**scope, "state": {"peer": self.peer}}, receive, send)


@dataclass
class Desk:
    """One browser that keeps its cookies, and says what it likes."""

    pages: Pages
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)

    def get(
        self, *names: str, peer: str = PROXY, header: str = "X-Remote-User", forwarded: str = ""
    ) -> httpx.Response:
        """The list of patients, asked for with these names in the header."""
        sent = [(header, name) for name in names]
        sent += [("X-Forwarded-For", forwarded)] if forwarded else []
        return self._ask(peer, httpx.Request("GET", f"{ORIGIN}/app/", headers=sent))

    def post(self, name: str, path: str, form: dict[str, str]) -> httpx.Response:
        """What comes of a form."""
        sent = {"X-Remote-User": name}
        return self._ask(PROXY, httpx.Request("POST", f"{ORIGIN}{path}", headers=sent, data=form))

    def _ask(self, peer: str, request: httpx.Request) -> httpx.Response:
        async def ask() -> httpx.Response:
            app = Connected(Starlette(routes=[Mount("/app", pages_app(self.pages))]), peer)
            self.cookies.set_cookie_header(request)
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
                answer = await client.send(request)
                self.cookies.extract_cookies(answer)
                return answer

        return asyncio.run(ask())


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    database, numbers = Database(tmp_path / "ledger.sqlite"), count()
    known = {person.name: person for person in (LEE, KIM, SAM)}

    def look(_: Request, __: Look) -> None:
        """Nobody asks."""

    people = People(
        database, known, lambda: datetime(2024, 9, 1, tzinfo=UTC), lambda: f"text-{next(numbers)}"
    )
    proxied = Proxied("x-remote-user", HEADER.networks, {"HOSP\\lee": LEE, "kim@hosp": KIM})
    yield Desk(
        Pages(
            people, Shelf(), {}, "", "/app", is_secure=False, look=look, zone=UTC, proxied=proxied
        )
    )
    database.close()


def test_whom_the_proxy_names_is_let_in_without_a_link_and_may_send_forms(desk: Desk) -> None:
    page = desk.get("kim@hosp")
    token = re.findall(r'name="token" value="(\w+)"', page.text)[0]

    left = desk.post("kim@hosp", "/app/leave", {"token": token})

    assert (page.status_code, left.status_code) == (200, 200)
    assert "<span>kim</span>" in page.text
    assert "HttpOnly" in page.headers["set-cookie"]


@pytest.mark.parametrize("peer", [PROXY, f"::ffff:{PROXY}", "2001:db8::9"])
def test_the_proxy_may_have_several_addresses(desk: Desk, peer: str) -> None:
    assert desk.get("HOSP\\lee", peer=peer).status_code == 200


@pytest.mark.parametrize("peer", [ELSEWHERE, "127.0.0.1", "::1", "2001:db9::9", "", "testclient"])
def test_a_header_from_anywhere_else_lets_nobody_in(desk: Desk, peer: str) -> None:
    assert desk.get("kim@hosp", peer=peer).status_code == 401
    assert desk.get("kim@hosp", peer=peer, forwarded=PROXY).status_code == 401


@pytest.mark.parametrize(
    "names",
    [(), ("",), ("kim",), ("KIM@HOSP",), ("kim@hosp,kim@hosp",), ("kim@hosp", "kim@hosp")],
    ids=["none", "empty", "ours", "in capitals", "a list", "twice"],
)
def test_what_names_nobody_lets_nobody_in(desk: Desk, names: tuple[str, ...]) -> None:
    assert desk.get(*names).status_code == 401


def test_another_header_says_nothing(desk: Desk) -> None:
    assert desk.get("kim@hosp", header="X_Remote_User").status_code == 401


def test_whom_the_proxy_names_no_more_is_out_and_another_is_themselves(desk: Desk) -> None:
    desk.get("kim@hosp")

    assert desk.get().status_code == 401
    assert desk.get(peer=ELSEWHERE).status_code == 401
    assert "<span>lee</span>" in desk.get("HOSP\\lee").text
    assert "<span>kim</span>" not in desk.get("HOSP\\lee").text


def test_a_form_of_whoever_was_here_before_is_not_taken(desk: Desk) -> None:
    token = re.findall(r'name="token" value="(\w+)"', desk.get("kim@hosp").text)[0]

    assert desk.post("HOSP\\lee", "/app/leave", {"token": token}).status_code == 403


def test_others_come_by_a_link_as_before(desk: Desk) -> None:
    code = desk.pages.people.invite("sam")
    entered = desk.post("", "/app/enter", {"code": code})

    assert entered.status_code == 303
    assert "<span>sam</span>" in desk.get().text


def test_a_link_does_not_stand_in_for_the_proxy(desk: Desk) -> None:
    code = desk.pages.people.invite("kim")
    desk.post("", "/app/enter", {"code": code})

    assert desk.get().status_code == 401


@pytest.mark.parametrize(
    "peers", [[], ["0.0.0.0/0"], ["::/0"], ["10.0.0.1/8"], ["a-proxy.example"]]
)
def test_a_network_of_everybody_is_no_proxy(peers: list[str]) -> None:
    with pytest.raises(ValidationError):
        PersonHeaderSettings.model_validate({"name": "X-Remote-User", "peers": peers})


PAT = {"name": "pat", "role": "operator", "signs_in_as": "pat@hosp"}
SERVE = {"url": "https://trial.example", "person_header": {"name": "X-User", "peers": [PROXY]}}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"url": "https://trial.example", "people": [PAT]}, "person_header"),
        ({**SERVE, "people": [PAT, {**PAT, "name": "sam"}]}, "of their own"),
    ],
    ids=["no header", "two of one name"],
)
def test_settings_that_cannot_be_meant_are_refused(said: dict[str, Any], told: str) -> None:
    assert ServeSettings.model_validate({**SERVE, "people": [PAT]}).people[0].name == "pat"
    with pytest.raises(ValidationError, match=told):
        ServeSettings.model_validate(said)
