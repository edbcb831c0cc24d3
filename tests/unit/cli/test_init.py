"""`adapter init`: from what a database says of itself to files that only a person can finish."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from adapter.cli import main
from tests.conformance.formats import FORMATS, Format
from tests.unit.ingest.project import DICTIONARY_HEADER, csv_bytes

ROOT = Path(__file__).parents[3]
FIXTURES = ROOT / "fixtures"
BUNDLED = {
    "idbt-pain": ("--events", "events.csv", "--event-forms", "instrument-event-mapping.csv"),
    "next-trial": (),
}
FILLED_IN = {
    "# base: ": "base: https://trial.example.org/fhir",
    "# status: ": "status: active",
    "# timezone: ": "timezone: Australia/Sydney",
    "# therapy: ": "therapy: {{title: Something new}}",
    "  # form: ": "  form: {form}",
    "  # status: ": "  status: the trial's own",
}
TO_FILL_IN = re.compile(r"the word `(base|status|timezone|form)`")


def init(out: Path, *arguments: str | Path) -> int:
    return main(["init", *map(str, arguments), "--out", str(out)])


def of_bundled(name: str, out: Path) -> int:
    folder = FIXTURES / name
    lists = [folder / word if word.endswith(".csv") else word for word in BUNDLED[name]]
    given = ("--dictionary", folder / "dictionary.csv", "--records", folder / "records.csv")
    return init(out, *given, *lists)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The study's key, which a draft names and no draft makes."""
    monkeypatch.setenv("ADAPTER_STUDY_KEY", "a key of the tests that is no secret")


