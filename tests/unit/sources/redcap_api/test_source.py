"""A project behind its API is read in batches, and never half of it for the whole."""

from __future__ import annotations

from typing import Any

import pytest

from adapter.errors import Problem, SourceError
from adapter.instruments.response import Record
from adapter.simulate.redcap import Place
from adapter.sources.redcap.api import ApiSource
from tests.unit.ingest.project import (
    FORM_NAMES,
    LOG,
    STUDY,
    WEEK_0,
    WEEK_4,
    incident,
    mood,
    person,
    study,
)
from tests.unit.sources.redcap_api.wire import Entries, Wire, small_wire

PEOPLE = [str(number) for number in range(1, 8)]
ALL = frozenset(FORM_NAMES)


@pytest.fixture
def wire() -> Wire:
    rows = [{**person(name), **mood("1", mood_where____1="1")} for name in PEOPLE]
    return small_wire([*rows, incident("3", "2")])


def read(source: ApiSource, *forms: str) -> list[Record]:
    records: list[Record] = []
    for each in source.records(frozenset(forms) or ALL):
        assert isinstance(each, Record), each
        records.append(each)
    return records


def exports(wire: Wire) -> list[dict[str, str]]:
    """The batches of records that were asked for."""
    return [form for form in wire.asked if form["content"] == "record" and "forms[0]" in form]


def test_records_are_asked_for_in_batches_by_their_names(wire: Wire) -> None:
    source = wire.open(batch=3)
    wire.asked.clear()

    records = read(source, "mood")

    assert [record.participant for record in records] == PEOPLE
    batches = [
        [form[name] for name in form if name.startswith("records[")] for form in exports(wire)
    ]
    assert batches == [["1", "2", "3"], ["4", "5", "6"], ["7"]]


def test_an_export_is_raw_with_survey_fields_and_the_record_id(wire: Wire) -> None:
    source = wire.open()
    wire.asked.clear()

    read(source, "mood", "pain")

    (asked,) = exports(wire)
    assert (asked["type"], asked["rawOrLabel"], asked["rawOrLabelHeaders"]) == (
        "flat",
        "raw",
        "raw",
    )
    assert (asked["exportSurveyFields"], asked["exportCheckboxLabel"]) == ("true", "false")
    assert asked["fields[0]"] == "record_id"
    assert [asked["forms[0]"], asked["forms[1]"]] == ["mood", "pain"]
    assert "exportBlankForGrayFormStatus" not in asked


def test_nothing_is_asked_for_no_forms(wire: Wire) -> None:
    source = wire.open()
    wire.asked.clear()

    assert list(source.records(frozenset())) == []
    assert not wire.asked


def test_a_record_says_where_it_was_read(wire: Wire) -> None:
    (record,) = read(wire.open(), "incident")

    assert str(record.origin) == "redcap.example.org, project 42 (record 3, event log_arm_1)"
    assert record.repeat == 2


def test_a_choice_is_read_from_the_column_that_redcap_tells(wire: Wire) -> None:
    def other_names(asked: dict[str, str], entries: Entries) -> Entries:
        if asked["content"] == "exportFieldNames":
            for entry in entries:
                if entry["choice_value"] == "-1":
                    entry["export_field_name"] = "mood_where___minus_one"
        if asked["content"] == "record":
            renamed = {"mood_where____1": "mood_where___minus_one"}
            return [
                {renamed.get(name, name): cell for name, cell in row.items()} for row in entries
            ]
        return entries

    wire.rewrite = other_names

    source = wire.open()

    assert {record.values["mood_where____1"] for record in read(source, "mood")} == {"1"}
    assert source.missing_columns("mood", ("mood_where____1",)) == []


def test_a_column_that_the_token_may_not_see_is_missing_and_not_blank(wire: Wire) -> None:
    def hide(asked: dict[str, str], entries: Entries) -> Entries:
        if asked["content"] != "record":
            return entries
        hidden = {"ihi", "mood_2"}
        return [{name: cell for name, cell in row.items() if name not in hidden} for row in entries]

    wire.rewrite = hide
    source = wire.open()

    missing = source.missing_columns("mood", ("mood_1", "mood_2"))

    assert [problem.field for problem in (*missing, *source.missing_facts())] == ["mood_2", "ihi"]
    assert "the right to export" in missing[0].action
    assert missing[0].origin.line is None
    assert len(read(source, "mood")) == len(PEOPLE)


@pytest.mark.parametrize("column", ["mood_2", "mood_timestamp", "redcap_event_name", "record_id"])
def test_a_column_that_is_gone_later_stops_the_reading(wire: Wire, column: str) -> None:
    source = wire.open()

    def lose(_: dict[str, str], entries: Entries) -> Entries:
        return [{name: cell for name, cell in row.items() if name != column} for row in entries]

    wire.rewrite = lose

    with pytest.raises(SourceError) as caught:
        read(source, "mood")

    (problem,) = caught.value.problems
    assert f"`{column}`" in problem.expected
    assert "Nothing of it was taken for deleted" in problem.action


def test_a_form_that_is_no_survey_has_no_timestamp_and_needs_none(wire: Wire) -> None:
    source = wire.open()

    assert {record.completed_at for record in read(source, "participant")} == {""}
    assert {record.completed_at for record in read(source, "mood")} == {"2024-02-01 10:15:00"}


def test_a_record_that_was_not_asked_for_stops_the_reading(wire: Wire) -> None:
    source = wire.open(batch=3)

    def rename(_: dict[str, str], entries: Entries) -> Entries:
        return [{**row, "record_id": "99"} for row in entries]

    wire.rewrite = rename

    with pytest.raises(SourceError, match="the records that were asked for"):
        read(source, "mood")


