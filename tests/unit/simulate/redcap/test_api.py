"""What the simulated REDCap answers to requests that no client of other people sends."""

from __future__ import annotations

import json
import time

import httpx
import pytest

from adapter.simulate import serving
from adapter.simulate.redcap import FaultName, Place, make_project
from adapter.simulate.redcap.design import METADATA
from tests.unit.simulate.redcap.server import (
    TOKEN,
    URL,
    Server,
    Wall,
    classic_server,
    exported,
)

XML = '<?xml version="1.0" encoding="UTF-8" ?>\n'


def test_a_list_may_come_with_commas_or_with_empty_brackets(server: Server) -> None:
    by_comma = server.json("record", records="1001,1002", fields="record_id,nrs_pain_avg")
    by_brackets = server.json(
        "record", **{"records[]": "1002", "fields[]": "record_id", "fields[7]": "nrs_pain_avg"}
    )

    assert {row["record_id"] for row in by_comma} == {"1001", "1002"}
    assert by_brackets == [row for row in by_comma if row["record_id"] == "1002"]


@pytest.mark.parametrize("said", ["true", "True", "TRUE", "1"])
def test_a_switch_has_many_spellings(server: Server, said: str) -> None:
    row = server.json("record", records="1001", exportSurveyFields=said)[0]

    assert "ders18_timestamp" in row