def findings(out: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    capsys.readouterr()
    main(["check", "--config", str(out / "adapter.toml"), "--json"])
    listed: list[dict[str, str]] = json.loads(capsys.readouterr().out)["findings"]
    return listed


def fill_in(out: Path, form: str = "participant") -> None:
    """Does what a person would: writes what the draft leaves open."""
    for path in (out / "study.yaml", *(out / "instruments").glob("*.yaml")):
        lines = path.read_text("utf-8").splitlines()
        for begin, word in FILLED_IN.items():
            lines = [word.format(form=form) if line.startswith(begin) else line for line in lines]
        path.write_text("\n".join(lines) + "\n", "utf-8")


@pytest.mark.parametrize("name", BUNDLED)
def test_all_that_is_left_to_find_is_what_a_person_has_to_fill_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    out = tmp_path / "trial"

    assert of_bundled(name, out) == 0

    first = findings(out, capsys)
    assert first
    assert all(TO_FILL_IN.fullmatch(each["expected"]) for each in first)
    fill_in(out)
    assert {each["severity"] for each in findings(out, capsys)} <= {"warning"}


@pytest.mark.parametrize("name", BUNDLED)
def test_every_form_that_a_person_mapped_is_mapped_alike(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    of_bundled(name, tmp_path / "trial")

    studies = {"idbt-pain": ROOT / "mappings/studies/idbt-pain.yaml"}
    by_hand = studies.get(name, FIXTURES / name / "study.yaml").read_text("utf-8")
    drafted = (tmp_path / "trial" / "study.yaml").read_text("utf-8")
    assert placements(by_hand) - placements(drafted) == Counter()
    capsys.readouterr()


def placements(study: str) -> Counter[tuple[str, str]]:
    pairs = re.findall(r"form: ([\w.-]+),?\s+source_form: ([\w.-]+)", study)
    return Counter(pairs)


def test_events_become_timepoints_with_their_weeks_and_windows(tmp_path: Path) -> None:
    of_bundled("idbt-pain", tmp_path / "trial")

    study = (tmp_path / "trial" / "study.yaml").read_text("utf-8")

    assert "- {id: week-9, title: Week 9, week: 9, event: week_9_arm_1, closes_days: 42}" in study
    assert "- {id: ongoing, title: Ongoing, event: ongoing_arm_1}" in study
    assert "source_form: adverse_event, at: [ongoing]}" in study


def test_without_a_list_of_events_those_of_the_export_are_taken(tmp_path: Path) -> None:
    of_bundled("next-trial", tmp_path / "trial")

    study = (tmp_path / "trial" / "study.yaml").read_text("utf-8")

    assert "- {id: week-6, title: Week 6, event: week_6_arm_1}" in study
    assert "strike out timepoints at which it is not" in study


def test_columns_of_another_name_are_renamed(tmp_path: Path) -> None:
    of_bundled("next-trial", tmp_path / "trial")

    study = (tmp_path / "trial" / "study.yaml").read_text("utf-8")

    assert "fields: {peg_1: pain_average, peg_2: pain_enjoyment, peg_3: pain_activity}}" in study


def test_a_recognised_instrument_is_the_very_file(tmp_path: Path) -> None:
    of_bundled("idbt-pain", tmp_path / "trial")

    for path in (tmp_path / "trial" / "instruments").glob("*.yaml"):
        known = ROOT / "mappings" / "instruments" / path.name
        if known.exists():
            assert path.read_bytes() == known.read_bytes()


def test_a_file_that_is_there_is_left_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "trial"
    of_bundled("next-trial", out)
    before = {path: path.read_bytes() for path in out.rglob("*.yaml")}
    (out / "study.yaml").write_text("mine\n", "utf-8")
    (out / "instruments" / "peg.yaml").unlink()
    capsys.readouterr()

    of_bundled("next-trial", out)

    said = capsys.readouterr().out
    assert "kept as it was: study.yaml" in said
    assert "written: instruments/peg.yaml" in said
    assert (out / "study.yaml").read_text("utf-8") == "mine\n"
    assert {path: path.read_bytes() for path in before if path.name != "study.yaml"} == {
        path: text for path, text in before.items() if path.name != "study.yaml"
    }


AWKWARD = (
    ("id", "people", "text", "Number", "", "", ""),
    ("e_mail", "visit", "text", "How to reach you", "", "email", ""),
    ("last_name", "visit", "text", "", "", "", ""),
    ("code_word", "visit", "text", "A secret", "", "", "y"),
    ("comments", "visit", "notes", "Anything else?", "", "", ""),
    ("scan", "visit", "file", "Upload", "", "", ""),
    ("bmi", "visit", "calc", "BMI", "[w]/[h]^2", "", ""),
    ("hello", "visit", "descriptive", "Welcome", "", "", ""),
    ("9_lives", "visit", "radio", 'A "label": # yes?', "no, No | 01, Ein Häuschen | 1, x", "", ""),
    ("yes", "visit", "yesno", "Yes", "", "", ""),
    ("tired", "visit", "checkbox", "Tired", "1, now | -1, never", "", ""),
    ("pulse", "visit", "text", "Pulse", "", "integer", ""),
    ("weight", "visit", "text", "Weight", "", "number_1dp", ""),
    ("seen", "visit", "text", "Seen", "", "datetime_seconds_dmy", ""),
    ("a_name_that_goes_on_and_on_and_on_for_ever_and_ever_1", "visit", "text", "", "", "", ""),
    ("a_name_that_goes_on_and_on_and_on_for_ever_and_ever_2", "visit", "text", "", "", "", ""),
)


@pytest.fixture
def awkward(tmp_path: Path) -> Path:
    """A draft of a dictionary with everything that is not easy."""
    rows = [
        [name, form, "", kind, label, choices, "", validation, "", "", marked, *[""] * 7]
        for name, form, kind, label, choices, validation, marked in AWKWARD
    ]
    (tmp_path / "dictionary.csv").write_bytes(csv_bytes([list(DICTIONARY_HEADER), *rows]))
    (tmp_path / "records.csv").write_bytes(b"id,visit_complete\n")
    assert init(tmp_path / "out", "--dictionary", tmp_path / "dictionary.csv") == 0
    (tmp_path / "out" / "records.csv").write_bytes(
        csv_bytes([["id", *_columns(), "people_complete", "visit_complete"]])
    )
    return tmp_path / "out"


def _columns() -> list[str]:
    boxes = ["tired___1", "tired____1"]
    names = [name for name, _, kind, *_ in AWKWARD[1:] if kind not in {"descriptive", "checkbox"}]
    return [*names, *boxes]


def test_an_unknown_form_is_drafted_with_its_types_and_codes(
    awkward: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (awkward / "instruments" / "visit.yaml").read_text("utf-8")

    assert '"9-lives-codes": [{value: "no"}, {value: "01"}, {value: "1"}]' in text
    assert '{link_id: "9-lives", field: "9_lives", type: choice, options: "9-lives-codes"}' in text
    assert '{link_id: "yes", field: "yes", type: boolean}' in text
    assert (
        "{link_id: tired, field: tired, type: choice, options: tired-codes, repeats: true}" in text
    )
    assert "{link_id: pulse, field: pulse, type: integer}" in text
    assert "{link_id: weight, field: weight, type: decimal}" in text
    assert "{link_id: seen, field: seen, type: dateTime}" in text
    fill_in(awkward)
    assert findings(awkward, capsys) == []


def test_the_day_of_a_withdrawal_is_proposed_as_no_other_day(tmp_path: Path) -> None:
    days = {
        "first_day": "Enrolled on",
        "last_day": "Last visit",
        "left_on": "Left: day of the withdrawal",
        "consent_revoked": "Day",
    }
    rows = [["id", "people", "", "text", *[""] * 14]]
    rows += [
        [name, "people", "", "text", label, "", "", "date_ymd", *[""] * 10]
        for name, label in days.items()
    ]
    (tmp_path / "dictionary.csv").write_bytes(csv_bytes([list(DICTIONARY_HEADER), *rows]))

    assert init(tmp_path / "out", "--dictionary", tmp_path / "dictionary.csv") == 0

    told = (tmp_path / "out" / "study.yaml").read_text("utf-8")
    assert "# enrolled: fill in a column of that form; it may be first_day\n" in told
    assert "# completed: fill in a column of that form; it may be last_day\n" in told


@pytest.mark.parametrize(
    ("field", "why"),
    [
        ("e_mail", "identifier"),
        ("last_name", "identifier"),
        ("code_word", "identifier"),
        ("comments", "free text"),
        ("scan", "file"),
        ("bmi", "computed"),
    ],
)
def test_what_would_tell_who_somebody_is_is_left_out_and_said(
    awkward: Path, field: str, why: str
) -> None:
    text = (awkward / "instruments" / "visit.yaml").read_text("utf-8")

    assert f"field: {field}," not in text
    assert re.search(rf"# skip {field}: .*{why}", text)


def test_no_label_stands_in_a_draft(awkward: Path) -> None:
    text = (awkward / "instruments" / "visit.yaml").read_text("utf-8")

    assert "wording: withheld" in text
    assert not any(label in text for label in ("Häuschen", "label", "Pulse", "Tired"))


@pytest.mark.parametrize("kind", [each for each in FORMATS if each.name.startswith("ODM")])
def test_an_odm_file_is_drafted_with_its_forms_events_and_source(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: Format
) -> None:
    (tmp_path / "given").mkdir()
    kind.open_source(tmp_path / "given", [])
    out = tmp_path / "trial"

    assert init(out, "--odm", tmp_path / "given" / "study.xml") == 0

    study = (out / "study.yaml").read_text("utf-8")
    assert 'file = "../given/study.xml"' in (out / "adapter.toml").read_text("utf-8")
    assert "source_form: mood, at: [week-0-arm-1, week-4-arm-1, log-arm-1]" in study
    first = findings(out, capsys)
    assert all(TO_FILL_IN.fullmatch(each["expected"]) for each in first)
    fill_in(out)
    assert {each["severity"] for each in findings(out, capsys)} <= {"warning"}


def test_what_is_said_can_be_read_by_a_program(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dictionary = FIXTURES / "next-trial" / "dictionary.csv"

    init(tmp_path / "trial", "--dictionary", dictionary, "--json")

    said = json.loads(capsys.readouterr().out)
    assert said["files"]["study.yaml"] == "written"
    assert said["forms"]["gad7"].startswith("gad-7")
    assert said.keys() == {"files", "forms", "near"}


def test_what_is_nearly_known_is_told_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (FIXTURES / "next-trial" / "dictionary.csv").read_text("utf-8")
    (tmp_path / "dictionary.csv").write_text(re.sub(r"(?m)^gad7_7,.*\n", "", text), "utf-8")

    init(tmp_path / "trial", "--dictionary", tmp_path / "dictionary.csv")

    said = capsys.readouterr().out
    assert "gad7 is not taken for gad-7: no field was found for gad7_7" in said


def test_a_dictionary_that_is_none_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "dictionary.csv").write_text("a,b\n1,2\n", "utf-8")

    assert init(tmp_path / "out", "--dictionary", tmp_path / "dictionary.csv") == 11

    assert "Variable / Field Name" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", ["--events", "--event-forms"])
def test_a_list_of_events_that_is_none_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    dictionary = FIXTURES / "next-trial" / "dictionary.csv"

    assert init(tmp_path / "out", "--dictionary", dictionary, option, dictionary) == 11

    assert "unique_event_name" in capsys.readouterr().err


def test_a_folder_without_form_files_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dictionary = FIXTURES / "next-trial" / "dictionary.csv"

    given = ("--dictionary", dictionary, "--instruments", tmp_path)
    assert init(tmp_path / "out", *given) == 15

    assert "--instruments" in capsys.readouterr().err
