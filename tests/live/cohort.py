"""The synthetic trials of `fixtures/`, taken into a ledger as a data manager would, and delivered.

What the judges of this folder need of them: every text that the ledger ever wrote or would send,
and a real record system that holds the first export.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapter.fhir.terminology import build_code_systems
from adapter.fhir.text import read_text
from adapter.ingest import Ledger
from adapter.ingest.run import ingest
from adapter.service import Service, open_service
from adapter.store import versions
from adapter.sync.outgoing import wire_text
from adapter.sync.push import push
from tests.keys import CROSSWALK_KEY
from tests.live.java import REPOSITORY
from tests.live.servers import RecordSystem, start_record_system

FIXTURES = REPOSITORY / "fixtures"
MAPPINGS = REPOSITORY / "mappings"
RESEARCH = MAPPINGS / "clinics" / "research-repository.yaml"
SAFETY_DESK = MAPPINGS / "clinics" / "safety-desk.yaml"


@dataclass(frozen=True, slots=True)
class Export:
    """One export of a trial's project, and the moment it was made."""

    records: Path
    as_of: str


@dataclass(frozen=True, slots=True)
class Case:
    """A trial of `fixtures/`: its study file, its dictionary, its exports in order."""

    name: str
    study: Path
    dictionary: Path
    exports: tuple[Export, ...]


def _case(name: str, study: Path, first: str, second: str) -> Case:
    folder = FIXTURES / name
    exports = (Export(folder / "records.csv", first), Export(folder / "records-2.csv", second))
    return Case(name, study, folder / "dictionary.csv", exports)


IDBT_PAIN = _case(
    "idbt-pain",
    MAPPINGS / "studies" / "idbt-pain.yaml",
    "2024-08-30T17:05:00+10:00",
    "2024-09-20T09:30:00+10:00",
)
NEXT_TRIAL = _case(
    "next-trial",
    FIXTURES / "next-trial" / "study.yaml",
    "2025-05-20T12:00:00-02:30",
    "2025-06-10T12:00:00-02:30",
)


@dataclass(frozen=True, slots=True)
class Delivered:
    """The first export of the cohort, at a real record system; for reading only."""

    service: Service
    record_system: RecordSystem

    @property
    def base_url(self) -> str:
        """The record system's FHIR base."""
        return self.record_system.base_url


@contextmanager
def take_in(  # noqa: PLR0913, PLR0917 - what the judges differ in
    folder: Path,
    case: Case,
    exports: int,
    url: str = "",
    profile: Path = RESEARCH,
    ledger: str = "ledger.sqlite",
) -> Iterator[Service]:
    """Reads the first exports of a trial into a ledger, and gives the open service.

    Args:
        folder: Where configuration and crosswalk are put.
        case: The trial.
        exports: How many of its exports are read.
        url: The FHIR base of the receiver; without it nobody receives.
        profile: What the receiver is.
        ledger: Where the ledger is: a file of the folder, or the URL of a database.
    """
    for export in case.exports[:exports]:
        clinic = _clinic(profile, url)
        with open_service(_write_config(folder, case, export, ledger, clinic)) as service:
            for source in service.sources():
                report = ingest(
                    Ledger(service.database, service.crosswalk),
                    service.trial,
                    source,
                    service.now(),
                )
                assert not report.problems, f"{case.name}: {report}"
    with open_service(folder / "adapter.toml") as service:
        yield service


@contextmanager
def deliver(folder: Path) -> Iterator[Delivered]:
    """Delivers the first export of the cohort to a record system that is started for it."""
    with (
        start_record_system() as record_system,
        take_in(folder, IDBT_PAIN, 1, record_system.base_url) as service,
    ):
        for clinic in service.clinics:
            push(clinic)
        yield Delivered(service, record_system)


def written_texts(service: Service) -> list[bytes]:
    """Every version of every resource of the ledger, as it was written."""
    rows = service.database.read().execute("SELECT text FROM version ORDER BY place")
    return [bytes(row["text"]) for row in rows]


def retraction_texts(service: Service) -> list[bytes]:
    """What a record system would get if everything that may stand there were taken back from it."""
    tx = service.database.read()
    rows = tx.execute("SELECT text FROM version WHERE participant <> '' AND is_retracted = 0")
    sent = (wire_text(bytes(row["text"]), is_retraction=True, ours="", theirs="") for row in rows)
    return [text for text in sent if text is not None]


def questionnaires(service: Service) -> list[bytes]:
    """The newest version of every Questionnaire."""
    return [version.text for version in versions.of_type(service.database.read(), "Questionnaire")]


def code_systems(service: Service) -> list[dict[str, Any]]:
    """All of the project's own codes that a trial may send, as complete as they then are."""
    trial = service.trial
    forms = [trial.forms[name] for name in dict.fromkeys(each.form for each in trial.study.forms)]
    systems = build_code_systems(forms, trial.study.safety, trial.identity)
    return [{**system, "content": "complete"} for system in systems]


def value_sets(service: Service) -> list[bytes]:
    """The newest version of every ValueSet."""
    return [version.text for version in versions.of_type(service.database.read(), "ValueSet")]


def name_of(text: bytes) -> str:
    """What to call a text in a message: `Type/id`."""
    resource = read_text(text)
    return f"{resource['resourceType']}/{resource['id']}"


def _clinic(profile: Path, url: str) -> str:
    return f'[[clinics]]\nprofile = "{profile}"\nurl = "{url}"\n' if url else ""


def _write_config(folder: Path, case: Case, export: Export, ledger: str, clinic: str) -> Path:
    (folder / "who.key").write_text(CROSSWALK_KEY, "utf-8")
    (folder / "study.key").write_text("synthetic people only: this key is no secret\n", "utf-8")
    config = folder / "adapter.toml"
    config.write_text(
        f"""\
study = "{case.study}"
instruments = "{MAPPINGS / "instruments"}"
ledger = "{ledger}"
crosswalk = "crosswalk.sqlite"
crosswalk_key_file = "who.key"
key_file = "study.key"

[[sources]]
kind = "redcap"
dictionary = "{case.dictionary}"
records = "{export.records}"
as_of = {export.as_of}
missing_limit = 5

{clinic}""",
        "utf-8",
    )
    return config
