"""An export with one row for each value is put together to flat rows, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.errors import Problem
from adapter.instruments.response import Record
from adapter.sources.redcap import RecordsFile, read_dictionary
from tests.unit.ingest.project import (
    FORM_NAMES,
    LOG,
    STUDY,
    WEEK_0,
    csv_bytes,
    dictionary_csv,
    study,
)

HEADER = [
    "record",
    "redcap_event_name",
    "redcap_repeat_instrument",
    "redcap_repeat_instance",
    "field_name",
    "value",
]
CANARY = "Canary-4711"


def read(folder: Path, *rows: list[str], header: list[str] = HEADER) -> list[Record | Problem]:
    (folder / "dictionary.csv").write_bytes(dictionary_csv())
    (folder / "records.csv").write_bytes(csv_bytes([header, *rows]))
    dictionary = read_dictionary(folder / "dictionary.csv")
    found = RecordsFile(folder / "records.csv", dictionary, study(STUDY))
    return list(found.records(frozenset(FORM_NAMES)))


def at(record: str, field: str, value: str) -> list[str]:
    return [record, WEEK_0, "", "", field, value]


def logged(record: str, instance: str, field: str, value: str) -> list[str]:
    return [record, LOG, "incident", instance, field, value]


def values(found: list[Record | Problem]) -> dict[tuple[str, str, int | None], dict[str, str]]:
    return {
        (each.participant, each.form, each.repeat): dict(each.values)
        for each in found
        if isinstance(each, Record)
    }


def problems(found: list[Record | Problem]) -> list[tuple[int | None, str, str, str]]:
    return [
        (each.origin.line, each.origin.record, each.field, each.expected)
        for each in found
        if isinstance(each, Problem)
    ]


def test_the_values_of_mixed_instances_are_sorted_out(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        logged("1", "1", "incident_what", "fell"),
        at("1", "record_id", "1"),
        logged("1", "2", "incident_what", "slipped"),
        at("1", "mood_1", "2"),
        logged("1", "1", "incident_day", "2024-02-01"),
        at("2", "mood_1", "0"),
    )

    assert values(found) == {
        ("1", "incident", 1): {"incident_what": "fell", "incident_day": "2024-02-01"},
        ("1", "incident", 2): {"incident_what": "slipped"},
        ("1", "mood", None): {"mood_1": "2"},
        ("2", "mood", None): {"mood_1": "0"},
    }
    assert problems(found) == []


def test_a_project_without_events_needs_no_column_of_them(tmp_path: Path) -> None:
    header = ["record", "field_name", "value"]

    found = read(tmp_path, ["1", "mood_1", "2"], ["1", "mood_complete", "2"], header=header)

    (record,) = found
    assert isinstance(record, Record)
    assert (record.event, record.repeat, record.complete) == ("", None, "2")


def test_a_ticked_box_has_a_row_with_its_code(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        at("1", "mood_where", "2"),
        at("1", "mood_where", "-1"),
        at("2", "mood_where", "-97"),
    )

    assert values(found) == {
        ("1", "mood", None): {"mood_where___2": "1", "mood_where____1": "1"},
        ("2", "mood", None): {"mood_where____97": "1"},
    }


def test_what_redcap_adds_to_the_fields_is_passed_over(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        at("1", "redcap_data_access_group", "north"),
        at("1", "redcap_survey_identifier", "x@example.org"),
        at("1", "other_form_timestamp", "2024-02-01 10:00:00"),
        at("1", "mood_1", "2"),
    )

    assert values(found) == {("1", "mood", None): {"mood_1": "2"}}
    assert problems(found) == []


@pytest.mark.parametrize(
    ("rows", "field", "expected"),
    [
        pytest.param(
            [at("1", "mood_old", CANARY)], "field_name", "a field of the dictionary", id="a field"
        ),
        pytest.param(
            [at("1", "mood_where", CANARY)], "mood_where", "a choice of the dictionary", id="a box"
        ),
        pytest.param(
            [at("1", "mood_2", CANARY)] * 2, "mood_2", "each field once", id="a value again"
        ),
        pytest.param(
            [at("1", "mood_where", "2")] * 2, "mood_where", "each field once", id="a box again"
        ),
    ],
)
def test_a_flat_row_with_a_value_that_fits_nowhere_is_kept_back_alone(
    tmp_path: Path, rows: list[list[str]], field: str, expected: str
) -> None:
    others = logged("1", "1", "incident_what", "fell")

    found = read(tmp_path, at("1", "mood_1", "2"), *rows, others, at("2", "mood_1", "1"))

    assert problems(found) == [(2 + len(rows), "1", field, expected)]
    assert set(values(found)) == {("1", "incident", 1), ("2", "mood", None)}
    assert CANARY not in str(problems(found))


@pytest.mark.parametrize(
    ("place", "kept"),
    [
        pytest.param(0, {"2", "3"}, id="before the first record"),
        pytest.param(1, {"2", "3"}, id="inside a record"),
        pytest.param(2, {"3"}, id="between two records"),
        pytest.param(6, {"1", "2"}, id="behind the last record"),
    ],
)
def test_a_row_that_cannot_be_read_costs_the_records_that_it_may_be_of(
    tmp_path: Path, place: int, kept: set[str]
) -> None:
    rows = [at(record, field, "1") for record in "123" for field in ("mood_1", "mood_2")]
    rows.insert(place, ["short"])

    found = read(tmp_path, *rows)

    assert {record for record, _, _ in values(found)} == kept
    assert len(problems(found)) == 1 + len({"1", "2", "3"} - kept)
    assert {record for _, record, _, _ in problems(found)} == {"", *{"1", "2", "3"} - kept}


def test_a_row_without_a_record_is_told(tmp_path: Path) -> None:
    found = read(tmp_path, at("", "mood_1", "1"), at("2", "mood_1", "1"))

    assert problems(found) == [(2, "", "record_id", "the number of a record")]
    assert set(values(found)) == {("2", "mood", None)}
