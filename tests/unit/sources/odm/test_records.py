"""How events, forms, groups, units and times of an ODM file become records."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.instruments.response import Record
from tests.unit.sources.odm.files import (
    METADATA,
    STUDY,
    clinical,
    item,
    odm,
    opened,
    read,
    subject,
    values,
    vitals,
)
from tests.unit.sources.odm.files import refusals as refused

PULSE = item("I.PULSE", "60")


def records_of(folder: Path, inside: str, **said: str) -> list[Record]:
    records, problems = read(opened(folder, odm(clinical(subject(inside)), **said)))
    assert problems == []
    return records


def form(inside: str, oid: str = "F.VITALS", group: str = "IG.VITALS", key: str = "") -> str:
    said = f' FormRepeatKey="{key}"' if key else ""
    return f'<FormData FormOID="{oid}"{said}>{in_group(inside, group)}</FormData>'


def in_group(inside: str, oid: str, key: str = "") -> str:
    said = f' ItemGroupRepeatKey="{key}"' if key else ""
    return f'<ItemGroupData ItemGroupOID="{oid}"{said}>{inside}</ItemGroupData>'


def event(inside: str, oid: str = "SE.BASE", key: str = "") -> str:
    said = f' StudyEventRepeatKey="{key}"' if key else ""
    return f'<StudyEventData StudyEventOID="{oid}"{said}>{inside}</StudyEventData>'


def test_a_form_that_occurs_once_has_no_repeat_whatever_its_keys_say(tmp_path: Path) -> None:
    (record,) = records_of(tmp_path, event(form(PULSE, key="1"), key="1"))

    assert (record.event, record.form, record.repeat) == ("SE.BASE", "F.VITALS", None)


@pytest.mark.parametrize(("key", "repeat"), [("2", 2), ("17", 17)])
def test_a_repeat_key_that_is_a_whole_number_is_the_repeat(
    tmp_path: Path, key: str, repeat: int
) -> None:
    (record,) = records_of(tmp_path, event(form(item("I.NOTE", "x"), "F.CALL", "IG.CALL", key)))

    assert record.repeat == repeat


@pytest.mark.parametrize("key", ["CALL[1]", "0", "01", "1234567890", "-1"])
def test_any_other_repeat_key_gives_a_number_that_no_key_is_taken_for(
    tmp_path: Path, key: str
) -> None:
    inside = event(form(item("I.NOTE", "x"), "F.CALL", "IG.CALL", key))

    (record,), (again,) = records_of(tmp_path, inside), records_of(tmp_path, inside)

    assert record.repeat is not None
    assert 1_000_000_000 <= record.repeat < 2**31
    assert again == record


def test_repeats_within_repeats_are_told_apart(tmp_path: Path) -> None:
    calls = [
        event(form(item("I.NOTE", "x"), "F.CALL", "IG.CALL", call), "SE.WEEK", week)
        for week in ("2", "3")
        for call in ("1", "2")
    ]

    records = records_of(tmp_path, "".join(calls))

    assert len({record.repeat for record in records}) == 4
    assert {record.event for record in records} == {"SE.WEEK"}


def test_a_repeat_of_an_event_that_the_study_names_is_an_event_of_its_own(tmp_path: Path) -> None:
    weeks = "".join(event(form(PULSE), "SE.WEEK", key) for key in ("1", "2"))

    records = records_of(tmp_path, weeks)

    assert [(record.event, record.repeat) for record in records] == [
        ("SE.WEEK[1]", None),
        ("SE.WEEK", 2),
    ]


def test_each_repeat_of_a_group_inside_a_form_is_a_record_of_its_own(tmp_path: Path) -> None:
    drugs = "".join(in_group(item("I.DRUG", name), "IG.DRUG", str(n)) for n, name in DRUGS)
    log = f'<FormData FormOID="F.LOG">{in_group(item("I.SEEN", "2024-03-01"), "IG.HEAD")}{drugs}'

    records = records_of(tmp_path, event(f"{log}</FormData>"))

    assert [(record.form, record.repeat, dict(record.values)) for record in records] == [
        ("F.LOG", None, {"I.SEEN": "2024-03-01"}),
        ("F.LOG/IG.DRUG", 1, {"I.DRUG": "first"}),
        ("F.LOG/IG.DRUG", 2, {"I.DRUG": "second"}),
    ]
    assert [record.completed_at for record in records[1:]] == ["2024-03-01", "2024-03-01"]


DRUGS = ((1, "first"), (2, "second"))


def test_an_item_in_two_groups_of_a_form_has_to_be_the_same(tmp_path: Path) -> None:
    other = f"{in_group(item('I.PULSE', '61'), 'IG.CALL')}"
    both = event(f'<FormData FormOID="F.VITALS">{in_group(PULSE, "IG.VITALS")}{other}</FormData>')

    (problem,) = refused(tmp_path, subject(both))

    assert (problem.field, problem.found) == ("I.PULSE", "a second, other value")


@pytest.mark.parametrize(
    ("inside", "field"),
    [
        (event(form(PULSE, "F.NONE")), "FormOID"),
        (event(form(PULSE, group="IG.NONE")), "ItemGroupOID"),
    ],
)
def test_what_the_file_does_not_define_is_told(tmp_path: Path, inside: str, field: str) -> None:
    (problem,) = refused(tmp_path, subject(inside))

    assert problem.field == field
    assert problem.origin.record == "1"


def test_what_the_file_does_not_define_and_is_empty_is_no_loss(tmp_path: Path) -> None:
    assert records_of(tmp_path, event(form("", "F.NONE") + form("", group="IG.NONE"))) == []


def test_an_item_that_nobody_defined_is_read_as_it_stands(tmp_path: Path) -> None:
    assert values(tmp_path, subject(vitals(item("I.NEW", "x")))) == [{"I.NEW": "x"}]


TYPED = (
    '<ItemDataInteger ItemOID="I.PULSE">\n 60\n</ItemDataInteger>'
    '<ItemDataBoolean ItemOID="I.SMOKES">true</ItemDataBoolean>'
    '<ItemDataAny ItemOID="I.MOOD"/>'
    '<ItemDataString ItemOID="I.NOTE"><![CDATA[<b> & "c"]]></ItemDataString>'
    '<ItemDataBase64Binary ItemOID="I.FILE">aGVsbG8=</ItemDataBase64Binary>'
)


def test_typed_values_are_read_like_untyped_ones(tmp_path: Path) -> None:
    assert values(tmp_path, subject(vitals(TYPED))) == [
        {"I.PULSE": "60", "I.SMOKES": "1", "I.NOTE": '<b> & "c"', "I.FILE": "[document]"}
    ]


@pytest.mark.parametrize(
    ("told", "value"),
    [
        ("2024-02-01T10:15:00", "2024-02-01 10:15:00"),
        ("2024-02-01T10:15", "2024-02-01 10:15:00"),
        ("2024-02-01T10:15:00.250", "2024-02-01 10:15:00"),
        ("2024-01-31T23:15:00Z", "2024-02-01 10:15:00"),
        ("2024-02-01T00:15:00+01:00", "2024-02-01 10:15:00"),
        ("2024-04-07T02:30:00+10:00", "2024-04-07 02:30:00+10:00"),
        ("2024-04-06T15:30:00Z", "2024-04-07 02:30:00"),
        ("2024-04-07T02:30:00", "2024-04-07 02:30:00"),
        ("2024-10-06T02:30:00", "2024-10-06T02:30:00"),
        ("2024-10-06T02:30:00+10:00", "2024-10-06 03:30:00"),
        ("2024-02-01", "2024-02-01"),
        ("2024-02", "2024-02"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
    ],
)
def test_a_time_becomes_the_local_time_of_the_study(tmp_path: Path, told: str, value: str) -> None:
    assert values(tmp_path, subject(vitals(item("I.AT", told)))) == [{"I.AT": value}]


@pytest.mark.parametrize(("told", "value"), [("true", "1"), ("0", "0"), ("False", "0"), ("J", "J")])
def test_yes_and_no_are_1_and_0(tmp_path: Path, told: str, value: str) -> None:
    assert values(tmp_path, subject(vitals(item("I.SMOKES", told)))) == [{"I.SMOKES": value}]


def weight(unit: str) -> str:
    inside = f'<MeasurementUnitRef MeasurementUnitOID="{unit}"/>'
    return f'<ItemData ItemOID="I.WEIGHT" Value="80">{inside}</ItemData>'


def test_a_value_in_the_first_unit_of_its_definition_is_taken(tmp_path: Path) -> None:
    assert values(tmp_path, subject(vitals(weight("U.KG")))) == [{"I.WEIGHT": "80"}]


@pytest.mark.parametrize(
    "inside",
    [
        weight("U.LB"),
        '<ItemDataFloat ItemOID="I.WEIGHT" MeasurementUnitOID="U.LB">80</ItemDataFloat>',
    ],
    ids=["untyped", "typed"],
)
def test_a_value_in_another_unit_keeps_its_form_back(tmp_path: Path, inside: str) -> None:
    (problem,) = refused(tmp_path, subject(vitals(inside + PULSE)))

    assert (problem.field, problem.found) == ("I.WEIGHT", "another unit")
    assert "U.KG" in problem.expected


def test_a_value_in_a_unit_where_none_is_defined_keeps_its_form_back(tmp_path: Path) -> None:
    told = weight("U.KG").replace("I.WEIGHT", "I.PULSE")

    (problem,) = refused(tmp_path, subject(vitals(told)))

    assert problem.expected == "no unit, as defined"


METADATA_2 = Path(__file__).with_name("metadata-2.0.xml").read_text("utf-8")


def odm_2(inside: str) -> str:
    return odm(clinical(subject(inside)), METADATA_2, "2.0")


def valued(oid: str, *told: str) -> str:
    several = "".join(
        f'<Value SeqNum="{number}">{value}</Value>'
        for number, value in reversed(list(enumerate(told, 1)))
    )
    return f'<ItemData ItemOID="{oid}">{several}</ItemData>'


def test_odm_2_has_groups_in_groups_and_forms_that_are_groups(tmp_path: Path) -> None:
    inner = in_group(valued("I.PULSE", "60"), "IG.INNER")
    drugs = "".join(in_group(valued("I.DRUG", name), "IG.DRUG", str(n)) for n, name in DRUGS)
    outer = in_group(
        inner + valued("I.WEIGHT", "80.5") + valued("I.UNIT", "kg") + drugs, "IG.OUTER"
    )
    text = odm_2(
        event(in_group(outer, "F.VITALS") + in_group(valued("I.NOTE", "x"), "F.CALL", "2"))
    )

    records, problems = read(
        opened(tmp_path, text), frozenset({"F.VITALS", "F.VITALS/IG.DRUG", "F.CALL"})
    )

    assert problems == []
    assert [(record.form, record.repeat, dict(record.values)) for record in records] == [
        ("F.VITALS", None, {"I.WEIGHT": "80.5", "I.UNIT": "kg", "I.PULSE": "60"}),
        ("F.VITALS/IG.DRUG", 1, {"I.DRUG": "first"}),
        ("F.VITALS/IG.DRUG", 2, {"I.DRUG": "second"}),
        ("F.CALL", 2, {"I.NOTE": "x"}),
    ]


def test_odm_2_tells_a_unit_in_an_item_and_its_first_code_counts(tmp_path: Path) -> None:
    told = in_group(
        in_group(valued("I.WEIGHT", "80") + valued("I.UNIT", "lb"), "IG.OUTER"), "F.VITALS"
    )

    _, (problem,) = read(opened(tmp_path, odm_2(event(told))))

    assert (problem.field, problem.expected) == ("I.WEIGHT", "`kg`, its first unit")


def signs(*told: str) -> str:
    inner = in_group(in_group(valued("I.SIGNS", *told), "IG.INNER"), "IG.OUTER")
    return odm_2(event(in_group(inner, "F.VITALS")))


@pytest.mark.parametrize("told", [("b",), ("c", "a")])
def test_an_item_with_several_choices_has_a_column_for_each(
    tmp_path: Path, told: tuple[str, ...]
) -> None:
    source = opened(tmp_path, signs(*told), multiple=("I.SIGNS",))

    (record,), problems = read(source)

    assert problems == []
    assert dict(record.values) == {f"I.SIGNS___{code}": "1" for code in told}
    assert source.shapes["F.VITALS"].fields["I.SIGNS"].type == "choices"
    assert source.missing_columns("F.VITALS", ("I.SIGNS___a",)) == []


def test_several_texts_are_lines_in_their_order(tmp_path: Path) -> None:
    text = odm_2(event(in_group(valued("I.NOTE", "first", "second", "third"), "F.CALL", "1")))

    (record,), _ = read(opened(tmp_path, text))

    assert dict(record.values) == {"I.NOTE": "first\nsecond\nthird"}


def test_several_choices_where_one_was_expected_keep_the_form_back(tmp_path: Path) -> None:
    _, (problem,) = read(opened(tmp_path, signs("a", "b")))

    assert (problem.field, problem.found) == ("I.SIGNS", "several")
    assert "`multiple`" in problem.action


def stamped(time: str) -> str:
    return (
        f"<AuditRecord><UserRef/><LocationRef/><DateTimeStamp>{time}</DateTimeStamp></AuditRecord>"
    )


def test_a_form_was_completed_when_its_first_value_was_entered(tmp_path: Path) -> None:
    later, first = "2024-02-03T09:00:00+11:00", "2024-02-01T09:00:00Z"
    inside = (
        f'<ItemData ItemOID="I.PULSE" Value="60">{stamped(later)}</ItemData>'
        f'<ItemData ItemOID="I.MOOD" Value="1">{stamped(first)}</ItemData>'
    )

    (record,) = records_of(tmp_path, vitals(inside))

    assert record.completed_at == "2024-02-01 20:00:00"


def test_a_correction_does_not_move_the_moment_of_completion(tmp_path: Path) -> None:
    def told(time: str, value: str, kind: str) -> str:
        inside = f'<ItemData ItemOID="I.PULSE" Value="{value}">{stamped(time)}</ItemData>'
        return subject(vitals(inside, kind), transaction=kind)

    first, second = told("2024-02-01T09:00:00", "60", "Insert"), told("2024-05-01", "61", "Update")

    records, problems = read(
        opened(tmp_path, odm(clinical(first, second), FileType="Transactional"))
    )

    assert problems == []
    assert [record.completed_at for record in records] == ["2024-02-01 09:00:00"]


@pytest.mark.parametrize("place", ["group", "form"])
def test_the_trail_of_what_is_around_counts_where_values_have_none(
    tmp_path: Path, place: str
) -> None:
    stamp = stamped("2024-02-01T09:00:00")
    inside = in_group((stamp if place == "group" else "") + PULSE, "IG.VITALS")
    around = f'<FormData FormOID="F.VITALS">{stamp if place == "form" else ""}{inside}</FormData>'

    (record,) = records_of(tmp_path, event(around))

    assert record.completed_at == "2024-02-01 09:00:00"


@pytest.mark.parametrize("stamp", ["", stamped("yesterday")], ids=["none", "no time"])
def test_without_an_audit_trail_the_moment_is_not_known(tmp_path: Path, stamp: str) -> None:
    (record,) = records_of(
        tmp_path, vitals(f'<ItemData ItemOID="I.PULSE" Value="1">{stamp}</ItemData>')
    )

    assert record.completed_at == ""


def test_elements_and_attributes_of_vendors_are_passed_over(tmp_path: Path) -> None:
    inside = (
        '<v:Extra xmlns:v="urn:vendor"><ItemData xmlns="http://www.cdisc.org/ns/odm/v1.3" '
        'ItemOID="I.MOOD" Value="2"/><v:Deep><v:Deeper>text</v:Deeper></v:Deep></v:Extra>'
        '<ItemData ItemOID="I.PULSE" Value="60" v:Who="me" xmlns:v="urn:vendor">'
        "<v:Note>why</v:Note><Signature><UserRef/></Signature></ItemData>"
    )

    assert values(tmp_path, subject(vitals(inside))) == [{"I.PULSE": "60"}]


def test_the_shape_tells_fields_in_their_order_with_types_labels_and_choices(
    tmp_path: Path,
) -> None:
    shapes = opened(tmp_path, odm("")).shapes

    fields = shapes["F.VITALS"].fields
    assert list(shapes) == ["F.VITALS", "F.CALL", "F.LOG", "F.LOG/IG.DRUG"]
    assert {name: each.type for name, each in fields.items()} == {
        "I.WEIGHT": "decimal",
        "I.PULSE": "integer",
        "I.SMOKES": "choice",
        "I.AT": "dateTime",
        "I.MOOD": "choice",
    }
    assert list(fields)[:2] == ["I.WEIGHT", "I.PULSE"]
    assert fields["I.PULSE"].label == "Pulse"
    assert fields["I.MOOD"].choices == {"1": "Low", "2": "2"}
    assert fields["I.SMOKES"].choices == {"1": "Yes", "0": "No"}
    assert list(shapes["F.LOG/IG.DRUG"].fields) == ["I.DRUG"]


def test_what_a_mapping_reads_and_the_file_does_not_define_is_told(tmp_path: Path) -> None:
    source = opened(tmp_path, odm(""))

    problems = source.missing_columns("F.VITALS", ("I.PULSE", "I.NONE"))

    assert [problem.field for problem in problems] == ["I.NONE"]
    assert source.missing_columns("F.LOG/IG.DRUG", ("I.DRUG",)) == []


def test_a_moment_of_completion_that_is_nowhere_is_told(tmp_path: Path) -> None:
    text = STUDY.replace("completed_at: I.SEEN", "completed_at: I.GONE")

    problems = opened(tmp_path, odm(""), text).missing_columns("F.LOG/IG.DRUG", ("I.DRUG",))

    assert [problem.field for problem in problems] == ["I.GONE"]


def test_facts_of_a_person_that_are_not_defined_are_told(tmp_path: Path) -> None:
    facts = "participant: {form: F.VITALS, enrolled: I.AT, completed: I.NEVER}"
    text = STUDY.replace("participant: {form: F.DM}", facts)

    problems = opened(tmp_path, odm(""), text).missing_facts()

    assert [problem.field for problem in problems] == ["I.NEVER"]


def test_the_later_version_of_a_definition_stands(tmp_path: Path) -> None:
    amended = (
        '<Study OID="S"><MetaDataVersion OID="V2" Name="Second">'
        '<Include StudyOID="S" MetaDataVersionOID="V1"/>'
        '<ItemDef OID="I.PULSE" Name="Pulse" DataType="text"/></MetaDataVersion></Study>'
    )

    shapes = opened(tmp_path, odm("", METADATA + amended)).shapes

    assert shapes["F.VITALS"].fields["I.PULSE"].type == "text"
    assert shapes["F.VITALS"].fields["I.MOOD"].type == "choice"
