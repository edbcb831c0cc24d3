"""`adapter listen`: where it may be reached, and whom it has to ask."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.site import Site, make_site
from tests.unit.ingest import project


@pytest.fixture
def site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Site:
    made = make_site(tmp_path, capsys)
    made.write("study.key", project.KEY)
    return made


@pytest.mark.parametrize(
    "url", ["http://trial.example.org/x", "ftp://127.0.0.1/", "trial.example.org", "file:///x"]
)
def test_an_address_at_which_the_secret_could_be_read_is_refused(site: Site, url: str) -> None:
    said = site.run("listen", "--url", url)

    assert (said.code, said.out) == (2, "")
    assert "https" in said.err


@pytest.mark.parametrize("url", ["https://trial.example.org/x", "http://127.0.0.1:8642"])
def test_where_nobody_is_to_be_asked_it_says_so_and_ends(site: Site, url: str) -> None:
    said = site.run("listen", "--url", url, "--port", "0")

    assert (said.code, said.out) == (0, "")
    assert "found none" in said.err


def test_where_nobody_was_to_tell_there_is_nothing_to_remove(site: Site) -> None:
    said = site.run("listen", "--url", "https://trial.example.org/x", "--off", "--json")

    assert said.document == {"clinics": []}
