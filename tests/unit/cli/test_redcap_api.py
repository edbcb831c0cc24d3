"""A site whose source is REDCap's API: over HTTP, with the token out of the environment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace

import pytest

from adapter.service import now, running
from adapter.simulate import serving
from adapter.simulate.redcap import Place
from tests.unit.cli.site import Said, Site
from tests.unit.ingest.project import WEEK_0, mood, person
from tests.unit.simulate.redcap.server import TOKEN, Server, Wall
from tests.unit.sources.redcap_api.wire import SYDNEY, small_project

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
VARIABLE = "REDCAP_TOKEN_OF_THE_TESTS"


@pytest.fixture
def server() -> Server:
    """Its clock is this machine's, which also stamps what is served."""
    wall = Wall(now().astimezone(SYDNEY).replace(tzinfo=None) - timedelta(days=9))
    rows = [{**person(name), **mood("1", "2", "0")} for name in ("1", "2", "3")]
    server = Server(small_project(rows, wall), wall)
    wall.wait(days=9)
    return server


@contextmanager
def reading_api(site: Site, server: Server, said: str = "") -> Iterator[None]:
    """The site's source is the server, for as long as it is served."""
    text = site.config.read_text("utf-8")
    begin, end = text.index("[[sources]]"), text.index("[[clinics]]")
    with serving(server.app) as port:
        source = f"""\
[[sources]]
kind = "redcap-api"
url = "http://127.0.0.1:{port}/api/"
token_env = "{VARIABLE}"
missing_limit = 5
{said}

"""
        site.write("adapter.toml", text[:begin] + source + text[end:])
        yield


def told(said: Said) -> dict[str, int]:
    """What an ingest tells of the form `mood`."""
    return {word: count for word, count in said.document["forms"]["mood"].items() if count}


def test_a_project_is_read_and_then_its_changes(
    site: Site, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, TOKEN)
    impatient = SimpleNamespace(sleep=lambda _: None)
    monkeypatch.setattr(running, "time", impatient)  # asks the clinic that is not there at once
    with reading_api(site, server):
        first = site.run("ingest", "--json")
        server.project.save(Place("2", WEEK_0), {"mood_1": "3"})
        server.project.delete("3")
        second = site.run("ingest", "--json")
        third = site.run("sync", "--full", "--json")

    assert (first.code, told(first)) == (0, {"created": 3})
    assert (second.code, told(second)) == (0, {"changed": 1, "retracted": 1})
    assert third.code == 17  # there is no clinic behind its address
    assert all(TOKEN not in said.out + said.err for said in (first, second, third))


def test_under_another_name_of_its_token_all_of_a_project_is_read(
    site: Site, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, TOKEN)
    monkeypatch.setenv(f"{VARIABLE}_NOW", TOKEN)
    with reading_api(site, server):
        site.run("ingest")
        text = site.config.read_text("utf-8")
        site.write("adapter.toml", text.replace(VARIABLE, f"{VARIABLE}_NOW"))
        renamed = site.run("ingest", "--json")
        again = site.run("ingest", "--json")

    assert told(renamed) == {"unchanged": 3}
    assert "mood" not in again.document["forms"]


def test_a_check_asks_the_project_what_it_is_made_of(
    site: Site, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, TOKEN)
    server.project.may_read_log = False
    with reading_api(site, server):
        said = site.run("check", "--json")

    (finding,) = said.document["findings"]
    assert said.code == 0
    assert finding["severity"] == "warning"
    assert finding["file"] == "127.0.0.1, project 42"
    assert "`Logging`" in finding["action"]


def test_a_token_that_nobody_set_is_told_by_the_variable_s_name(site: Site, server: Server) -> None:
    with reading_api(site, server):
        checked, ingested = site.run("check"), site.run("ingest")

    assert (checked.code, ingested.code) == (10, 10)
    assert VARIABLE in checked.out
    assert VARIABLE in ingested.err


def test_a_token_that_is_refused_is_told_and_not_shown(
    site: Site, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "F" * 32)
    with reading_api(site, server):
        said = site.run("ingest")

    assert said.code == 11
    assert "You do not have permissions to use the API" in said.err
    assert "F" * 32 not in said.err


def test_a_server_that_is_away_is_no_empty_project(
    site: Site, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, TOKEN)
    with reading_api(site, server):
        site.run("ingest")
        server.faults.rule = "away"
        server.faults.retry_after_seconds = "0"
        said = site.run("ingest")
        server.faults.rule = None
        after = site.run("ingest", "--full", "--json")

    assert said.code == 11
    assert "6 times in a row: HTTP 503" in said.err
    assert told(after) == {"unchanged": 3}
