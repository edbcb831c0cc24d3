"""What a flat row may hold besides answers, and how numbers and boxes are written in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from adapter.errors import Problem
from adapter.instruments.response import Record
from adapter.sources.redcap import RecordsFile, read_dictionary
from tests.unit.ingest.project import STUDY, csv_bytes, study

HEADER = (
    "Variable / Field Name,Form Name,Field Type,Text Validation Type OR Show Slider Number,"
    '"Choices, Calculations, OR Slider Labels"\n'
)
MIXED = """\
record_id,mixed,text,,
plain,mixed,text,,
point,mixed,text,number_2dp,
comma,mixed,text,number_2dp_comma_decimal,
sum,mixed,calc,,[point]*2
level,mixed,slider,number,low | high
boxes,mixed,checkbox,,"1, One | -1, Minus | A, Letter | a_b, Both"
again,other,text,,
"""


@dataclass(frozen=True)
class Export:
    """An export of the mixed form, written with these columns."""

    folder: Path
    decimal_comma: bool = False

    def read(self, **cells: str) -> list[Record | Problem]:
        dictionary = self.folder / "dictionary.csv"
        dictionary.write_text(HEADER + MIXED)
        path = self.folder / "records.csv"
        path.write_bytes(csv_bytes([["record_id", *cells], ["1", *cells.values()]]))
        found = RecordsFile(
            path,
            read_dictionary(dictionary),
            study(
                STUDY.replace('{"-97": asked-declined}', '{"-97": asked-declined, UNK: unknown}')
            ),
            decimal_comma=self.decimal_comma,
        )
        return list(found.records(frozenset({"mixed", "other"})))

    def values(self, **cells: str) -> dict[str, str]:
        (record,) = self.read(**cells)
        assert isinstance(record, Record)
        return dict(record.values)


@pytest.mark.parametrize(
    ("field", "raw", "read"),
    [
        pytest.param("comma", "1,54", "1.54", id="a comma where the validation says so"),
        pytest.param("comma", "-,5", "-.5", id="nothing before the comma"),
        pytest.param("comma", " 1,54 ", "1.54", id="blanks around it"),
        pytest.param("comma", "1.54", "1.54", id="a point all the same"),
        pytest.param("comma", "1.540,5", "1.540,5", id="two marks are not guessed at"),
        pytest.param("comma", "1,540,500", "1,540,500", id="nor are two commas"),
        pytest.param("comma", "-97", "-97", id="a missing-data code"),
        pytest.param("point", "1,540", "1,540", id="a comma where the validation says a point"),
        pytest.param("plain", "1,54", "1,54", id="a comma in a text"),
        pytest.param("sum", "3,08", "3,08", id="a comma in a calculation"),
    ],
)
def test_a_decimal_comma_is_read_by_the_field_s_validation(
    tmp_path: Path, field: str, raw: str, read: str
) -> None:
    assert Export(tmp_path).values(**{field: raw}) == {field: read}


@pytest.mark.parametrize(
    ("field", "raw", "read"),
    [
        ("comma", "1,54", "1.54"),
        ("point", "1,54", "1.54"),
        ("sum", "3,08", "3.08"),
        ("plain", "1,54", "1,54"),
        ("level", "50", "50"),
    ],
)
def test_an_export_with_a_comma_in_every_number_is_read_by_the_setting(
    tmp_path: Path, field: str, raw: str, read: str
) -> None:
    assert Export(tmp_path, decimal_comma=True).values(**{field: raw}) == {field: read}


def test_boxes_have_columns_for_codes_of_every_kind_and_for_missing_data(tmp_path: Path) -> None:
    columns = ("boxes___1", "boxes____1", "boxes___a", "boxes___a_b", "boxes____97", "boxes___unk")

    values = Export(tmp_path).values(**dict.fromkeys(columns, "1"))

    assert values == dict.fromkeys(columns, "1")


def test_what_else_an_export_may_hold_is_passed_over(tmp_path: Path) -> None:
    values = Export(tmp_path).values(
        redcap_survey_identifier="someone@example.org",
        redcap_data_access_group="north",
        a_column_of_the_site="1",
        mixed_return_code="ABCD",
        plain="said",
        mixed_timestamp="2024-02-01 10:15:00",
    )

    assert values == {"plain": "said"}


def test_a_row_that_cannot_be_told_apart_says_where_it_stands_in_a_list(tmp_path: Path) -> None:
    path = tmp_path / "records.json"
    path.write_text('[{"record_id":"1","plain":"x"},{"record_id":"","plain":"y"}]')
    (tmp_path / "dictionary.csv").write_text(HEADER + MIXED)
    dictionary = read_dictionary(tmp_path / "dictionary.csv")

    found = list(RecordsFile(path, dictionary, study()).records(frozenset({"mixed"})))

    problem = found[-1]
    assert isinstance(problem, Problem)
    assert problem.found == "nothing (entry 2)"
