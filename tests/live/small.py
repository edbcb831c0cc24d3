"""Some people of the synthetic trial, in a folder of their own, for real `adapter` commands."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.keys import CROSSWALK_KEY

ROOT = Path(__file__).parents[2]
ADAPTER = Path(sys.executable).with_name("adapter")
TRIAL = ROOT / "fixtures" / "idbt-pain"
EXPORTS = {
    "records.csv": "2024-08-30T17:05:00+10:00",
    "records-2.csv": "2024-09-20T09:30:00+10:00",
}


@dataclass(frozen=True)
class SmallTrial:
    """A configuration that reads some people's rows and delivers them to one record system.

    `profile` is the name of a clinic's file, or the text of one; `settings` are more lines of the
    configuration. `database` is where the ledger is, a file of the folder or a URL; `study` is a
    file in place of the bundled one.
    """

    folder: Path
    base_url: str
    people: frozenset[str]
    profile: str = "research-repository"
    settings: str = ""
    database: str = "ledger.sqlite"
    study: Path = ROOT / "mappings" / "studies" / "idbt-pain.yaml"

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.folder / "adapter.toml"

    @property
    def ledger(self) -> Path:
        """The ledger."""
        return self.folder / "ledger.sqlite"

    def read(
        self, export: str = "records.csv", *, entries: int = 50, without: str | None = None
    ) -> dict[str, Any]:
        """Ingests one of the two exports, cut down to these people; rows `without` a text."""
        lines = (TRIAL / export).read_text("utf-8").split("\n")
        mine = [line for line in lines[1:] if line.split(",")[0] in self.people]
        mine = [line for line in mine if without is None or without not in line]
        (self.folder / "records.csv").write_text("\n".join([lines[0], *mine, ""]), "utf-8")
        known = ROOT / "mappings" / "clinics" / f"{self.profile}.yaml"
        profile = known.read_text("utf-8") if "\n" not in self.profile else self.profile
        limited = profile.replace("entries: 50", f"entries: {entries}")
        (self.folder / "clinic.yaml").write_text(limited, "utf-8")
        (self.folder / "who.key").write_text(CROSSWALK_KEY, "utf-8")
        (self.folder / "key").write_text("synthetic people need no secret", "utf-8")
        self.config.write_text(
            f"""
study = "{self.study}"
instruments = "{ROOT / "mappings/instruments"}"
ledger = "{self.database}"
crosswalk = "crosswalk.sqlite"
crosswalk_key_file = "who.key"
key_file = "key"
[[sources]]
kind = "redcap"
dictionary = "{TRIAL / "dictionary.csv"}"
records = "records.csv"
as_of = {EXPORTS[export]}
missing_limit = 5
[[clinics]]
profile = "clinic.yaml"
{f'url = "{self.base_url}"' if self.base_url else ""}
{self.settings}
""",
            "utf-8",
        )
        return self.run("ingest")

    def correct_event(self, record: str, cells: dict[str, str]) -> None:
        """Reads what was read last again, with other cells in a record's row of an event."""
        path = self.folder / "records.csv"
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            if row["record_id"] == record and row["ae_term"]:
                row.update(cells)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        told = self.run("ingest")
        assert sum(counts["changed"] for counts in told["forms"].values()) == 1

    def run(self, command: str, *more: str) -> dict[str, Any]:
        """One command, which must succeed; its JSON document."""
        told = subprocess.run(
            [ADAPTER, command, *more, "--config", self.config, "--json"],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert told.returncode == 0, told.stderr
        document: dict[str, Any] = json.loads(told.stdout)
        return document

    def try_to(self, command: str) -> int:
        """A command that may fail; its exit code."""
        said: list[str | Path] = [ADAPTER, command, "--config", self.config, "--json"]
        return subprocess.run(said, capture_output=True, timeout=300, check=False).returncode

    def start(self, command: str) -> subprocess.Popen[bytes]:
        """A command that goes on by itself, unheard."""
        return subprocess.Popen(
            [ADAPTER, command, "--config", self.config, "--json"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def clinic(self, command: str, *more: str) -> dict[str, Any]:
        """What a command tells of the one clinic."""
        told: dict[str, Any] = self.run(command, *more)["clinics"][0]
        return told
