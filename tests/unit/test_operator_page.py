"""The page for operators and the files of `packaging` say what the program does."""

from __future__ import annotations

import configparser
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from adapter.cli import main
from adapter.server.figures import Figures
from adapter.settings import ServeSettings
from adapter.store.database import Database

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operator.md").read_text("utf-8")
PACKAGING = ROOT / "packaging"


def options_of(command: str, capsys: pytest.CaptureFixture[str]) -> set[str]:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    return set(re.findall(r"--[a-z-]+", capsys.readouterr().out))


def check_command(said: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    """That a command line has a command and options that there are."""
    asked = {word for word in said if word.startswith("--")}
    assert asked <= options_of(said[0], capsys)


def test_every_figure_stands_in_the_page_and_no_other(tmp_path: Path) -> None:
    database = Database(tmp_path / "ledger.sqlite")
    figures = Figures(database, ("a",), lambda: datetime(2026, 11, 23, tzinfo=UTC))
    told = {family.name for family in figures.collect()}
    database.close()

    named = set(re.findall(r"`(adapter_\w+?)\{", PAGE))
    assert named == told | {"adapter_http_requests_total", "adapter_http_request_seconds"}


def test_every_limit_stands_in_the_page() -> None:
    limits = {name for name in ServeSettings.model_fields if name.endswith(("_second", "_minute"))}
    limits |= {"request_seconds", "metrics_token_env", "metrics_token_file"}

    assert [name for name in sorted(limits) if f"`{name}`" not in PAGE] == []
    for name, default in re.findall(r"^\| `(\w+)` \| (\d+) \|", PAGE, re.MULTILINE):
        assert ServeSettings.model_fields[name].default == int(default)


def test_the_options_of_serve_in_the_page_are_its_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    named = set(re.findall(r"^\| `(--[a-z-]+)", PAGE, re.MULTILINE))

    assert named == {"--workers", "--tls-cert", "--proxy-headers"}
    assert named | {"--tls-key"} <= options_of("serve", capsys)


@pytest.mark.parametrize("name", ["adapter.service", "adapter-sync.service"])
def test_a_unit_calls_a_command_that_there_is(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string((PACKAGING / name).read_text("utf-8"))

    program, *said = unit["Service"]["ExecStart"].split()

    assert program == "/opt/adapter/bin/adapter"
    check_command(said, capsys)
    assert unit["Service"]["NoNewPrivileges"] == "yes"


def test_the_image_runs_a_command_that_there_is_as_nobody_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = (PACKAGING / "Dockerfile").read_text("utf-8").splitlines()
    said = {word: rest for word, _, rest in (line.partition(" ") for line in lines)}

    check_command(json.loads(said["CMD"]), capsys)
    assert json.loads(said["ENTRYPOINT"]) == ["adapter"]
    assert said["USER"] == "10001"
    installs = [line for line in lines if "pip install" in line]
    assert all("--no-deps" in line for line in installs)
    assert "--require-hashes" in installs[0]
    for line in lines:
        if line.startswith("COPY ") and "--from" not in line:
            assert all((ROOT / name).exists() for name in line.split()[1:-1])


def test_the_composition_has_its_secrets_in_files_and_nothing_to_write_to_but_its_state() -> None:
    said = yaml.safe_load((PACKAGING / "compose.yaml").read_text("utf-8"))

    adapter, ledger = said["services"]["adapter"], said["services"]["ledger"]
    used = {*adapter["secrets"], *ledger["secrets"]}
    assert used == said["secrets"].keys()
    assert all(each["file"].startswith("./secrets/") for each in said["secrets"].values())
    assert adapter["read_only"] is True
    assert all(port.startswith("127.0.0.1:") for port in adapter["ports"])
    named = {volume.split(":")[0] for service in (adapter, ledger) for volume in service["volumes"]}
    assert named - {"./site"} == said["volumes"].keys()
    assert (ROOT / "packaging" / adapter["build"]["context"]).resolve() == ROOT
    assert (ROOT / adapter["build"]["dockerfile"]).is_file()
