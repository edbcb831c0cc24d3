"""The Harbour trial, brought in by files alone, goes the whole way to two record systems."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapter.cli import main
from adapter.cli.simulate import record_system
from adapter.simulate import record_system_app, serving
from tests.fixtures.test_odm_trial import TRIAL, VERSIONS, found, truth
from tests.keys import CROSSWALK_KEY

MRN = "https://harbour-clinic.example.org/mrn"
CODES = {
    "harbour-calm-mean": "calm",
    "tide-load-load": "tide",
    "squall-screen-count": "squall",
}
SPECIAL = {"HB-05", "HB-09"}
TYPES = ("Questionnaire", "QuestionnaireResponse", "Observation", "AdverseEvent")


@dataclass
class Harbour:
    """The trial at work: its configuration, and the two record systems that it delivers to."""

    folder: Path
    repository: str
    clinic: str
    capture: pytest.CaptureFixture[str]

    def run(self, command: str, *more: str) -> tuple[int, Any]:
        self.capture.readouterr()
        code = main([command, *more, "--config", str(self.folder / "adapter.toml"), "--json"])
        return code, json.loads(self.capture.readouterr().out)

    def link_everybody(self) -> tuple[int, Any]:
        """The clinic's people give a list of who is who there."""
        rows = [f"harbour-clinic,{each['id']},{each['id']}" for each in _patients()]
        listed = self.folder / "links.csv"
        listed.write_text("\n".join(["clinic,record,patient", *rows]), "utf-8")
        return self.run("link", "--list", str(listed))


@contextmanager
def harbour(folder: Path, version: str, capture: pytest.CaptureFixture[str]) -> Iterator[Harbour]:
    repository, clinic = record_system(None), record_system(None)
    clinic.seed(_patients())
    with (
        serving(record_system_app(repository)) as first,
        serving(record_system_app(clinic)) as second,
    ):
        (folder / "who.key").write_text(CROSSWALK_KEY, "utf-8")
        (folder / "study.key").write_text("a key of the tests that is no secret\n", "utf-8")
        (folder / "adapter.toml").write_text(
            f"""\
study = "{TRIAL}/mappings/study.yaml"
instruments = "{TRIAL}/mappings/instruments"
ledger = "ledger.sqlite"
crosswalk = "crosswalk.sqlite"
crosswalk_key_file = "who.key"
key_file = "study.key"

[[sources]]
kind = "odm"
file = "{TRIAL}/trial-{version}.xml"

[[clinics]]
profile = "{TRIAL}/mappings/clinics/harbour-repository.yaml"
url = "http://127.0.0.1:{first}/fhir"

[[clinics]]
profile = "{TRIAL}/mappings/clinics/harbour-clinic.yaml"
url = "http://127.0.0.1:{second}/fhir"
""",
            "utf-8",
        )
        at_first, at_second = (f"http://127.0.0.1:{port}/fhir" for port in (first, second))
        yield Harbour(folder, at_first, at_second, capture)


def _patients() -> list[dict[str, Any]]:
    """The clinic knows its patients before the trial delivers anything."""
    people = [record for record in found("1.3.2")[0] if record.form == "F.PERSON"]
    return [
        {
            "resourceType": "Patient",
            "id": record.participant,
            "active": True,
            "identifier": [{"system": MRN, "value": record.values["I.MRN"]}],
        }
        for record in people
    ]


@VERSIONS
def test_a_trial_that_nobody_programmed_for_is_checked_taken_in_delivered_and_read_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], version: str
) -> None:
    with harbour(tmp_path, version, capsys) as trial:
        checked = trial.run("check")
        ingested = trial.run("ingest")
        linked = trial.link_everybody()
        planned = trial.run("plan")
        pushed = trial.run("push")
        verified = trial.run("verify")

        _, status = trial.run("status")
        at_repository, at_clinic = (_scores(each) for each in (trial.repository, trial.clinic))
        told = [*_all(trial.repository, *TYPES), *_all(trial.clinic, *TYPES)]

    assert checked == (0, {"findings": []})
    assert linked == (0, {"linked": 24, "findings": []})
    assert ingested[0] == 12  # one form, weighed in pounds, is kept back
    assert [each["record"] for each in ingested[1]["rejected"]] == [truth()["weighed in pounds"]]
    assert {form: counts["created"] for form, counts in ingested[1]["forms"].items()} == {
        "participant": 24,
        "harbour-calm": 69,
        "tide-load": 68,
        "squall-screen": 69,
        "body": 68,
        "evening": 45,
        "incident": 8,
        "unreadable row": 0,
    }
    sent = {each["name"]: each["create"] for each in planned[1]["clinics"]}
    for each in pushed[1]["clinics"]:
        assert sum(each["created"].values()) == sent[each["name"]] > 900
        assert each["refused"] == {}
    for each in verified[1]["clinics"]:
        assert sum(each["confirmed"].values()) == sent[each["name"]]
        assert each["missing"] == each["drifted"] == {}
    for each in status["clinics"]:
        assert not any(each[word] for word in ("queued", "claimed", "uncertain", "refused"))
    assert at_repository == _expected(SPECIAL)
    assert at_clinic == _expected({*SPECIAL, truth()["refused the clinic"]})
    assert len(told) > 1000
    assert not any("evening" in code for resource in told for code in _codes(resource))
    assert not any("Waiting" in json.dumps(resource) for resource in told)


def _scores(url: str) -> Counter[tuple[str, Decimal]]:
    """Every score that a record system holds, by its name."""
    told: Counter[tuple[str, Decimal]] = Counter()
    for resource in _all(url, "Observation"):
        if "valueQuantity" in resource:
            code = resource["code"]["coding"][-1]["code"]
            if code in CODES:
                value = Decimal(str(resource["valueQuantity"]["value"]))
                told[CODES[code], value.normalize()] += 1
    return told


def _codes(resource: dict[str, Any]) -> list[str]:
    """By which a resource would tell of an evening with the lantern, which one arm alone has."""
    codings = resource["code"].get("coding", []) if isinstance(resource.get("code"), dict) else []
    return [*(each["code"] for each in codings), str(resource.get("questionnaire", ""))]


def _expected(without: set[str]) -> Counter[tuple[str, Decimal]]:
    return Counter(
        (form, Decimal(score).normalize())
        for name, events in truth()["scores"].items()
        if name not in without
        for scores in events.values()
        for form, score in scores.items()
        if score is not None
    )


def _all(url: str, *types: str) -> list[dict[str, Any]]:
    """Everything of these types that a record system holds, page by page."""
    found: list[dict[str, Any]] = []
    for name in types:
        page = f"{url}/{name}?_count=500"
        while page:
            bundle = httpx.get(page, trust_env=False).raise_for_status().json()
            found += [entry["resource"] for entry in bundle.get("entry", [])]
            links = {link["relation"]: link["url"] for link in bundle["link"]}
            page = links.get("next", "")
    return found
