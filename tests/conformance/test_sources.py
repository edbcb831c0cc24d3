"""What every source promises, whatever it reads: see `adapter.sources.source.Source`."""

from __future__ import annotations

import gc
import tracemalloc
from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from adapter.errors import Problem
from adapter.instruments.fields import fields_of
from adapter.instruments.participant import participant_forms
from adapter.instruments.response import Record
from adapter.sources.source import Source
from tests.conformance.formats import FORMATS, SPOILT, Format
from tests.unit.ingest.project import (
    FORM_NAMES,
    WEEK_0,
    Cells,
    at_week_4,
    incident,
    mood,
    pain,
    person,
    small_trial,
    study,
    tally,
)

CANARY = "Canary-4711"
ALL_FORMS = frozenset(FORM_NAMES)
EVERY_FORMAT = pytest.mark.parametrize(
    "form_of", [pytest.param(each, id=each.name) for each in FORMATS]
)

PROJECT: list[Cells] = [
    {**person("1"), **mood("1", "2", "0", mood_where___2="1", mood_where____1="1")},
    {**at_week_4("1"), **mood("3", mood_note='naïve, "quoted"; two\nlines'), **pain("3", "4.5")},
    incident("1", "1"),
    incident("1", "12", incident_what="slipped"),
    {**person("2"), **tally("12"), "diary_text": "dear diary"},
    {**at_week_4("2"), **mood("1", complete="0", mood_timestamp="[not completed]")},
    {**person("A-7", left_date="2024-03-01", stop_share="1"), **pain("0", "0", complete="1")},
]
EXPECTED = {
    ("1", WEEK_0, "participant", None): {
        "enrol_date": "2024-02-01",
        "ihi": "8003609900000001",
    },
    ("1", WEEK_0, "consent", None): {
        "agree_research": "1",
        "agree_share": "1",
        "agree_date": "2024-02-01",
    },
    ("1", WEEK_0, "mood", None): {
        "mood_1": "1",
        "mood_2": "2",
        "mood_3": "0",
        "mood_where___2": "1",
        "mood_where____1": "1",
    },
    ("1", "week_4_arm_1", "mood", None): {
        "mood_1": "3",
        "mood_note": 'naïve, "quoted"; two\nlines',
    },
    ("1", "week_4_arm_1", "pain", None): {
        "pain_now": "3",
        "pain_week": "4.5",
        "pain_day": "2024-02-01",
    },
    ("1", "log_arm_1", "incident", 1): {
        "incident_what": "fell",
        "incident_day": "2024-02-10",
        "incident_serious": "0",
    },
    ("1", "log_arm_1", "incident", 12): {
        "incident_what": "slipped",
        "incident_day": "2024-02-10",
        "incident_serious": "0",
    },
    ("2", WEEK_0, "participant", None): {
        "enrol_date": "2024-02-01",
        "ihi": "8003609900000002",
    },
    ("2", WEEK_0, "consent", None): {
        "agree_research": "1",
        "agree_share": "1",
        "agree_date": "2024-02-01",
    },
    ("2", WEEK_0, "tally", None): {"tally_total": "12"},
    ("2", WEEK_0, "diary", None): {"diary_text": "dear diary"},
    ("2", "week_4_arm_1", "mood", None): {"mood_1": "1"},
    ("A-7", WEEK_0, "participant", None): {
        "enrol_date": "2024-02-01",
        "left_date": "2024-03-01",
        "ihi": "8003609900000A-7",
    },
    ("A-7", WEEK_0, "consent", None): {
        "agree_research": "1",
        "agree_share": "1",
        "agree_date": "2024-02-01",
        "stop_share": "1",
    },
    ("A-7", WEEK_0, "pain", None): {
        "pain_now": "0",
        "pain_week": "0",
        "pain_day": "2024-02-01",
    },
}
SENT = "2024-02-01 10:15:00"
STATES = {
    ("1", WEEK_0, "mood", None): ("2", SENT),
    ("1", "week_4_arm_1", "mood", None): ("2", SENT),
    ("1", "week_4_arm_1", "pain", None): ("2", "2024-02-01"),
    ("2", WEEK_0, "tally", None): ("2", ""),
    ("2", "week_4_arm_1", "mood", None): ("0", ""),
    ("A-7", WEEK_0, "pain", None): ("1", "2024-02-01"),
}


