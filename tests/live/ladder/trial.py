"""The trial's side of the ladder: set up for one record system, and one round at a time."""

from __future__ import annotations

from pathlib import Path

import yaml

from adapter.cli.deliver import push_all, verify_all
from adapter.cli.ingest import ingest_all
from adapter.service import Service
from tests.live.ladder.outcome import RECORD, ROOT, Stage, write_records
from tests.live.ladder.systems import PATIENT, FarEnd

CONFIG = f"""\
study = "{ROOT}/mappings/studies/idbt-pain.yaml"
instruments = "{ROOT}/mappings/instruments"
ledger = "ledger.sqlite"
crosswalk = "crosswalk.sqlite"
key_file = "key"
crosswalk_key_file = "key"
[[sources]]
kind = "redcap"
dictionary = "{ROOT}/fixtures/idbt-pain/dictionary.csv"
records = "records.csv"
as_of = 2024-08-30T17:05:00+10:00
missing_limit = 5
[[clinics]]
profile = "clinic.yaml"
tasks = "tasks"
"""


def set_up(folder: Path, far: FarEnd, profile: dict[str, object]) -> Path:
    """Writes the adapter's files for this record system; gives its adapter.toml."""
    (folder / "clinic.yaml").write_text(yaml.safe_dump(profile), "utf-8")
    (folder / "key").write_text("synthetic people need no secret, but 32 bytes", "utf-8")
    config = folder / "adapter.toml"
    config.write_text(CONFIG + far.settings, "utf-8")
    return config


def go_round(
    service: Service, folder: Path, far: FarEnd, stage: Stage, *, everything: bool = False
) -> None:
    """Reads the source as it is, sends, lets people there act, and reads back."""
    write_records(folder / "records.csv", stage)
    ingest_all(service)
    service.crosswalk.link("far", RECORD, PATIENT, service.now())
    push_all(service)
    far.act()
    verify_all(service, everything=everything)
