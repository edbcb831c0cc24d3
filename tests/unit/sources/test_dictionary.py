"""A data dictionary is read in every shape in which it circulates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapter.errors import SourceError
from adapter.sources.redcap import Dictionary, Field, read_dictionary
from tests.unit.ingest.project import DICTIONARY_HEADER, FIELDS, csv_bytes, dictionary_csv

R_NAMES = (
    "Variable...Field.Name",
    "Form.Name",
    "Section.Header",
    "Field.Type",
    "Field.Label",
    "Choices..Calculations..OR.Slider.Labels",
    "Field.Note",
    "Text.Validation.Type.OR.Show.Slider.Number",
)
"""What `read.csv` makes of the names, with `check.names`."""
API_NAMES = (
    "field_name",
    "form_name",
    "section_header",
    "field_type",
    "field_label",
    "select_choices_or_calculations",
    "field_note",
    "text_validation_type_or_show_slider_number",
)
CELLS = ["dose", "meds", "", "text", "Dose, mg", "", "", "number_1dp_comma_decimal"]
DOSE = Field("dose", "meds", "text", {}, "Dose, mg", "number_1dp_comma_decimal")


def read(folder: Path, content: bytes, encoding: str = "utf-8") -> Dictionary:
    path = folder / "dictionary"
    path.write_bytes(content)
    return read_dictionary(path, encoding)


def one_field(
    folder: Path, kind: str, choices: str = "", validation: str = "", name: str = "x"
) -> Field:
    row = [name, "form", "", kind, "A label", choices, "", validation, *[""] * 10]
    return read(folder, csv_bytes([list(DICTIONARY_HEADER), row])).fields[name]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(csv_bytes([list(DICTIONARY_HEADER[:8]), CELLS]), id="as downloaded"),
        pytest.param(csv_bytes([list(R_NAMES), CELLS]), id="with R's names"),
        pytest.param(csv_bytes([list(API_NAMES), CELLS]), id="the API's CSV"),
        pytest.param(
            json.dumps([dict(zip(API_NAMES, CELLS, strict=True))]).encode(), id="the API's JSON"
        ),
        pytest.param(
            b"\xef\xbb\xbf" + csv_bytes([list(DICTIONARY_HEADER[:8]), CELLS]), id="with a BOM"
        ),
        pytest.param(
            csv_bytes([[name.upper() for name in DICTIONARY_HEADER[:8]][::-1], CELLS[::-1]]),
            id="in another order",
        ),
        pytest.param(
            csv_bytes([[*DICTIONARY_HEADER[:8], "Site", "Form.Name"], [*CELLS, "n", "o"]]),
            id="with columns of a site, one of them with a name that is known",
        ),
        pytest.param(
            csv_bytes([list(DICTIONARY_HEADER[:8]), CELLS, [""] * 8]), id="with a row left blank"
        ),
        pytest.param(
            csv_bytes([list(DICTIONARY_HEADER[:8]), CELLS])
            .replace(b",", b";")
            .replace(b"; mg", b", mg"),
            id="with semicolons",
        ),
    ],
)
def test_a_field_is_the_same_however_the_dictionary_is_written(
    tmp_path: Path, content: bytes
) -> None:
    assert read(tmp_path, content).fields == {"dose": DOSE}


def test_labels_in_cp1252_are_read_with_the_setting(tmp_path: Path) -> None:
    content = dictionary_csv((("x", "form", "radio", "1, Café | 2, Thé"),)).decode()

    found = read(tmp_path, content.encode("cp1252"), "cp1252")

    assert found.fields["x"].choices == {"1": "Café", "2": "Thé"}


@pytest.mark.parametrize(
    ("kind", "text", "choices"),
    [
        pytest.param("radio", "0, No | 1, Yes, often", {"0": "No", "1": "Yes, often"}, id="radio"),
        pytest.param(
            "dropdown", "a, A|-1,B| c ,C", {"a": "A", "-1": "B", "c": "C"}, id="odd spaces"
        ),
        pytest.param(
            "radio", "0, 0 = no pain | 10, 10  = worst", {"0": "0 = no pain", "10": "10  = worst"}
        ),
        pytest.param("checkbox", "1, One | | 20, Two |", {"1": "One", "20": "Two"}, id="blanks"),
        pytest.param("radio", "1 | 2, Two", {"1": "1", "2": "Two"}, id="no label"),
        pytest.param("yesno", "", {"1": "Yes", "0": "No"}, id="yes or no"),
        pytest.param("truefalse", "", {"1": "True", "0": "False"}, id="true or false"),
        pytest.param("slider", "low | middle | high", {}, id="a slider's labels"),
        pytest.param("calc", "if([a]=1, 0 | 1, 2)", {}, id="a calculation"),
        pytest.param("sql", "select a, b | c from d", {}, id="a query"),
        pytest.param("text", "BIOPORTAL:RXNORM, x", {}, id="an ontology"),
    ],
)
def test_choices_are_those_of_fields_that_are_chosen_from(
    tmp_path: Path, kind: str, text: str, choices: dict[str, str]
) -> None:
    assert one_field(tmp_path, kind, text).choices == choices


@pytest.mark.parametrize(
    ("kind", "validation", "expected"),
    [
        ("radio", "", "choice"),
        ("dropdown", "autocomplete", "choice"),
        ("yesno", "", "choice"),
        ("checkbox", "", "choices"),
        ("slider", "number", "integer"),
        ("calc", "", "decimal"),
        ("file", "signature", "file"),
        ("notes", "", "text"),
        ("text", "", "text"),
        ("text", "email", "text"),
        ("text", "phone_australia", "text"),
        ("text", "postalcode_australia", "text"),
        ("text", "integer", "integer"),
        ("text", "number", "decimal"),
        ("text", "number_2dp", "decimal"),
        ("text", "number_comma_decimal", "decimal"),
        ("text", "date_dmy", "date"),
        ("text", "date_mdy", "date"),
        ("text", "date_ymd", "date"),
        ("text", "datetime_dmy", "dateTime"),
        ("text", "datetime_seconds_ymd", "dateTime"),
        ("text", "time", "time"),
        ("text", "time_hh_mm_ss", "time"),
        ("text", "time_mm_ss", "text"),
    ],
)
def test_a_field_s_type_is_told_in_the_words_of_every_source(
    tmp_path: Path, kind: str, validation: str, expected: str
) -> None:
    assert one_field(tmp_path, kind, validation=validation).shape.type == expected


def test_a_heading_has_no_shape(tmp_path: Path) -> None:
    shapes = read(tmp_path, dictionary_csv(FIELDS)).shapes

    assert "mood_intro" not in shapes["mood"].fields


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        pytest.param([["a", "f"], ["b", "f"], ["a", "g"]], [2, 4], id="a name that stands twice"),
        pytest.param([["", "f"], ["b", "f"]], [2], id="no name"),
        pytest.param([["a", ""], ["b", ""]], [2, 3], id="no form"),
    ],
)
def test_a_field_without_a_name_of_its_own_or_a_form_is_told_with_its_line(
    tmp_path: Path, rows: list[list[str]], lines: list[int]
) -> None:
    content = csv_bytes(
        [list(DICTIONARY_HEADER[:6]), *([*row, "", "text", "l", ""] for row in rows)]
    )

    with pytest.raises(SourceError) as caught:
        read(tmp_path, content)

    assert [problem.origin.line for problem in caught.value.problems] == lines
    assert str(caught.value).startswith("dictionary cannot be read whole.")
