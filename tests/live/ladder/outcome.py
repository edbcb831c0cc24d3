"""One person's DERS-18 and one adverse event: as they were, corrected, and gone from the source."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

ROOT = Path(__file__).parents[3]
TRIAL = ROOT / "fixtures" / "idbt-pain"
RECORD, ANOTHER = "1030", "1042"
IHI = "http://ns.electronichealth.net.au/id/hi/ihi/1.0"
Stage = Literal["first", "corrected", "gone"]
OF_PERSON = ("record_id", "redcap_event_name", "ihi", "mrn", "dob", "sex")
CONSENT = re.compile(r"consent|withdraw|enrol|participant|off_study")
CHANGES = {
    "first": {},
    "corrected": {"ders18_8": "3", "ae_severity": "2"},
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is followed through every way: `was` becomes `becomes` by the correction.

    `code` and `words` find its number or word in an Observation, a page, or a message; `item` in a
    QuestionnaireResponse.
    """

    form: str
    title: str
    was: str
    becomes: str
    code: str
    words: str
    item: str = ""


DERS = Outcome(
    "ders-18",
    "DERS-18, the total",
    "29",
    "30",
    "ders-18-total",
    r"DERS-18 total score:?\s+(\d+)",
    "ders18-8",
)
EVENT = Outcome(
    "adverse-event",
    "An adverse event, its severity",
    "mild",
    "moderate",
    "severity",
    r"Severity:?\s+(\w+)",
)
OUTCOMES = (DERS, EVENT)


def write_records(path: Path, stage: Stage) -> None:
    """Writes the export of this stage: nothing of the person but these two outcomes.

    Somebody else stays in it, without an outcome, so that the file is no empty one.
    """
    with (TRIAL / "records.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    kept = [_kept(row, stage) for row in rows if row["record_id"] in {RECORD, ANOTHER}]
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(row for row in kept if row and not (stage == "gone" and _is_mine(row)))
    path.write_text(text.getvalue(), "utf-8")


def _is_mine(row: dict[str, Any]) -> bool:
    return bool(row["record_id"] == RECORD)


def _kept(row: dict[str, Any], stage: Stage) -> dict[str, Any] | None:
    """A row without what belongs to other forms; None where nothing is left of it."""
    event, form = row["redcap_event_name"], row.get("redcap_repeat_instrument", "")
    if event == "week_0_arm_1":
        return {name: value if _is_of_person(name) else "" for name, value in row.items()}
    if not _is_mine(row) or not (event == "week_9_arm_1" or form == "adverse_event"):
        return None
    kept = {name: value if _is_of_outcome(name) else "" for name, value in row.items()}
    changed = CHANGES.get(stage, {})
    return {name: changed[name] if name in changed and kept[name] else kept[name] for name in kept}


def _is_of_person(name: str) -> bool:
    return name in OF_PERSON or CONSENT.search(name) is not None


def _is_of_outcome(name: str) -> bool:
    return name in OF_PERSON or name.startswith(("redcap_", "ders18_", "ae_", "adverse_event"))
