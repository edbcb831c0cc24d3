"""Who may open which page, and what the browser is told with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount

from adapter.errors import LedgerError
from adapter.store.database import Database
from adapter.viewer.page import STYLE_NAME, Acknowledgement, Heading, Listed
from adapter.viewer.people import People, Person
from adapter.viewer.routes import Found, Look, Pages, pages_app
from adapter.viewer.safety import Signal
from tests.forms import FORMS
from tests.visitor import Visitor
from tests.visits import STUDY, same_answers, signal, visit

LEE, KIM = Person("lee", "clinician", "northside"), Person("kim", "operator")
ANSWERED = same_answers("phq-4", "2", "2023-06-14 20:15:09", 1)
RESPONSE = ANSWERED[0]["id"]
FLAG, TASK = signal("Look here", ANSWERED[0])
HEADING = Heading("7", "p7", "A study", "patients/one")
PATIENT = "/app/patients/one"
SIGNAL = f"{PATIENT}/signals/{FLAG['id']}"


@dataclass
class Shelf:
    """One patient, whose signals the operator may know of; `is_away`: nothing can be read."""

    seen: dict[str, Acknowledgement] = field(default_factory=dict)
    later: list[dict[str, Any]] = field(default_factory=list)
    is_away: bool = False

    def listed(self, person: Person, asked: str) -> list[Listed]:
        if self.is_away:
            raise LedgerError("away")
        del person
        return [Listed("patients/one", "7", "p7")] if asked in {"", "7"} else []

    def find(self, person: Person, patient: str) -> Found | None:
        more = [FLAG, TASK] if person == KIM else []
        return Found(HEADING, [*ANSWERED, *self.later, *more]) if patient == "one" else None

    def acknowledged(self, signals: Sequence[Signal]) -> Mapping[str, Acknowledgement]:
        del signals
        return self.seen

    def acknowledge(self, person: Person, found: Found, signal: Signal) -> None:
        assert found.heading == HEADING
        self.seen[signal.id] = Acknowledgement(person.name, "2023-06-15", signal.version)


@dataclass
class Bench:
    pages: Pages
    shelf: Shelf
    looks: list[Look]

    def visitor(self, name: str = "") -> Visitor:
        """Somebody who has signed in, or nobody."""
        inside = Starlette(routes=[Mount("/app", pages_app(self.pages))])
        visitor = Visitor(inside, "https://t.example" if self.pages.is_secure else "http://t.test")
        if name:
            code = self.pages.people.invite(name)
            assert visitor.post("/app/enter", {"code": code}).status_code == 303
        self.looks.clear()
        return visitor


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    database, numbers, looks, shelf = (
        Database(tmp_path / "ledger.sqlite"),
        count(),
        list[Look](),
        Shelf(),
    )
    people = People(
        database,
        {"lee": LEE, "kim": KIM},
        lambda: datetime(2024, 9, 1, tzinfo=UTC),
        lambda: f"text-{next(numbers)}",
    )

    def look(_: Request, seen: Look) -> None:
        looks.append(seen)

    yield Bench(
        Pages(people, shelf, FORMS, "A study", "/app", is_secure=False, look=look, zone=STUDY.zone),
        shelf,
        looks,
    )
    database.close()


@pytest.mark.parametrize("path", ["/app/", PATIENT, f"{PATIENT}/responses/{RESPONSE}"])
def test_who_is_not_signed_in_learns_nothing_but_that(bench: Bench, path: str) -> None:
    answer = bench.visitor().get(path)

    assert answer.status_code == 401
    assert "Not signed in" in answer.text
    assert "7" not in answer.text.partition("<main")[2]


def test_merely_opening_a_link_does_not_spend_it(bench: Bench) -> None:
    visitor, code = bench.visitor(), bench.pages.people.invite("lee")

    visitor.get(f"/app/enter?code={code}")
    entered = visitor.post("/app/enter", {"code": code})

    assert entered.status_code == 303
    assert entered.headers["location"] == "/app/"
    assert "lee" in visitor.get("/app/").text


def test_a_link_that_was_spent_says_so_and_lets_nobody_in(bench: Bench) -> None:
    code = bench.pages.people.invite("lee")
    bench.visitor().post("/app/enter", {"code": code})
    second = bench.visitor()

    answer = second.post("/app/enter", {"code": code})

    assert answer.status_code == 401
    assert "This link has ended" in answer.text
    assert second.get("/app/").status_code == 401


@pytest.mark.parametrize(
    ("secure", "name", "words"),
    [
        ({"is_secure": True}, "__Host-adapter", {"HttpOnly", "Path=/", "SameSite=lax", "Secure"}),
        ({"is_secure": False}, "adapter-session", {"HttpOnly", "Path=/", "SameSite=lax"}),
    ],
    ids=["TLS", "this machine"],
)
def test_the_session_is_kept_from_scripts_and_from_other_sites(
    bench: Bench, secure: dict[str, bool], name: str, words: set[str]
) -> None:
    pages = Pages(**{**vars(bench.pages), **secure})
    inside = Visitor(Starlette(routes=[Mount("/app", pages_app(pages))]))

    answer = inside.post("/app/enter", {"code": pages.people.invite("lee")})

    said = answer.headers["set-cookie"].split("; ")
    assert said[0].startswith(f"{name}=text-")
    assert {word for word in said[1:] if not word.startswith("Max-Age")} == words


@pytest.mark.parametrize("path", ["/app/", PATIENT, "/app/nothing", "/app/enter"])
def test_every_page_tells_the_browser_to_keep_to_it(bench: Bench, path: str) -> None:
    headers = bench.visitor("lee").get(path).headers

    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    policy = dict(
        each.strip().split(" ", 1) for each in headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "script-src" not in policy


def test_a_site_that_may_frame_the_pages_is_named(bench: Bench) -> None:
    pages = Pages(**{**vars(bench.pages), "ancestors": ("https://ehr.example",)})
    visitor = Visitor(Starlette(routes=[Mount("/app", pages_app(pages))]))

    headers = visitor.get("/app/").headers

    assert "frame-ancestors https://ehr.example" in headers["content-security-policy"]
    assert "x-frame-options" not in headers


@pytest.mark.parametrize("patient", ["two", "%3Cscript%3E", "a" * 65])
def test_whom_one_may_not_know_is_like_who_never_was(bench: Bench, patient: str) -> None:
    visitor = bench.visitor("lee")

    answer = visitor.get(f"/app/patients/{patient}")

    assert answer.status_code == 404
    assert answer.text == visitor.get("/app/patients/nobody").text
    assert bench.looks[0] == Look("patient", "lee")


def test_answers_of_somebody_else_are_not_there(bench: Bench) -> None:
    visitor = bench.visitor("lee")

    assert visitor.get(f"{PATIENT}/responses/{RESPONSE}").status_code == 200
    assert visitor.get(f"{PATIENT}/responses/other").status_code == 404


def test_every_look_is_told_with_who_and_at_whom(bench: Bench) -> None:
    visitor = bench.visitor("lee")

    visitor.get("/app/")
    visitor.get(PATIENT)
    visitor.get(f"{PATIENT}/responses/{RESPONSE}")

    about = ("lee", "one", "7", len(ANSWERED))
    assert bench.looks == [
        Look("patients", "lee", count=1),
        Look("patient", *about),
        Look("answers", *about),
    ]


def test_the_list_finds_by_number(bench: Bench) -> None:
    visitor = bench.visitor("lee")

    assert "patients/one" in visitor.get("/app/?find=7").text
    assert "nobody to show" in visitor.get("/app/?find=8").text


def test_a_signal_is_acknowledged_as_it_stands(bench: Bench) -> None:
    visitor = bench.visitor("kim")

    answer = visitor.post(SIGNAL, {"token": visitor.token(), "version": "1"})

    assert (answer.status_code, answer.headers["location"]) == (303, PATIENT)
    assert bench.shelf.seen == {FLAG["id"]: Acknowledgement("kim", "2023-06-15", 1)}
    assert "Acknowledged by kim, 15 Jun 2023" in visitor.get(PATIENT).text


def test_a_signal_that_has_changed_meanwhile_is_not_acknowledged(bench: Bench) -> None:
    visitor = bench.visitor("kim")

    answer = visitor.post(SIGNAL, {"token": visitor.token(), "version": "2"})

    assert answer.status_code == 303
    assert bench.shelf.seen == {}


def test_a_signal_that_changed_after_it_was_seen_asks_again(bench: Bench) -> None:
    bench.shelf.seen[FLAG["id"]] = Acknowledgement("ana", "2023-06-15", 0)

    page = bench.visitor("kim").get(PATIENT).text

    assert "Changed since ana acknowledged it" in page
    assert "<button>Acknowledge" in page


def test_who_may_not_know_of_a_signal_cannot_acknowledge_it(bench: Bench) -> None:
    visitor = bench.visitor("lee")

    visitor.post(SIGNAL, {"token": visitor.token(), "version": "1"})

    assert bench.shelf.seen == {}
    assert "ignal" not in visitor.get(PATIENT).text


@pytest.mark.parametrize(
    ("form", "headers"),
    [
        ({"version": "1"}, {}),
        ({"version": "1", "token": "0" * 64}, {}),
        ({"version": "1", "token": "TOKEN"}, {"sec-fetch-site": "cross-site"}),
        ({"version": "1", "token": "TOKEN"}, {"sec-fetch-site": "same-site"}),
    ],
    ids=["no token", "another token", "another site", "a neighbour"],
)
def test_a_form_of_another_site_does_nothing(
    bench: Bench, form: dict[str, str], headers: dict[str, str]
) -> None:
    visitor = bench.visitor("kim")
    said = {name: value.replace("TOKEN", visitor.token()) for name, value in form.items()}

    assert visitor.post(SIGNAL, said, headers).status_code == 403
    assert visitor.post("/app/leave", said, headers).status_code == 403
    assert bench.shelf.seen == {}
    assert visitor.get("/app/").status_code == 200


def test_a_form_that_is_too_long_is_not_read(bench: Bench) -> None:
    assert bench.visitor().post("/app/enter", {"code": "1" * 5000}).status_code == 413


def test_who_signs_out_is_out(bench: Bench) -> None:
    visitor = bench.visitor("lee")

    answer = visitor.post("/app/leave", {"token": visitor.token()})

    assert "Signed out" in answer.text
    assert visitor.get("/app/").status_code == 401


def test_a_ledger_that_is_away_is_said_and_not_why(bench: Bench) -> None:
    visitor = bench.visitor("lee")
    bench.shelf.is_away = True

    answer = visitor.get("/app/")

    assert answer.status_code == 503
    assert "away" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_the_style_may_be_kept(bench: Bench) -> None:
    answer = bench.visitor().get(f"/app/static/{STYLE_NAME}")

    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]


def test_a_change_that_the_ledger_does_not_hold_is_not_judged(bench: Bench) -> None:
    for at, number in (("2023-06-14", 1), ("2023-08-14", 2)):
        answers = {"nrs_pain_avg": str(9 - 4 * number)}
        bench.shelf.later += visit("nrs-pain-avg-week", answers, at, number)

    page = bench.visitor("lee").get(PATIENT).text

    assert "no score at baseline" in page
    assert "Improved" not in page
