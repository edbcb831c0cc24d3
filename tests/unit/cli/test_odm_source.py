"""A trial whose database writes ODM: the file is read, and its own moment is what windows go by."""

from __future__ import annotations

import json

import pytest

from tests.conformance import odm
from tests.unit.cli.site import Site
from tests.unit.ingest.project import at_week_4, mood, person

NAMESPACE = "http://www.cdisc.org/ns/odm/v1.3"


@pytest.fixture
def odm_site(site: Site) -> Site:
    """The same site, whose trial gives an ODM file: week 4 was begun and not sent."""
    before, _, rest = site.config.read_text("utf-8").partition("[[sources]]")
    source = '[[sources]]\nkind = "odm"\nfile = "study.xml"\n'
    site.write("adapter.toml", f"{before}{source}\n[[clinics]]" + rest.partition("[[clinics]]")[2])
    rows = [
        {**person("1"), **mood("1", "2", "3", complete="2")},
        {**at_week_4("1"), **mood("1", complete="0", mood_timestamp="")},
    ]
    odm.open_standard(odm.Standard(NAMESPACE, "1.3.2"), site.folder, rows, "")
    return site


def told_of(site: Site, moment: str) -> dict[str, int]:
    """The states of the moods after an ingest of a file that tells of this moment."""
    site.change("study.xml", "ODMVersion", f'AsOfDateTime="{moment}" ODMVersion')
    said = site.run("ingest", "--json")
    assert said.code == 0, said
    site.run("export", "--out", str(site.folder / "out"))
    lines = (site.folder / "out" / "QuestionnaireResponse.ndjson").read_text("utf-8").splitlines()
    states = [json.loads(line)["status"] for line in lines]
    return {state: states.count(state) for state in states}


@pytest.mark.parametrize(
    ("moment", "state"),
    [("2024-03-01T00:00:00Z", "in-progress"), ("2024-06-01T09:00:00", "stopped")],
)
def test_a_window_is_open_or_closed_at_the_moment_that_the_file_tells_of(
    odm_site: Site, moment: str, state: str
) -> None:
    assert odm_site.run("check").out == "no findings\n"

    assert told_of(odm_site, moment) == {"completed": 1, state: 1}


def test_a_moment_in_the_configuration_counts_before_that_of_the_file(odm_site: Site) -> None:
    odm_site.change("adapter.toml", 'kind = "odm"', 'kind = "odm"\nas_of = 2024-03-01T00:00:00Z')

    assert told_of(odm_site, "2024-06-01T09:00:00") == {"completed": 1, "in-progress": 1}


def test_a_file_that_is_no_odm_is_told_by_check_and_stops_an_ingest(odm_site: Site) -> None:
    odm_site.write("study.xml", "<html/>")

    checked, ingested = odm_site.run("check", "--json"), odm_site.run("ingest")

    (finding,) = checked.document["findings"]
    assert (finding["file"], finding["line"]) == ("study.xml", 1)
    assert (checked.code, ingested.code) == (10, 11)
    assert "ODM 1.3 or 2.0" in ingested.err
