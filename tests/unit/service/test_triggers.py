"""A trigger's door stands where it is configured, behind a secret that nobody can guess."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.errors import DeclarationError
from adapter.service import open_service
from adapter.service.triggers import source_of, triggered_sources, triggers_route
from tests.unit.cli.site import Site, make_site

SOURCE = """\
[[sources]]
kind = "redcap-api"
url = "https://REDCap.example.org:8443/redcap/api/"
token_env = "A_TOKEN"
{trigger}
"""


@pytest.fixture
def site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Site:
    return make_site(tmp_path, capsys)


def configure(site: Site, trigger: str) -> None:
    text = site.config.read_text("utf-8")
    begin, end = text.index("[[sources]]"), text.index("[[clinics]]")
    site.write("adapter.toml", text[:begin] + SOURCE.format(trigger=trigger) + text[end:])


def test_without_a_trigger_there_is_no_door(site: Site) -> None:
    configure(site, "")

    with open_service(site.config) as service:
        assert triggered_sources(service.settings) == []
        assert triggers_route(service, lambda: None) is None


def test_a_project_is_known_by_its_host_and_number(site: Site) -> None:
    configure(site, 'trigger = {project = 7, secret_file = "secret"}')
    site.write("secret", "s" * 32)

    with open_service(site.config) as service:
        (source,) = triggered_sources(service.settings)
        assert source_of(source) == "redcap.example.org, project 7"
        assert triggers_route(service, lambda: None) is not None


@pytest.mark.parametrize(
    "secret", ["s" * 31, "with blanks " * 4, "s" * 257], ids=["short", "no word", "long"]
)
def test_a_secret_that_is_none_is_refused_and_not_told(site: Site, secret: str) -> None:
    configure(site, 'trigger = {project = 7, secret_file = "secret"}')
    site.write("secret", secret)

    with open_service(site.config) as service, pytest.raises(DeclarationError) as caught:
        triggers_route(service, lambda: None)

    assert "trigger.secret_file" in str(caught.value)
    assert secret not in str(caught.value)


@pytest.mark.parametrize(
    "said", ["", 'secret_env = "A", secret_file = "secret"'], ids=["neither", "both"]
)
def test_a_trigger_has_one_secret(site: Site, said: str) -> None:
    configure(site, f"trigger = {{project = 7{', ' if said else ''}{said}}}")

    checked = site.run("check")

    assert checked.code == 10
    assert "expected either `secret_env` or `secret_file`" in checked.out + checked.err