@pytest.mark.parametrize("said", ["false", "False", "0", ""])
def test_a_switch_may_be_off_in_as_many(server: Server, said: str) -> None:
    row = server.json("record", records="1001", exportSurveyFields=said)[0]

    assert "ders18_timestamp" not in row


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ({"format": "json"}, '{"error":"You do not have permissions to use the API"}'),
        ({"format": "csv"}, "ERROR: You do not have permissions to use the API"),
        (
            {},
            f"{XML}<hash><error>You do not have permissions to use the API</error></hash>",
        ),
        (
            {"format": "csv", "returnFormat": "json"},
            '{"error":"You do not have permissions to use the API"}',
        ),
    ],
    ids=["JSON", "CSV", "XML", "the format of returns"],
)
def test_a_refusal_comes_in_the_format_asked_for(
    server: Server, said: dict[str, str], text: str
) -> None:
    answer = server.post({"content": "project", **said})

    assert (answer.status_code, answer.text) == (403, text)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        pytest.param({"content": "nothing"}, 400, id="no content"),
        pytest.param({"content": "metadata", "data": "[]"}, 501, id="set-up to be changed"),
        pytest.param({"content": "record", "filterLogic": "[sex]='1'"}, 501, id="filter logic"),
        pytest.param({"content": "record", "dateRangeBegin": "soon"}, 400, id="no time"),
        pytest.param({"content": "record", "csvDelimiter": "#"}, 400, id="no delimiter"),
        pytest.param({"content": "report", "report_id": "99"}, 400, id="no report"),
        pytest.param({"content": "log", "logtype": "all"}, 400, id="no type of log"),
        pytest.param({"content": "exportFieldNames", "field": "none"}, 400, id="no field"),
        pytest.param({"content": "record", "data": "no JSON"}, 406, id="no data"),
        pytest.param({"content": "record", "data": "[7]"}, 406, id="no rows"),
        pytest.param({"content": "record", "data": "[]", "type": "eav"}, 501, id="values"),
        pytest.param(
            {"content": "record", "data": '[{"nothing": "1"}]'}, 400, id="an unknown column"
        ),
        pytest.param(
            {"content": "record", "data": '[{"record_id": ""}]'}, 400, id="a row without a name"
        ),
        pytest.param(
            {"content": "record", "action": "delete", "records[0]": "9"}, 400, id="nobody to delete"
        ),
        pytest.param(
            {"content": "record", "action": "delete", "records[0]": "1001", "event": "x"},
            501,
            id="a part to delete",
        ),
        pytest.param(
            {"content": "record", "action": "rename", "record": "1001", "new_record_name": "1002"},
            400,
            id="a name that is taken",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_happens(
    server: Server, said: dict[str, str], status: int
) -> None:
    before = server.project.values.copy()

    answer = server.ask(format="json", **said)

    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    assert server.project.values == before


def test_only_post_is_answered(server: Server) -> None:
    answer = server.request(httpx.Request("GET", URL))

    assert answer.status_code == 501


def test_import_in_csv_takes_a_box_and_leaves_what_is_blank(server: Server) -> None:
    head = "record_id,redcap_event_name,pain_types___1,pain_types___2,age_years\n"
    before = server.json("record", records="1001", fields="age_years")

    answer = server.ask("record", data=f"{head}1001,week_0_arm_1,1,0,\n", format="csv")

    row = server.json("record", records="1001", forms="pain_history", events="week_0_arm_1")[0]
    assert answer.text == '{"count":1}'
    assert (row["pain_types___1"], row["pain_types___2"]) == ("1", "0")
    assert row["age_years"] == before[0]["age_years"] != ""


def test_import_may_take_out_what_is_blank(server: Server) -> None:
    row = {"record_id": "1001", "redcap_event_name": "week_0_arm_1", "age_years": ""}

    server.ask("record", data=json.dumps([row]), format="json", overwriteBehavior="overwrite")

    said = {"records": "1001", "events": "week_0_arm_1", "fields": "record_id,age_years"}
    (found,) = server.json("record", **said)
    assert found["age_years"] == ""


def test_an_import_of_what_is_there_is_no_change(server: Server) -> None:
    length = len(server.project.log)
    row = {"record_id": "1001", "redcap_event_name": "week_0_arm_1", "nrs_pain_avg": "6"}

    server.ask("record", data=json.dumps([row]), format="json")

    assert len(server.project.log) == length


def test_a_form_that_is_cleared_is_blank_and_logged(server: Server) -> None:
    place = Place("1001", "week_9_arm_1")

    server.project.clear(place, "nrs_pain")

    row = server.json("record", records="1001", events="week_9_arm_1", exportSurveyFields="1")[0]
    entry = server.json("log", logtype="record_edit")[0]
    assert (row["nrs_pain_avg"], row["nrs_pain_complete"]) == ("", "0")
    assert row["nrs_pain_timestamp"] == ""
    assert entry["action"] == "Update record 1001"


def test_the_last_value_of_a_repeat_takes_its_row_with_it(server: Server) -> None:
    place = next(place for place in server.project.places() if place.form == "adverse_event")

    server.project.clear(place, "adverse_event")

    assert place not in server.project.values


def test_the_log_is_told_by_minutes_record_and_type(server: Server) -> None:
    server.wall.wait(minutes=70, seconds=20)
    server.project.delete("1003")

    since = server.json("log", beginTime="2024-04-07 02:40")
    until = server.json("log", endTime="2024-04-07 02:39", record="1003")

    assert [entry["action"] for entry in since] == ["Delete record 1003"]
    assert [entry["action"] for entry in until] == ["Create record 1003"]
    assert server.json("log", logtype="record_delete") == since
    assert server.json("log", user="nobody") == []


def test_every_export_of_records_is_logged(server: Server) -> None:
    server.json("record", records="1001")

    (entry,) = server.json("log", logtype="export")
    assert (entry["action"], entry["record"]) == ("Data export (API)", "")


def test_records_are_ordered_by_the_size_of_their_numbers() -> None:
    server = classic_server()
    for name in ("10", "3", "A-7", "A-12"):
        server.project.save(Place(name), {"pain": "1"})

    found = server.json("record", fields="record_id")

    assert [row["record_id"] for row in found] == ["1", "2", "3", "10", "A-7", "A-12"]
    assert server.project.records() == ["1", "2", "3", "10", "A-7", "A-12"]


def test_json_is_ascii_with_its_slashes_escaped_as_php_writes_it(server: Server) -> None:
    server.project.save(Place("1001", "week_0_arm_1"), {"ihi": "é/1"})

    answer = server.ask("record", format="json", records="1001", fields="ihi")

    assert '"ihi":"\\u00e9\\/1"' in answer.text


def test_csv_is_quoted_as_php_writes_it(server: Server) -> None:
    server.project.save(Place("1001", "week_0_arm_1"), {"ihi": 'a "b"\\', "mrn": "c;d"})

    answer = server.ask(
        "record", format="csv", records="1001", fields="ihi,mrn", events="week_0_arm_1"
    )

    assert answer.text == 'ihi,mrn\n"a ""b""\\",c;d\n'


def test_xml_keeps_a_cell_that_looks_like_its_end(server: Server) -> None:
    server.project.save(Place("1001", "week_0_arm_1"), {"ihi": "]]>"})

    answer = server.ask("record", format="xml", records="1001", fields="ihi")

    assert "<ihi><![CDATA[]]]]><![CDATA[>]]></ihi>" in answer.text


def test_a_project_s_settings_are_one_object_in_every_format(server: Server) -> None:
    assert server.ask("project", format="xml").text.startswith(f"{XML}<items><project_id>")
    assert server.ask("project", format="csv").text.startswith("project_id,project_title,")


def test_what_is_not_there_cannot_be_deleted_or_renamed(server: Server) -> None:
    length = len(server.project.log)

    assert not server.project.delete("9999")
    assert not server.project.rename("9999", "9998")
    assert len(server.project.log) == length


def test_a_record_keeps_its_group_under_its_new_name(server: Server) -> None:
    server.project.groups["1001"] = "north_site"

    server.project.rename("1001", "2001")
    server.project.delete("1002")

    assert server.project.groups == {"2001": "north_site"}


def test_choices_that_redcap_implies_have_its_labels(server: Server) -> None:
    said = {"records": "1001", "events": "week_0_arm_1", "rawOrLabel": "label"}

    (row,) = server.json("record", **said, forms="consent")

    assert row["consent_research"] == "Yes"
    assert row["consent_complete"] == "Complete"


def test_values_have_labels_too(server: Server) -> None:
    said = {"records": "1001", "type": "eav", "rawOrLabel": "label"}

    found = server.json("record", **said, fields="pain_types,consent_complete")

    values = {row["field_name"]: row["value"] for row in found}
    assert values["consent_complete"] == "Complete"
    assert values["pain_types"] not in {"1", "2"}


def test_values_of_a_classic_project_have_no_event_and_no_repeat() -> None:
    found = classic_server().json("record", type="eav", records="1", fields="pain,side")

    assert found == [
        {"record": "1", "field_name": "pain", "value": "3.5"},
        {"record": "1", "field_name": "side", "value": "1"},
    ]


def test_a_checkbox_s_choices_may_be_exported_as_their_labels(server: Server) -> None:
    said = {"records": "1001", "fields": "pain_types", "rawOrLabel": "label"}

    (row, *_) = server.json("record", **said, exportCheckboxLabel="true")
    heading = server.ask("record", **said, rawOrLabelHeaders="label", format="csv").text

    assert row["pain_types___1"] == ""
    assert row["pain_types___2"] not in {"", "Checked", "1"}
    assert f"(choice={row['pain_types___2']})" in heading.splitlines()[0]


def test_a_point_may_be_asked_for_in_numbers_with_a_comma() -> None:
    server = classic_server()
    server.project.save(Place("1"), {"pain": "1,54"})

    (row,) = server.json("record", records="1", fields="pain", decimalCharacter=".")

    assert row == {"pain": "1.54"}


def test_events_and_repeats_are_found_in_the_records_where_nobody_tells_them(
    server: Server,
) -> None:
    design = server.project.design
    described = [
        dict(zip(METADATA.values(), each.said.values(), strict=True)) for each in design.fields
    ]

    found = make_project(described, exported(), Wall()).design

    assert found.mapping == design.mapping
    assert found.repeating == design.repeating
    assert found.missing.keys() == design.missing.keys()
    assert [event.unique_name for event in found.events] == [
        event.unique_name for event in design.events
    ]
    assert [event.name for event in found.events][:2] == ["Week 0", "Week 9"]


@pytest.mark.parametrize(
    ("fault", "status", "marks"),
    [
        ("busy", 429, "Too Many"),
        ("away", 503, "Unavailable"),
        ("broken", 500, ""),
        ("sign-in", 200, "<title>REDCap</title>"),
        ("out-of-memory", 200, "server memory"),
        ("empty", 200, ""),
    ],
)
def test_a_fault_meets_one_request_and_the_next_goes_through(
    server: Server, fault: FaultName, status: int, marks: str
) -> None:
    server.faults.following.append(fault)

    hit, after = server.ask("version"), server.ask("version")

    assert (hit.status_code, after.text) == (status, "14.5.5")
    assert marks in hit.text
    assert hit.headers.get("retry-after") == ("1" if status in {429, 503} else None)


def test_a_short_answer_looks_like_a_whole_one(server: Server) -> None:
    whole = server.ask("metadata", format="json").text
    server.faults.rule = "short"

    short = server.ask("metadata", format="json")

    assert short.status_code == 200
    assert whole.startswith(short.text)
    assert 0 < len(short.text) < len(whole)


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_an_answer_is_cut_and_another_never_comes(server: Server) -> None:
    server.faults.silent_seconds = 0.5
    server.faults.following.extend(["cut", "silent"])
    with serving(server.app) as port, httpx.Client(trust_env=False, timeout=0.2) as client:
        url, asked = f"http://127.0.0.1:{port}/api/", {"token": TOKEN, "content": "version"}

        with pytest.raises(httpx.RemoteProtocolError):
            client.post(url, data=asked)
        with pytest.raises(httpx.ReadTimeout):
            client.post(url, data=asked)
        time.sleep(0.5)

        assert client.post(url, data=asked).text == "14.5.5"
