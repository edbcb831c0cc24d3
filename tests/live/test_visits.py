"""Totals into a clinic's own visits: the simulated record system, and the real one beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapter.cli import main
from adapter.service import open_service
from tests.live.ladder.outcome import OUTCOMES, RECORD, Stage
from tests.live.ladder.systems import (
    IN_VISITS,
    PATIENT,
    ROWS,
    FarEnd,
    far_end_at,
    number_of,
    patient,
    simulated,
    visit,
)
from tests.live.ladder.trial import go_round, set_up
from tests.live.servers import RecordSystem

DERS = next(outcome for outcome in OUTCOMES if outcome.form == "ders-18")
STAGES: tuple[Stage, ...] = ("first", "corrected", "gone")
NEXT = visit("2023-09-12", "next")
PROFILE = {
    "kind": "clinic",
    "id": "far",
    "title": "A record system that files results in visits",
    "purpose": "care",
    "patient": {"find_by": "ihi"},
    "ladder": ["totals", "task"],
    "only_final": True,
    "codes": {"ders-18": {"total": {"system": ROWS, "code": "ders-total"}}},
    "totals": {"category": "vital-signs"},
    "encounter": {"within_days": 14, "classes": ["AMB"]},
}


@dataclass(frozen=True)
class Site:
    """A record system, and its FHIR base."""

    far: FarEnd
    base: str

    def put(self, resource: dict[str, Any]) -> None:
        """Somebody there enters a visit."""
        url = f"{self.base}/{resource['resourceType']}/{resource['id']}"
        httpx.put(url, json=resource, timeout=60, trust_env=False).raise_for_status()

    def charted(self) -> list[tuple[str, str, str]]:
        """The visit, number and status of each total of the DERS-18."""
        url = f"{self.base}/Observation?code={ROWS}|ders-total&_count=50"
        found = httpx.get(url, timeout=60, trust_env=False).raise_for_status().json()
        return [
            (
                each["resource"].get("encounter", {}).get("reference", ""),
                str(each["resource"]["valueQuantity"]["value"]),
                each["resource"]["status"],
            )
            for each in found.get("entry", ())
        ]


@contextmanager
def at(name: str, hapi: RecordSystem, *visits: dict[str, Any]) -> Iterator[Site]:
    if name == "simulated":
        with simulated(IN_VISITS, number_of(RECORD), visits=visits) as far:
            yield Site(far, far.settings.split('"')[1])
        return
    hapi.erase()
    site = Site(far_end_at("hapi", hapi.base_url), hapi.base_url)
    for each in (patient(number_of(RECORD)), *visits):
        site.put(each)
    yield site


@pytest.mark.parametrize("name", ["simulated", "hapi"])
def test_a_total_stays_in_the_visit_that_it_was_filed_in(
    hapi: RecordSystem, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    charts = []
    with at(name, hapi, visit(), NEXT) as site:
        config = set_up(tmp_path, site.far, PROFILE)
        for stage in STAGES:
            with open_service(config, asks=True) as service:
                go_round(service, tmp_path, site.far, stage, everything=True)
                states = {
                    row["state"]
                    for row in service.database.read().execute(
                        "SELECT state FROM delivery WHERE form = ? AND state <> 'superseded'",
                        (DERS.form,),
                    )
                }
            assert states == {"confirmed"}
            charts.append(site.charted())
    assert main(["plan", "--explain", "--json", "--config", str(config)]) == 0

    there = f"Encounter/{visit()['id']}"
    assert charts == [
        [(there, DERS.was, "final")],
        [(there, DERS.becomes, "final")],
        [(there, DERS.becomes, "entered-in-error")],
    ]
    (told,) = json.loads(capsys.readouterr().out)["clinics"]
    assert told["filed"] == [
        {
            "record": RECORD,
            "event": "week_9_arm_1",
            "form": DERS.form,
            "encounter": visit()["id"],
            "how": "covers",
        }
    ]


def test_a_total_waits_for_a_visit_and_is_filed_in_the_next_one(
    hapi: RecordSystem, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with at("hapi", hapi, visit("2023-09-01", "before")) as site:
        config = set_up(tmp_path, site.far, PROFILE)
        with open_service(config, asks=True) as service:
            go_round(service, tmp_path, site.far, "first")
        waits = site.charted()
        assert main(["plan", "--json", "--config", str(config)]) == 0
        planned = json.loads(capsys.readouterr().out)["clinics"][0]["held_by"]
        assert main(["status", "--config", str(config)]) == 0
        told = capsys.readouterr().out
        site.put(NEXT)
        with open_service(config, asks=True) as service:
            go_round(service, tmp_path, site.far, "first")
        filed = site.charted()

    assert waits == []
    assert planned == {"no-encounter": 1}
    assert "no-encounter" in told
    assert filed == [("Encounter/next", DERS.was, "final")]
    assert PATIENT not in told
