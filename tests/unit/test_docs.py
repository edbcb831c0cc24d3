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
from adapter.instruments import declared, form, rules, study
from adapter.settings import ClinicSettings, Settings, SourceSettings
from adapter.sources.table import contract
from adapter.sync import profile

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
    assert set(re.findall(r"^    (\w+)  ", listed, re.MULTILINE)) == documented


def test_the_readme_s_configuration_uses_every_setting_there_is() -> None:
    said, *others = map(tomllib.loads, re.findall(r"```toml\n(.*?)```", README, re.DOTALL))
    sources = {
        source["kind"]: source.keys() for block in (said, *others) for source in block["sources"]
    }

    one_of = {"key_file", "token_file"}  # named in the comments beside their twins
    assert set(Settings.model_fields) - one_of == said.keys()
    for kind in get_args(get_args(SourceSettings)[0]):
        assert set(kind.model_fields) == sources[get_args(kind.model_fields["kind"].annotation)[0]]
    assert set(ClinicSettings.model_fields) - one_of == said["clinics"][0].keys()
    assert all(name in README for name in one_of)
    for other in others:
        Settings.model_validate({**said, **other})
    Settings.model_validate(said)


def test_every_exit_code_of_the_error_tree_stands_in_the_readme() -> None:
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    raised = {
        kind.exit_code
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.AdapterError) and kind is not errors.AdapterError
    }

    assert raised | {0, 2} == documented


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
