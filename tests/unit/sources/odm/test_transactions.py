"""What stands in the end, after every transaction of a file: ODM 1.3.2, 2.9 and 2.10."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.sources.odm.files import clinical, item, odm, opened, read, subject, values, vitals
from tests.unit.sources.odm.files import refusals as refused

TRANSACTIONAL = {"FileType": "Transactional"}
FORM = vitals(item("I.PULSE", "60") + item("I.MOOD", "1"))


def test_a_value_that_is_updated_is_the_later_one(tmp_path: Path) -> None:
    first = subject(FORM, transaction="Insert")
    second = subject(vitals(item("I.PULSE", "72", "Update"), "Update"), transaction="Update")

    told = values(tmp_path, first, second, **TRANSACTIONAL)

    assert told == [{"I.PULSE": "72", "I.MOOD": "1"}]


def test_an_upsert_makes_what_is_not_there_and_changes_what_is(tmp_path: Path) -> None:
    first = subject(vitals(item("I.PULSE", "60")), transaction="Upsert")
    second = subject(vitals(item("I.PULSE", "61") + item("I.MOOD", "2")), transaction="Upsert")

    assert values(tmp_path, first, second, **TRANSACTIONAL) == [{"I.PULSE": "61", "I.MOOD": "2"}]


def test_a_value_that_is_removed_is_gone(tmp_path: Path) -> None:
    first = subject(FORM, transaction="Insert")
    gone = '<ItemData ItemOID="I.PULSE" TransactionType="Remove"/>'
    second = subject(vitals(gone, "Update"), transaction="Update")

    assert values(tmp_path, first, second, **TRANSACTIONAL) == [{"I.MOOD": "1"}]


REMOVALS = {
    "a subject": '<SubjectData SubjectKey="1" TransactionType="Remove"/>',
    "a subject with what is in it": subject(FORM, transaction="Remove"),
    "an event": subject(
        '<StudyEventData StudyEventOID="SE.BASE" TransactionType="Remove"/>', "1", "Update"
    ),
    "a form": subject(vitals(item("I.PULSE", "60"), "Remove"), "1", "Update"),
    "a group": subject(
        '<StudyEventData StudyEventOID="SE.BASE"><FormData FormOID="F.VITALS">'
        '<ItemGroupData ItemGroupOID="IG.VITALS" TransactionType="Remove"/>'
        "</FormData></StudyEventData>",
        "1",
        "Update",
    ),
}


@pytest.mark.parametrize("removal", REMOVALS.values(), ids=REMOVALS.keys())
def test_what_is_removed_is_gone_with_all_that_was_in_it(tmp_path: Path, removal: str) -> None:
    first, other = subject(FORM, transaction="Insert"), subject(FORM, "2", "Insert")

    records, problems = read(
        opened(tmp_path, odm(clinical(first, other, removal), **TRANSACTIONAL))
    )

    assert problems == []
    assert [record.participant for record in records] == ["2"]


def test_what_is_removed_and_entered_again_holds_the_new_values_alone(tmp_path: Path) -> None:
    first = subject(FORM, transaction="Insert")
    removal = subject(vitals("", "Remove"), transaction="Update")
    again = subject(vitals(item("I.PULSE", "80"), "Insert"), transaction="Update")

    assert values(tmp_path, first, removal, again, **TRANSACTIONAL) == [{"I.PULSE": "80"}]


def test_what_is_sent_for_context_is_not_read(tmp_path: Path) -> None:
    told = subject(
        vitals(item("I.PULSE", "60", "Context") + item("I.MOOD", "1", "Upsert")),
        transaction="Context",
    )

    assert values(tmp_path, told, **TRANSACTIONAL) == [{"I.MOOD": "1"}]


@pytest.mark.parametrize("told", ['IsNull="Yes"', 'Value=""', 'Value="1" IsNull="Yes"'])
def test_a_value_that_is_set_to_null_is_no_value(tmp_path: Path, told: str) -> None:
    first = subject(FORM, transaction="Insert")
    null = f'<ItemData ItemOID="I.MOOD" {told} TransactionType="Update"/>'
    second = subject(vitals(null, "Update"), transaction="Update")

    assert values(tmp_path, first, second, **TRANSACTIONAL) == [{"I.PULSE": "60"}]


def test_the_parts_of_a_form_in_several_elements_are_one_form(tmp_path: Path) -> None:
    parts = subject(vitals(item("I.PULSE", "60")) + vitals(item("I.MOOD", "1")))

    assert values(tmp_path, parts) == [{"I.PULSE": "60", "I.MOOD": "1"}]


def test_a_value_that_stands_twice_and_differs_keeps_its_form_back(tmp_path: Path) -> None:
    twice = subject(vitals(item("I.PULSE", "60") + item("I.PULSE", "61")))

    (problem,) = refused(tmp_path, twice)

    assert (problem.field, problem.found) == ("I.PULSE", "a second, other one")
    assert (problem.origin.record, problem.origin.line) == ("1", _line_of(tmp_path, "I.PULSE"))


def test_a_value_that_stands_twice_and_is_the_same_is_taken(tmp_path: Path) -> None:
    twice = subject(vitals(item("I.PULSE", "60") + item("I.PULSE", "60")))

    assert values(tmp_path, twice) == [{"I.PULSE": "60"}]


def test_an_update_of_a_form_that_the_file_does_not_have_is_refused(tmp_path: Path) -> None:
    told = subject(vitals(item("I.PULSE", "60"), "Update"), transaction="Update")

    (problem,) = refused(tmp_path, told, **TRANSACTIONAL)

    assert problem.field == "TransactionType"
    assert "an update of a form that this file has" in problem.expected


@pytest.mark.parametrize(
    "inside",
    [vitals("", "Insert"), vitals(item("I.PULSE", "1", "Update"))],
    ids=["a form", "a value"],
)
def test_what_is_removed_may_not_hold_what_is_not(tmp_path: Path, inside: str) -> None:
    told = subject(inside, transaction="Remove")

    (problem,) = refused(tmp_path, told, **TRANSACTIONAL)

    assert problem.expected == "`Remove` inside what is removed"


def test_the_other_forms_of_a_subject_go_through_beside_one_that_is_kept_back(
    tmp_path: Path,
) -> None:
    twice = vitals(item("I.PULSE", "60") + item("I.PULSE", "61"))
    week = vitals(item("I.PULSE", "70"), event='StudyEventOID="SE.WEEK" StudyEventRepeatKey="2"')

    records, problems = read(opened(tmp_path, odm(clinical(subject(twice + week)))))

    assert [(record.event, dict(record.values)) for record in records] == [
        ("SE.WEEK", {"I.PULSE": "70"})
    ]
    assert [problem.origin.event for problem in problems] == ["SE.BASE"]


def test_a_form_that_was_wrong_and_is_removed_and_entered_again_is_right(tmp_path: Path) -> None:
    wrong = subject(vitals(item("I.PULSE", "60") + item("I.PULSE", "61")), transaction="Insert")
    removal = subject(vitals("", "Remove"), transaction="Update")
    again = subject(vitals(item("I.PULSE", "62"), "Insert"), transaction="Update")

    assert values(tmp_path, wrong, removal, again, **TRANSACTIONAL) == [{"I.PULSE": "62"}]


def test_the_other_subjects_go_through_beside_one_that_is_kept_back(tmp_path: Path) -> None:
    bad = subject(vitals(item("I.PULSE", "60") + item("I.PULSE", "61")), "bad")
    text = odm(clinical(bad, subject(FORM, "good")))

    records, problems = read(opened(tmp_path, text))

    assert [record.participant for record in records] == ["good"]
    assert [problem.origin.record for problem in problems] == ["bad"]


def _line_of(folder: Path, text: str) -> int:
    lines = (folder / "study.xml").read_text("utf-8").splitlines()
    return next(
        number for number, line in enumerate(lines, 1) if f'ItemData ItemOID="{text}"' in line
    )
