"""A CSV file is read row by row, and no good row is lost to a bad one."""

from __future__ import annotations

import csv
import gc
import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.errors import Problem, SourceError
from adapter.sources.rows import Row, Table

BOM = b"\xef\xbb\xbf"


def table(folder: Path, content: bytes, encoding: str = "utf-8") -> Table:
    path = folder / "export.csv"
    path.write_bytes(content)
    return Table(path, encoding)


def read(folder: Path, content: bytes, encoding: str = "utf-8") -> list[Row | Problem]:
    return list(table(folder, content, encoding).rows())


def refused(folder: Path, content: bytes, encoding: str = "utf-8") -> Problem:
    with pytest.raises(SourceError) as caught:
        read(folder, content, encoding)
    assert caught.value.exit_code == 11
    assert str(caught.value).startswith("export.csv cannot be read.")
    (problem,) = caught.value.problems
    assert problem.origin.file == "export.csv"
    return problem


def lines(found: list[Row | Problem]) -> list[int | None]:
    """The line of each row, negative where it is a problem."""
    return [row.line if isinstance(row, Row) else -(row.origin.line or 0) for row in found]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        pytest.param("a,b\n1,naïve\n".encode(), "utf-8", id="UTF-8"),
        pytest.param(BOM + "a,b\n1,naïve\n".encode(), "utf-8", id="UTF-8 with a byte-order mark"),
        pytest.param(BOM + "a,b\n1,naïve\n".encode(), "UTF8", id="UTF-8 by another name"),
        pytest.param("a,b\n1,naïve\n".encode("cp1252"), "cp1252", id="CP1252, as the setting says"),
        pytest.param("a,b\n1,naïve\n".encode("utf-16"), "utf-16", id="UTF-16, as the setting says"),
        pytest.param("a,b\r\n1,naïve\r\n".encode(), "utf-8", id="CRLF"),
        pytest.param("a,b\r1,naïve\r".encode(), "utf-8", id="CR alone"),
        pytest.param("a,b\n1,naïve".encode(), "utf-8", id="no line end at the end"),
        pytest.param('"a","b"\n"1","naïve"\n'.encode(), "utf-8", id="everything quoted"),
        pytest.param(" a , b \n1,naïve\n".encode(), "utf-8", id="blanks around names"),
        pytest.param("a,b\n\n1,naïve\n\n".encode(), "utf-8", id="blank lines between"),
    ],
)
def test_a_row_is_read_as_it_was_meant(tmp_path: Path, content: bytes, encoding: str) -> None:
    found = table(tmp_path, content, encoding)

    rows = list(found.rows())

    assert found.header == ["a", "b"]
    assert [row.cells for row in rows if isinstance(row, Row)] == [["1", "naïve"]]


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        pytest.param('1,"x,y"', ["1", "x,y"], id="a comma in quotes"),
        pytest.param('1,"say ""no"""', ["1", 'say "no"'], id="a quote in quotes"),
        pytest.param("1,", ["1", ""], id="an empty cell"),
        pytest.param("1, x ", ["1", " x "], id="blanks are kept"),
        pytest.param('1,"\n\nx\n"', ["1", "\n\nx\n"], id="a note of several lines"),
        pytest.param('1,"x\r\ny"', ["1", "x\r\ny"], id="a note with CRLF"),
        pytest.param(
            '1,"one, two\nthree, four"', ["1", "one, two\nthree, four"], id="commas in it"
        ),
        pytest.param("1,\x85\u2028\x0b", ["1", "\x85\u2028\x0b"], id="other breaks are no lines"),
        pytest.param('1,5" to 6"', ["1", '5" to 6"'], id="two quotes inside an unquoted cell"),
    ],
)
def test_a_cell_keeps_what_was_written(tmp_path: Path, row: str, cells: list[str]) -> None:
    content = f"a,b\n{row}\n9,z\n".encode()

    found = read(tmp_path, content)

    assert [each.cells for each in found if isinstance(each, Row)] == [cells, ["9", "z"]]


def test_the_line_of_a_row_is_where_it_begins(tmp_path: Path) -> None:
    content = b'a,b\n1,"x\ny\nz"\n2,p\n\n3,"q\nr"\n4,s\n'

    found = read(tmp_path, content)

    assert lines(found) == [2, 5, 7, 9]


