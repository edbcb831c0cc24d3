"""A record full of markup, in a browser that would run it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount

from adapter.simulate import serving
from adapter.store.database import Database
from adapter.viewer.page import Acknowledgement, Heading, Listed
from adapter.viewer.people import People, Person
from adapter.viewer.routes import Found, Look, Pages, pages_app
from adapter.viewer.safety import Signal
from tests.browser.window import asked_for, complaints, listen
from tests.chromium import Chromium
from tests.forms import FORMS
from tests.poison import POISON, all_poisoned
from tests.visits import event, same_answers, signal, total

ANSWERED = same_answers("phq-4", "2", "2023-06-14 20:15:09", 1)
RECORD: list[dict[str, Any]] = [
    *ANSWERED,
    *total("bdi", "12", "2023-06-14 20:15:09", 1),
    event(1, {"ae_term": "Rash", "ae_onset": "2023-06-20", "ae_severity": "1"}),
    *signal("Look here", ANSWERED[0]),
]


class Poisoned:
    """One patient, all of whose texts want to run."""

    def listed(self, person: Person, asked: str) -> list[Listed]:
        del person, asked
        return [Listed("patients/one", POISON, POISON)]

    def find(self, person: Person, patient: str) -> Found:
        del person, patient
        resources = [all_poisoned(each) for each in RECORD]
        return Found(Heading(POISON, POISON, POISON, "patients/one"), resources)

    def acknowledged(self, signals: Sequence[Signal]) -> Mapping[str, Acknowledgement]:
        return {each.id: Acknowledgement(POISON, POISON, each.version) for each in signals}

    def acknowledge(self, person: Person, found: Found, signal: Signal) -> None:
        """Nothing is kept."""


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[str]:
    """The pages of that patient; whoever comes to `/in` is signed in."""
    database, numbers = Database(tmp_path / "ledger.sqlite"), count()
    lee = Person("lee", "operator")
    people = People(
        database,
        {"lee": lee},
        lambda: datetime(2024, 9, 1, tzinfo=UTC),
        lambda: f"text-{next(numbers)}",
    )

    def look(_: Request, __: Look) -> None:
        """Nobody asks."""

    pages = Pages(people, Poisoned(), FORMS, POISON, "/app", is_secure=False, look=look)
    people.invite("lee")  # text-0
    with serving(Starlette(routes=[Mount("/app", pages_app(pages))])) as port:
        yield f"http://127.0.0.1:{port}"
    database.close()


def test_nothing_in_a_record_runs_or_asks_for_anything(origin: str, chromium: Chromium) -> None:
    chromium.open(f"{origin}/app/enter?code=text-0")
    chromium.follow(lambda: chromium.run("document.querySelector('button').click()"))
    listen(chromium)

    seen = []
    response = ANSWERED[0]["id"]
    for path in ("/", "/patients/one", f"/patients/one/responses/{response}", f"/?find={POISON}"):
        chromium.open(f"{origin}/app{path}")
        seen.append(chromium.run("document.body.innerText"))
        assert chromium.run("document.querySelectorAll('script, img, [onerror]').length") == 0

    assert complaints(chromium) == []
    assert [url for url in asked_for(chromium) if not url.startswith(f"{origin}/app/")] == []
    assert all("alert(2)" in page for page in seen[:3])  # it was told, as words
