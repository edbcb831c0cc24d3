"""A site that runs the adapter: its configuration, its mappings, its exports, its command line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapter.cli import main
from tests.keys import CROSSWALK_KEY
from tests.unit.ingest.project import (
    CLINICS,
    FORMS,
    STUDY,
    Cells,
    dictionary_csv,
    records_csv,
)

CONFIG = """\
study = "study.yaml"
instruments = "forms"
ledger = "state/ledger.sqlite"
crosswalk = "state/who.sqlite"
crosswalk_key_file = "who.key"
key_file = "study.key"

[[sources]]
kind = "redcap"
dictionary = "dictionary.csv"
records = "records.csv"
as_of = 2024-03-21T09:30:00+11:00
missing_limit = 5

[[clinics]]
profile = "repository.yaml"
url = "http://127.0.0.1:9/fhir"

[[clinics]]
profile = "north-clinic.yaml"
url = "http://127.0.0.1:9/fhir"
token_env = "A_VARIABLE_THAT_NOBODY_SETS"
"""


@dataclass(frozen=True)
class Said:
    """What a command gave: its exit code, and its two streams."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:  # noqa: ANN401 - what it holds is what the tests look at
        """The one JSON document on stdout."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Site:
    """A folder with everything that a command needs."""

    folder: Path
    capture: pytest.CaptureFixture[str]

    @property
    def config(self) -> Path:
        return self.folder / "adapter.toml"

    @property
    def ledger(self) -> Path:
        return self.folder / "state" / "ledger.sqlite"

    def write(self, name: str, content: str | bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def change(self, name: str, old: str, new: str) -> None:
        """Replaces what stands once in a file."""
        text = (self.folder / name).read_text("utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        self.write(name, text.replace(old, new))

    def export(self, *rows: Cells) -> None:
        """What the trial's database exports."""
        self.write("records.csv", records_csv(list(rows)))

    def run(self, *arguments: str) -> Said:
        """One command of this site."""
        self.capture.readouterr()
        code = main([*arguments, "--config", str(self.config)])
        streams = self.capture.readouterr()
        return Said(code, streams.out, streams.err)


def make_site(folder: Path, capture: pytest.CaptureFixture[str]) -> Site:
    """A site whose export holds nobody yet."""
    site = Site(folder, capture)
    for name, text in FORMS.items():
        site.write(f"forms/{name}.yaml", text)
    for name, text in CLINICS.items():
        site.write(f"{name}.yaml", text)
    site.write("study.yaml", STUDY)
    site.write("study.key", "a key of the tests that is no secret\n")
    site.write("who.key", f"{CROSSWALK_KEY}\n")
    site.write("dictionary.csv", dictionary_csv())
    site.write("adapter.toml", CONFIG)
    site.export()
    return site