def test_a_server_that_ignores_the_names_is_not_believed(wire: Wire) -> None:
    source = wire.open(batch=3)
    everything = wire.server.json("record", forms="mood", fields="record_id")

    wire.rewrite = lambda _, __: everything

    with pytest.raises(SourceError):
        read(source, "mood")


def test_a_record_that_has_gone_meanwhile_is_not_given(wire: Wire) -> None:
    source = wire.open()
    wire.server.project.delete("4")

    records = read(source, "mood")

    assert [record.participant for record in records] == [name for name in PEOPLE if name != "4"]


def test_an_answer_too_big_for_the_server_is_asked_for_in_halves(wire: Wire) -> None:
    source = wire.open()
    wire.asked.clear()
    wire.server.faults.following.extend(["out-of-memory", None, "out-of-memory"])

    records = read(source, "mood")

    sizes = [sum(name.startswith("records[") for name in form) for form in exports(wire)]
    assert [record.participant for record in records] == PEOPLE
    assert sizes == [7, 3, 4, 2, 2]


def test_one_record_too_big_for_the_server_stops_the_reading(wire: Wire) -> None:
    source = wire.open()
    wire.server.faults.rule = "out-of-memory"

    with pytest.raises(SourceError, match="`batch_records`"):
        read(source, "mood")


@pytest.mark.parametrize(
    "entries",
    [[7], [{"another": "1"}], [{"record_id": ["1"]}]],
    ids=["no object", "another column", "a list for a name"],
)
def test_a_list_of_records_that_is_none_stops_the_reading(wire: Wire, entries: list[Any]) -> None:
    wire.rewrite = lambda asked, told: entries if asked["content"] == "record" else told

    with pytest.raises(SourceError):
        wire.open()


def test_an_empty_project_has_no_records_and_all_its_columns() -> None:
    source = small_wire([]).open()

    assert read(source) == []
    assert source.missing_columns("mood", ("mood_1", "mood_where____1")) == []
    assert source.missing_facts() == []
    assert source.scope is None


def test_a_study_of_another_project_is_told(wire: Wire) -> None:
    with pytest.raises(SourceError, match="`subject`"):
        wire.open(of=study(STUDY.replace("record_id: record_id", "record_id: subject")))


def test_a_form_that_the_project_asks_at_fewer_timepoints_is_told_and_read(wire: Wire) -> None:
    later = STUDY.replace("{form: incident, source_form: incident, at: [ongoing]}", "").replace(
        "source_form: mood, at: [week-0, week-4]", "source_form: mood, at: [week-0, ongoing]"
    )

    (problem,) = wire.open(of=study(later.replace("  - \n", ""))).missing_columns("mood", ())

    assert problem.severity == "warning"
    assert "`ongoing` (log_arm_1)" in problem.expected


def test_a_form_that_the_project_asks_at_none_of_its_timepoints_is_missing(wire: Wire) -> None:
    elsewhere = STUDY.replace(
        "source_form: incident, at: [ongoing]", "source_form: incident, at: [week-0, week-4]"
    )

    problems = wire.open(of=study(elsewhere)).missing_columns("incident", ())

    assert [problem.severity for problem in problems] == ["error", "error"]


def test_a_form_that_the_study_does_not_map_is_asked_nowhere(wire: Wire) -> None:
    assert wire.open().missing_columns("diary", ()) == []


def test_rows_of_an_unknown_repeating_form_are_told(wire: Wire) -> None:
    source = wire.open()

    def unknown(_: dict[str, str], entries: Entries) -> Entries:
        return [{**row, "redcap_repeat_instrument": "x"} for row in entries]

    wire.rewrite = unknown

    found = list(source.records(frozenset({"incident"})))

    assert all(isinstance(each, Problem) for each in found)
    assert {each.field for each in found if isinstance(each, Problem)} == {
        "redcap_repeat_instrument"
    }


def test_all_visits_and_repeats_of_a_person_come_together(wire: Wire) -> None:
    wire.server.project.save(Place("3", WEEK_4), mood("2"))

    records = [record for record in read(wire.open(batch=2)) if record.participant == "3"]

    assert [(record.event, record.form) for record in records] == [
        (WEEK_0, "participant"),
        (WEEK_0, "consent"),
        (WEEK_0, "mood"),
        (WEEK_4, "mood"),
        (LOG, "incident"),
    ]


def test_of_named_records_alone_is_told_and_of_none_that_it_is_gone(wire: Wire) -> None:
    source = wire.only("5", "nobody", "2")

    records = read(source, "mood")

    assert {record.participant for record in records} == {"2", "5"}
    assert source.scope == frozenset({"2", "5"})
    assert source.position is None
    assert "log" not in wire.contents()
    assert not any("dateRangeBegin" in form for form in wire.asked)


def test_where_there_is_none_of_the_names_nothing_is_asked_for_and_nobody_is_told_of(
    wire: Wire,
) -> None:
    source = wire.only("nobody")

    assert read(source) == []
    assert source.scope == frozenset()
    assert exports(wire) == []


def test_a_server_that_tells_of_others_than_were_named_is_not_believed(wire: Wire) -> None:
    def overlook(asked: dict[str, str], entries: Entries) -> Entries:
        is_by_name = asked["content"] == "record" and "records[0]" in asked
        return [*entries, {**entries[0], "record_id": "7"}] if is_by_name else entries

    wire.rewrite = overlook

    source = wire.only("2")

    assert source.scope == frozenset({"2"})
