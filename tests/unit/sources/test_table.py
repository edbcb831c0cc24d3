"""CSV files are held to their contract, and the contract to itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.errors import DeclarationError, Problem, SourceError
from adapter.instruments.response import Record
from adapter.sources.table import TableFiles, read_contract
from tests.unit.ingest.project import STUDY, csv_bytes, study

CANARY = "Canary-4711"
CONTRACT = """\
kind: contract
source: made up for tests
tables:
  - file: answers.csv
    form: mood
    decimal_comma: true
    record_column: subject
    event_column: visit
    repeat_column: nr
    completed_at_column: done
    state: {column: status, complete: [locked], unverified: [entered], incomplete: [open]}
    columns:
      mood_1: {type: choice, codes: {0: Never, 1: "Often, or always"}}
      places: {type: choices, codes: {home: At home, -1: Elsewhere}}
      whole: {type: integer}
      number: {type: decimal, label: How much}
      day: {type: date}
      moment: {type: dateTime}
      hour: {type: time}
      note: {}
"""
KEYS = {"subject": "1", "visit": "week_0_arm_1", "nr": "", "done": "", "status": "locked"}
COLUMNS = (
    *KEYS,
    *("mood_1", "places___home", "places____1", "whole", "number", "day", "moment", "hour"),
    "note",
)


def source(folder: Path, *rows: dict[str, str], contract: str = CONTRACT) -> TableFiles:
    written = [[{**KEYS, **row}.get(name, "") for name in COLUMNS] for row in rows]
    (folder / "answers.csv").write_bytes(csv_bytes([list(COLUMNS), *written]))
    return opened(folder, contract)


def opened(folder: Path, contract: str) -> TableFiles:
    path = folder / "contract.yaml"
    path.write_text(contract, "utf-8")
    return TableFiles(path, read_contract(path), study(STUDY))


def read(folder: Path, *rows: dict[str, str]) -> list[Record | Problem]:
    return list(source(folder, *rows).records(frozenset({"mood"})))


def values(folder: Path, **cells: str) -> dict[str, str]:
    (record,) = read(folder, cells)
    assert isinstance(record, Record), record
    return dict(record.values)


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        pytest.param("mood_1", "1", "1", id="a code"),
        pytest.param("mood_1", " 1 ", "1", id="a code with blanks"),
        pytest.param("mood_1", "-97", "-97", id="a missing-data code for a choice"),
        pytest.param("places___home", "1", "1", id="a box"),
        pytest.param("places____1", "1", "1", id="a box of a negative code"),
        pytest.param("whole", "-12", "-12", id="a whole number"),
        pytest.param("whole", "-97", "-97", id="a missing-data code for a number"),
        pytest.param("number", "1,5", "1.5", id="a decimal comma"),
        pytest.param("number", "1.5", "1.5", id="a decimal point"),
        pytest.param("day", "2024-02-29", "2024-02-29", id="a day"),
        pytest.param("day", "-97", "-97", id="a missing-data code for a day"),
        pytest.param("moment", "2024-02-29 10:15", "2024-02-29 10:15", id="a moment"),
        pytest.param("moment", "2024-02-29T10:15:59", "2024-02-29T10:15:59", id="with seconds"),
        pytest.param("hour", "10:15", "10:15", id="a time of day"),
        pytest.param("note", " as it is, 1,5 ", " as it is, 1,5 ", id="a text"),
    ],
)
def test_a_cell_that_keeps_the_contract_is_read(
    tmp_path: Path, name: str, raw: str, expected: str
) -> None:
    assert values(tmp_path, **{name: raw}) == {name: expected}


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        ("mood_1", CANARY, "one of the codes 0, 1"),
        ("mood_1", "01", "one of the codes 0, 1"),
        ("places___home", "yes", "0 or 1"),
        ("places___home", "-97", "0 or 1"),
        ("whole", "1.5", "a whole number"),
        ("whole", CANARY, "a whole number"),
        ("number", "1.540,5", "a number"),
        ("day", "29/02/2024", "a date YYYY-MM-DD"),
        ("moment", "2024-02-29", "a date and time YYYY-MM-DD HH:MM:SS, with or without seconds"),
        ("hour", "10.15", "a time of day HH:MM, with or without seconds"),
        ("status", CANARY, "one of the words open, entered, locked"),
    ],
)
def test_a_cell_that_breaks_the_contract_costs_its_row(
    tmp_path: Path, name: str, raw: str, expected: str
) -> None:
    found = read(tmp_path, {"note": "x", name: raw}, {"subject": "2", "note": "y"})

    problem, record = found
    assert isinstance(problem, Problem)
    assert (problem.origin.file, problem.origin.line) == ("answers.csv", 2)
    assert (problem.field, problem.expected) == (name, f"`{name}`: {expected}")
    assert CANARY not in str(problem)
    assert isinstance(record, Record)


def test_all_cells_of_a_row_that_break_the_contract_are_told_at_once(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, {"mood_1": "9", "whole": "x", "status": "lost"})

    assert isinstance(problem, Problem)
    assert problem.field == "mood_1, whole, status"


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        pytest.param({"subject": " "}, "subject", id="no participant"),
        pytest.param({"subject": "1\x0b2"}, "subject", id="a participant with a control sign"),
        pytest.param({"nr": "0"}, "nr", id="an instance of zero"),
        pytest.param({"nr": CANARY}, "nr", id="an instance in words"),
    ],
)
def test_a_row_that_cannot_be_told_apart_is_one_problem(
    tmp_path: Path, cells: dict[str, str], field: str
) -> None:
    (problem,) = read(tmp_path, {"mood_1": "9", **cells})

    assert isinstance(problem, Problem)
    assert problem.field == field
    assert CANARY not in str(problem)


@pytest.mark.parametrize(
    ("word", "complete"), [("locked", "2"), ("entered", "1"), ("open", "0")], ids=str
)
def test_the_state_of_a_row_is_told_in_the_words_of_the_contract(
    tmp_path: Path, word: str, complete: str
) -> None:
    (record,) = read(tmp_path, {"note": "x", "status": word, "done": "2024-02-01 10:00"})

    assert isinstance(record, Record)
    assert (record.complete, record.completed_at) == (complete, "2024-02-01 10:00")


def test_without_a_state_every_row_is_complete(tmp_path: Path) -> None:
    contract = CONTRACT.replace(CONTRACT.splitlines()[10] + "\n", "")

    (record,) = source(tmp_path, {"note": "x"}, contract=contract).records(frozenset({"mood"}))

    assert isinstance(record, Record)
    assert record.complete == ""


def test_all_rows_of_a_file_may_belong_to_one_event(tmp_path: Path) -> None:
    contract = CONTRACT.replace("event_column: visit", "event: week_4_arm_1")

    (record,) = source(tmp_path, {"note": "x"}, contract=contract).records(frozenset({"mood"}))

    assert isinstance(record, Record)
    assert record.event == "week_4_arm_1"


def test_a_form_may_stand_in_several_files(tmp_path: Path) -> None:
    table = CONTRACT[CONTRACT.index("  - file") :]
    (tmp_path / "later.csv").write_bytes(csv_bytes([list(COLUMNS), ["2", *[""] * 12, "later"]]))
    later = table.replace("answers.csv", "later.csv").replace("[locked]", '[locked, ""]')

    found = source(tmp_path, {"note": "x"}, contract=CONTRACT + later)

    records = list(found.records(frozenset({"mood"})))
    assert [each.origin.file for each in records] == ["answers.csv", "later.csv"]
    assert list(found.shapes) == ["mood"]


def test_what_is_said_of_people_is_told_together_whatever_file_it_stands_in(tmp_path: Path) -> None:
    contract = """\