@pytest.mark.parametrize(
    ("content", "expected", "found", "read_lines"),
    [
        pytest.param(
            b"a,b\n1,x\n2,na\xefve\n3,y\n",
            "text in utf-8",
            "bytes that are not",
            [2, -3, 4],
            id="one byte that is no UTF-8",
        ),
        pytest.param(
            b'a,b\n1,x\n2,"y\n3,z\n4,p\n', "a CSV row", "a quote", [2, -3, 4, 5], id="opened only"
        ),
        pytest.param(
            b'a,b\n1,x\n2,y"\n3,z\n4,p\n', "a CSV row", "a quote", [2, -3, 4, 5], id="closed only"
        ),
        pytest.param(
            b'a,b\n1,x\n2,"y"z\n3,z\n', "a CSV row", "a quote", [2, -3, 4], id="text behind a quote"
        ),
        pytest.param(
            b'a,b\n1,x\n2,y"', "a CSV row", "a quote", [2, -3], id="a stray quote on the last line"
        ),
        pytest.param(
            b'a,b\n1,x\n2,"y\n3,"two\nlines"\n4,p\n',
            "a CSV row",
            "a quote",
            [2, -3, 4, 6],
            id="a stray quote before a note of two lines",
        ),
        pytest.param(b"a,b\n1,x\n2\n3,z\n", "2 cells", "1", [2, -3, 4], id="too few cells"),
        pytest.param(b"a,b\n1,x\n2,y,z\n3,z\n", "2 cells", "3", [2, -3, 4], id="too many cells"),
    ],
)
def test_only_the_broken_line_is_lost(
    tmp_path: Path, content: bytes, expected: str, found: str, read_lines: list[int]
) -> None:
    rows = read(tmp_path, content)

    assert lines(rows) == read_lines
    (problem,) = [row for row in rows if isinstance(row, Problem)]
    assert (problem.origin.file, problem.expected) == ("export.csv", expected)
    assert problem.found.startswith(found)


@pytest.mark.parametrize(
    ("content", "read_lines"),
    [
        pytest.param(
            b'id,b,c\n1,x,p\n2,"y,q\n3,z,r\n4,z",s\n5,y,t\n', [2, -3, 4, -5, 6], id="far apart"
        ),
        pytest.param(
            b'id,b,c\n1,x,p\n2,"y,q\n4,z",s\n5,y,t\n', [2, -3, -4, 5], id="on lines together"
        ),
        pytest.param(
            b'id,b,c\n1,x,p\n"2,y,q\n3,z,r\n4,z",s,t\n5,y,t\n',
            [2, -3, 4, -5, 6],
            id="the first one before a record's number",
        ),
        pytest.param(
            b'id,b,c\n9,"y,q\n10,z,r\n11,z",s\n12,y,t\n',
            [-2, 3, -4, 5],
            id="where numbers get longer",
        ),
    ],
)
def test_rows_between_two_stray_quotes_are_not_taken_for_a_note(
    tmp_path: Path, content: bytes, read_lines: list[int]
) -> None:
    found = read(tmp_path, content)

    assert lines(found) == read_lines


def test_in_a_wide_table_rows_that_begin_differently_are_not_taken_for_a_note(
    tmp_path: Path,
) -> None:
    rows = [["mood", "x"], ["mood", '"y'], ["pain", "z"], ["falls", 'p"'], ["mood", "q"]]
    lines_of = [",".join([form, *"bcdefg", note]) for form, note in rows]

    found = read(tmp_path, "\n".join([",".join("abcdefgh"), *lines_of]).encode())

    assert lines(found) == [2, -3, 4, -5, 6]


def test_a_quote_that_is_never_closed_loses_one_line_of_a_long_file(tmp_path: Path) -> None:
    rows = [f"{number},x" for number in range(2000)]
    rows[700] = '700,"x'
    content = "\n".join(["a,b", *rows]).encode()

    found = read(tmp_path, content)

    assert [row.origin.line for row in found if isinstance(row, Problem)] == [702]
    assert sum(isinstance(row, Row) for row in found) == 1999


def test_without_the_setting_cp1252_is_a_problem_that_says_so(tmp_path: Path) -> None:
    content = "a,b\n1,x\n2,naïve\n".encode("cp1252")

    found = read(tmp_path, content)

    problem = found[1]
    assert isinstance(problem, Problem)
    assert problem.origin.line == 3
    assert "encoding" in problem.action
    assert "cp1252" in problem.action


