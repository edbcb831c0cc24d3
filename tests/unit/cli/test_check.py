"""`adapter check` reads every declaration, tells every finding, and touches nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.site import Said, Site
from tests.unit.ingest.project import (
    DICTIONARY_HEADER,
    FIELDS,
    columns,
    csv_bytes,
    dictionary_csv,
    mood,
    pain,
    person,
    records_csv,
)

WORDS = {"file", "line", "severity", "expected", "found", "action"}


def places(said: Said) -> list[tuple[str, int | None, str]]:
    return [(each["file"], each["line"], each["field"]) for each in said.document["findings"]]


def test_where_nothing_is_wrong_nothing_is_found(site: Site) -> None:
    as_json, as_text = site.run("check", "--json"), site.run("check")

    assert (as_json.code, as_json.document, as_json.err) == (0, {"findings": []}, "")
    assert (as_text.code, as_text.out) == (0, "no findings\n")


def test_a_check_makes_no_ledger_and_needs_no_secret(site: Site) -> None:
    (site.folder / "study.key").unlink()

    said = site.run("check")

    assert said.code == 0
    assert not (site.folder / "state").exists()


def test_a_finding_says_where_what_was_expected_what_was_found_and_what_to_do(site: Site) -> None:
    site.change("forms/mood.yaml", "method: sum, range: [0, 9]", "method: total, range: [0, 9]")

    said = site.run("check", "--json")

    finding, *_ = said.document["findings"]
    assert said.code == 10
    assert finding.keys() >= WORDS
    assert (finding["file"], finding["field"]) == ("mood.yaml", "scales.0.method")
    assert finding["line"] == 18
    assert finding["severity"] == "error"
    assert all(finding[word] for word in ("expected", "found", "action"))


def test_a_finding_in_words_is_one_line(site: Site) -> None:
    site.change("study.yaml", "timezone: Australia/Sydney", "timezone: Sydney")

    said = site.run("check")

    assert said.code == 10
    assert said.out.startswith("error: study.yaml:8: timezone: expected ")
    assert said.out.endswith("\n1 findings\n")


def test_findings_of_all_files_are_told_at_once(site: Site) -> None:
    site.change("study.yaml", "status: active", "status: running")
    site.change("forms/pain.yaml", "kind: outcome", "kind: result")
    site.change("forms/tally.yaml", "range: [0, 63]", "range: [63, 0]")
    site.change("north-clinic.yaml", "ladder: [transaction]", "ladder: [pigeon]")

    said = site.run("check", "--json")

    assert said.code == 10
    assert {file for file, _, _ in places(said)} == {
        "study.yaml",
        "pain.yaml",
        "tally.yaml",
        "north-clinic.yaml",
    }


@pytest.mark.parametrize(
    ("content", "file", "found"),
    [
        pytest.param(None, "adapter.toml", "No such file or directory", id="no configuration"),
        pytest.param(b"study = ", "adapter.toml", "", id="no TOML"),
        pytest.param(b"secret = 1\n", "adapter.toml", "nothing", id="words left out"),
    ],
)
def test_a_broken_configuration_is_a_finding_too(
    site: Site, content: bytes | None, file: str, found: str
) -> None:
    if content is None:
        site.config.unlink()
    else:
        site.config.write_bytes(content)

    said = site.run("check", "--json")

    first = said.document["findings"][0]
    assert said.code == 10
    assert first["file"] == file
    assert found in first["found"]


@pytest.mark.parametrize(
    ("name", "content", "file", "found"),
    [
        pytest.param("study.yaml", None, "study.yaml", "No such file", id="no study"),
        pytest.param("repository.yaml", None, "repository.yaml", "No such file", id="no clinic"),
        pytest.param(
            "forms/mood.yaml", b"title: \xef", "mood.yaml", "bytes that are not UTF-8", id="bytes"
        ),
        pytest.param("records.csv", None, "records.csv", "No such file", id="no export"),
        pytest.param("dictionary.csv", None, "dictionary.csv", "No such file", id="no dictionary"),
        pytest.param("records.csv", b"a,b\n", "records.csv", "none", id="another export"),
        pytest.param("dictionary.csv", b"a,b\n", "dictionary.csv", "none", id="another file"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_by_its_name(
    site: Site, name: str, content: bytes | None, file: str, found: str
) -> None:
    if content is None:
        (site.folder / name).unlink()
    else:
        site.write(name, content)

    said = site.run("check", "--json")

    finding = next(each for each in said.document["findings"] if each["file"] == file)
    assert said.code == 10
    assert found in finding["found"]


def test_a_folder_without_forms_is_told(site: Site) -> None:
    site.change("adapter.toml", 'instruments = "forms"', 'instruments = "none"')

    said = site.run("check", "--json")

    assert said.code == 10
    assert ("none", None, "") in places(said)


def test_a_form_id_that_stands_twice_is_told(site: Site) -> None:
    site.write("forms/second.yaml", (site.folder / "forms/tally.yaml").read_bytes())

    said = site.run("check", "--json")

    assert places(said) == [("tally.yaml", 2, "id")]


def test_a_clinic_that_stands_twice_is_told(site: Site) -> None:
    site.change("north-clinic.yaml", "id: north-clinic", "id: repository")

    said = site.run("check", "--json")

    assert (said.code, places(said)) == (10, [("north-clinic.yaml", None, "id")])


def test_an_identifier_that_the_study_does_not_have_is_told(site: Site) -> None:
    site.change("north-clinic.yaml", "find_by: ihi", "find_by: passport")

    said = site.run("check", "--json")

    (finding,) = said.document["findings"]
    assert (said.code, finding["field"], finding["found"]) == (10, "patient.find_by", "`passport`")
    assert "(ihi)" in finding["expected"]


def test_columns_that_an_export_lacks_are_told(site: Site) -> None:
    header = [name for name in columns() if name not in {"mood_2", "stop_share"}]
    site.write("records.csv", records_csv([], header))

    said = site.run("check", "--json")

    assert said.code == 10
    assert places(said) == [("records.csv", 1, "stop_share"), ("records.csv", 1, "mood_2")]


def test_a_consent_for_care_that_opens_to_several_clinics_is_a_warning(site: Site) -> None:
    profile = (site.folder / "north-clinic.yaml").read_text("utf-8")
    site.write("south-clinic.yaml", profile.replace("north-clinic", "south-clinic"))
    config = site.config.read_text("utf-8")
    more = '[[clinics]]\nprofile = "south-clinic.yaml"\nurl = "http://127.0.0.1:9/fhir"\n'
    site.write("adapter.toml", f"{config}\n{more}")

    said = site.run("check", "--json")

    (finding,) = said.document["findings"]
    assert (said.code, finding["severity"]) == (0, "warning")
    assert (finding["file"], finding["field"]) == ("study.yaml", "consents.1.clinics")
    assert "north-clinic, south-clinic" in finding["expected"]
    assert finding["line"] is not None

    site.change("study.yaml", "purpose: care", "purpose: care\n    clinics: [north-clinic]")
    assert site.run("check", "--json").document == {"findings": []}


def test_types_that_a_clinic_does_not_take_and_that_its_resources_refer_to_are_a_warning(
    site: Site,
) -> None:
    site.change("north-clinic.yaml", "Device, ResearchStudy, Quest", "Quest")

    said = site.run("check", "--json")

    (finding,) = said.document["findings"]
    assert (said.code, finding["severity"]) == (0, "warning")
    assert (finding["file"], finding["field"]) == ("north-clinic.yaml", "accepts")
    assert finding["expected"].startswith("Device and ResearchStudy: ")
    assert "`single`" in finding["action"]

    site.change("north-clinic.yaml", "[transaction]", "[single]")
    assert site.run("check", "--json").document == {"findings": []}


def test_a_form_that_nobody_mapped_is_a_warning_and_no_error(site: Site) -> None:
    site.change("study.yaml", "not_mapped:\n  diary: stays in the trial\n", "")

    said = site.run("check", "--json")

    (finding,) = said.document["findings"]
    assert (said.code, finding["severity"], finding["field"]) == (0, "warning", "diary")


def test_a_mapped_form_that_no_dictionary_has_is_told(site: Site) -> None:
    site.change("study.yaml", "source_form: tally", "source_form: tallly")

    said = site.run("check", "--json")

    assert said.code == 10
    assert places(said) == [("dictionary", None, "tally"), ("dictionary", None, "tallly")]


def test_a_form_may_stand_in_any_of_several_sources(site: Site) -> None:
    second = tuple(field for field in FIELDS if field[1] == "tally")
    site.write("second.csv", dictionary_csv((FIELDS[0], *second)))
    site.write("dictionary.csv", dictionary_csv(tuple(f for f in FIELDS if f not in second)))
    config = site.config.read_text("utf-8").replace("missing_limit = 5\n", "")
    source = '[[sources]]\nkind = "redcap"\ndictionary = "second.csv"\nrecords = "records.csv"\n'
    site.write("adapter.toml", config.replace("[[clinics]]", f"{source}\n[[clinics]]", 1))

    said = site.run("check", "--json")

    assert said.document == {"findings": []}


def test_what_an_unreadable_source_holds_is_not_guessed(site: Site) -> None:
    site.write("dictionary.csv", csv_bytes([list(DICTIONARY_HEADER)]) + b"short\n")

    said = site.run("check", "--json")

    assert places(said) == [("dictionary.csv", 2, "")]


def test_without_sources_the_mappings_alone_are_checked(site: Site) -> None:
    before, _, rest = site.config.read_text("utf-8").partition("[[sources]]")
    site.write("adapter.toml", before + "[[clinics]]" + rest.partition("[[clinics]]")[2])
    (site.folder / "records.csv").unlink()

    said = site.run("check")

    assert said.code == 0


def test_the_configuration_may_lie_anywhere(site: Site, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    text = site.config.read_text("utf-8")
    for name in ("study.yaml", "forms", "dictionary.csv", "records.csv", "repository.yaml"):
        text = text.replace(f'"{name}"', f'"../{name}"')
    text = text.replace('"north-clinic.yaml"', '"../north-clinic.yaml"')
    moved = Site(elsewhere, site.capture)
    moved.write("adapter.toml", text)

    said = moved.run("check")

    assert said.code == 0


def test_choices_that_the_form_does_not_have_are_told_before_an_answer_is_read(site: Site) -> None:
    fields = tuple(
        (
            name,
            form,
            kind,
            "1, Never | 2, Sometimes | 3, Often | 4, Always" if name == "mood_2" else had,
        )
        for name, form, kind, had in FIELDS
    )
    site.write("dictionary.csv", dictionary_csv(fields))

    said = site.run("check", "--json")

    assert said.code == 10
    assert [(each["file"], each["field"], each["found"]) for each in said.document["findings"]] == [
        ("dictionary.csv", "mood_2", "also 4 Always"),
        ("dictionary.csv", "mood_2", "all but 0"),
    ]


def test_a_dictionary_that_changed_under_a_mapping_keeps_its_form_back(site: Site) -> None:
    site.export({**person("1"), **mood("1", "2", "0"), **pain("3", "4")})
    first = site.run("ingest", "--json")
    text = (site.folder / "dictionary.csv").read_text("utf-8")
    site.write("dictionary.csv", text.replace("1, Sometimes | 2, Often", "2, Sometimes | 1, Often"))

    changed, status = site.run("ingest", "--json"), site.run("status", "--json")

    assert (first.code, changed.code) == (0, 12)
    found = "recoded: `Sometimes`, 1 -> 2; recoded: `Often`, 2 -> 1"
    *told, _ = changed.document["rejected"]  # the last one says that nothing is retracted
    assert {each["field"]: each["found"] for each in told} == dict.fromkeys(
        ("mood_1", "mood_2", "mood_3"), found
    )
    assert "mood" not in changed.document["forms"]
    assert changed.document["forms"]["pain"]["unchanged"] == 1
    assert status.document["rejected"] == changed.document["rejected"]


def test_a_clinic_that_nobody_configured_is_told_where_a_rule_names_it(site: Site) -> None:
    site.change("study.yaml", "purpose: care", "purpose: care\n    clinics: [north-clinc]")
    embargo = (
        'embargoes:\n  - {until: "2030-01-01", clinics: [north-clinic, south-clinic]}\nforms:\n'
    )
    site.change("study.yaml", "forms:\n  - {form: mood", f"{embargo}  - {{form: mood")

    said = site.run("check", "--json")

    told = [(each["field"], each["found"], each["severity"]) for each in said.document["findings"]]
    assert said.code == 10
    assert told == [
        ("consents.1.clinics", "`north-clinc`", "error"),
        ("embargoes.0.clinics", "`south-clinic`", "error"),
    ]
    assert "(north-clinic, repository)" in said.document["findings"][0]["expected"]
