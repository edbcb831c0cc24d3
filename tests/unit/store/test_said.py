"""What each source says of a person is kept apart from what others say, on either database."""

from __future__ import annotations

from dataclasses import replace

from adapter.instruments.participant import ConsentState, Participant
from adapter.store.cursors import Cursor, cursor, cursors_of, keep_cursor
from adapter.store.database import Transaction
from adapter.store.said import (
    Said,
    drop_said,
    forget_sources,
    keep_said,
    note_heard,
    said_by,
    unheard,
    unmet,
)

EAST, WEST, GONE = "east.csv", "west.csv", "gone.csv"
FORMS = frozenset({"consent", "participant"})


def said(source: str, name: str = "1", *, is_unreadable: bool = False) -> Said:
    given = {"share": ConsentState("given", "2024-02-01")}
    person = Participant(name, "2024-02-01", None, given, is_unreadable=is_unreadable)
    return Said(source, FORMS, person)


def test_each_source_has_a_word_of_its_own_and_the_last_one_counts(tx: Transaction) -> None:
    for each in (said(WEST), said(EAST), said(GONE), said(WEST, "2")):
        keep_said(tx, each, 1)
    newer = replace(said(WEST, is_unreadable=True), forms=frozenset({"consent"}))

    keep_said(tx, newer, 2)

    assert said_by(tx, "1", {EAST, WEST}) == [said(EAST), newer]
    assert said_by(tx, "2", {EAST}) == said_by(tx, "1", ()) == []


def test_whom_a_source_did_not_speak_of_again_are_found_and_forgotten(tx: Transaction) -> None:
    for number in range(1, 1200):  # more than a page
        keep_said(tx, said(EAST, f"{number:04}"), 1)
    keep_said(tx, said(EAST, "0007"), 2)
    keep_said(tx, said(WEST, "0008"), 1)

    everybody = list(unmet(tx, EAST, 2, None))
    some = list(unmet(tx, EAST, 2, {"0007", "0008", "9999"}))
    drop_said(tx, "0008", EAST)

    assert len(everybody) == 1198
    assert everybody == sorted(everybody)
    assert "0007" not in everybody
    assert some == ["0008"]
    assert list(unmet(tx, EAST, 2, {"0008"})) == []
    assert said_by(tx, "0008", {WEST}) == [said(WEST, "0008")]


def test_what_is_not_configured_any_more_says_nothing(tx: Transaction) -> None:
    for source in (EAST, WEST, GONE):
        keep_said(tx, said(source), 1)

    forget_sources(tx, {EAST, WEST})

    assert [each.source for each in said_by(tx, "1", {EAST, WEST, GONE})] == [EAST, WEST]


def test_of_cursors_those_alone_are_looked_at_whose_source_was_heard(tx: Transaction) -> None:
    near = ("Heard of", "hear", "heard", "heard!", "heard-of", "heardest", "whose 1 Observation")
    for each in near:
        keep_cursor(tx, Cursor(each, "", "", "now"))
    for source in ("", "a 50% sample_1.csv", "zoë.csv", "\U0001f3e5.csv", EAST):
        note_heard(tx, source, "now")
    heard = cursors_of(tx, "heard ")

    forget_sources(tx, {EAST})

    assert [each.removeprefix("heard ") for each in heard] == [
        *("", "a 50% sample_1.csv", EAST, "zoë.csv", "\U0001f3e5.csv")
    ]
    assert cursors_of(tx, "heard ") == [f"heard {EAST}"]
    assert all(cursor(tx, each) is not None for each in near)


def test_a_source_that_was_forgotten_was_not_heard_though_it_said_nothing(tx: Transaction) -> None:
    for source in (EAST, GONE):
        note_heard(tx, source, "now")
    before = unheard(tx, {EAST, WEST, GONE})

    forget_sources(tx, {EAST, WEST})

    assert before == {WEST}
    assert unheard(tx, {EAST, WEST, GONE}) == {WEST, GONE}
