"""`adapter signals` lists what the trial's staff must look at; `adapter status` only counts it."""

from __future__ import annotations

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
    assert site.run("signals", "--json").document == {"signals": []}


def test_status_counts_signals_and_tells_nothing_else_of_them(site: Site) -> None:
    watched(site)

    assert site.run("status", "--json").document["safety_signals"] == {"immediate": 1, "urgent": 1}
    told = [line for line in site.run("status").out.splitlines() if "signal" in line]
    assert told == [
        "safety signals that stand: 1 immediate, 1 urgent; `adapter signals` lists them"
    ]
