"""`adapter pull` and `adapter inbox`: no answer is printed but by `show`, and `status` counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.cli import main
from tests.unit.cli.site import CONFIG, Site, make_site
from tests.unit.ingest import project
from tests.unit.sync.ward import opened


@pytest.fixture
def site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Site:
    """A site whose ledger has one response of a clinic that contradicts the trial's."""
    made = make_site(tmp_path, capsys)
    made.write("adapter.toml", CONFIG)
    made.write("study.key", project.KEY)
    made.export(project.person("1", **project.mood("0", "0", "0")))
    (tmp_path / "state").mkdir()
    with opened(tmp_path / "state", made.ledger) as ward:
        ward.ingest(p1=project.mood("0", "0", "0"))
        ward.write("r1", 1, 2, 3)
        ward.pull()
    return made


def test_the_list_tells_what_waits_and_no_answer(site: Site) -> None:
    (row,) = site.run("inbox", "--json").document["inbox"]

    assert (row["clinic"], row["form"], row["timepoint"]) == ("north-clinic", "mood", "week-0")
    assert (row["state"], row["why"]) == ("waiting", "the trial's source says otherwise")


def test_status_counts_what_waits(site: Site) -> None:
    clinics = site.run("status", "--json").document["clinics"]

    waiting = {each["name"]: each["inbox_waiting"] for each in clinics}
    assert waiting == {"repository": 0, "north-clinic": 1}


def test_both_sides_are_shown_when_asked_for(site: Site) -> None:
    said = site.run("inbox", "show", "1", "--json").document

    assert said["items"][1] == {"item": "mood-2", "trial": "0", "clinic": "2", "same": False}


@pytest.mark.parametrize(("word", "became"), [("take", "taken"), ("leave", "left")])
def test_a_person_decides(site: Site, word: str, became: str) -> None:
    said = site.run("inbox", word, "1", "--json")

    assert said.document == {"number": 1, "became": became}
    assert site.run("inbox", "--json").document["inbox"][0]["state"] == became


@pytest.mark.parametrize("word", ["show", "take", "leave"])
def test_an_unknown_number_is_told(site: Site, word: str) -> None:
    assert site.run("inbox", word, "7").code == 15


def test_tables_say_the_same(site: Site) -> None:
    listed, shown = site.run("inbox").out, site.run("inbox", "show", "1").out

    assert "waiting" in listed
    assert "mood-2" in shown


def test_clinics_that_are_not_to_be_asked_are_not(site: Site) -> None:
    said = site.run("pull", "--json")

    assert {each["asked"] for each in said.document["clinics"]} == {0}
    assert site.run("pull").out == ""


def test_an_empty_inbox_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = make_site(tmp_path, capsys)

    assert main(["inbox", "--config", str(site.config)]) == 0
    assert "nothing came" in capsys.readouterr().out
