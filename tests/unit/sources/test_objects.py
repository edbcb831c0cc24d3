"""A JSON file is read object by object, and each object's text is kept as it was written."""

from __future__ import annotations

import gc
import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.errors import Problem, SourceError
from adapter.sources.files import open_rows
from adapter.sources.objects import MOST_NAMES, Objects, objects_in_file
from adapter.sources.rows import Row, Table

LONG = 70_000  # longer than what is read from the file at once
CANARY = "Canary-4711"


def objects(folder: Path, content: bytes, encoding: str = "utf-8") -> Objects:
    path = folder / "export.json"
    path.write_bytes(content)
    return objects_in_file(path, encoding)


def cells(folder: Path, content: bytes, encoding: str = "utf-8") -> list[list[str] | None]:
    rows = objects(folder, content, encoding).rows()
    return [row.cells if isinstance(row, Row) else None for row in rows]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b'[{"a":"1","b":"x"},{"a":"2","b":""}]', [["1", "x"], ["2", ""]], id="plain"),
        pytest.param(b" \n[ ]\n", [], id="an empty list"),
        pytest.param(b'[{"a":"1"},{"b":"2"}]', [["1", ""], ["", "2"]], id="names left out"),
        pytest.param(b'[{"a":1.50,"b":-0},{"a":1e5,"b":null}]', [["1.50", "-0"], ["1e5", ""]]),
        pytest.param(b'[{"a":"\\u00e9\\n","b":"\\""}]', [["é\n", '"']], id="escapes"),
        pytest.param(b"[{}]", [[]], id="an object of nothing"),
        pytest.param(b'[{"a":"1"},[2],"3",4,null,{"a":"5"}]', [["1"], *[None] * 4, ["5"]]),
        pytest.param(b'[{"a":true},{"a":["1"]},{"a":{"b":"1"}},{"a":NaN}]', [None] * 4),
        pytest.param(b'[{"a":"1","a":"2"},{"a":"3"}]', [None, ["3"]], id="a name twice"),
        pytest.param(b'[{"a":"\xff"},{"a":"x"}]', [None, ["x"]], id="a byte that is no UTF-8"),
        pytest.param(b'[{"a":"\\ud800"},{"a":"x"}]', [None, ["x"]], id="half a sign"),
        pytest.param(
            b'[{"a":"' + b"x" * LONG + b'"},{"a":' + b"7" * LONG + b"}]",
            [["x" * LONG], ["7" * LONG]],
            id="longer than one reading",
        ),
        pytest.param(b"[" + b" " * 65_533 + b"12345]", [None], id="a number in two readings"),
    ],
)
def test_every_object_is_a_row_and_what_is_none_is_told(
    tmp_path: Path, content: bytes, expected: list[list[str] | None]
) -> None:
    assert cells(tmp_path, content) == expected


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        pytest.param('[{"a":"naïve"}]'.encode("utf-8-sig"), "utf-8", id="UTF-8 with a BOM"),
        pytest.param('[{"a":"naïve"}]'.encode("utf-8-sig"), "cp1252", id="a BOM is believed"),
        pytest.param('[{"a":"naïve"}]'.encode("cp1252"), "cp1252", id="CP1252"),
        pytest.param('[{"a":"naïve"}]'.encode("utf-16"), "utf-16", id="UTF-16"),
    ],
)
def test_a_list_is_read_in_its_encoding(tmp_path: Path, text: bytes, encoding: str) -> None:
    assert cells(tmp_path, text, encoding) == [["naïve"]]