def split(source: Source, forms: frozenset[str] = ALL_FORMS) -> tuple[list[Record], list[Problem]]:
    found = list(source.records(forms))
    records = [each for each in found if isinstance(each, Record)]
    return records, [each for each in found if isinstance(each, Problem)]


def place(record: Record) -> tuple[str, str, str, int | None]:
    return (record.participant, record.event, record.form, record.repeat)


@EVERY_FORMAT
def test_the_same_project_gives_the_same_records_in_every_format(
    form_of: Format, tmp_path: Path
) -> None:
    source = form_of.open_source(tmp_path, PROJECT)

    records, problems = split(source)

    assert problems == []
    assert len(records) == len(EXPECTED)
    assert {place(record): dict(record.values) for record in records} == EXPECTED


@EVERY_FORMAT
def test_a_record_says_whether_and_when_it_was_completed(form_of: Format, tmp_path: Path) -> None:
    records, _ = split(form_of.open_source(tmp_path, PROJECT))

    said = {place(record): (record.complete, record.completed_at) for record in records}

    assert {each: said[each] for each in STATES} == STATES


@EVERY_FORMAT
def test_a_source_may_be_read_again(form_of: Format, tmp_path: Path) -> None:
    source = form_of.open_source(tmp_path, PROJECT)

    first, second = list(source.records(ALL_FORMS)), list(source.records(ALL_FORMS))

    assert first == second


@EVERY_FORMAT
@pytest.mark.parametrize("forms", [{"mood"}, {"participant", "consent"}, {"incident", "diary"}])
def test_only_the_forms_asked_for_are_given(
    form_of: Format, tmp_path: Path, forms: set[str]
) -> None:
    source = form_of.open_source(tmp_path, PROJECT)

    records, problems = split(source, frozenset(forms))

    assert problems == []
    assert {place(each) for each in records} == {each for each in EXPECTED if each[2] in forms}


@EVERY_FORMAT
def test_what_is_said_of_one_person_comes_together(form_of: Format, tmp_path: Path) -> None:
    records, _ = split(form_of.open_source(tmp_path, PROJECT), participant_forms(study()))

    people = [name for name, _ in groupby(records, key=lambda record: record.participant)]

    assert people == ["1", "2", "A-7"]


@EVERY_FORMAT
def test_the_shape_of_a_form_tells_its_fields_their_types_and_their_choices(
    form_of: Format, tmp_path: Path
) -> None:
    shapes = form_of.open_source(tmp_path, PROJECT).shapes

    mood_fields = shapes["mood"].fields
    assert set(shapes) == ALL_FORMS
    assert [shapes[name].form for name in FORM_NAMES] == list(FORM_NAMES)
    assert list(mood_fields) == [
        "mood_1",
        "mood_2",
        "mood_3",
        "mood_where",
        "mood_note",
        "mood_spare",
    ]
    assert (mood_fields["mood_1"].name, mood_fields["mood_1"].type) == ("mood_1", "choice")
    assert mood_fields["mood_1"].choices == {
        "0": "Never, ever",
        "1": "Sometimes",
        "2": "Often",
        "3": "Always",
    }
    assert mood_fields["mood_where"].type == "choices"
    assert mood_fields["mood_where"].choices == {
        "1": "Home",
        "2": "Work, or school",
        "-1": "Elsewhere",
    }
    assert (mood_fields["mood_note"].type, mood_fields["mood_note"].choices) == ("text", {})


@EVERY_FORMAT
def test_a_whole_source_lacks_nothing_that_the_mappings_read(
    form_of: Format, tmp_path: Path
) -> None:
    source, trial = form_of.open_source(tmp_path, PROJECT), small_trial()

    for placement in trial.study.forms:
        fields = fields_of(trial.forms[placement.form], placement, trial.study)
        assert source.missing_columns(placement.source_form, fields) == []
    assert source.missing_facts() == []


