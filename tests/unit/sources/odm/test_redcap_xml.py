"""REDCap's own project XML: metadata and data in one file, in ODM 1.3.1 and more."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.errors import SourceError
from adapter.sources.odm import OdmFile
from tests.unit.sources.odm.files import declared, read

STUDY = """\
kind: study
id: redcap
version: "1.0.0"
title: A REDCap project
source: made up for tests
base: https://redcap.example.org/fhir
status: active
timezone: Australia/Sydney
record_id: record_id
timepoints: [{id: base, title: Baseline, event: EVENT}, {id: log, title: Log, event: log_arm_1}]
participant: {form: demo}
forms:
  - {form: demo, source_form: demo, at: [base]}
"""
HEAD = Path(__file__).with_name("redcap-head.xml").read_text("utf-8")
EVENTS = Path(__file__).with_name("redcap-events.xml").read_text("utf-8")
DEMO = Path(__file__).with_name("redcap-form.xml").read_text("utf-8")
BOTH = frozenset({"demo", "visit"})


def visit(day: str, key: str) -> str:
    return (
        f'<FormData FormOID="Form.visit" FormRepeatKey="{key}">'
        f'<ItemGroupData ItemGroupOID="visit.visit_on" ItemGroupRepeatKey="1">'
        f'<ItemData ItemOID="visit_on" Value="2024-02-{day}T10:30"/></ItemGroupData></FormData>'
    )


def in_event(inside: str, name: str = "EVENT", key: str = "1") -> str:
    return (
        f'<StudyEventData StudyEventOID="Event.{name}" StudyEventRepeatKey="{key}" '
        f'redcap:UniqueEventName="{name}">{inside}</StudyEventData>'
    )


def project(folder: Path, inside: str, event: str, *, has_events: bool = True) -> OdmFile:
    text = (
        HEAD.replace("EVENTS\n", EVENTS if has_events else "").replace(
            "EVENT", event or "event_1_arm_1"
        )
        + f'<SubjectData SubjectKey="7" redcap:RecordIdField="record_id">{inside}</SubjectData>\n'
        + "</ClinicalData>\n</ODM>\n"
    )
    (folder / "project.xml").write_text(text, "utf-8")
    said = STUDY.replace("EVENT", event) if event else STUDY.replace(", event: EVENT", "")
    return OdmFile(folder / "project.xml", declared(said))


def test_a_project_is_read_by_the_names_that_redcap_gives(tmp_path: Path) -> None:
    inside = in_event(DEMO.replace("EVENT", "base_arm_1"), "base_arm_1")

    (record,), problems = read(project(tmp_path, inside, "base_arm_1"), BOTH)

    assert problems == []
    assert (record.participant, record.event, record.form, record.repeat) == (
        "7",
        "base_arm_1",
        "demo",
        None,
    )
    assert dict(record.values) == {"sex": "2", "pets____1": "1", "scan": "[document]"}
    assert record.complete == "1"


@pytest.mark.parametrize("with_event", [True, False])
def test_a_project_without_events_has_none(tmp_path: Path, *, with_event: bool) -> None:
    inside = in_event(DEMO, "event_1_arm_1") if with_event else DEMO

    (record,), problems = read(project(tmp_path, inside, "", has_events=False), BOTH)

    assert problems == []
    assert record.event == ""


@pytest.mark.parametrize("has_events", [True, False])
def test_an_instrument_that_repeats_is_numbered(tmp_path: Path, *, has_events: bool) -> None:
    event = "base_arm_1" if has_events else ""
    visits = visit("01", "1") + visit("02", "2")
    inside = in_event(visits, event) if has_events else visits

    records, problems = read(project(tmp_path, inside, event, has_events=has_events), BOTH)

    assert problems == []
    assert [(record.repeat, record.values["visit_on"]) for record in records] == [
        (1, "2024-02-01 10:30:00"),
        (2, "2024-02-02 10:30:00"),
    ]


@pytest.mark.parametrize(("event_key", "form_key"), [("3", "1"), ("1", "3")])
def test_an_event_that_repeats_numbers_its_forms(
    tmp_path: Path, event_key: str, form_key: str
) -> None:
    inside = in_event(visit("01", form_key), "log_arm_1", event_key)

    (record,), problems = read(project(tmp_path, inside, "base_arm_1"), BOTH)

    assert problems == []
    assert (record.event, record.repeat) == ("log_arm_1", 3)


@pytest.mark.parametrize("key", ["0", "x", ""])
def test_an_instance_that_has_no_number_is_told(tmp_path: Path, key: str) -> None:
    inside = in_event(visit("01", key), "base_arm_1")

    records, (problem,) = read(project(tmp_path, inside, "base_arm_1"), BOTH)

    assert records == []
    assert "FormRepeatKey" in problem.field


def test_the_shapes_are_those_of_the_data_dictionary(tmp_path: Path) -> None:
    shapes = project(tmp_path, "", "base_arm_1").shapes

    fields = shapes["demo"].fields
    assert {name: each.type for name, each in fields.items()} == {
        "record_id": "text",
        "sex": "choice",
        "pets": "choices",
        "score": "decimal",
        "scan": "file",
    }
    assert fields["sex"].choices == {"1": "Female", "2": "Male, or other"}
    assert fields["pets"].choices == {"1": "Cat", "-1": "Dog, large"}
    assert shapes["visit"].fields["visit_on"].type == "dateTime"


def test_a_form_without_its_state_is_told(tmp_path: Path) -> None:
    source = project(tmp_path, "", "base_arm_1")
    text = (tmp_path / "project.xml").read_text("utf-8")
    (tmp_path / "project.xml").write_text(text.replace('"visit_complete"', '"visit_done"'), "utf-8")
    spoilt = OdmFile(tmp_path / "project.xml", declared(STUDY.replace("EVENT", "base_arm_1")))

    assert source.missing_columns("visit", ("visit_on",)) == []
    assert [each.field for each in spoilt.missing_columns("visit", ())] == ["visit_complete"]


def test_a_study_that_names_another_record_id_is_not_of_this_project(tmp_path: Path) -> None:
    project(tmp_path, "", "base_arm_1")
    other = STUDY.replace("record_id: record_id", "record_id: subject_id")

    with pytest.raises(SourceError) as caught:
        OdmFile(tmp_path / "project.xml", declared(other.replace("EVENT", "base_arm_1")))

    assert "`subject_id`" in str(caught.value)
    assert "`record_id`" in str(caught.value)