def test_a_row_says_where_it_stands(tmp_path: Path) -> None:
    content = b'[\n{"a":"1"},\n{"a":\n"2"}, {"a":"3"},\n4]'

    found = list(objects(tmp_path, content).rows())

    assert [row.line for row in found if isinstance(row, Row)] == [2, 3, 4]
    assert [row.place for row in found if isinstance(row, Row)] == ["entry 1", "entry 2", "entry 3"]
    (problem,) = [row for row in found if isinstance(row, Problem)]
    assert (problem.origin.line, problem.field) == (5, "entry 4")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b'{"error":"no rights"}', id="an object"),
        pytest.param(b'[{"a":"1"}', id="a list that does not end"),
        pytest.param(b'[{"a":"1"},]', id="a comma too many"),
        pytest.param(b'[{"a":"1"} {"a":"2"}]', id="a comma too few"),
        pytest.param(b'[{"a":"1"}] x', id="more behind it"),
        pytest.param(b'[{"a":"1}]', id="a text that does not end"),
        pytest.param(b'[{"a":"1"},{a:2}]', id="a name without quotes"),
        pytest.param(b"[" * 100_000, id="nested for ever"),
        pytest.param(b'[{"a":' * 50_000 + b"1" + b"}]" * 50_000, id="nested very deep"),
        pytest.param(b"[1\x00]", id="a zero byte"),
    ],
)
def test_what_is_no_list_in_json_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(SourceError) as caught:
        objects(tmp_path, content)

    (problem,) = caught.value.problems
    assert problem.expected == "a list in JSON"
    assert (problem.origin.file, problem.origin.line) == ("export.json", 1)


def test_a_file_that_broke_off_is_refused_after_what_can_be_read(tmp_path: Path) -> None:
    found = objects(tmp_path, b'[{"a":"1"},\n{"a":"2"}]')
    (tmp_path / found.name).write_bytes(b'[{"a":"1"},\n{"a":')
    rows = found.rows()

    first = next(rows)

    assert isinstance(first, Row)
    with pytest.raises(SourceError) as caught:
        next(rows)
    assert caught.value.problems[0].origin.line == 2


def test_half_a_file_in_utf_16_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        objects(tmp_path, "[1]".encode("utf-16") + b"\x00", "utf-16")

    assert caught.value.problems[0].expected == "text in utf-16"


def test_no_message_holds_what_stands_in_an_object(tmp_path: Path) -> None:
    content = json.dumps([CANARY, {"a": [CANARY]}, {"b": CANARY + "\ud800"}]).encode()

    found = list(objects(tmp_path, content).rows())

    assert len(found) == 3
    assert CANARY not in str(found)


def test_more_names_than_a_project_has_are_refused(tmp_path: Path) -> None:
    content = json.dumps([{f"n{number}": "1"} for number in range(MOST_NAMES + 1)]).encode()

    with pytest.raises(SourceError) as caught:
        objects(tmp_path, content)

    assert caught.value.problems[0].found == "more"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        pytest.param(b' \r\n\t[{"a":"1"}]', Objects, id="JSON"),
        pytest.param(b'\xef\xbb\xbf[{"a":"1"}]', Objects, id="JSON with a BOM"),
        pytest.param(b"a,b\n1,2\n", Table, id="CSV"),
    ],
)
def test_the_first_sign_tells_json_from_csv(
    tmp_path: Path, content: bytes, kind: type[Objects | Table]
) -> None:
    path = tmp_path / "export"
    path.write_bytes(content)

    assert isinstance(open_rows(path), kind)


def peak_bytes(folder: Path, count: int) -> int:
    found = objects(
        folder, json.dumps([{"a": str(n), "b": "x" * 50} for n in range(count)]).encode()
    )
    gc.collect()
    tracemalloc.start()
    try:
        for _ in found.rows():
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_ten_times_the_objects_take_no_more_memory(tmp_path: Path) -> None:
    peak_bytes(tmp_path, 10)

    few, many = peak_bytes(tmp_path, 5_000), peak_bytes(tmp_path, 50_000)

    assert many <= 1.5 * few


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(
    rows=st.lists(st.tuples(TEXTS, TEXTS).map(list), max_size=8),
    indent=st.sampled_from([None, 0, 3]),
)
def test_what_the_standard_writer_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], indent: int | None
) -> None:
    entries = [{"a": first, "b": second} for first, second in rows]
    content = json.dumps(entries, indent=indent, ensure_ascii=False).encode()

    assert cells(tmp_path_factory.mktemp("json"), content) == rows