kind: contract
source: made up for tests
tables:
  - {file: a.csv, form: participant, record_column: id, columns: {enrol_date: {type: date}}}
  - {file: b.csv, form: consent, record_column: id, columns: {agree_research: {}}}
"""
    (tmp_path / "a.csv").write_text("id,enrol_date\n1,2024-02-01\n2,soon\n3,2024-02-03\n")
    (tmp_path / "b.csv").write_text("id,agree_research\n3,1\n2,1\n1,0\nshort\n")
    found = opened(tmp_path, contract)

    both = list(found.records(frozenset({"participant", "consent"})))
    neither = list(found.records(frozenset({"mood"})))

    told = [(each.participant, each.form) for each in both if isinstance(each, Record)]
    assert told == [
        ("1", "participant"),
        ("1", "consent"),
        ("3", "participant"),
        ("3", "consent"),
        ("2", "consent"),
    ]
    problems = [each for each in both if isinstance(each, Problem)]
    assert [(each.origin.file, each.origin.line, each.origin.record) for each in problems] == [
        ("a.csv", 3, "2"),
        ("b.csv", 5, "1"),  # nobody knows whose it is: perhaps of who stands before it
        ("b.csv", 5, ""),
    ]
    # A row that breaks the contract is told whichever form is read, and once.
    assert neither == [problems[0], problems[2]]


def test_of_people_no_row_is_told_that_is_about_something_else(tmp_path: Path) -> None:
    contract = """\
kind: contract
source: made up for tests
tables:
  - file: all.csv
    form_column: form
    record_column: id
    columns: {agree_research: {form: consent}, pain: {form: pain, type: integer}}
"""
    (tmp_path / "all.csv").write_text("id,form,agree_research,pain\n1,consent,1,\n1,pain,,bad\n")
    found = opened(tmp_path, contract)

    about_people = list(found.records(frozenset({"consent"})))
    all_of_it = list(found.records(frozenset({"pain"})))

    assert [type(each) for each in (*about_people, *all_of_it)] == [Record, Problem]


def test_the_column_that_names_the_form_is_held_to_the_contract(tmp_path: Path) -> None:
    contract = """\
