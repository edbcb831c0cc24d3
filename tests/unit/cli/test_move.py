"""What waits goes by another rung by a person's word, which is noted; nothing is sent by it."""

from __future__ import annotations

from contextlib import closing

import pytest

from adapter.cli.main import RUNGS
from adapter.store.identities import Crosswalk
from adapter.sync import profile
from tests.keys import CROSSWALK_KEY
from tests.unit.cli.site import Site
from tests.unit.ingest.project import CLINIC, mood, person

LADDER = "ladder: [totals, document, task]\ncodes: {mood: {total: {system: 'urn:rows', code: m}}}"


@pytest.fixture
def trial(site: Site) -> Site:
    """A site that owes a clinic the total of a mood form, which may come as a page, too."""
    site.change(f"{CLINIC}.yaml", "ladder: [transaction]", LADDER)
    named = 'token_env = "A_VARIABLE_THAT_NOBODY_SETS"'
    site.change("adapter.toml", named, f'{named}\ntasks = "tasks"')
    site.export({**person("1"), **mood("1", "2", "0")})
    assert site.run("ingest").code == 0
    with closing(Crosswalk(site.folder / "state" / "who.sqlite", [CROSSWALK_KEY])) as known:
        known.link(CLINIC, "1", "77", "2024-03-21T09:30:00+11:00")
    return site


def routes(trial: Site) -> dict[str, int]:
    clinics = trial.run("plan", "--json").document["clinics"]
    (told,) = (each for each in clinics if each["name"] == CLINIC)
    return {rung: count for rung, count in told["routes"].items() if count}


def test_a_plan_shows_what_was_moved_and_the_audit_log_who_said_so(trial: Site) -> None:
    before = routes(trial)

    said = trial.run("move", CLINIC, "--form", "mood", "--to", "document", "--json")

    moved = {"moved": 1, "leaving": 0, "kept": 0, "in_doubt": 0, "pageless": 0}
    assert said.document == {"clinic": CLINIC, "to": "document", **moved}
    assert (before, routes(trial)) == ({"totals": 1}, {"document": 1})
    (act,) = trial.run("audit", "show", "--json").document["audit"]
    assert (act["action"], act["clinic"], act["what"], act["rule"]) == (
        "move",
        CLINIC,
        "mood",
        "document",
    )
    (event,) = trial.run("audit", "fhir").document["entry"]
    assert event["resource"]["subtype"][0]["code"] == "move"


def test_all_forms_that_can_go_so_are_moved_where_none_is_named(trial: Site) -> None:
    assert trial.run("move", CLINIC, "--to", "task", "--json").document["moved"] == 1
    assert routes(trial) == {"task": 1}


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        pytest.param(["--to", "hl7v2"], 16, "the profile does not name it", id="another rung"),
        pytest.param(["--form", "pain", "--to", "totals"], 16, "no codes", id="it has no codes"),
        pytest.param(["--form", "moood", "--to", "task"], 15, "another word", id="no such form"),
    ],
)
def test_what_cannot_go_so_is_said_and_left(
    trial: Site, arguments: list[str], code: int, told: str
) -> None:
    said = trial.run("move", CLINIC, *arguments)

    assert (said.code, told in said.err) == (code, True)
    assert trial.run("audit", "show", "--json").document["audit"] == []
    assert routes(trial) == {"totals": 1}


def test_a_clinic_with_two_ways_on_purpose_is_not_asked(trial: Site) -> None:
    trial.change(f"{CLINIC}.yaml", "ladder: [totals,", "also: [document]\nladder: [totals,")

    assert trial.run("move", CLINIC, "--to", "task").code == 16


def test_the_rungs_that_the_command_line_knows_are_those_of_a_profile() -> None:
    assert tuple(profile.RUNGS) == RUNGS
