"""`adapter demo`: the whole way on the synthetic trial, to two record systems on this machine.

The first export is read, planned, delivered and read back; then a second one, in which answers were
corrected, a record was deleted and a consent withdrawn. All people are synthetic.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapter.cli import rounds, show
from adapter.cli.deliver import push_all, verify_all
from adapter.cli.ingest import ingest_all
from adapter.cli.opening import kept_back
from adapter.cli.simulate import record_system
from adapter.errors import NotFoundError
from adapter.service import Service, now, open_service, read_declarations
from adapter.service.checking import check_sources
from adapter.service.keys import make_key
from adapter.settings import read_settings
from adapter.simulate import record_system_app, serving
from adapter.store import instances
from adapter.sync.plan import plan

ROOT = Path(__file__).parents[2]
TRIAL = ROOT / "fixtures" / "idbt-pain"
MAPPINGS = ROOT / "mappings"
RESEARCH, CLINIC = "research-repository", "northside-clinic"
EXPORTS = (
    ("records.csv", "2024-08-30T17:05:00+10:00"),
    ("records-2.csv", "2024-09-20T09:30:00+10:00"),
)
# Synthetic people need no secret; a real study's key comes from a file that only it can read.
KEY = "synthetic people only: this key is no secret"
SERVE_PORT = 8000
CROSSWALK_KEY = "synthetic people only: neither is this one"


@dataclass(frozen=True, slots=True)
class Places:
    """Where the demonstration leaves its state, and where its receivers answer."""

    state: Path
    research_url: str
    clinic_url: str

    @property
    def config(self) -> Path:
        """The configuration that later commands go on with."""
        return self.state / "adapter.toml"


def run_demo(said: argparse.Namespace) -> int:
    """Both exports, to both receivers; ends by itself."""
    if not TRIAL.is_dir():
        raise NotFoundError(
            "Expected the synthetic trial beside the package (fixtures/idbt-pain); found none. "
            "Run the demonstration from a clone of the repository."
        )
    _clear(said.state)
    make_key(said.state / "clients", "demo", "ES384")
    with ExitStack() as stack:
        clinic = record_system(said.state / f"{CLINIC}.journal")
        clinic_port = stack.enter_context(serving(record_system_app(clinic)))
        if said.target is None:
            research = record_system(said.state / f"{RESEARCH}.journal")
            port = stack.enter_context(serving(record_system_app(research)))
            research_url = f"http://127.0.0.1:{port}/fhir"
        else:
            research_url = said.target
        places = Places(said.state, research_url, f"http://127.0.0.1:{clinic_port}/fhir")
        print("A synthetic trial: nobody in it exists.\n")
        for number, (records, as_of) in enumerate(EXPORTS):
            _write_config(places, records, as_of)
            with open_service(places.config) as service:
                _round(service, places, ("First export", "Second export")[number])
                if number == 0:
                    clinic.seed(_patients_of_the_clinic(service))
                    _link_everybody(service)
                _deliver(service)
    _say_where_next(places)
    return 0


def _round(service: Service, places: Places, title: str) -> None:
    print(f"=== {title}\n")
    settings = read_settings(places.config)
    show.findings(check_sources(settings, read_declarations(settings), now()), as_json=False)
    reports = ingest_all(service)
    show.ingested(reports, iter(()), kept_back(service), as_json=False)
    rounds.planned([plan(clinic) for clinic in service.clinics], as_json=False)


def _deliver(service: Service) -> None:
    unchanged = {clinic.name: plan(clinic).unchanged_by_type for clinic in service.clinics}
    pushed = push_all(service)
    verified = verify_all(service, everything=True)
    for (name, report), (_, back) in zip(pushed, verified, strict=True):
        rounds.summary(f"{name}: delivered and read back", report, back, unchanged[name])


def _patients_of_the_clinic(service: Service) -> Iterator[dict[str, Any]]:
    """The clinic knows its patients before the trial delivers anything."""
    identifiers = service.trial.study.participant.identifiers
    for number, name in enumerate(instances.names(service.database.read()), start=1):
        known = [
            {"system": identifier.system, "value": value}
            for word, identifier in identifiers.items()
            if (value := service.crosswalk.identifier(name, word))
        ]
        yield {
            "resourceType": "Patient",
            "id": f"northside-{number}",
            "active": True,
            "identifier": known,
            "name": [{"family": "Synthetic", "given": [f"Person {number}"]}],
        }


def _link_everybody(service: Service) -> None:
    """The list that a person would give to `adapter link --list`: who is who at the clinic."""
    for number, name in enumerate(instances.names(service.database.read()), start=1):
        service.crosswalk.link(CLINIC, name, f"northside-{number}", service.now())


def _clear(state: Path) -> None:
    """Starts afresh: what an earlier demonstration left is removed, and nothing else."""
    if (state / "adapter.toml").exists():
        shutil.rmtree(state)
    state.mkdir(parents=True, exist_ok=True)


def _write_config(places: Places, records: str, as_of: str) -> None:
    (places.state / "study.key").write_text(KEY + "\n", "utf-8")
    (places.state / "crosswalk.key").write_text(CROSSWALK_KEY + "\n", "utf-8")
    places.config.write_text(
        f"""\
# Written by `adapter demo`. The README explains every setting.
study = "{MAPPINGS / "studies" / "idbt-pain.yaml"}"
instruments = "{MAPPINGS / "instruments"}"
ledger = "ledger.sqlite"
crosswalk = "crosswalk.sqlite"
crosswalk_key_file = "crosswalk.key"
key_file = "study.key"

[[sources]]
kind = "redcap"
dictionary = "{TRIAL / "dictionary.csv"}"
records = "{TRIAL / records}"
as_of = {as_of}
missing_limit = 5

[[clinics]]
profile = "{MAPPINGS / "clinics" / RESEARCH}.yaml"
url = "{places.research_url}"

[[clinics]]
profile = "{MAPPINGS / "clinics" / CLINIC}.yaml"
url = "{places.clinic_url}"

[serve]
url = "http://127.0.0.1:{SERVE_PORT}"

[[serve.clients]]
id = "an-analyst"
jwks_file = "clients/jwks.json"
scopes = ["system/*.rs"]
purpose = "research"

[[serve.clients]]
id = "northside-ehr"
jwks_file = "clients/jwks.json"
scopes = ["system/*.rs"]
purpose = "care"
clinic = "{CLINIC}"

[[serve.people]]
name = "a-clinician"
role = "clinician"
clinic = "{CLINIC}"

[[serve.people]]
name = "an-operator"
role = "operator"
""",
        "utf-8",
    )


def _say_where_next(places: Places) -> None:
    state, config = places.state, places.config
    port = places.clinic_url.split(":")[2].split("/")[0]
    print(
        f"""
The state lies in {state}/. Where to look next:
  .venv/bin/adapter status --config {config}
  .venv/bin/adapter export --config {config} --out {state}/export
  .venv/bin/adapter simulate full --port {port} --data {state}/{CLINIC}.journal
    opens the clinic's record system again: {places.clinic_url}/Observation?category=survey
  make serve
    serves FHIR itself, for clients that sign in (docs/integrator.md), and the clinician's page
    (docs/clinician.md): it prints a link for a clinician, and one for the trial's staff"""
    )
    if "127.0.0.1" in places.research_url and (state / f"{RESEARCH}.journal").exists():
        port = places.research_url.split(":")[2].split("/")[0]
        print(f"  .venv/bin/adapter simulate full --port {port} --data {state}/{RESEARCH}.journal")
