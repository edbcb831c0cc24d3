"""A row that is kept back is watched all the same: nobody is blind to an answer beside a misfit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapter.ingest.standing import KeptBackCount, count_kept_back, standing_signals
from tests.unit.ingest.project import (
    FIELDS,
    OFTEN,
    WEEK_4,
    Bench,
    Cells,
    at_week_4,
    columns,
    dictionary_csv,
    mood,
    person,
    records_csv,
    tally,
)
from tests.unit.ingest.test_signals import TALLY, WATCHED

Declared = tuple[tuple[str, str, str, str], ...]
Stands = list[tuple[str, str, str, str]]
THIRD: Stands = [("1", "third", "reached", "row")]
GAP: Stands = [("1", "third", "not-answered", "row")]
RELABELLED = OFTEN.replace("Sometimes", "Seldom")


@pytest.fixture
def watched(bench: Bench) -> Bench:
    """A bench whose study watches the third item, a tally, and whether that gets worse."""
    return bench.with_study(WATCHED).with_form(TALLY)


def stand(bench: Bench) -> Stands:
    """Record, signal, reason and what was kept back, of all that stand."""
    found = standing_signals(bench.database.read(), bench.trial.study)
    return sorted((each.record, each.signal, each.reason, each.kept) for each in found)


def counted(bench: Bench) -> KeptBackCount:
    return count_kept_back(bench.database.read(), bench.trial.study)


MISFITS: dict[str, Cells] = {
    "another item has an unknown code": mood("9", "0", "3"),
    "its time was skipped by the clock": mood("0", "0", "3", mood_timestamp="2024-10-06 02:30:00"),
    "a note holds a control character": mood("0", "0", "3", mood_note="a\x07b"),
    "its state is no known word": mood("0", "0", "3", complete="Complete"),
}


@pytest.mark.parametrize("cells", MISFITS.values(), ids=MISFITS)
def test_a_watched_answer_beside_a_misfit_is_a_signal(watched: Bench, cells: Cells) -> None:
    report = watched.ingest({**person("1"), **cells})

    assert report.counts["mood"] == {"rejected": 1}
    assert stand(watched) == THIRD
    assert counted(watched) == KeptBackCount(1, {})
    assert watched.resources("Flag") == watched.resources("Task") == []


def test_an_answer_of_somebody_who_does_not_take_part_is_a_signal(watched: Bench) -> None:
    watched.ingest({**at_week_4("1"), **mood("0", "0", "3")})

    assert stand(watched) == THIRD


def test_an_answer_at_an_event_that_does_not_ask_for_it_is_a_signal(bench: Bench) -> None:
    at_baseline = WATCHED.replace(
        "source_form: mood, at: [week-0, week-4]", "source_form: mood, at: [week-0]"
    )
    elsewhere = bench.with_study(at_baseline).with_form(TALLY)

    elsewhere.ingest(person("1"), {**at_week_4("1"), **mood("0", "0", "3")})

    assert stand(elsewhere) == THIRD


def test_a_row_that_stands_twice_is_watched_both_times(watched: Bench) -> None:
    watched.ingest(
        {**person("1"), **mood("0", "0", "0")},
        {"record_id": "1", "redcap_event_name": "week_0_arm_1", **mood("0", "0", "3")},
    )

    assert stand(watched) == THIRD


def test_the_very_same_row_a_second_time_is_no_second_signal(watched: Bench) -> None:
    again = {"record_id": "1", "redcap_event_name": "week_0_arm_1", **mood("0", "0", "3")}
    watched.ingest({**person("1"), **mood("0", "0", "3")}, again)

    assert stand(watched) == [("1", "third", "reached", "")]


def test_what_fires_in_either_of_two_rows_that_are_kept_back_stands(watched: Bench) -> None:
    again = {"record_id": "1", "redcap_event_name": "week_0_arm_1", **mood("9", "0", "0")}
    watched.ingest({**person("1"), **mood("9", "0", "3")}, again)

    assert stand(watched) == THIRD


@pytest.mark.parametrize("third", ["", "7"], ids=["blank", "not to be read"])
def test_a_watched_item_that_cannot_be_read_counts_as_not_answered(
    watched: Bench, third: str
) -> None:
    watched.ingest({**person("1"), **mood("9", "0", third)})

    assert stand(watched) == GAP


def test_a_row_that_nobody_sent_fires_by_its_answer_and_not_by_a_gap(watched: Bench) -> None:
    watched.ingest({**person("1"), **mood("9", "0", complete="0")})
    assert stand(watched) == []

    watched.ingest({**person("1"), **mood("9", "0", "2", complete="0")})
    assert stand(watched) == THIRD


def test_a_watched_answer_that_reaches_no_bound_is_none(watched: Bench) -> None:
    watched.ingest({**person("1"), **mood("9", "0", "1")})

    assert (stand(watched), counted(watched)) == ([], KeptBackCount(0, {}))


def test_a_corrected_answer_is_a_signal_though_the_row_is_kept_back_now(watched: Bench) -> None:
    watched.ingest({**person("1"), **mood("0", "0", "0")})

    watched.ingest({**person("1"), **mood("9", "0", "3")})

    assert stand(watched) == THIRD


def test_a_score_and_a_change_of_what_is_kept_back_are_signals(watched: Bench) -> None:
    late = {"tally_timestamp": "2024-10-06 02:30:00"}
    watched.ingest({**person("1"), **tally("20")}, {**at_week_4("1"), **tally("45"), **late})

    assert stand(watched) == [("1", "high", "reached", "row"), ("1", "worse", "worse", "row")]


def test_a_score_that_cannot_be_read_is_told_as_not_looked_at(watched: Bench) -> None:
    watched.ingest({**person("1"), **tally("many")})

    assert (stand(watched), counted(watched)) == ([], KeptBackCount(0, {"tally": 1}))


def test_nothing_is_doubled_by_reading_again(watched: Bench) -> None:
    rows = ({**person("1"), **mood("9", "0", "3")},)
    watched.ingest(*rows)

    watched.ingest(*rows)

    assert stand(watched) == THIRD


def test_a_signal_goes_when_its_row_is_taken_in(watched: Bench) -> None:
    watched.ingest({**person("1"), **mood("9", "0", "3")})

    watched.ingest({**person("1"), **mood("1", "0", "3")})

    assert stand(watched) == [("1", "third", "reached", "")]


def test_a_signal_goes_when_its_row_is_as_it_was_when_it_was_taken_in(watched: Bench) -> None:
    watched.ingest({**person("1"), **mood("0", "0", "0")})
    watched.ingest({**person("1"), **mood("9", "0", "3")})

    watched.ingest({**person("1"), **mood("0", "0", "0")}, {"record_id": "", **mood("0", "0", "0")})

    assert stand(watched) == []


def test_a_signal_goes_when_the_watched_answer_is_corrected(watched: Bench) -> None:
    watched.ingest({**person("1"), **mood("9", "0", "3")})

    watched.ingest({**person("1"), **mood("9", "0", "0")})

    assert stand(watched) == []


@pytest.mark.parametrize("missing_limit", [None, 5])
def test_a_signal_goes_with_its_row(watched: Bench, missing_limit: int | None) -> None:
    watched.ingest({**person("1"), **mood("9", "0", "3")})

    watched.ingest(person("1"), missing_limit=missing_limit)

    assert stand(watched) == []


def test_a_signal_stays_where_its_row_is_not_believed_to_be_gone(watched: Bench) -> None:
    watched.ingest({**person("1"), **mood("9", "0", "3")})

    watched.ingest(person("2"))
    assert stand(watched) == THIRD

    watched.ingest(
        person("1"), {"record_id": "", **mood("0", "0", "0")}, missing_limit=5
    )  # it may be the row that is not read
    assert stand(watched) == THIRD


def test_a_row_of_which_nothing_is_known_is_told_as_not_looked_at(watched: Bench) -> None:
    watched.ingest(
        person("1"), {"record_id": "", "redcap_event_name": WEEK_4, **mood("3", "3", "3")}
    )
    assert counted(watched) == KeptBackCount(0, {"": 1})

    watched.ingest(person("1"))
    assert counted(watched) == KeptBackCount(0, {})


def read_one_of_two(bench: Bench, key: str, *rows: Cells) -> None:
    """Reads one of two sources whose files have the same name."""
    others = frozenset({"east", "west"} - {key})
    bench.read(replace(bench.source(records_csv(list(rows))), key=key, others=others))


def test_a_row_of_which_nothing_is_known_is_not_gone_from_a_source_of_the_same_name(
    watched: Bench,
) -> None:
    read_one_of_two(watched, "east", person("1"), {"record_id": "", **mood("3", "3", "3")})
    read_one_of_two(watched, "west", person("2"))
    assert counted(watched) == KeptBackCount(0, {"": 1})

    read_one_of_two(watched, "east", person("1"))
    assert counted(watched) == KeptBackCount(0, {})


def test_what_was_noted_of_a_source_under_another_key_goes_when_it_is_read(
    watched: Bench,
) -> None:
    unreadable: Cells = {"record_id": "", **mood("3", "3", "3")}
    watched.ingest(person("1"), unreadable)
    before = counted(watched)

    read_one_of_two(watched, "east", person("1"))

    assert (before.not_looked_at, counted(watched).not_looked_at) == ({"": 1}, {})


def test_without_rules_nothing_is_watched(bench: Bench) -> None:
    bench.ingest({**person("1"), **mood("9", "3", "3")}, {"record_id": "", **mood("0", "0", "0")})

    assert (stand(bench), counted(bench)) == ([], KeptBackCount(0, {}))


def test_no_answer_is_kept_of_what_is_kept_back(watched: Bench) -> None:
    watched.ingest({**person("1"), **mood("9", "0", "3", mood_note="a\x07b")})

    (row,) = watched.database.read().execute("SELECT * FROM kept_back").fetchall()
    assert row["signals"] == '[["third","urgent","reached"]]'
    assert (row["record"], row["form"], row["file"], row["line"]) == ("1", "mood", "records.csv", 2)


def read_changed(bench: Bench, fields: Declared, *rows: Cells) -> None:
    """Reads these rows under a dictionary that has changed since the form was read first."""
    bench.ingest({**person("1"), **mood("0", "0", "0")})
    bench.read(bench.source(records_csv(list(rows)), dictionary=dictionary_csv(fields)))


def relabelled(name: str) -> Declared:
    return tuple((*each[:3], RELABELLED) if each[0] == name else each for each in FIELDS)


NEW_ROWS = ({**person("1"), **mood("0", "0", "0")}, {**at_week_4("1"), **mood("0", "0", "3")})


def test_in_a_form_that_waits_for_another_item_the_watched_one_is_watched(watched: Bench) -> None:
    read_changed(watched, relabelled("mood_1"), *NEW_ROWS)

    assert stand(watched) == THIRD
    assert counted(watched) == KeptBackCount(1, {})
    assert len(watched.resources("QuestionnaireResponse")) == 1


def test_of_a_form_whose_watched_item_changed_every_row_is_told_as_not_looked_at(
    watched: Bench,
) -> None:
    read_changed(watched, relabelled("mood_3"), *NEW_ROWS)

    assert (stand(watched), counted(watched)) == ([], KeptBackCount(0, {"mood": 2}))


def test_what_a_form_that_waits_gave_goes_when_it_is_read_again(watched: Bench) -> None:
    read_changed(watched, relabelled("mood_1"), *NEW_ROWS)

    watched.ingest(*NEW_ROWS)

    assert (stand(watched), counted(watched)) == (
        [("1", "third", "reached", "")],
        KeptBackCount(0, {}),
    )


@pytest.mark.parametrize(
    ("column", "expected", "unseen"),
    [
        ("mood_note", THIRD, {}),
        ("mood_3", [], {"mood": 1}),
        ("mood_complete", THIRD, {"mood": 1}),  # whether a gap is one is not known
    ],
)
def test_where_a_column_is_missing_what_else_is_there_is_watched(
    watched: Bench, column: str, expected: Stands, unseen: dict[str, int]
) -> None:
    header = [name for name in columns() if name != column]
    rows = [{**person("1"), **mood("0", "0", "3")}]

    watched.read(watched.source(records_csv(rows, header)))

    assert stand(watched) == expected
    assert counted(watched).not_looked_at == unseen
    assert watched.resources("QuestionnaireResponse") == []


BLANK: Stands = [("1", "third", "not-answered", "blank")]


@pytest.mark.parametrize("cells", [{}, {"mood_spare": "seen"}], ids=["nothing", "another field"])
def test_a_form_that_was_marked_complete_and_is_blank_lacks_its_answer(
    watched: Bench, cells: Cells
) -> None:
    report = watched.ingest({**person("1"), **mood(**cells)})

    assert stand(watched) == BLANK
    assert report.counts.get("mood", {}) == ({"empty": 1} if cells else {})
    assert report.problems == 0
    assert watched.resources("QuestionnaireResponse") == []


def test_a_blank_form_that_nobody_marked_or_asked_for_lacks_nothing(watched: Bench) -> None:
    elsewhere = {"record_id": "1", "redcap_event_name": "log_arm_1"}
    watched.ingest({**person("1"), **mood(complete="0")}, {**elsewhere, **mood()})

    assert stand(watched) == []


def test_a_blank_form_that_is_answered_later_lacks_nothing_any_more(watched: Bench) -> None:
    watched.ingest({**person("1"), **mood()})

    watched.ingest({**person("1"), **mood("0", "0", "0")})

    assert stand(watched) == []


def test_a_blank_form_of_people_is_nobody_s_second_row(watched: Bench) -> None:
    report = watched.ingest(person("1"), {**at_week_4("1"), "consent_complete": "2"})

    assert (report.problems, report.counts["participant"]) == (0, {"created": 1})
