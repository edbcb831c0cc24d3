"""REDCap's own files become records and problems, and nothing of a row gets lost on the way."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

import pytest

from adapter.errors import Problem, SourceError
from adapter.instruments.response import Record
from adapter.sources.redcap import Dictionary, RecordsFile, read_dictionary
from tests.unit.ingest.project import (
    DICTIONARY_HEADER,
    FORM_NAMES,
    LOG,
    STUDY,
    WEEK_0,
    Cells,
    at_week_4,
    columns,
    csv_bytes,
    dictionary_csv,
    incident,
    mood,
    pain,
    person,
    records_csv,
    study,
)

CASE = Path(__file__).parents[3] / "fixtures" / "idbt-pain"
ALL_FORMS = frozenset(FORM_NAMES)


def dictionary(folder: Path, content: bytes | None = None) -> Dictionary:
    path = folder / "dictionary.csv"
    path.write_bytes(dictionary_csv() if content is None else content)
    return read_dictionary(path)


def records_file(folder: Path, content: bytes, study_text: str = STUDY) -> RecordsFile:
    path = folder / "records.csv"
    path.write_bytes(content)
    return RecordsFile(path, dictionary(folder), study(study_text))


def read(
    folder: Path, *rows: Cells, header: list[str] | None = None, study_text: str = STUDY
) -> list[Record | Problem]:
    found = records_file(folder, records_csv(list(rows), header), study_text)
    return list(found.records(ALL_FORMS))


def only(found: list[Record | Problem], form: str) -> Record:
    (record,) = [each for each in found if isinstance(each, Record) and each.form == form]
    return record


def test_a_dictionary_gives_fields_forms_and_choices(tmp_path: Path) -> None:
    found = dictionary(tmp_path)

    assert found.file == "dictionary.csv"
    assert found.forms == list(FORM_NAMES)
    assert found.fields["mood_where"].choices == {
        "1": "Home",
        "2": "Work, or school",
        "-1": "Elsewhere",
    }
    assert (found.fields["mood_where"].form, found.fields["mood_where"].type) == (
        "mood",
        "checkbox",
    )


def test_a_checkbox_has_a_column_for_every_choice_and_a_heading_has_none(tmp_path: Path) -> None:
    found = dictionary(tmp_path)

    assert found.columns_of("mood") == [
        "mood_1",
        "mood_2",
        "mood_3",
        "mood_where___1",
        "mood_where___2",
        "mood_where____1",
        "mood_note",
        "mood_spare",
    ]


def test_a_calculation_is_not_taken_for_choices(tmp_path: Path) -> None:
    content = dictionary_csv((("sum_1", "mood", "calc", "if([a]=1, 0 | 1, 2)"),))

    found = dictionary(tmp_path, content)

    assert found.fields["sum_1"].choices == {}


@pytest.mark.parametrize(
    "header",
    [
        pytest.param([*DICTIONARY_HEADER, *(f"Site {n}" for n in range(6))], id="24 columns"),
        pytest.param([f" {name} " for name in DICTIONARY_HEADER], id="blanks around the names"),
        pytest.param(["\ufeff" + DICTIONARY_HEADER[0], *DICTIONARY_HEADER[1:]], id="with a BOM"),
        pytest.param(list(DICTIONARY_HEADER[:6]), id="the first six"),
    ],
)
def test_a_dictionary_is_known_by_the_names_of_its_columns(
    tmp_path: Path, header: list[str]
) -> None:
    row = ["note_1", "note", "", "notes", "A label", "", *[""] * (len(header) - 6)]

    found = dictionary(tmp_path, csv_bytes([header, row]))

    assert list(found.fields) == ["note_1"]


def test_a_file_with_other_columns_is_no_dictionary_and_each_wrong_one_is_told(
    tmp_path: Path,
) -> None:
    others = ["Variable / Field Name", "Form", "Type", "Field Label"]

    with pytest.raises(SourceError) as caught:
        dictionary(tmp_path, csv_bytes([others]))

    places = [(problem.origin.line, problem.field) for problem in caught.value.problems]
    assert places == [
        (1, "Form Name"),
        (1, "Field Type"),
        (1, "Choices, Calculations, OR Slider Labels"),
    ]
    assert caught.value.problems[0].expected == "a column `Form Name`"
    assert "dictionary.csv is no REDCap data dictionary" in str(caught.value)


def test_a_dictionary_with_broken_rows_is_refused_with_all_of_them(tmp_path: Path) -> None:
    content = dictionary_csv() + b"short,row\n" + b'more,"mood\n'

    with pytest.raises(SourceError) as caught:
        dictionary(tmp_path, content)

    line = dictionary_csv().count(b"\n") + 1
    assert [problem.origin.line for problem in caught.value.problems] == [line, line + 1]


def test_an_export_without_the_record_id_is_no_export_of_the_study(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        records_file(tmp_path, b"study_id,mood_1\n1,2\n")

    (problem,) = caught.value.problems
    assert (problem.origin.file, problem.origin.line) == ("records.csv", 1)
    assert problem.field == "record_id"


def test_every_form_with_a_filled_cell_is_one_record(tmp_path: Path) -> None:
    found = read(tmp_path, {**person("1"), **mood("1", "2", "0"), "diary_complete": "0"})

    assert [each.form for each in found if isinstance(each, Record)] == [
        "participant",
        "consent",
        "mood",
    ]
    record = only(found, "mood")
    assert record.values == {"mood_1": "1", "mood_2": "2", "mood_3": "0"}
    assert (record.participant, record.event, record.repeat) == ("1", WEEK_0, None)
    assert (record.complete, record.completed_at) == ("2", "2024-02-01 10:15:00")
    assert (record.origin.file, record.origin.line) == ("records.csv", 2)
    assert (record.origin.record, record.origin.event) == ("1", WEEK_0)


def test_only_the_forms_asked_for_are_read(tmp_path: Path) -> None:
    content = records_csv([{**person("1"), **mood("1")}])

    found = list(records_file(tmp_path, content).records(frozenset({"mood"})))

    assert [each.form for each in found if isinstance(each, Record)] == ["mood"]


def test_a_row_without_an_answer_is_no_record(tmp_path: Path) -> None:
    found = read(tmp_path, {**at_week_4("1"), "mood_complete": "0", "mood_timestamp": ""})

    assert found == []


def test_a_form_begun_and_not_sent_has_no_time(tmp_path: Path) -> None:
    row = {**at_week_4("1"), **mood("1", complete="0", mood_timestamp="[not completed]")}

    found = read(tmp_path, row)

    assert only(found, "mood").completed_at == ""
    assert only(found, "mood").complete == "0"


def test_a_state_that_nobody_set_is_the_same_in_either_way_of_exporting_it(tmp_path: Path) -> None:
    as_zero = read(tmp_path, {**at_week_4("1"), **mood("1", complete="0")})
    as_blank = read(tmp_path, {**at_week_4("1"), **mood("1", complete="")})

    assert only(as_blank, "mood") == only(as_zero, "mood")
    assert only(as_blank, "mood").complete == "0"


def test_the_moment_of_completion_stands_where_the_study_says(tmp_path: Path) -> None:
    found = read(tmp_path, {**at_week_4("1"), **pain("3", "4", pain_timestamp="2024-01-01")})

    assert only(found, "pain").completed_at == "2024-02-01"


def test_ticked_boxes_are_kept_with_negative_codes_and_the_others_left_out(tmp_path: Path) -> None:
    boxes = {"mood_where___1": "0", "mood_where___2": "1", "mood_where____1": "1"}

    found = read(tmp_path, {**at_week_4("1"), **boxes, "mood_complete": "2"})

    assert only(found, "mood").values == {"mood_where___2": "1", "mood_where____1": "1"}


def test_boxes_that_nobody_ticked_are_no_answer(tmp_path: Path) -> None:
    boxes = {"mood_where___1": "0", "mood_where___2": "0", "mood_where____1": "0"}

    found = read(tmp_path, {**at_week_4("1"), **boxes})

    assert found == []


def test_a_zero_is_an_answer_where_the_name_only_looks_like_a_box(tmp_path: Path) -> None:
    fields = (("record_id", "odd", "text", ""), ("odd___1", "odd", "text", ""))
    declared = dictionary(tmp_path, dictionary_csv(fields))
    path = tmp_path / "records.csv"
    path.write_bytes(b"record_id,odd___1,odd_complete\n1,0,2\n")

    found = list(RecordsFile(path, declared, study()).records(frozenset({"odd"})))

    assert only(found, "odd").values == {"odd___1": "0"}


def test_a_repeating_form_is_one_record_for_each_row(tmp_path: Path) -> None:
    found = read(tmp_path, incident("1", "1"), incident("1", "12", incident_what="slipped"))

    assert [(each.form, each.event, each.repeat) for each in found if isinstance(each, Record)] == [
        ("incident", LOG, 1),
        ("incident", LOG, 12),
    ]


def test_a_repeating_event_gives_all_its_forms_the_number(tmp_path: Path) -> None:
    row = {**at_week_4("1"), **mood("1"), **pain("2", "3"), "redcap_repeat_instance": "2"}

    found = read(tmp_path, row)

    assert [(each.form, each.repeat) for each in found if isinstance(each, Record)] == [
        ("mood", 2),
        ("pain", 2),
    ]


def test_a_project_without_events_has_no_event_column(tmp_path: Path) -> None:
    header = [name for name in columns() if not name.startswith("redcap_")]

    found = read(tmp_path, {**person("1"), **mood("1")}, header=header)

    assert only(found, "mood").event == ""
    assert only(found, "mood").repeat is None


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        pytest.param({"record_id": ""}, "record_id", id="no record"),
        pytest.param({"record_id": "  "}, "record_id", id="a blank record"),
        pytest.param({"record_id": "1\x0b2"}, "record_id", id="a record with a control character"),
        pytest.param(
            {"redcap_repeat_instrument": "Incident log"},
            "redcap_repeat_instrument",
            id="a repeating form that the dictionary does not have",
        ),
        pytest.param(
            {"redcap_repeat_instance": "two"}, "redcap_repeat_instance", id="an instance in words"
        ),
        pytest.param(
            {"redcap_repeat_instance": "0"}, "redcap_repeat_instance", id="an instance of zero"
        ),
        pytest.param(
            {"redcap_repeat_instance": "1.0"}, "redcap_repeat_instance", id="a decimal instance"
        ),
        pytest.param(
            {"redcap_repeat_instance": "9" * 5000}, "redcap_repeat_instance", id="a huge instance"
        ),
        pytest.param(
            {"redcap_repeat_instrument": "incident"}, "incident", id="cells of another form"
        ),
    ],
)
def test_a_row_that_cannot_be_told_apart_is_one_problem(
    tmp_path: Path, cells: Cells, field: str
) -> None:
    row = {**at_week_4("1"), **mood("1"), **cells}

    found = read(tmp_path, row, at_week_4("2", **mood("3")))

    problem, record = found
    assert isinstance(problem, Problem)
    assert (problem.origin.line, problem.field) == (2, field)
    assert isinstance(record, Record)
    assert record.participant == "2"


@pytest.mark.parametrize("forms", [FORM_NAMES[:2], FORM_NAMES[2:]], ids=["people", "answers"])
def test_cells_of_other_forms_are_told_whichever_forms_are_read(
    tmp_path: Path, forms: tuple[str, ...]
) -> None:
    content = records_csv([incident("1", "1", enrol_date="2024-02-01")])

    found = list(records_file(tmp_path, content).records(frozenset(forms)))

    (problem,) = found
    assert isinstance(problem, Problem)
    assert problem.field == "incident"


def test_a_broken_row_is_passed_on_and_the_next_one_is_read(tmp_path: Path) -> None:
    content = records_csv([person("1")]) + b"2,short\n" + records_csv([person("3")]).split(b"\n")[1]

    found = list(records_file(tmp_path, content).records(ALL_FORMS))

    assert [type(each).__name__ for each in found] == ["Record", "Record", "Problem"] + [
        "Record"
    ] * 2


def test_columns_that_a_form_reads_and_the_export_lacks_are_told(tmp_path: Path) -> None:
    header = [
        name
        for name in columns()
        if name not in {"mood_2", "mood_complete", "pain_day", "pain_complete"}
    ]
    found = records_file(tmp_path, records_csv([], header))

    mood_problems = found.missing_columns("mood", ("mood_1", "mood_2"))
    pain_problems = found.missing_columns("pain", ("pain_now",))

    assert [problem.field for problem in mood_problems] == ["mood_2", "mood_complete"]
    assert [problem.field for problem in pain_problems] == ["pain_complete", "pain_day"]
    assert {str(each.origin) for each in [*mood_problems, *pain_problems]} == {"records.csv:1"}


def test_a_whole_export_lacks_nothing(tmp_path: Path) -> None:
    found = records_file(tmp_path, records_csv([]))

    assert found.missing_columns("mood", ("mood_1", "mood_where____1")) == []
    assert found.missing_columns("diary", ("diary_text",)) == []
    assert found.missing_facts() == []


def test_facts_about_people_that_the_export_lacks_are_told_once_each(tmp_path: Path) -> None:
    gone = {"ihi", "left_date", "stop_share", "stop_date", "agree_research"}
    header = [name for name in columns() if name not in gone]

    found = records_file(tmp_path, records_csv([], header)).missing_facts()

    assert sorted(problem.field for problem in found) == sorted(gone)
    assert {problem.origin.line for problem in found} == {1}


def test_facts_that_the_study_does_not_name_are_not_asked_for(tmp_path: Path) -> None:
    plain = STUDY.replace("  completed: left_date\n", "").replace(
        '    withdrawn: {field: stop_share, equals: "1"}\n    withdrawn_date: stop_date\n', ""
    )
    header = [name for name in columns() if name not in {"left_date", "stop_share"}]

    found = records_file(tmp_path, records_csv([], header), plain).missing_facts()

    assert found == []


@pytest.mark.parametrize(
    ("name", "people", "answered"),
    [
        pytest.param("records.csv", 89, 240, id="first export"),
        pytest.param("records-2.csv", 88, 237, id="second export"),
    ],
)
def test_the_synthetic_trial_is_read_without_a_problem(
    name: str, people: int, answered: int
) -> None:
    declared = read_dictionary(CASE / "dictionary.csv")

    file = RecordsFile(CASE / name, declared, study(STUDY), "utf-8")
    found = list(file.records(frozenset(declared.forms)))

    records = [each for each in found if isinstance(each, Record)]
    assert len(records) == len(found)
    assert len({each.participant for each in records}) == people
    assert sum(each.form == "ders18" for each in records) == answered


def peak_bytes(folder: Path, count: int) -> int:
    rows = [
        {**at_week_4(str(number)), **mood("1", "2", "3", mood_note="a\nb")}
        for number in range(count)
    ]
    file = records_file(folder, records_csv(rows))
    del rows
    gc.collect()
    tracemalloc.start()
    try:
        for _ in file.records(ALL_FORMS):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_ten_times_the_records_take_no_more_memory(tmp_path: Path) -> None:
    peak_bytes(tmp_path, 10)

    few, many = peak_bytes(tmp_path, 1_000), peak_bytes(tmp_path, 10_000)

    assert many <= 1.5 * few
