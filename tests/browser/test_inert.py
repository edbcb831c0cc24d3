"""A record full of markup, in a browser that would run it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount

from adapter.simulate import serving
from adapter.store.database import Database
from adapter.viewer.operator import (
    Link,
    NotTakenIn,
    Overview,
    Table,
    Undecided,
    Waiting,
    Written,
    operator_pages,
)
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


ASKED = urlencode({"clinic": POISON, "record": POISON, "patient": POISON, "response": POISON})
OPERATED = (
    "",
    *(f"/{path}?{ASKED}" for path in ("deliveries", "plan", "inbox", "inbox/response")),
    "/audit?verify=1",
    f"/acts/link?{ASKED}",
)


class Poisoned:
    """One patient, all of whose texts want to run."""

    def listed(self, person: Person, asked: str) -> list[Listed]:
        del person, asked
        return [Listed("patients/one", POISON, POISON)]

    def find(self, person: Person, patient: str) -> Found:
        del person, patient
        resources = [all_poisoned(each) for each in RECORD]
        heading = Heading(POISON, POISON, POISON, "patients/one")
        return Found(heading, resources, [(POISON,) * 4])

    def acknowledged(self, signals: Sequence[Signal]) -> Mapping[str, Acknowledgement]:
        return {each.id: Acknowledgement(POISON, POISON, each.version) for each in signals}

    def acknowledge(self, person: Person, found: Found, signal: Signal) -> None:
        """Nothing is kept."""


class Overrun:
    """What operators see, where every text that there is wants to run."""

    def overview(self, person: Person) -> list[Overview]:
        del person
        waits = Waiting("refused", POISON, POISON, 2)
        return [Overview(POISON, {"queued": 2, POISON: 1}, POISON, [waits], 3)]

    def undecided(self) -> list[Undecided]:
        return [Undecided(POISON, POISON, [(POISON, POISON)])]

    def not_taken_in(self, person: Person) -> NotTakenIn:
        del person
        return NotTakenIn([(POISON,) * 6], [(POISON, 2)])

    def consents(self) -> list[str]:
        return [POISON]

    def owed(self, person: Person, asked: Mapping[str, str], after: int) -> Table:
        del person, asked, after
        return Table([POISON], [[POISON], [Link(POISON, "inbox", {"clinic": POISON})]], POISON)

    def plan(self, person: Person, clinic: str) -> Table:
        return self.owed(person, {"clinic": clinic}, 0)

    def inbox(self, person: Person, asked: Mapping[str, str], after: int) -> Table:
        return self.owed(person, asked, after)

    def written(self, person: Person, clinic: str, response: str) -> Written:
        del person, clinic, response
        return Written(
            clinic=POISON,
            response=POISON,
            record=POISON,
            form=POISON,
            timepoint=POISON,
            state="waiting",
            why=POISON,
            received=POISON,
            rows=[(POISON, POISON, POISON, False)],
            timepoints=[POISON],
        )

    def audit(self, person: Person, before: int) -> Table:
        return self.owed(person, {}, before)

    def verify(self, person: Person) -> str:
        del person
        return POISON

    def act(self, person: Person, what: str, said: Mapping[str, str]) -> str:
        del person, what, said
        return POISON


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

    pages = Pages(people, Poisoned(), FORMS, POISON, "/app", is_secure=False, look=look, zone=UTC)
    people.invite("lee")  # text-0
    with serving(
        Starlette(routes=[Mount("/app", pages_app(pages, operator_pages(Overrun())))])
    ) as port:
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

    for path in OPERATED:
        chromium.open(f"{origin}/app/operator{path}")
        seen.append(chromium.run("document.body.innerText"))
        assert chromium.run("document.querySelectorAll('script, img, [onerror]').length") == 0
    done = "document.querySelector('.main-button').click()"
    chromium.follow(lambda: chromium.run(done))
    seen.append(chromium.run("document.body.innerText"))

    assert complaints(chromium) == []
    assert [url for url in asked_for(chromium) if not url.startswith(f"{origin}/app/")] == []
    told = [*seen[:3], *seen[4:-2], seen[-1]]
    assert all("alert(2)" in page for page in told)  # as words
