"""redcaplite talks to the simulated REDCap, and gets what REDCap would give it."""

from __future__ import annotations

import csv
from datetime import datetime
from typing import Any

import pytest
from redcaplite import RedcapClient
from redcaplite.http.error import APIException

from adapter.simulate import serving
from tests.unit.simulate.redcap.server import (
    IDBT,
    TOKEN,
    Server,
    classic_server,
    exported,
)

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
AS_TEXT = {"dtype": str, "keep_default_na": False}


@pytest.fixture
def client(url: str) -> RedcapClient:
    return RedcapClient(url, TOKEN)


def rows(frame: Any) -> list[dict[str, str]]:  # noqa: ANN401 - pandas has no types here
    found: list[dict[str, str]] = frame.to_dict("records")
    return found


def test_the_data_dictionary_is_the_file_s(client: RedcapClient) -> None:
    with (IDBT / "dictionary.csv").open(newline="") as file:
        expected = list(csv.reader(file))[1:]

    found = rows(client.get_metadata(pd_read_csv_kwargs=AS_TEXT))

    assert [list(field.values()) for field in found] == expected
    (sex,) = rows(client.get_metadata(fields=["sex"], pd_read_csv_kwargs=AS_TEXT))
    assert (sex["field_name"], sex["form_name"]) == ("sex", "participant")


def test_all_records_are_the_file_s(client: RedcapClient) -> None:
    found = rows(client.export_records(exportSurveyFields=True, pd_read_csv_kwargs=AS_TEXT))

    for row in found:
        row.pop("redcap_survey_identifier")
    assert found == exported()


def test_records_fields_and_events_are_chosen(client: RedcapClient) -> None:
    found = client.export_records(
        format="json",
        records=["1001", "1002"],
        fields=["record_id", "nrs_pain_avg"],
        events=["week_0_arm_1"],
    )

    expected = [
        (row["record_id"], row["nrs_pain_avg"])
        for row in exported()
        if row["record_id"] in {"1001", "1002"} and row["redcap_event_name"] == "week_0_arm_1"
    ]
    assert [(row["record_id"], row["nrs_pain_avg"]) for row in found] == expected


def test_fields_alone_come_without_the_record_id(client: RedcapClient) -> None:
    found = client.export_records(format="json", records=["1001"], fields=["nrs_pain_avg"])

    assert {tuple(row) for row in found} == {("nrs_pain_avg",)}


@pytest.mark.parametrize("sign", [";", "|", "^", "tab"])
def test_another_delimiter_may_be_asked_for(client: RedcapClient, sign: str) -> None:
    kwargs = {**AS_TEXT, "sep": "\t" if sign == "tab" else sign}

    found = client.export_records(csvDelimiter=sign, pd_read_csv_kwargs=kwargs)

    assert [row["record_id"] for row in rows(found)] == [row["record_id"] for row in exported()]


def test_what_the_project_is_made_of_is_told(client: RedcapClient) -> None:
    assert client.get_version() == "14.5.5"
    assert client.get_project()["project_title"] == "iDBT-Pain"
    assert len(client.get_events()) == 4
    assert client.get_arms() == [{"arm_num": 1, "name": "Arm 1"}]
    assert len(client.get_form_event_mappings()) == 35
    assert len(client.get_instruments()) == 15
    assert [each["form_name"] for each in client.get_repeating_forms_events()] == ["adverse_event"]
    assert [user["username"] for user in client.get_users()] == ["simulator"]
    assert client.get_dags() == []
    names = client.get_field_names()
    assert names[0] == {
        "original_field_name": "record_id",
        "choice_value": "",
        "export_field_name": "record_id",
    }


def test_a_report_and_the_next_record_s_name_are_given(client: RedcapClient) -> None:
    report = rows(client.get_report(7, pd_read_csv_kwargs=AS_TEXT))

    assert "session_attendance_complete" in report[0]
    assert (
        client.generate_next_record_name() == max(int(row["record_id"]) for row in exported()) + 1
    )


def test_a_record_is_imported_renamed_and_deleted_and_the_log_tells(
    server: Server, client: RedcapClient
) -> None:
    server.wall.wait(hours=1)
    row = {"record_id": "3001", "redcap_event_name": "week_0_arm_1", "nrs_pain_avg": "4"}

    taken = client.import_records([row], returnContent="ids")
    renamed = client.rename_record("3001", "3002")
    found = client.export_records(format="json", records=["3002"], fields=["nrs_pain_avg"])
    deleted = client.delete_records(["3002"])

    log = client.get_logs(format="json", beginTime=datetime(2024, 4, 7, 2, 0), logtype="record")  # noqa: DTZ001
    assert (taken, renamed, deleted) == (["3001"], 1, 1)
    assert found == [{"nrs_pain_avg": "4"}]
    assert [(entry["action"], entry["details"]) for entry in log] == [
        ("Delete record (API) 3002", "record_id = '3002'"),
        ("Update record (API) 3002", "record_id = '3002'"),
        ("Create record (API) 3001", "record_id = '3001', nrs_pain_avg = '4'"),
    ]


def test_a_wrong_token_is_refused(url: str) -> None:
    with pytest.raises(APIException, match="Forbidden"):
        RedcapClient(url, "F" * 32).get_project()


def test_what_the_project_does_not_have_is_refused_in_redcap_s_words(
    client: RedcapClient,
) -> None:
    with pytest.raises(APIException, match=r"Bad Request: .* are not valid: 'nothing'"):
        client.export_records(fields=["nothing"])


def test_nothing_in_csv_is_an_empty_table(client: RedcapClient) -> None:
    assert client.export_records(records=["9999"]).empty


def test_a_classic_project_has_no_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(classic_server().app) as port:
        client = RedcapClient(f"http://127.0.0.1:{port}/api/", TOKEN)

        assert list(rows(client.export_records(pd_read_csv_kwargs=AS_TEXT))[1].values()) == [
            *("2", "", "0", "0", "0")
        ]
        with pytest.raises(APIException, match="classic"):
            client.get_events()
