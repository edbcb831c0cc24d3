"""Whether memory stays flat while rows grow: one ingest each of 10³ to 10⁶ rows, each in a process.

Prints the peak memory over that of an ingest of no rows. Exits with 1 when the largest needs more
than half as much again as the smallest. `--most N` stops earlier.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import yaml

from adapter.fhir.identity import Identity
from adapter.ingest import Ledger, Snapshot, Trial
from adapter.ingest.run import ingest
from adapter.instruments.form import Form
from adapter.instruments.study import Study
from adapter.release import Receiver
from adapter.sources.redcap import RecordsFile, read_dictionary
from adapter.store.database import Database
from adapter.store.identities import Crosswalk

ROOT = Path(__file__).parents[1]
COLUMNS = (
    "Variable / Field Name,Form Name,Section Header,Field Type,Field Label,"
    '"Choices, Calculations, OR Slider Labels"'
)
PEOPLE = 500
NOW = datetime(2024, 8, 30, 7, 5, tzinfo=UTC)


def main() -> int:
    """Prints the table; 1 when memory grew with the rows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--most", type=int, default=1_000_000)
    parser.add_argument("--rows", type=int, help="measure one ingest in this process")
    said = parser.parse_args()
    if said.rows is not None:
        print(_peak_kib(said.rows))
        return 0
    sizes = [rows for rows in (1_000, 10_000, 100_000, 1_000_000) if rows <= said.most]
    peaks = {rows: _measured(rows) for rows in sizes}
    print("| rows | peak memory over that of 1,000 rows |\n|---|---|")
    for rows, peak in peaks.items():
        print(f"| {rows:,} | {peak / peaks[sizes[0]]:.2f} |", flush=True)
    return int(peaks[sizes[-1]] > 1.5 * peaks[sizes[0]])


def _measured(rows: int) -> int:
    told = subprocess.run(
        [sys.executable, __file__, "--rows", str(rows)], capture_output=True, check=True, text=True
    )
    return int(told.stdout)


def _peak_kib(rows: int) -> int:
    """Ingests so many rows of one pain rating each; gives this process's peak memory."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        study, form = _study(), _form()
        identity = Identity(study, b"a key for synthetic people")
        receiver = Receiver("repository", "research", frozenset({"Observation"}))
        trial = Trial(study, {form.id: form}, identity, (receiver,), "0")
        ledger = Ledger(
            Database(folder / "ledger"),
            Crosswalk(
                folder / "crosswalk", ("synthetic people need no secret, nor their crosswalk",)
            ),
        )
        _write_project(folder, rows)
        dictionary = read_dictionary(folder / "dictionary.csv")
        records = RecordsFile(folder / "records.csv", dictionary, study)
        report = ingest(ledger, trial, Snapshot(records, NOW, None), NOW.isoformat())
        if report.counts[form.id]["created"] != rows:
            raise SystemExit(f"expected {rows} created; found {report.counts}")
    # Not getrusage: what it tells a child begins with the size of the process that started it.
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.split("VmHWM:")[1].split()[0])


def _write_project(folder: Path, rows: int) -> None:
    (folder / "dictionary.csv").write_text(
        f"{COLUMNS}\nrecord_id,participant,,text,Record,\nconsent,participant,,yesno,Consent,\n"
        "nrs_pain_avg,nrs,,text,Pain,\n",
        "utf-8",
    )
    with (folder / "records.csv").open("w", encoding="utf-8") as file:
        file.writelines(_lines(rows))


def _lines(rows: int) -> Iterator[str]:
    yield (
        "record_id,redcap_repeat_instrument,redcap_repeat_instance,consent,"
        "nrs_pain_avg,nrs_timestamp,nrs_complete\n"
    )
    each = -(-rows // PEOPLE)
    left = rows
    for person in range(PEOPLE):
        yield f"{person},,,1,,,\n"
        for instance in range(1, min(each, left) + 1):
            minute = instance % 60
            yield f"{person},nrs,{instance},,{instance % 11},2023-05-02 10:{minute:02}:00,2\n"
        left -= min(each, left)


def _study() -> Study:
    return Study.model_validate(
        {
            "kind": "study",
            "id": "memory",
            "version": "1.0.0",
            "title": "Many rows",
            "source": "made by this benchmark",
            "base": "https://memory.example.org/fhir",
            "status": "active",
            "timezone": "Australia/Sydney",
            "record_id": "record_id",
            "timepoints": [{"id": "any", "title": "Any time"}],
            "participant": {"form": "participant"},
            "consents": [
                {
                    "id": "research",
                    "purpose": "research",
                    "form": "participant",
                    "given": {"field": "consent", "equals": "1"},
                    "on_withdrawal": "keep",
                }
            ],
            "forms": [{"form": "nrs-pain-avg-week", "source_form": "nrs", "at": ["any"]}],
        }
    )


def _form() -> Form:
    path = ROOT / "mappings" / "instruments" / "nrs-pain-avg-week.yaml"
    return Form.model_validate(yaml.safe_load(path.read_text("utf-8")))


if __name__ == "__main__":
    sys.exit(main())
