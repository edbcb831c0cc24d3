"""PyCap talks to the simulated REDCap, and gets what REDCap would give it."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from redcap.project import Project
from redcap.request import RedcapError

from adapter.simulate import serving
from adapter.simulate.redcap import Place
from tests.unit.simulate.redcap.server import (
    IDBT,
    NIGHT,
    TOKEN,
    Server,
    classic_server,
    columns_of,
    exported,
)

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
KEYS = ["record_id", "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance"]


@pytest.fixture
def project(url: str) -> Project:
    return Project(url, TOKEN)


def as_text(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [{name: str(cell) for name, cell in row.items()} for row in rows]


def without_timestamps(row: dict[str, str]) -> dict[str, str]:
    return {name: cell for name, cell in row.items() if not name.endswith("_timestamp")}


def test_the_data_dictionary_is_the_file_s(project: Project) -> None:
    with (IDBT / "dictionary.csv").open(newline="") as file:
        rows = list(csv.reader(file))[1:]

    assert [list(field.values()) for field in project.metadata] == rows
    assert (project.def_field, len(project.metadata)) == ("record_id", 100)
    assert project.is_longitudinal
    assert project.field_names[:2] == ["record_id", "enrol_date"]


def test_all_records_are_the_file_s_but_for_the_timestamps(project: Project) -> None:
    found = project.export_records()

    assert as_text(found) == [without_timestamps(row) for row in exported()]


def test_all_records_with_survey_fields_are_the_file_s(project: Project) -> None:
    found = as_text(project.export_records(export_survey_fields=True))

    identifiers = {row.pop("redcap_survey_identifier") for row in found}
    assert identifiers == {""}
    assert found == exported()


def test_a_repeat_has_a_number_and_other_rows_a_blank_text(project: Project) -> None:
    found = project.export_records(fields=["record_id", "ae_term"], forms=["adverse_event"])

    instances = {row["redcap_repeat_instrument"]: row["redcap_repeat_instance"] for row in found}
    assert instances[""] == ""
    assert type(instances["adverse_event"]) is int


def test_csv_is_what_the_file_holds(project: Project) -> None:
    text = project.export_records(format_type="csv")

    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows == [without_timestamps(row) for row in exported()]


def test_records_forms_and_events_are_chosen(project: Project) -> None:
    found = project.export_records(
        records=["1003", "1001"], forms=["nrs_pain"], events=["week_9_arm_1"]
    )

    expected = [
        {name: row[name] for name in [*KEYS, *columns_of({"nrs_pain"})]}
        for row in exported()
        if row["record_id"] in {"1001", "1003"} and row["redcap_event_name"] == "week_9_arm_1"
    ]
    assert as_text(found) == expected
    assert len(found) == 2


def test_fields_are_chosen_with_all_columns_of_a_checkbox(project: Project) -> None:
    found = project.export_records(records=["1001"], fields=["pain_types"])

    assert list(found[0]) == [
        *KEYS,
        *(name for name in exported()[0] if name.startswith("pain_types___")),
    ]


def test_eav_has_a_row_for_each_value_and_none_for_what_is_blank(project: Project) -> None:
    found = project.export_records(record_type="eav", records=["1001"])

    flat = [row for row in exported() if row["record_id"] == "1001"]
    said = {
        (row["redcap_event_name"], row["redcap_repeat_instance"], name): cell
        for row in flat
        for name, cell in without_timestamps(row).items()
        if cell and name not in KEYS[1:] and "___" not in name
    }
    eav = {
        (row["redcap_event_name"], str(row["redcap_repeat_instance"]), row["field_name"]): row[
            "value"
        ]
        for row in found
    }
    boxes = {key: value for key, value in eav.items() if key[2] == "pain_types"}
    states = {key for key, value in said.items() if key[2].endswith("_complete") and value == "0"}
    assert {row["record"] for row in found} == {"1001"}
    assert boxes == {("week_0_arm_1", "", "pain_types"): "2"}
    assert {key: eav[key] for key in eav.keys() - boxes.keys()} == {
        key: said[key] for key in said.keys() - states
    }


def test_labels_stand_in_place_of_codes_where_they_are_asked_for(project: Project) -> None:
    (row,) = project.export_records(
        records=["1001"],
        events=["week_0_arm_1"],
        fields=["sex", "pain_types", "participant_complete"],
        raw_or_label="label",
    )

    choices = next(field for field in project.metadata if field["field_name"] == "sex")
    labels = choices["select_choices_or_calculations"].split("|")
    assert row["redcap_event_name"] == "Week 0"
    assert row["sex"] == labels[0].split(",")[1].strip()
    assert (row["pain_types___1"], row["pain_types___2"]) == ("Unchecked", "Checked")
    assert row["participant_complete"] == "Complete"


def test_labels_stand_at_the_head_of_csv_where_they_are_asked_for(project: Project) -> None:
    text = project.export_records(
        format_type="csv", records=["1001"], fields=["record_id"], raw_or_label_headers="label"
    )

    assert (
        text.splitlines()[0] == '"Study number","Event Name","Repeat Instrument","Repeat Instance"'
    )


def test_xml_is_one_item_a_row(project: Project) -> None:
    text = project.export_records(format_type="xml", records=["1001"], fields=["record_id"])

    assert text.startswith('<?xml version="1.0" encoding="UTF-8" ?>\n<records><item>')
    assert text.count("<record_id><![CDATA[1001]]></record_id>") == 3


@pytest.mark.parametrize(("is_blank", "state"), [(False, "0"), (True, "")], ids=["0", "blank"])
def test_a_form_that_nobody_opened_is_in_the_state_that_is_asked_for(
    project: Project, *, is_blank: bool, state: str
) -> None:
    (row,) = project.export_records(
        records=["1001"],
        events=["week_9_arm_1"],
        forms=["session_attendance", "participant", "nrs_pain"],
        export_blank_for_gray_form_status=is_blank,
    )

    assert row["session_attendance_complete"] == state
    assert (row["participant_complete"], row["nrs_pain_complete"]) == ("", "2")


def test_changed_records_are_found_by_the_server_s_time(server: Server, project: Project) -> None:
    server.wall.wait(hours=3)
    place = next(place for place in server.project.places() if place.record == "1004")
    server.project.save(place, {"nrs_pain_avg": "7"})
    server.project.save(Place("5001", "week_0_arm_1"), {"nrs_pain_avg": "7"})

    later = project.export_records(fields=["record_id"], date_begin=server.wall.time)
    earlier = project.export_records(fields=["record_id"], date_end=NIGHT)
    never = project.export_records(
        fields=["record_id"],
        date_begin=NIGHT + timedelta(minutes=1),
        date_end=server.wall.time - timedelta(minutes=1),
    )

    assert {row["record_id"] for row in later} == {"1004", "5001"}
    assert {row["record_id"] for row in earlier} == {row["record_id"] for row in exported()}
    assert never == []


def test_a_comma_may_be_asked_for_in_numbers(project: Project) -> None:
    found = project.export_records(
        records=["1001"], fields=["nihtb_stress_t", "enrol_date"], decimal_character=","
    )

    assert {row["nihtb_stress_t"] for row in found} >= {"36,5", "38,8"}
    assert "2023-03-07" in {row["enrol_date"] for row in found}


def test_groups_come_where_there_are_any(server: Server, project: Project) -> None:
    server.project.groups["1001"] = "north_site"

    found = project.export_records(
        records=["1001"], fields=["record_id"], export_data_access_groups=True
    )

    assert {row["redcap_data_access_group"] for row in found} == {"north_site"}
    assert [row["unique_group_name"] for row in project.export_dags()] == ["north_site"]


def test_export_names_tell_each_choice_of_a_checkbox(project: Project) -> None:
    names = project.export_field_names()

    listed = [name for name in names if name["original_field_name"] == "pain_types"]
    assert [name["choice_value"] for name in listed] == ["1", "2", "3", "4", "-97", "-98", "-99"]
    assert listed[4]["export_field_name"] == "pain_types____97"
    assert names[-1]["export_field_name"] == "adverse_event_complete"
    assert project.export_field_names(field="sex") == [
        {"original_field_name": "sex", "choice_value": "", "export_field_name": "sex"}
    ]


def test_events_arms_forms_and_their_mapping_are_told(project: Project) -> None:
    with (IDBT / "instrument-event-mapping.csv").open(newline="") as file:
        expected = list(csv.DictReader(file))

    mapping = project.export_instrument_event_mappings()
    events = [event["unique_event_name"] for event in project.export_events()]

    assert as_text(mapping) == expected
    assert events == ["week_0_arm_1", "week_9_arm_1", "week_21_arm_1", "ongoing_arm_1"]
    assert project.export_arms() == [{"arm_num": 1, "name": "Arm 1"}]
    assert project.export_arms(arms=["2"]) == []
    assert len(project.export_instruments()) == 15


def test_what_repeats_is_told(project: Project) -> None:
    assert project.export_repeating_instruments_events() == [
        {"event_name": "ongoing_arm_1", "form_name": "adverse_event", "custom_form_label": ""}
    ]


def test_the_project_its_version_and_its_users_are_told(project: Project) -> None:
    info = project.export_project_info()

    assert str(project.redcap_version) == "14.5.5"
    assert (info["project_title"], info["is_longitudinal"]) == ("iDBT-Pain", 1)
    assert [user["username"] for user in project.export_users()] == ["simulator"]


def test_the_next_record_s_name_is_the_highest_number_and_one(project: Project) -> None:
    highest = max(int(row["record_id"]) for row in exported())

    assert project.generate_next_record_name() == str(highest + 1)


def test_a_report_gives_its_forms(project: Project) -> None:
    found = project.export_report(report_id="7")

    expected = [*KEYS, *columns_of({"nrs_pain", "session_attendance"})]
    assert list(found[0]) == expected
    assert len(found) == len([row for row in exported() if not row["redcap_repeat_instance"]])


def test_the_log_tells_what_was_imported_deleted_and_renamed(
    server: Server, project: Project
) -> None:
    server.wall.wait(hours=1)
    begin = server.wall.time
    row = {"record_id": "1001", "redcap_event_name": "week_9_arm_1", "nrs_pain_avg": "9"}

    counted = project.import_records([row])
    deleted = project.delete_records(["1002", "1003"])
    server.project.rename("1004", "2004")

    log = project.export_logging(begin_time=begin)
    assert (counted, deleted) == ({"count": 1}, 2)
    assert [(entry["action"], entry["record"]) for entry in log if entry["record"]] == [
        ("Update record 2004", "2004"),
        ("Delete record (API) 1003", "1003"),
        ("Delete record (API) 1002", "1002"),
        ("Update record (API) 1001", "1001"),
    ]
    assert log[0]["timestamp"] == "2024-04-07 02:30"
    assert log[0]["details"] == "record_id = '2004'"
    gone = project.export_logging(log_type="record_delete", begin_time=begin)
    assert [entry["record"] for entry in gone] == ["1003", "1002"]
    assert {row["record_id"] for row in project.export_records(fields=["record_id"])} == {
        row["record_id"] for row in exported()
    } - {"1002", "1003", "1004"} | {"2004"}


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        pytest.param({"fields": ["nothing"]}, "'nothing'", id="a field"),
        pytest.param({"forms": ["no_form"]}, "'no_form_complete'", id="a form"),
        pytest.param({"events": ["never_arm_1"]}, "'never_arm_1'", id="an event"),
    ],
)
def test_what_the_project_does_not_have_is_refused_in_redcap_s_words(
    project: Project, said: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(RedcapError) as refused:
        project.export_records(**said)

    (told,) = refused.value.args
    assert told["error"].endswith(f"are not valid: {complaint}")


def test_a_record_that_is_not_there_is_no_error(project: Project) -> None:
    assert project.export_records(records=["9999"]) == []


def test_a_wrong_token_is_refused(url: str) -> None:
    with pytest.raises(RedcapError, match="You do not have permissions to use the API"):
        Project(url, "F" * 32).export_project_info()


def test_a_classic_project_has_no_events_and_no_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(classic_server().app) as port:
        project = Project(f"http://127.0.0.1:{port}/api/", TOKEN)

        found = project.export_records()

        assert not project.is_longitudinal
        assert found == [
            {
                "record_id": "1",
                "pain": "3.5",
                "side___1": "1",
                "side___2": "0",
                "intake_complete": "2",
            },
            {
                "record_id": "2",
                "pain": "",
                "side___1": "0",
                "side___2": "0",
                "intake_complete": "0",
            },
        ]
        with pytest.raises(RedcapError, match="repeating"):
            project.export_repeating_instruments_events()
