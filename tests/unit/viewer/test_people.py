"""Who looks is invited once, known for a while, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from itertools import count
from pathlib import Path

import pytest

from adapter.store.database import Database
from adapter.viewer.people import People, Person, form_token, is_form_of

LEE = Person("lee", "clinician", "northside")
START = datetime(2024, 9, 1, 10, tzinfo=timezone(timedelta(hours=10)))


@dataclass
class Clock:
    moment: datetime = START
    number: Iterator[int] = field(default_factory=count)

    def __call__(self) -> datetime:
        return self.moment

    def unique(self) -> str:
        return f"text-{next(self.number)}"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def people(tmp_path: Path, clock: Clock) -> Iterator[People]:
    database = Database(tmp_path / "ledger.sqlite")
    yield People(database, {"lee": LEE}, clock, clock.unique)
    database.close()


def entered(people: People) -> str:
    found = people.enter(people.invite("lee"))
    assert found is not None
    return found[1]


def test_a_link_lets_in_whom_it_is_for(people: People) -> None:
    found = people.enter(people.invite("lee"))

    assert found is not None
    assert found[0] == people.who(found[1]) == LEE


def test_a_link_works_once(people: People) -> None:
    code = people.invite("lee")
    people.enter(code)

    assert people.enter(code) is None


def test_a_link_ends_after_ten_minutes(people: People, clock: Clock) -> None:
    code = people.invite("lee")

    clock.moment += timedelta(minutes=10)

    assert people.enter(code) is None


def test_a_guessed_code_or_session_is_nobody(people: People) -> None:
    people.invite("lee")

    assert people.enter("guessed") is None
    assert people.who("guessed") is None


def test_a_session_goes_on_while_somebody_is_there(people: People, clock: Clock) -> None:
    session = entered(people)

    for _ in range(3):
        clock.moment += timedelta(minutes=29)
        assert people.who(session) == LEE


@pytest.mark.parametrize("minutes", [(30,), (20,) * 24], ids=["idle", "eight hours"])
def test_a_session_ends_when_nobody_is_there_and_after_eight_hours(
    people: People, clock: Clock, minutes: tuple[int, ...]
) -> None:
    session = entered(people)

    for later in minutes:
        clock.moment += timedelta(minutes=later)
        last = people.who(session)

    assert last is None


def test_who_leaves_is_known_no_more(people: People) -> None:
    session = entered(people)

    people.leave(session)

    assert people.who(session) is None


def test_who_is_taken_off_the_list_is_known_no_more(people: People) -> None:
    session, code = entered(people), people.invite("lee")
    others = People(people.database, {}, people.now, people.unique)

    assert others.who(session) is None
    assert others.enter(code) is None


def test_neither_links_nor_sessions_stand_in_the_ledger(people: People) -> None:
    code, session = people.invite("lee"), entered(people)

    kept = [
        bytes(row[0])
        for table in ("invitation", "session")
        for row in people.database.read().execute(f"SELECT hash FROM {table}")  # noqa: S608
    ]

    assert len(kept) == 2
    assert not {code.encode(), session.encode()} & set(kept)


def test_a_form_is_one_of_its_own_session_alone() -> None:
    assert is_form_of("mine", form_token("mine"))
    assert not is_form_of("mine", form_token("another"))
    assert not is_form_of("mine", "")
    assert "mine" not in form_token("mine")