kind: contract
source: made up for tests
tables:
  - file: all.csv
    form_column: what
    record_column: id
    columns:
      mood_1: {form: mood, type: choice, codes: {1: One}}
      pain_now: {form: pain, type: integer}
"""
    (tmp_path / "all.csv").write_text(
        f"what,id,mood_1,pain_now\nmood,1,1,\npain,1,,7\n{CANARY},1,1,\nmood,1,1,7\n"
    )

    found = list(opened(tmp_path, contract).records(frozenset({"mood", "pain"})))

    assert [each.form for each in found if isinstance(each, Record)] == ["mood", "pain"]
    problems = [each for each in found if isinstance(each, Problem)]
    assert [(each.origin.line, each.field) for each in problems] == [(4, "what"), (5, "pain")]
    assert CANARY not in str(problems)


def test_a_file_without_a_column_that_tells_rows_apart_is_refused(tmp_path: Path) -> None:
    (tmp_path / "answers.csv").write_text("subject,mood_1,nr\n1,1,\n")

    with pytest.raises(SourceError) as caught:
        opened(tmp_path, CONTRACT)

    assert [problem.field for problem in caught.value.problems] == ["visit", "status", "done"]


def test_columns_that_a_form_reads_and_the_contract_or_the_file_lacks_are_told(
    tmp_path: Path,
) -> None:
    (tmp_path / "answers.csv").write_text(
        "subject,visit,nr,done,status,mood_1,extra\n1,week_0_arm_1,,,locked,1,x\n"
    )
    found = opened(tmp_path, CONTRACT)

    problems = found.missing_columns("mood", ("mood_1", "note", "extra", "places___home"))

    assert [problem.field for problem in problems] == ["note", "extra", "places___home"]
    assert {str(problem.origin) for problem in problems} == {"answers.csv:1"}


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        opened(tmp_path, CONTRACT)

    assert caught.value.problems[0].found == "No such file or directory"


@pytest.mark.parametrize(
    ("old", "new", "place", "line"),
    [
        pytest.param("    form: mood\n", "", "tables.0", 4, id="no form"),
        pytest.param(
            "    form: mood\n",
            "    form: mood\n    form_column: f\n",
            "tables.0",
            4,
            id="two forms",
        ),
        pytest.param(
            "    event_column: visit\n",
            "    event_column: visit\n    event: x\n",
            "tables.0",
            4,
            id="two events",
        ),
        pytest.param("note: {}", "note: {form: x}", "tables.0.columns.note", 20, id="a form"),
        pytest.param("note: {}", "note: {codes: {1: A}}", "tables.0.columns.note", 20, id="codes"),
        pytest.param(
            "note: {}", "note: {type: choice}", "tables.0.columns.note", 20, id="no codes"
        ),
        pytest.param("note: {}", "nr: {}", "tables.0.columns.nr", 20, id="a key"),
        pytest.param(
            "note: {}", "note: {type: words}", "tables.0.columns.note.type", 20, id="type"
        ),
        pytest.param(
            "0: Never",
            "yes: Never",
            "tables.0.columns.mood_1.codes.1.[key]",
            13,
            id="a code that is yes",
        ),
        pytest.param("kind: contract", "kind: form", "kind", 1, id="another kind"),
    ],
)
def test_a_contract_that_does_not_hold_together_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, place: str, line: int
) -> None:
    path = tmp_path / "contract.yaml"
    assert CONTRACT.count(old) == 1
    path.write_text(CONTRACT.replace(old, new), "utf-8")

    with pytest.raises(DeclarationError) as caught:
        read_contract(path)

    assert [(each.field, each.origin.line) for each in caught.value.problems][:1] == [(place, line)]


def test_a_form_that_two_files_declare_differently_is_told(tmp_path: Path) -> None:
    table = CONTRACT[CONTRACT.index("  - file") :]
    path = tmp_path / "contract.yaml"
    path.write_text(CONTRACT + table.replace("whole: {type: integer}", "whole: {}"), "utf-8")

    with pytest.raises(DeclarationError) as caught:
        read_contract(path)

    assert [problem.field for problem in caught.value.problems] == ["tables.1.columns.whole"]


@pytest.mark.parametrize(
    ("content", "found"),
    [(None, "No such file or directory"), (b"\xff", "bytes that are not UTF-8")],
    ids=["gone", "bytes"],
)
def test_a_contract_that_cannot_be_read_is_told(
    tmp_path: Path, content: bytes | None, found: str
) -> None:
    path = tmp_path / "contract.yaml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(DeclarationError) as caught:
        read_contract(path)

    assert [problem.found for problem in caught.value.problems] == [found]
