"""People of whom several sources say something: put together, and none has the last word alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from adapter.ingest.several import put_together
from adapter.ingest.standing import standing_signals
from adapter.instruments.participant import ConsentState, Participant
from adapter.store import instances, versions
from adapter.store.cursors import Cursor, cursor
from adapter.store.said import Said
from tests.unit.ingest.project import (
    CLINIC,
    FIELDS,
    STUDY,
    Bench,
    Cells,
    at_week_4,
    columns,
    dictionary_csv,
    mood,
    person,
    records_csv,
    study,
)
from tests.unit.ingest.test_signals import TALLY, WATCHED

if TYPE_CHECKING:
    from adapter.ingest import Report

EAST, WEST, RENAMED = "east", "west", "west/"
CONSENTS = (
    ("record_id", "consent", "text", ""),
    *(each for each in FIELDS if each[1] == "consent"),
)
ANSWERS = tuple(each for each in FIELDS if each[1] != "consent")
AGREED = person("1", **mood("1", "2", "0"))
WITHDRAWN = person("1", stop_share="1", stop_date="2024-03-15")


def read(
    bench: Bench,
    key: str,
    *rows: Cells,
    fields: tuple[tuple[str, str, str, str], ...] = FIELDS,
    text: bytes | None = None,
    reached: Cursor | None = None,
) -> Report:
    """Reads one of two projects, whose dictionary has these fields."""
    content = records_csv(list(rows), columns(fields)) if text is None else text
    source = bench.source(content, dictionary=dictionary_csv(fields))
    others = frozenset({EAST, WEST} - {key})
    return bench.read(replace(source, key=key, others=others, cursor=reached))


def read_beside(
    bench: Bench, key: str, other: str, fields: tuple[tuple[str, str, str, str], ...]
) -> None:
    """Reads what the project under this key says of person 1, who agreed; `other` is beside it."""
    text = records_csv([AGREED], columns(fields))
    source = bench.source(text, dictionary=dictionary_csv(fields))
    bench.read(replace(source, key=key, others=frozenset({other})))


def answers(bench: Bench, *rows: Cells) -> Report:
    """A project without consents."""
    return read(bench, EAST, *rows, fields=ANSWERS)


def consents(bench: Bench, *rows: Cells) -> Report:
    """A project of consents alone."""
    asked = columns(CONSENTS)
    only = [{name: value for name, value in row.items() if name in asked} for row in rows]
    return read(bench, WEST, *only, fields=CONSENTS)


def known(bench: Bench, name: str = "1") -> Participant:
    found = instances.participant(bench.database.read(), name)
    assert found is not None
    return found


def word(bench: Bench) -> tuple[str, bool]:
    """What is believed of the consent to share, and whether that is in doubt."""
    return known(bench).word("share"), known(bench).is_unreadable


def told(bench: Bench, report: Report) -> list[str]:
    """What was found of the people themselves."""
    return [
        each.found for each in bench.problems(report) if each.field in {"participant", "consent"}
    ]


@pytest.mark.parametrize("order", [(EAST, WEST), (WEST, EAST)], ids=["first", "last"])
def test_who_withdrew_in_one_of_two_sources_has_withdrawn(
    bench: Bench, order: tuple[str, str]
) -> None:
    rows = {EAST: WITHDRAWN, WEST: AGREED}
    for _ in range(3):
        for key in order:
            read(bench, key, rows[key])

    assert word(bench) == ("withdrawn", True)


def test_a_withdrawal_counts_whoever_else_is_heard_first() -> None:
    forms = frozenset({"consent"})
    given, withdrawn = ConsentState("given"), ConsentState("withdrawn")
    said = [
        Said(key, forms, Participant("1", consents={"share": state}))
        for key, state in ((EAST, given), (WEST, withdrawn))
    ]

    assert put_together(said, None, study(STUDY), forms).word("share") == "withdrawn"


def test_who_stands_in_two_sources_is_held_and_each_of_them_is_told(bench: Bench) -> None:
    read(bench, EAST, AGREED)
    bench.deliver(CLINIC)
    second = read(bench, WEST, AGREED)
    first = read(bench, EAST, AGREED)

    assert word(bench) == ("given", True)
    assert told(bench, second) == ["one in east, too"] * 2
    assert told(bench, first) == ["one in west, too"] * 2
    assert bench.owed(CLINIC) == {}


ANNA = {**person("1"), **mood("1", "2", "0")}
BEN = ({**person("1"), **mood("3", "3", "3")}, {**at_week_4("1"), **mood("3", "3", "3")})
BEN_RENUMBERED = tuple({**row, "record_id": "101"} for row in BEN)


def test_of_two_people_with_one_number_neither_gets_the_other_s_answers(bench: Bench) -> None:
    read(bench, EAST, ANNA)
    bench.deliver(CLINIC)
    before = bench.resources("QuestionnaireResponse")

    doubled = [read(bench, WEST, *BEN), read(bench, EAST, ANNA)]
    meanwhile = bench.resources("QuestionnaireResponse")
    read(bench, WEST, *BEN_RENUMBERED)
    after = versions.of_type(bench.database.read(), "QuestionnaireResponse")

    assert [each.counts["mood"] for each in doubled] == [{"rejected": 2}, {"unchanged": 1}]
    assert before == meanwhile
    assert word(bench) == ("given", False)
    assert Counter(each.participant for each in after) == {"1": 1, "101": 2}


def test_of_two_people_with_one_number_neither_is_taken_for_both_before_all_is_read(
    bench: Bench,
) -> None:
    read(bench, EAST, ANNA)
    read(bench, WEST, *BEN)
    source = bench.source(records_csv([*BEN], columns()))

    report = bench.read(replace(source, key=WEST, others=frozenset({RENAMED})))

    assert report.counts["mood"] == {"rejected": 2}
    assert word(bench) == ("given", True)


def test_what_waited_for_two_people_to_be_told_apart_is_not_passed_by(bench: Bench) -> None:
    corrected = {**person("1"), **mood("2", "2", "2")}
    reached = Cursor("records.csv", "2024-03-20 10:00", "basis", "2024-03-20T22:30:00+00:00")
    read(bench, EAST, ANNA)
    read(bench, WEST, *BEN)

    doubled = read(bench, EAST, corrected, reached=reached)
    kept = cursor(bench.database.read(), reached.source)
    read(bench, WEST, *BEN_RENUMBERED)
    single = read(bench, EAST, corrected, reached=reached)

    assert (doubled.counts["mood"], kept) == ({"rejected": 1}, None)
    assert single.counts["mood"] == {"changed": 1}
    assert cursor(bench.database.read(), reached.source) == reached


@pytest.mark.parametrize("last", [EAST, WEST])
def test_of_two_people_with_one_number_the_signals_of_both_stand(bench: Bench, last: str) -> None:
    watched = bench.with_study(WATCHED).with_form(TALLY)
    rows = {EAST: (ANNA,), WEST: BEN}
    for key in (EAST, WEST, EAST, last):
        read(watched, key, *rows[key])
    doubled = [each.kept for each in standing_signals(watched.database.read(), watched.trial.study)]

    read(watched, WEST, *BEN_RENUMBERED)
    read(watched, EAST, ANNA)

    found = standing_signals(watched.database.read(), watched.trial.study)
    assert doubled == ["row", "row"]
    assert {(each.record, each.kept) for each in found} == {("101", "")}


def test_who_stands_in_one_source_again_goes_on(bench: Bench) -> None:
    read(bench, EAST, AGREED)
    read(bench, WEST, WITHDRAWN)

    read(bench, WEST, person("2"))

    assert word(bench) == ("given", False)
    assert told(bench, read(bench, EAST, AGREED)) == []


def test_who_a_source_that_is_no_longer_configured_spoke_of_goes_on(bench: Bench) -> None:
    read(bench, EAST, AGREED)
    read(bench, WEST, WITHDRAWN)

    bench.read(replace(bench.source(records_csv([AGREED])), key=EAST))

    assert word(bench) == ("given", False)


def test_consents_may_stand_in_a_project_of_their_own(bench: Bench) -> None:
    for _ in range(2):
        assert told(bench, answers(bench, AGREED)) == []
        assert told(bench, consents(bench, AGREED)) == []
        assert word(bench) == ("given", False)
        assert known(bench).enrolled == "2024-02-01"

    answers(bench, AGREED)
    consents(bench, WITHDRAWN)
    answers(bench, AGREED)

    assert word(bench) == ("withdrawn", False)
    assert known(bench).enrolled == "2024-02-01"


def test_the_project_of_consents_does_not_undo_who_somebody_is(bench: Bench) -> None:
    answers(bench, AGREED)
    bench.crosswalk.link(CLINIC, "1", "p-1", "now")

    consents(bench, AGREED)

    assert bench.crosswalk.identifier("1", "ihi") == AGREED["ihi"]
    assert bench.crosswalk.linked(CLINIC, "1") == "p-1"


def test_what_one_source_cannot_read_holds_until_it_can_whatever_the_other_says(
    bench: Bench,
) -> None:
    answers(bench, AGREED)
    consents(bench, AGREED)

    consents(bench, {**AGREED, "agree_date": "10/03/2024"})
    answers(bench, AGREED)
    assert word(bench) == ("given", True)

    consents(bench, AGREED)
    assert word(bench) == ("given", False)


def test_what_could_not_be_read_and_is_gone_holds_until_some_source_says_it(bench: Bench) -> None:
    answers(bench, AGREED)
    consents(bench, AGREED)
    consents(bench, {**AGREED, "stop_share": "perhaps"})

    gone = [consents(bench, person("2")), answers(bench, AGREED), consents(bench, person("2"))]
    held = word(bench)
    consents(bench, AGREED)

    assert held == ("given", True)
    assert [told(bench, each) for each in gone] == [
        ["none, here or in another source"],
        [],
        ["none, here or in another source"],
    ]
    assert word(bench) == ("given", False)


@pytest.mark.parametrize("said", ["perhaps", "1"], ids=["unreadable", "withdrawn"])
def test_what_a_source_said_counts_until_it_is_read_under_its_new_key(
    bench: Bench, said: str
) -> None:
    answers(bench, AGREED)
    consents(bench, AGREED)
    consents(bench, {**AGREED, "stop_share": said, "stop_date": ""})
    before = word(bench)

    read_beside(bench, EAST, RENAMED, ANSWERS)
    between = word(bench)
    read_beside(bench, RENAMED, EAST, CONSENTS)

    assert before == between == (("given", True) if said == "perhaps" else ("withdrawn", False))
    assert word(bench) == ("given", False)


def test_who_is_held_is_freed_once_all_sources_were_read(bench: Bench) -> None:
    reached = Cursor("records.csv", "2024-03-20 10:00", "basis", "2024-03-20T22:30:00+00:00")
    read(bench, EAST, AGREED)
    read(bench, EAST, {**AGREED, "stop_share": "perhaps"})

    first = read(bench, EAST, AGREED, reached=reached)
    held, kept = word(bench), cursor(bench.database.read(), reached.source)
    read(bench, WEST, person("2"))
    freed = read(bench, EAST, AGREED, reached=reached)

    assert (held, kept) == (("given", True), None)
    assert [len(told(bench, each)) for each in (first, freed)] == [1, 0]
    assert word(bench) == ("given", False)
    assert cursor(bench.database.read(), reached.source) == reached


def test_what_could_not_be_read_and_is_gone_is_another_source_s_to_say(bench: Bench) -> None:
    answers(bench, AGREED)
    consents(bench, {**AGREED, "stop_share": "perhaps"})
    consents(bench, person("2"))

    read(bench, EAST, AGREED)
    consents(bench, person("2"))

    assert word(bench) == ("given", False)


def test_who_is_unknown_because_one_source_is_unreadable_is_not_met_by_the_other(
    bench: Bench,
) -> None:
    consents(bench, {**AGREED, "stop_share": "perhaps"})
    answers(bench, AGREED)

    assert known(bench).is_unreadable


def test_a_source_that_lost_a_row_of_nobody_holds_those_of_the_other_until_it_is_whole(
    bench: Bench,
) -> None:
    read(bench, EAST, AGREED)
    whole = records_csv([person("2")], columns(FIELDS))
    read(bench, WEST, text=whole + b"3,week_0_arm_1,cut off\n")

    read(bench, EAST, AGREED)
    assert word(bench) == ("given", True)

    read(bench, WEST, text=whole)
    read(bench, EAST, AGREED)
    assert word(bench) == ("given", False)


def test_a_ledger_of_an_adapter_that_did_not_note_who_said_what_loses_no_consent(
    bench: Bench,
) -> None:
    answers(bench, AGREED)
    consents(bench, AGREED)
    with bench.database.write() as tx:
        tx.execute("DELETE FROM said")

    answers(bench, AGREED)

    assert word(bench) == ("given", False)