@pytest.mark.parametrize(
    ("content", "encoding", "expected", "found"),
    [
        pytest.param(b"", "utf-8", "a header", "nothing on the first line", id="empty"),
        pytest.param(b"\na,b\n", "utf-8", "a header", "nothing on the first line", id="blank"),
        pytest.param(
            b"a,b,c,b,a\n",
            "utf-8",
            "a header with each column once",
            "the name of an earlier one at column 4, 5",
            id="names that stand twice",
        ),
        pytest.param(
            b'a,"b\n1,2\n', "utf-8", "a header in CSV", "a quote out of place", id="open quote"
        ),
        pytest.param(
            "a,naïve\n".encode("cp1252"),
            "utf-8",
            "text in utf-8",
            "bytes that are not",
            id="a header in another encoding",
        ),
        pytest.param(
            "a,b\n".encode("utf-16"),
            "utf-8",
            "text in utf-8",
            "bytes in UTF-16",
            id="UTF-16 as UTF-8",
        ),
        pytest.param(b"PK\x03\x04\x14\0", "cp1252", "text", "a spreadsheet", id="an .xlsx"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1", "utf-8", "text", "a spreadsheet", id="an .xls"),
        pytest.param(b"a,b\n1,2\n", "utf-16", "text in utf-16", "bytes", id="UTF-8 as UTF-16"),
        pytest.param(
            b"a,b\n",
            "utf-ate",
            "an encoding that Python knows",
            "`utf-ate`",
            id="an unknown encoding",
        ),
        pytest.param(
            b"a,b\n",
            "hex",
            "an encoding that Python knows",
            "`hex`",
            id="an encoding that is not of text",
        ),
    ],
)
def test_a_file_without_a_readable_header_is_refused_whole(
    tmp_path: Path, content: bytes, encoding: str, expected: str, found: str
) -> None:
    problem = refused(tmp_path, content, encoding)

    assert problem.expected == expected
    assert problem.found.startswith(found)
    assert problem.origin.line in {1, None}


def test_bytes_that_no_line_can_be_made_of_stop_the_reading(tmp_path: Path) -> None:
    content = "a,b\n1,x\n".encode("utf-16") + b"\x00"

    problem = refused(tmp_path, content, "utf-16")

    assert problem.expected == "text in utf-16"


def test_a_file_that_is_not_there_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        Table(tmp_path / "gone.csv")

    (problem,) = caught.value.problems
    assert (problem.origin.file, problem.found) == ("gone.csv", "No such file or directory")


def test_a_missing_header_gives_no_answer_away(tmp_path: Path) -> None:
    content = b"1001,Canary Smith,Canary Smith,1966-04-12,1966-04-12\n"

    problem = refused(tmp_path, content)

    assert "Canary" not in str(problem)
    assert "1966" not in str(problem)


def test_a_header_alone_is_a_file_without_rows(tmp_path: Path) -> None:
    found = table(tmp_path, b"a,b\n")

    rows = list(found.rows())

    assert found.header == ["a", "b"]
    assert rows == []


def test_a_header_may_hold_a_stray_quote_and_its_file_is_still_read(tmp_path: Path) -> None:
    content = b'a,b"c\n1,x\n2,y\n'

    found = table(tmp_path, content)

    assert found.header == ["a", 'b"c']
    assert list(found.rows()) == [Row(2, ["1", "x"]), Row(3, ["2", "y"])]


def test_a_file_may_be_read_again_from_the_start(tmp_path: Path) -> None:
    found = table(tmp_path, b"a,b\n1,x\n")

    first, second = list(found.rows()), list(found.rows())

    assert first == second == [Row(2, ["1", "x"])]


def peak_bytes(folder: Path, count: int) -> int:
    """The most memory that reading so many rows takes."""
    content = "a,b\n" + "".join(f'{number},"note {number}\nline"\n' for number in range(count))
    found = table(folder, content.encode())
    del content
    gc.collect()
    tracemalloc.start()
    try:
        for _ in found.rows():
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_ten_times_the_rows_take_no_more_memory(tmp_path: Path) -> None:
    peak_bytes(tmp_path, 10)  # what is made once, such as compiled patterns

    few, many = peak_bytes(tmp_path, 1_000), peak_bytes(tmp_path, 10_000)

    assert many <= 1.5 * few


NUMBERS = st.integers(min_value=0, max_value=10_000).map(str)
CELLS = st.text(st.characters(exclude_categories=["Cs", "Nd"]), max_size=12)


@given(rows=st.lists(st.tuples(NUMBERS, CELLS, CELLS).map(list), max_size=8))
@settings(max_examples=200, deadline=None)
def test_what_the_standard_writer_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([["a", "b", "c"], *rows])

    found = read(tmp_path_factory.mktemp("csv"), text.getvalue().encode())

    assert [row.cells if isinstance(row, Row) else None for row in found] == rows


LINES = [f"{number},note {number},x{number}\n".encode() for number in range(1, 9)]
MUTATION = st.tuples(
    st.integers(min_value=0, max_value=sum(map(len, LINES))),
    st.sampled_from(
        [b'"', b"\n", b"\r", b",", b"\xff", b"\x81", b"", b'""', b",,", b'"\n"', b"\0"]
    ),
    st.integers(min_value=0, max_value=3),
)


@given(mutations=st.lists(MUTATION, max_size=2))
@settings(max_examples=300, deadline=None)
def test_lines_that_nobody_touched_are_read_or_reported(
    tmp_path_factory: pytest.TempPathFactory, mutations: list[tuple[int, bytes, int]]
) -> None:
    body = b"".join(LINES)
    for place, put_in, taken_out in mutations:
        body = body[:place] + put_in + body[place + taken_out :]

    found = read(tmp_path_factory.mktemp("csv"), b"a,b,c\n" + body)

    whole = {tuple(row.cells) for row in found if isinstance(row, Row)}
    reported = {row.origin.line for row in found if isinstance(row, Problem)}
    text = (b"a,b,c\n" + body).decode("utf-8", "surrogateescape")
    for number, line in enumerate(io.StringIO(text, newline=""), start=1):
        if line.encode("utf-8", "surrogateescape") in LINES:
            cells = tuple(line.rstrip("\n").split(","))
            assert cells in whole or number in reported
