"""`adapter signals` lists what the trial's staff must look at; `adapter status` only counts it."""

from __future__ import annotations

import pytest

from tests.unit.cli.site import Site
from tests.unit.ingest.project import mood, person, tally
from tests.unit.ingest.test_signals import RULES

ROWS = (
    {**person("1"), **mood("0", "0", "2")},
    {**person("2"), **mood("0", "0", "0"), **tally("50")},
)


def watched(site: Site) -> Site:
    lines = RULES.splitlines(keepends=True)
    fixed = "".join(line for line in lines if "worse" not in line)  # the study has no baseline
    site.write("study.yaml", (site.folder / "study.yaml").read_text("utf-8") + fixed)
    site.export(*ROWS)
    assert site.run("ingest").code == 0
    return site


def test_the_most_urgent_signal_is_listed_first(site: Site) -> None:
    listed = watched(site).run("signals", "--json").document["signals"]

    assert [(each["level"], each["record"], each["signal"]) for each in listed] == [
        ("immediate", "2", "high"),
        ("urgent", "1", "third"),
    ]


def test_a_person_sees_the_same_as_a_table(site: Site) -> None:
    said = watched(site).run("signals")

    rows = [line for line in said.out.splitlines() if "immediate" in line or "urgent" in line]
    assert [("A high tally (high)" in row, "The third (third)" in row) for row in rows] == [
        (True, False),
        (False, True),
    ]


def test_a_study_where_nothing_stands_says_so(site: Site) -> None:
    site.export({**person("1")})
    site.run("ingest")

    assert site.run("signals").out == "no safety signal stands\n"
    assert site.run("signals", "--json").document == {"signals": [], "not_looked_at": {}}


def test_status_counts_signals_and_tells_nothing_else_of_them(site: Site) -> None:
    watched(site)

    assert site.run("status", "--json").document["safety_signals"] == {"immediate": 1, "urgent": 1}
    told = [line for line in site.run("status").out.splitlines() if "signal" in line]
    assert told == [
        "safety signals that stand: 1 immediate, 1 urgent; `adapter signals` lists them"
    ]


KEPT_BACK = ({**person("1"), **mood("9", "0", "2")}, {**person("2"), **tally("many")})


def kept_back(site: Site) -> Site:
    """A site whose rows are kept back: one with a signal, one that nobody could look at."""
    watched(site)
    site.export(*KEPT_BACK)
    assert site.run("ingest").code == 12
    return site


def test_a_signal_of_a_row_that_is_kept_back_says_so_and_where_to_look(site: Site) -> None:
    kept_back(site)

    said = site.run("signals", "--json").document
    text = " ".join(site.run("signals").out.replace("│", " ").split())

    (told,) = (each for each in said["signals"] if each["kept"])
    assert (told["record"], told["signal"], told["level"]) == ("1", "third", "urgent")
    assert (told["reason"], told["kept"], told["form"]) == ("reached", "row", "mood")
    assert told["at"] == "records.csv:2 (record 1, event week_0_arm_1)"
    assert said["not_looked_at"] == {"tally": 1}
    assert "kept back, look in the source" in text
    assert "1 row of form `tally` is kept back and was not looked at" in text


def test_what_was_not_looked_at_is_told_where_no_signal_stands(site: Site) -> None:
    watched(site)
    site.export(person("1"), {**person("2"), **tally("many")}, {**person("3"), **tally("more")})
    site.run("ingest")

    said = site.run("signals").out

    assert "no safety signal stands" not in said
    assert "2 rows of form `tally` are kept back and were not looked at" in said


@pytest.mark.parametrize("command", ["ingest", "status"])
def test_ingest_and_status_count_what_is_kept_back(site: Site, command: str) -> None:
    kept_back(site)

    said = site.run(command, "--json").document["kept_back"]
    text = site.run(command).out

    assert said == {"signals": 1, "not_looked_at": {"tally": 1}}
    assert "1 safety signal stands in what was not taken in; `adapter signals`" in text
    assert "1 row of form `tally` is kept back and was not looked at" in text
