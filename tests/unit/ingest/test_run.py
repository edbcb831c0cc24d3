"""One ingest: what fits goes through, what does not is kept with its reason, nothing is lost."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.errors import ConflictError, Problem, SourceError
from adapter.ingest import Report
from tests.unit.ingest.project import (
    FIELDS,
    LOG,
    STUDY,
    WEEK_0,
    Bench,
    Cells,
    at_week_4,
    columns,
    dictionary_csv,
    incident,
    mood,
    pain,
    person,
    records_csv,
    tally,
)

CANARY = "Canary-4711"


def counts(report: Report, form: str) -> dict[str, int]:
    """The outcomes of a form that are not zero."""
    return {word: count for word, count in report.counts.get(form, Counter()).items() if count}


def taken(report: Report) -> int:
    """How many form instances and rows the report accounts for, people left out."""
    return sum(
        count
        for form, outcomes in report.counts.items()
        if form != "participant"
        for word, count in outcomes.items()
        if word != "retracted"
    )


def places(problems: list[Problem]) -> list[tuple[str, int | None, str]]:
    return [(each.origin.file, each.origin.line, each.field) for each in problems]


def test_an_export_becomes_resources_of_people_and_of_answers(bench: Bench) -> None:
    report = bench.ingest(
        {**person("1"), **mood("1", "2", "0"), **pain("3", "4.5"), **tally("12")},
        incident("1", "1"),
    )

    assert report.counts == {
        form: Counter(created=1) for form in ("participant", "mood", "pain", "tally", "incident")
    }
    assert (report.run, report.problems, report.is_whole) == (1, 0, True)
    assert {
        kind: len(bench.resources(kind))
        for kind in ("Patient", "ResearchSubject", "Consent", "Questionnaire", "AdverseEvent")
    } == {
        "Patient": 1,
        "ResearchSubject": 1,
        "Consent": 2,
        "Questionnaire": 2,
        "AdverseEvent": 1,
    }
    assert bench.statuses("QuestionnaireResponse") == {"completed": 2}
    assert bench.observation("mood-total")["valueQuantity"]["value"] == 3
    assert bench.observation("pain-pain-week")["valueQuantity"]["value"] == 4.5
    assert bench.observation("tally-total")["valueQuantity"]["value"] == 12


def test_what_is_new_is_owed_to_whom_takes_its_type(bench: Bench) -> None:
    bench.ingest({**person("1"), **mood("1", "2", "0")})

    assert bench.owed("repository")["put Patient"] == 1
    assert bench.owed("repository")["put Observation"] == 3
    assert bench.owed("north-clinic") == {
        "put QuestionnaireResponse": 1,
        "put Observation": 3,
        "put Provenance": 1,
    }


def test_a_second_ingest_of_the_same_export_changes_nothing(bench: Bench) -> None:
    rows = (
        {**person("1"), **mood("1", "2", "0"), **pain("3", "4.5"), **tally("12")},
        incident("1", "1"),
        {**person("2"), **mood("5")},
    )
    bench.ingest(*rows)
    before = bench.versions(), bench.owed("repository"), bench.owed("north-clinic")

    report = bench.ingest(*rows)

    assert (bench.versions(), bench.owed("repository"), bench.owed("north-clinic")) == before
    assert report.counts == {
        "participant": Counter(unchanged=2),
        "pain": Counter(unchanged=1),
        "tally": Counter(unchanged=1),
        "incident": Counter(unchanged=1),
        "mood": Counter(unchanged=1, rejected=1),
    }


@pytest.mark.parametrize(
    ("cells", "field", "expected", "found"),
    [
        pytest.param(
            mood("1", "7"), "mood_2", "one of the codes 0, 1, 2, 3", "a whole number", id="a code"
        ),
        pytest.param(
            mood("1", CANARY), "mood_2", "one of the codes 0, 1, 2, 3", "text of", id="text"
        ),
        pytest.param(
            mood("1", " "), "mood_2", "one of the codes 0, 1, 2, 3", "blank text", id="blank"
        ),
        pytest.param(
            mood(mood_where___2="2"), "mood_where___2", "0 or 1", "a whole number", id="a box"
        ),
        pytest.param(
            mood("1", mood_timestamp=f"2024-02-01 {CANARY}"),
            "mood_timestamp",
            "a date YYYY-MM-DD, with or without a time HH:MM:SS",
            "text of",
            id="a time that is none",
        ),
        pytest.param(
            mood("1", mood_timestamp="2024-02-30 10:00:00"),
            "mood_timestamp",
            "a date and time that exist in the calendar",
            "text of",
            id="a day that is not in the calendar",
        ),
        pytest.param(
            mood("1", mood_timestamp="2023-10-01 02:30:00"),
            "mood_timestamp",
            "a local time that exists in Australia/Sydney (the clocks skip this hour)",
            "text of",
            id="an hour that the clocks skip",
        ),
        pytest.param(
            mood("1", mood_note=f"{CANARY}\x0b!"),
            "mood_note",
            "text without control characters",
            "text of",
            id="a sign that no resource may hold",
        ),
        pytest.param(
            mood("1", complete="Complete"), "mood_complete", "0, 1 or 2", "text of", id="a label"
        ),
        pytest.param(
            mood("1", complete="3"), "mood_complete", "0, 1 or 2", "a whole number", id="a state"
        ),
        pytest.param(
            {"redcap_event_name": "week_9_arm_1", **mood("1")},
            "redcap_event_name",
            "one of the events week_0_arm_1, week_4_arm_1",
            "another event",
            id="an event that the study does not have",
        ),
        pytest.param(
            {"redcap_event_name": LOG, **mood("1")},
            "redcap_event_name",
            "one of the events week_0_arm_1, week_4_arm_1",
            "another event",
            id="an event that the form is not asked at",
        ),
        pytest.param(
            {"record_id": "404", **mood("1")},
            "record_id",
            "a record with form `participant`",
            "a record without it",
            id="a record of nobody",
        ),
    ],
)
def test_an_answer_that_does_not_fit_is_told_with_its_place(
    bench: Bench, cells: Cells, field: str, expected: str, found: str
) -> None:
    report = bench.ingest(person("1"), {**at_week_4("1"), **cells}, {**person("2"), **mood("2")})

    (problem,) = bench.problems(report)
    assert places([problem]) == [("records.csv", 3, field)]
    assert problem.expected == expected
    assert problem.found.startswith(found)
    assert problem.origin.record in {"1", "404"}
    assert CANARY not in str(problem)
    assert counts(report, "mood") == {"rejected": 1, "created": 1}
    assert report.problems == 1


@pytest.mark.parametrize(
    ("cells", "field", "expected"),
    [
        pytest.param(pain("11", "1"), "pain_now", "a whole number from 0 to 10", id="above"),
        pytest.param(pain("-1", "1"), "pain_now", "a whole number from 0 to 10", id="below"),
        pytest.param(pain("1.5", "1"), "pain_now", "a whole number from 0 to 10", id="a part"),
        pytest.param(pain("1", "10.01"), "pain_week", "a number from 0 to 10", id="just above"),
        pytest.param(pain("1", "1,5"), "pain_week", "a number from 0 to 10", id="a comma"),
        pytest.param(pain("1", "1e1"), "pain_week", "a number from 0 to 10", id="an exponent"),
        pytest.param(pain("1", "NaN"), "pain_week", "a number from 0 to 10", id="no number"),
        pytest.param(tally("64"), "tally_total", "a number from 0 to 63", id="a total"),
    ],
)
def test_a_number_out_of_range_is_told_with_the_range(
    bench: Bench, cells: Cells, field: str, expected: str
) -> None:
    report = bench.ingest(person("1"), {**at_week_4("1"), **cells})

    (problem,) = bench.problems(report)
    assert places([problem]) == [("records.csv", 3, field)]
    assert problem.expected == expected


def test_every_wrong_cell_of_a_form_is_told_and_its_other_forms_go_through(bench: Bench) -> None:
    row = {**person("1"), **mood("7", "8", "1"), **pain("3", "4")}

    report = bench.ingest(row)

    assert [problem.field for problem in bench.problems(report)] == ["mood_1", "mood_2"]
    assert counts(report, "mood") == {"rejected": 1}
    assert counts(report, "pain") == {"created": 1}


@pytest.mark.parametrize("day", ["2024-13-01", "30.02.2024", CANARY], ids=["month", "dots", "text"])
def test_a_person_with_an_impossible_day_is_told_and_not_taken(bench: Bench, day: str) -> None:
    report = bench.ingest(person("1", enrol_date=day, **mood("1")), person("2"))

    first, second = bench.problems(report)
    assert places([first]) == [("records.csv", 2, "enrol_date")]
    assert second.found == "one whose own row was kept back, or could not be read"
    assert "emove" not in second.action
    assert day not in f"{first}{second}"
    assert counts(report, "participant") == {"rejected": 1, "created": 1}


def test_lines_that_cannot_be_read_are_told_and_the_others_go_through(bench: Bench) -> None:
    good = records_csv([person("1"), {**person("2"), **mood("1")}, person("3")]).splitlines()
    bad = [b"9,short", b'10,"open' + b"," * good[0].count(b","), b"11,na\xefve"]
    content = b"\n".join([*good[:2], bad[0], good[2], *bad[1:], good[3]]) + b"\n"

    report = bench.read(bench.source(content))

    problems = bench.problems(report)
    assert [problem.origin.line for problem in problems] == [3, 5, 6]
    assert [problem.expected for problem in problems] == [
        f"{len(columns())} cells",
        "a CSV row",
        "text in utf-8",
    ]
    assert counts(report, "participant") == {"created": 3}
    assert counts(report, "mood") == {"created": 1}
    assert counts(report, "unreadable row") == {"rejected": 3}
    assert not report.is_whole


def test_a_row_that_stands_twice_is_told_and_the_first_one_is_taken(bench: Bench) -> None:
    report = bench.ingest(
        person("1"), {**at_week_4("1"), **mood("1")}, {**at_week_4("1"), **mood("2")}
    )

    (problem,) = bench.problems(report)
    assert places([problem]) == [("records.csv", 4, "mood")]
    assert "the first one was taken" in problem.action
    assert counts(report, "mood") == {"created": 1, "rejected": 1}
    assert bench.observation("mood-first")["valueQuantity"]["value"] == 1


def test_a_row_that_stands_twice_stays_told_when_it_is_read_again(bench: Bench) -> None:
    rows = (person("1"), {**at_week_4("1"), **mood("1")}, {**at_week_4("1"), **mood("2")})
    bench.ingest(*rows)
    before = bench.versions()

    report = bench.ingest(*rows)

    assert counts(report, "mood") == {"unchanged": 1, "rejected": 1}
    assert bench.versions() == before


def test_that_a_persons_own_row_was_kept_back_is_told_once_for_all_their_forms(
    bench: Bench,
) -> None:
    row = person("1", enrol_date="never", **mood("1"), **pain("3", "4"))

    report = bench.ingest(row, {**at_week_4("1"), **mood("2")})

    assert [problem.field for problem in bench.problems(report)] == ["enrol_date", "record_id"]
    assert counts(report, "mood") == {"rejected": 2}


def test_a_person_who_stands_twice_is_told_and_nothing_of_both_is_believed(bench: Bench) -> None:
    report = bench.ingest(person("1"), person("1", stop_share="1"), person("2"))

    (problem,) = bench.problems(report)
    assert places([problem]) == [("records.csv", 3, "consent")]
    assert "nothing new of this participant leaves" in problem.action
    assert counts(report, "participant") == {"rejected": 1, "created": 1}


def test_rows_of_a_person_that_stand_apart_are_told_and_the_first_are_believed(
    bench: Bench,
) -> None:
    report = bench.ingest(person("1"), person("2"), person("1", agree_share="0"))

    (problem,) = bench.problems(report)
    assert places([problem]) == [("records.csv", 4, "participant")]
    assert "Sort the export" in problem.action
    assert counts(report, "participant") == {"created": 2, "rejected": 1}
    assert bench.statuses("Consent") == {"active": 4}


def test_a_person_read_apart_a_second_time_is_still_who_the_first_rows_say(bench: Bench) -> None:
    rows = (person("1"), person("2"), person("1", agree_share="0"))
    bench.ingest(*rows)
    before = bench.versions()

    report = bench.ingest(*rows)

    assert bench.versions() == before
    assert counts(report, "participant") == {"unchanged": 1, "rejected": 1}


def test_a_form_that_nobody_mapped_is_told_as_a_warning(bench: Bench) -> None:
    unmapped = bench.with_study(STUDY.replace("not_mapped:\n  diary: stays in the trial\n", ""))

    report = unmapped.ingest({**person("1"), **mood("1"), "diary_text": CANARY})

    (problem,) = unmapped.problems(report)
    assert places([problem]) == [("dictionary", None, "diary")]
    assert problem.severity == "warning"
    assert counts(report, "mood") == {"created": 1}
    assert report.is_whole


def test_a_mapped_form_that_the_dictionary_does_not_have_is_told(bench: Bench) -> None:
    misspelt = bench.with_study(STUDY.replace("source_form: pain", "source_form: paain"))

    report = misspelt.ingest({**person("1"), **mood("1"), **pain("1", "2")}, missing_limit=0)

    problems = misspelt.problems(report)
    assert places(problems) == [("dictionary", None, "pain"), ("dictionary", None, "paain")]
    assert problems[1].severity == "error"
    assert not report.is_whole


def test_a_source_with_some_of_the_forms_is_read_after_one_with_the_people(bench: Bench) -> None:
    some = tuple(field for field in FIELDS if field[0] == "record_id" or field[1] == "tally")
    rest = tuple(field for field in FIELDS if field[1] != "tally")
    rows = [{**person("1"), **mood("1"), **tally("7")}]
    people = records_csv(rows, columns(rest))
    part = records_csv(rows, columns((("record_id", "tally", "text", ""), *some[1:])))

    first = bench.read(bench.source(people, dictionary=dictionary_csv(rest)))
    second = bench.read(bench.source(part, dictionary=dictionary_csv(some[1:])))

    assert (first.problems, second.problems) == (0, 0)
    assert counts(first, "mood") == {"created": 1}
    assert counts(second, "tally") == {"created": 1}
    assert counts(second, "participant") == {}


def test_a_form_whose_columns_are_missing_is_left_out_and_told(bench: Bench) -> None:
    header = [name for name in columns() if name not in {"mood_2", "mood_complete"}]
    content = records_csv([{**person("1"), **mood("1"), **pain("3", "4")}], header)

    report = bench.read(bench.source(content))

    assert places(bench.problems(report)) == [
        ("records.csv", 1, "mood_2"),
        ("records.csv", 1, "mood_complete"),
    ]
    assert counts(report, "mood") == {}
    assert counts(report, "pain") == {"created": 1}
    assert not report.is_whole


def test_without_the_column_that_says_who_withdrew_nobody_is_read(bench: Bench) -> None:
    bench.ingest(person("1", stop_share="1", stop_date="2024-02-20"))
    header = [name for name in columns() if name != "stop_share"]

    report = bench.read(bench.source(records_csv([{**person("1"), **mood("1")}], header)))

    assert places(bench.problems(report)) == [("records.csv", 1, "stop_share")]
    assert bench.statuses("Consent") == {"active": 1, "inactive": 1}
    assert counts(report, "participant") == {}
    assert counts(report, "mood") == {"created": 1}


def test_a_form_without_an_answer_is_empty(bench: Bench) -> None:
    report = bench.ingest({**person("1"), "mood_spare": "not mapped", "mood_complete": "2"})

    assert counts(report, "mood") == {"empty": 1}
    assert bench.resources("QuestionnaireResponse") == []


def test_a_missing_data_code_is_an_answer_with_a_reason(bench: Bench) -> None:
    bench.ingest({**person("1"), **mood("-97", "1", "1")})

    (response,) = bench.resources("QuestionnaireResponse")
    assert response["item"][0]["extension"][0]["valueCode"] == "asked-declined"
    assert "valueQuantity" not in bench.observation("mood-total")


def test_a_project_without_events_is_read_at_its_one_timepoint(bench: Bench) -> None:
    classic = bench.with_study(STUDY.replace(", event: week_0_arm_1", ""))
    header = [name for name in columns() if not name.startswith("redcap_")]
    content = records_csv([{**person("1"), **mood("1")}], header)

    report = classic.read(classic.source(content))

    assert counts(report, "mood") == {"created": 1}


def test_nothing_that_is_kept_tells_the_arm_that_an_event_belongs_to(bench: Bench) -> None:
    arms = STUDY.replace("event: week_4_arm_1", "event: [week_4_arm_1, week_4_arm_2]")
    trial = bench.with_study(arms)

    report = trial.ingest(
        person("1"),
        {**at_week_4("1"), **mood("1", "2", "3")},
        person("2"),
        {**at_week_4("2"), **mood("1", "2", "3"), "redcap_event_name": "week_4_arm_2"},
    )

    kept = trial.database.read().execute("SELECT text FROM version").fetchall()
    assert counts(report, "mood") == {"created": 2}
    assert len(kept) > 10
    assert not [row for row in kept if b"_arm_" in bytes(row["text"])]


def test_a_cp1252_export_is_read_with_the_setting(bench: Bench) -> None:
    content = records_csv([{**person("1"), **mood("1", mood_note="naïve café")}])

    report = bench.read(bench.source(content.decode().encode("cp1252"), encoding="cp1252"))

    (response,) = bench.resources("QuestionnaireResponse")
    assert response["item"][-1]["answer"] == [{"valueString": "naïve café"}]
    assert report.problems == 0


def test_a_note_of_several_lines_is_kept_as_it_is(bench: Bench) -> None:
    bench.ingest({**person("1"), **mood("1", mood_note='first line\nsecond, with "quotes"')})

    (response,) = bench.resources("QuestionnaireResponse")
    assert response["item"][-1]["answer"] == [{"valueString": 'first line\nsecond, with "quotes"'}]


def test_a_year_beyond_the_calendar_leaves_the_window_open(bench: Bench) -> None:
    report = bench.ingest(
        person("1", enrol_date="9999-12-31"), {**at_week_4("1"), **mood("1", complete="0")}
    )

    assert counts(report, "mood") == {"created": 1}
    assert bench.statuses("QuestionnaireResponse") == {"in-progress": 1}


def test_progress_is_told_in_records(bench: Bench) -> None:
    told: list[int] = []
    rows = [{**person(str(number)), **mood("1"), **pain("1", "1")} for number in range(1, 140)]

    bench.read(bench.source(records_csv(rows)), told.append)

    assert told == [256, 2 * 139 - 256]


def test_two_ingests_at_once_are_refused(bench: Bench) -> None:
    with bench.database.sole_writer("ingest"), pytest.raises(ConflictError) as caught:
        bench.ingest(person("1"))

    assert caught.value.exit_code == 14


def test_a_source_that_breaks_off_stops_the_run_and_the_next_one_mends_it(bench: Bench) -> None:
    whole = records_csv([{**person("1"), **mood("1")}]).decode().encode("utf-16")
    broken = bench.source(whole, encoding="utf-16")
    (bench.folder / "records.csv").write_bytes(whole + b"\x00")

    with pytest.raises(SourceError):
        bench.read(broken)
    report = bench.read(bench.source(whole, encoding="utf-16"))

    assert report.run == 2
    assert counts(report, "mood") == {"created": 1}


MESSY: list[Cells] = [
    {**person("1"), **mood("1", "2", "3"), **pain("3", "4"), **tally("9")},
    {**at_week_4("1"), **mood("9"), **pain("4", "x"), "diary_text": "kept out"},
    incident("1", "1"),
    incident("1", "2", incident_day="2024-02-31"),
    {**person("2"), "mood_spare": "nothing mapped", "mood_complete": "2"},
    {**person("3", enrol_date="soon"), **mood("1"), **tally("8")},
    {**at_week_4("2"), **mood("1", complete="0"), **tally("7", complete="0")},
    {**at_week_4("2"), **mood("2")},
    {"record_id": "", "redcap_event_name": WEEK_0, **mood("1")},
    {**at_week_4("404"), **mood("1"), **tally("64")},
    incident("2", "x"),
]


def instances_in(rows: list[Cells]) -> int:
    """Counts anew, from the cells alone, what a messy export holds that must be accounted for."""
    mapped = {name: form for name, form, _, _ in FIELDS if form in {"mood", "pain", "tally"}}
    total = 0
    for row in rows:
        if row["record_id"] == "" or row.get("redcap_repeat_instance") == "x":
            total += 1  # the row cannot be told apart: it is rejected as one
        elif row.get("redcap_repeat_instrument"):
            total += 1
        else:
            total += len({mapped[name] for name, cell in row.items() if name in mapped and cell})
    return total


def test_rows_in_are_responses_and_rejected_and_empty(bench: Bench) -> None:
    report = bench.ingest(*MESSY)

    assert taken(report) == instances_in(MESSY)
    assert report.counts["mood"] == Counter(created=2, rejected=4, empty=1)
    assert report.problems == len(bench.problems(report)) == 10


def test_a_messy_export_reads_the_same_a_second_time(bench: Bench) -> None:
    first = bench.ingest(*MESSY)
    before = bench.versions(), bench.problems(first)

    second = bench.ingest(*MESSY)

    assert (bench.versions(), bench.problems(second)) == before
    assert taken(second) == taken(first)


CLEAN = records_csv(
    [
        {**person("1"), **mood("1", "2", "3", mood_note="a note\nof two"), **pain("3", "4")},
        {**at_week_4("1"), **mood("3"), **tally("7")},
        incident("1", "1"),
        {**person("2", full_name=CANARY, dob=CANARY), **mood(CANARY)},
    ]
)
BYTES = [b'"', b"\n", b",", b"\xff", b"9", b"-", b" ", b"", b"\x00", b"\x0b", b"\xc2\xa0", b"2024"]
MUTATION = st.tuples(
    st.integers(min_value=0, max_value=len(CLEAN)),
    st.sampled_from(BYTES),
    st.integers(min_value=0, max_value=2),
)


MAPPED = ("mood", "pain", "tally", "incident")


def is_left_out(problems: list[Problem], form: str) -> bool:
    """Whether a column of the form was missing, so that none of it was read."""
    return any(each.origin.line == 1 and f"`{form}`" in each.expected for each in problems)


@given(mutations=st.lists(MUTATION, min_size=1, max_size=6))
@settings(max_examples=150, deadline=None)
def test_whatever_happened_to_an_export_every_row_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, mutations: list[tuple[int, bytes, int]]
) -> None:
    content = CLEAN
    for place, put_in, taken_out in mutations:
        content = content[:place] + put_in + content[place + taken_out :]
    bench = Bench.open(tmp_path_factory.mktemp("fuzz"))

    with closing(bench):
        try:
            source = bench.source(content)
            report = bench.read(source)
        except SourceError as refused:
            said = str(refused)
        else:
            read = [form for form in MAPPED if not is_left_out(bench.problems(report), form)]
            assert taken(report) == len(list(source.source.records(frozenset(read))))
            said = "".join(map(str, bench.problems(report)))

    assert CANARY not in said


WINDOW_CLOSES = datetime(2024, 3, 8, tzinfo=ZoneInfo("Australia/Sydney"))
"""Enrolled on 1 February: week 4 is 29 February, and the window is open on 7 March."""


@pytest.mark.parametrize(
    ("seconds", "status"), [(-1, "in-progress"), (0, "stopped")], ids=["open", "closed"]
)
def test_a_form_begun_and_not_sent_is_in_progress_until_its_window_closes(
    bench: Bench, seconds: int, status: str
) -> None:
    as_of = datetime.fromtimestamp(WINDOW_CLOSES.timestamp() + seconds, ZoneInfo("UTC"))

    bench.ingest(person("1"), {**at_week_4("1"), **mood("1", complete="0")}, as_of=as_of)

    assert bench.statuses("QuestionnaireResponse") == {status: 1}
    assert bench.resources("Observation") == []  # nobody said that these answers stand


@pytest.mark.parametrize(
    "row",
    [
        pytest.param({**person("1"), **mood("1", complete="0")}, id="a window that stays open"),
        pytest.param(
            {**person("1", enrol_date=""), **at_week_4("1"), **mood("1", complete="0")},
            id="nobody knows when they enrolled",
        ),
    ],
)
def test_without_an_end_the_window_stays_open(bench: Bench, row: Cells) -> None:
    bench.ingest(row)

    assert bench.statuses("QuestionnaireResponse") == {"in-progress": 1}


def test_an_incident_begun_and_not_finished_is_kept(bench: Bench) -> None:
    report = bench.ingest(person("1"), incident("1", "1", incident_complete="0"))

    assert counts(report, "incident") == {"created": 1}