@EVERY_FORMAT
def test_a_column_that_is_not_there_is_told_by_its_name(form_of: Format, tmp_path: Path) -> None:
    source = form_of.open_source(tmp_path, PROJECT)

    problems = source.missing_columns("mood", ("mood_1", "mood_9", "mood_where___9"))

    assert [problem.field for problem in problems] == ["mood_9", "mood_where___9"]
    assert all(problem.action and problem.origin.file for problem in problems)


@EVERY_FORMAT
def test_a_source_has_a_name(form_of: Format, tmp_path: Path) -> None:
    assert form_of.open_source(tmp_path, PROJECT).name


@EVERY_FORMAT
def test_a_row_that_cannot_be_read_is_told_with_its_place_and_the_others_go_through(
    form_of: Format, tmp_path: Path
) -> None:
    rows = [*PROJECT[:4], {"record_id": SPOILT}, *PROJECT[4:]]

    records, problems = split(form_of.open_source(tmp_path, rows))

    beside = set() if form_of.is_by_row else {"1", "2"}
    assert len(problems) == 1 + len(beside)
    for problem in problems:
        assert problem.origin.file
        assert problem.origin.line or problem.origin.record or problem.field
        assert problem.expected
        assert problem.action
    assert {each.origin.record for each in problems} == {"", *beside}
    assert {place(each) for each in records} == {each for each in EXPECTED if each[0] not in beside}


def messy(number: int) -> Cells:
    """A row of one of seven kinds, by its number; its answers are canaries.

    The first holds three form instances, the fifth one, the sixth none; the others cannot be told
    apart from other rows.
    """
    record = str(number)
    kinds: list[Cells] = [
        {**person(record), **mood(CANARY)},
        {**at_week_4("", **mood("1", mood_note=CANARY))},
        {**incident(record, CANARY)},
        {**incident(record, "0", incident_what=CANARY)},
        {**at_week_4(record), **pain(CANARY, CANARY, complete=CANARY)},
        {**at_week_4(record)},
        {**at_week_4(f"{CANARY}\x0b7", **tally(CANARY))},
    ]
    return kinds[number % len(kinds)]


@EVERY_FORMAT
def test_rows_in_are_records_and_problems_and_empty_rows(form_of: Format, tmp_path: Path) -> None:
    rows = [messy(number) for number in range(70)]
    source = form_of.open_source(tmp_path, rows)

    records, problems = split(source)

    forms = Counter(record.form for record in records)
    assert (forms["participant"], forms["consent"]) == (10, 10)
    # Moods and pains may break a contract, and a key that is no number may tell incidents apart.
    others = {"mood", "pain", *({"incident"} if form_of.has_keys else ())}
    assert forms.keys() - {"participant", "consent"} <= others
    # The rows without a name are one, and those with an unprintable one, where places are unique.
    assert len(records) + len(problems) == 8 * 10 - (2 * 9 if form_of.is_unique else 0)


@EVERY_FORMAT
def test_no_message_holds_an_answer(form_of: Format, tmp_path: Path) -> None:
    _, problems = split(form_of.open_source(tmp_path, [messy(number) for number in range(70)]))

    assert problems
    for problem in problems:
        said = f"{problem.field} {problem.expected} {problem.found} {problem.action}"
        assert CANARY not in said


def peak_bytes(form_of: Format, folder: Path, count: int) -> int:
    rows = [
        {**at_week_4(str(number)), **mood("1", "2", "3", mood_note="a\nb")}
        for number in range(count)
    ]
    source = form_of.open_source(folder, rows)
    del rows
    gc.collect()
    tracemalloc.start()
    try:
        kinds = Counter[type[Any]](type(each) for each in source.records(ALL_FORMS))
        assert kinds == {Record: count}
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@EVERY_FORMAT
def test_ten_times_the_records_take_no_more_memory(form_of: Format, tmp_path: Path) -> None:
    peak_bytes(form_of, tmp_path, 10)

    few, many = peak_bytes(form_of, tmp_path, 500), peak_bytes(form_of, tmp_path, 5_000)

    assert many <= 1.5 * few
