"""The README says what the program does: its commands, settings and exit codes are compared."""

from __future__ import annotations

import inspect
import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from adapter import errors
from adapter.cli import main
from adapter.cli.simulated import KINDS
from adapter.instruments import declared, form, rules, study
from adapter.instruments.form import Form
from adapter.settings import ClinicSettings, Settings, SignInSettings, SourceSettings
from adapter.simulate import FAULTS
from adapter.simulate.hl7v2 import MLLP_FAULTS
from adapter.sources.table import contract
from adapter.sync import profile
from tests.forms import FORMS
from tools.instrument_pages import PAGES, build_pages, read_forms

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
MAPPING_WORDS = (ROOT / "mappings" / "README.md").read_text("utf-8")


def test_every_command_stands_in_the_readme_and_no_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    documented = set(re.findall(r"^\| `adapter (\w+)", README, re.MULTILINE))

    with pytest.raises(SystemExit):
        main(["--help"])

    listed = capsys.readouterr().out
    assert set(re.findall(r"^    (\w+)(?:  |$)", listed, re.MULTILINE)) == documented


def test_the_readme_s_configuration_uses_every_setting_there_is() -> None:
    said, *others = map(tomllib.loads, re.findall(r"```toml\n(.*?)```", README, re.DOTALL))
    sources = {
        source["kind"]: source.keys()
        for block in (said, *others)
        for source in block.get("sources", ())
    }
    clinics = [clinic for block in (said, *others) for clinic in block.get("clinics", ())]
    ways_in = {said["sign_in"]["kind"]: said["sign_in"] for said in clinics if "sign_in" in said}

    one_of = {
        "key_file",
        "key_env",
        "crosswalk_key_file",
        "token_file",
        "password_file",
        "ledger_password_file",
        *("mllp_tls", "folder", "acknowledgements"),
    }  # named in the comments beside their twins
    said_of_all = set[str]().union(said, *others)
    assert set(Settings.model_fields) - one_of == said_of_all - one_of
    for kind in get_args(get_args(SourceSettings)[0]):
        name = get_args(kind.model_fields["kind"].annotation)[0]
        assert set(kind.model_fields) - one_of == sources[name]
    for kind in get_args(get_args(SignInSettings)[0]):
        name = get_args(kind.model_fields["kind"].annotation)[0]
        assert set(kind.model_fields) - one_of == ways_in[name].keys() - one_of
    assert set(ClinicSettings.model_fields) - one_of == set[str]().union(*clinics)
    assert all(name in README for name in one_of)
    for other in others:
        Settings.model_validate({**said, **other})
    Settings.model_validate(said)


@pytest.mark.parametrize("table", [KINDS, FAULTS, MLLP_FAULTS], ids=["kinds", "faults", "MLLP"])
def test_every_record_system_and_fault_stands_in_the_readme(table: dict[str, str]) -> None:
    rows = set(re.findall(r"^\| `([\w-]+)` \| (.*) \|$", README, re.MULTILINE))

    assert set(table.items()) <= rows


def test_every_exit_code_of_the_error_tree_stands_in_the_readme() -> None:
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    raised = {
        kind.exit_code
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.AdapterError) and kind is not errors.AdapterError
    }

    assert raised | {0, errors.AdapterError.exit_code, 2} == documented


def test_every_word_of_a_mapping_file_is_defined() -> None:
    models = [
        model
        for module in (form, rules, study, profile, contract)
        for _, model in inspect.getmembers(module, inspect.isclass)
        if issubclass(model, declared.Declared) and model is not declared.Declared
    ]
    words = {word for model in models for word in model.model_fields}

    undefined = {word for word in words if not re.search(rf"[`.]{word}[`.]", MAPPING_WORDS)}
    assert not undefined


def test_the_pages_of_the_instruments_are_what_their_files_give() -> None:
    written = {path.name: path.read_text("utf-8") for path in PAGES.glob("*")}

    assert written == build_pages(read_forms()), "run `make docs`, and review the difference"


def test_every_form_has_a_page_that_the_index_leads_to() -> None:
    index = (PAGES / "README.md").read_text("utf-8")

    assert set(re.findall(r"\]\(([^)]+)\.md\)", index)) == set(FORMS)


@pytest.mark.parametrize("form", FORMS.values(), ids=lambda form: form.id)
def test_a_page_names_every_item_score_and_doubt_of_its_form(form: Form) -> None:
    page = (PAGES / f"{form.id}.md").read_text("utf-8")

    said = [f"`{item.link_id}`" for item in form.items]
    said += [f"## Score `{scale.id}`" for scale in form.scales]
    said += [scale.reason for scale in form.not_scored] + list(form.unverified)
    assert [each for each in said if each not in page] == []
    assert form.source.replace("|", "\\|") in page


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ("phq-9", "The sum of `phq9-1` to `phq9-9`."),
        ("phq-9", "at least 7 of 9 must be answered; the gaps get the person's own mean"),
        ("pss-10", "Reversed (4 minus the answer): `pss10-4`, `pss10-5`, `pss10-7`, `pss10-8`."),
        ("dass-21", "The sum is multiplied by 2."),
        ("promis-pi-4a", "The table below turns it into the score."),
        ("bpi-sf", "at least 4 of 7 must be answered; the mean is that of the answered items."),
        (
            "mos-sleep",
            "1 counts 100, 2 counts 80, 3 counts 60, 4 counts 40, 5 counts 20, 6 counts 0",
        ),
        ("psqi", "In `psqi-2`, up to 15 counts 0, up to 30 counts 1, up to 60 counts 2, more"),
        ("psqi", "Points: below 65 counts 3, below 75 counts 2, below 85 counts 1, more counts 0."),
        ("psqi", "`psqi-5j` counts only if `psqi-5j-text` is answered."),
        ("psqi", "Where `psqi-5j` is missing, it counts 0."),
        ("psqi", "The score `time-asleep` as per cent of the score `time-in-bed`."),
        ("neq", "`neq-1-impact` counts only if `neq-1-cause` is `1`."),
        ("neq", "asked if `neq-1` is yes"),
        ("c-ssrs-screen", "the score is told where no answer to the gaps could change it"),
        ("eq-5d-5l", "The codes in a row, which are never added up, of `eq5d5l-1` to `eq5d5l-5`."),
        ("bdi", "The total as the source holds it, in the column `bdi_total`."),
    ],
)
def test_a_page_says_the_rules_in_words(form: str, sentence: str) -> None:
    assert sentence in (PAGES / f"{form}.md").read_text("utf-8")
