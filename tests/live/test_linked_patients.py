"""A Patient who was merged or taken out at a clinic waits for a person's word, never followed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapter.cli import main
from adapter.service import open_service
from tests.live.ladder.outcome import OUTCOMES, RECORD
from tests.live.ladder.systems import PATIENT, FarEnd, far_end_at, number_of, patient, simulated
from tests.live.ladder.trial import go_round, set_up
from tests.live.servers import RecordSystem
from tests.live.test_rung_changes import TRANSACTION

DERS = next(outcome for outcome in OUTCOMES if outcome.form == "ders-18")
SURVIVOR = "the-other-one"


@contextmanager
def at(name: str, hapi: RecordSystem) -> Iterator[tuple[FarEnd, str]]:
    """A record system that knows the person, and somebody else; and its FHIR base."""
    if name == "simulated":
        other = {"resourceType": "Patient", "id": SURVIVOR}
        with simulated("full", number_of(RECORD), visits=[other]) as far:
            yield far, far.settings.split('"')[1]
        return
    hapi.erase()
    for each in (patient(number_of(RECORD)), {"resourceType": "Patient", "id": SURVIVOR}):
        put(hapi.base_url, each)
    yield far_end_at("hapi", hapi.base_url), hapi.base_url


def put(base: str, resource: dict[str, Any]) -> None:
    url = f"{base}/{resource['resourceType']}/{resource['id']}"
    httpx.put(url, json=resource, timeout=60, trust_env=False).raise_for_status()


def subjects(base: str) -> set[str]:
    """Whom the Observations there are about."""
    url = f"{base}/Observation?_count=100"
    found = httpx.get(url, timeout=60, trust_env=False).raise_for_status().json()
    return {each["resource"]["subject"]["reference"] for each in found.get("entry", ())}


@pytest.mark.parametrize("name", ["simulated", "hapi"])
def test_a_merge_is_found_and_waits_for_a_persons_word(
    hapi: RecordSystem, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with at(name, hapi) as (far, base):
        config = set_up(tmp_path, far, TRANSACTION)
        with open_service(config, asks=True) as service:
            go_round(service, tmp_path, far, "first", everything=True)
        before = subjects(base)
        link = {"other": {"reference": f"Patient/{SURVIVOR}"}, "type": "replaced-by"}
        put(base, {**patient(number_of(RECORD)), "active": False, "link": [link]})

        assert main(["verify", "--json", "--config", str(config)]) == 0
        (read_back,) = json.loads(capsys.readouterr().out)["clinics"]
        assert main(["candidates", "--json", "--config", str(config)]) == 0
        (proposed,) = json.loads(capsys.readouterr().out)["candidates"]
        assert main(["retry", "far", "--config", str(config)]) == 0
        assert main(["push", "--json", "--config", str(config)]) == 0
        held = json.loads(capsys.readouterr().out.partition("\n")[2])["clinics"][0]["held_by"]
        unmoved = subjects(base)
        assert main(["confirm", "far", RECORD, SURVIVOR, "--config", str(config)]) == 0
        assert main(["push", "--config", str(config)]) == 0
        assert main(["verify", "--config", str(config)]) == 0
        after = subjects(base)

    assert read_back["astray"] == {"patient-merged": 1}
    assert [each["patient"] for each in proposed["patients"]] == [SURVIVOR]
    assert set(held) == {"patient-merged"}
    assert before == unmoved == {f"Patient/{PATIENT}"}
    assert after == {f"Patient/{SURVIVOR}"}


@pytest.mark.parametrize("name", ["simulated", "hapi"])
def test_a_patient_who_was_deleted_gets_nothing(
    hapi: RecordSystem, tmp_path: Path, name: str
) -> None:
    with at(name, hapi) as (far, base):
        url = f"{base}/Patient/{PATIENT}"
        httpx.delete(url, timeout=60, trust_env=False).raise_for_status()
        config = set_up(tmp_path, far, TRANSACTION)
        with open_service(config, asks=True) as service:
            go_round(service, tmp_path, far, "first")
            rules = {
                row["rule"]
                for row in service.database.read().execute(
                    "SELECT rule FROM delivery WHERE state = 'held' AND form = ?", (DERS.form,)
                )
            }
        charted = far.shown(DERS)

    assert rules == {"patient-gone"}
    assert charted == []
