"""Each outcome to each record system by each rung: what became of it, as the page docs/ladder.md.

Run as a program it writes the page; the test computes it again and compares.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import httpx
import yaml

from adapter.cli.deliver import push_all, verify_all
from adapter.cli.ingest import ingest_all
from adapter.service import Service, open_service
from adapter.sync.ladder import choose
from adapter.sync.profile import ClinicProfile, Rung
from tests.forms import FORMS
from tests.live.ladder.outcome import OUTCOMES, RECORD, ROOT, Outcome, Stage, write_records
from tests.live.ladder.systems import (
    PATIENT,
    ROWS,
    FarEnd,
    Shown,
    far_end_at,
    number_of,
    patient,
    practice,
    simulated,
)
from tests.live.servers import RecordSystem, start_record_system

PAGE = ROOT / "docs" / "ladder.md"
RUNGS: tuple[Rung, ...] = ("transaction", "single", "totals", "document", "hl7v2")
SERVED: frozenset[Rung] = frozenset(RUNGS)
FHIR = ("full", "racing", "questionnaire-only", "vitals-only", "unsigned-queue", "create-only")
PRACTICES = ("v2-folder", "v2-mllp")
REAL = "HAPI FHIR JPA"
NOT_OFFERED = "not offered by this system, because"
NOT_YET = "this adapter does not go this way yet"
# What goes one by one: R4 knows no search of an AdverseEvent by identifier, to look first.
ANSWERS = ("QuestionnaireResponse", "Observation")
STAGES: tuple[Stage, ...] = ("first", "corrected", "gone")
STEPS = ("create", "confirm", "correct", "retract")
TAKEN = (
    *("Device", "ResearchStudy", "Questionnaire", "QuestionnaireResponse", "Observation"),
    *("AdverseEvent", "Provenance"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one outcome at one record system by one rung: a cell for each step."""

    outcome: Outcome
    system: str
    rung: Rung
    cells: tuple[str, ...]
    charts: tuple[tuple[Shown, ...], ...] = ()
    states: tuple[tuple[str, ...], ...] = ()


def try_all(real: RecordSystem, folder: Path) -> list[Row]:
    """Every outcome at every record system by every rung; `real` is emptied for each of them."""
    rows: list[Row] = []
    for name in (*FHIR, REAL, *PRACTICES):
        for rung in RUNGS:
            place = folder / name.replace(" ", "-") / rung
            place.mkdir(parents=True)
            with _started(name, real, place) as far:
                rows.extend(_try(far, rung, place))
    return rows


def build_page(rows: Iterable[Row]) -> str:
    """The page, a table for each outcome."""
    told = list(rows)
    parts = [INTRODUCTION]
    for outcome in OUTCOMES:
        mine = [row for row in told if row.outcome == outcome]
        parts.append(f"\n## {outcome.title}\n\n")
        parts.append(
            f"It is {outcome.was} at first and {outcome.becomes} when it is corrected.\n\n"
        )
        parts.append(_line("record system", "rung", *STEPS))
        parts.append("|---|---|---|---|---|---|\n")
        parts += [_line(f"`{row.system}`", f"`{row.rung}`", *row.cells) for row in mine]
    return "".join(parts)


INTRODUCTION = """\
# What becomes of an outcome, by record system and rung

Written by `make ladder`, and compared by the tests: each outcome is sent to each record system by
each rung of the ladder, read back, corrected, and taken back when its record is deleted. A cell
says what the chart of the record system shows then, in brackets how it is marked there, and what
our ledger knows of it. Where a rung is passed over, the cells say why. In `unsigned-queue` somebody
signs what waits before it is read back.
"""


@contextmanager
def _started(name: str, real: RecordSystem, place: Path) -> Iterator[FarEnd]:
    starting: AbstractContextManager[FarEnd]
    if name == REAL:
        starting = nullcontext(_emptied(real))
    elif name in PRACTICES:
        starting = practice(name, place)
    else:
        starting = simulated(name, number_of(RECORD))
    with starting as far:
        yield far


def _emptied(real: RecordSystem) -> FarEnd:
    real.erase()
    known = patient(number_of(RECORD))
    url = f"{real.base_url}/Patient/{PATIENT}"
    httpx.put(url, json=known, timeout=60, trust_env=False).raise_for_status()
    return far_end_at(REAL, real.base_url)


def _try(far: FarEnd, rung: Rung, place: Path) -> list[Row]:
    obstacles = {outcome: _obstacle(far, rung, outcome) for outcome in OUTCOMES}
    if all(obstacles.values()):
        return [
            Row(outcome, far.name, rung, (why,) * len(STEPS)) for outcome, why in obstacles.items()
        ]
    charts: dict[Stage, dict[Outcome, tuple[Shown, ...]]] = {}
    states: dict[Stage, dict[Outcome, tuple[str, ...]]] = {}
    with _adapter(far, rung, place) as service:
        for stage in STAGES:
            write_records(place / "records.csv", stage)
            _sync(service, far)
            states[stage] = {outcome: _states(service, outcome) for outcome in OUTCOMES}
            charts[stage] = {outcome: tuple(far.shown(outcome)) for outcome in OUTCOMES}
    return [
        Row(outcome, far.name, rung, (why,) * len(STEPS))
        if why
        else Row(
            outcome,
            far.name,
            rung,
            _cells(charts, states, outcome),
            tuple(charts[stage][outcome] for stage in STAGES),
            tuple(states[stage][outcome] for stage in STAGES),
        )
        for outcome, why in obstacles.items()
    ]


def _obstacle(far: FarEnd, rung: Rung, outcome: Outcome) -> str:
    """Why an outcome does not go this way, '' where it does."""
    if (rung == "hl7v2") is (far.capability is not None):
        said = "it takes HL7 v2 and no FHIR" if far.capability is None else "it takes no HL7 v2"
        return f"{NOT_OFFERED} {said}"
    if rung not in SERVED or (rung == "single" and _is_event_taken(far, outcome)):
        return NOT_YET
    profile = ClinicProfile.model_validate(_profile(far, rung))
    choice = choose(profile, far.capability, FORMS[outcome.form])
    if choice.rung == rung and "all the same" not in choice.reason:
        return ""
    reason = choice.reason.split("; ")[0].removeprefix(f"not {rung}: ")
    return f"{NOT_OFFERED} {reason}"


def _is_event_taken(far: FarEnd, outcome: Outcome) -> bool:
    return outcome.form == "adverse-event" and _takes(far, "AdverseEvent")


def _profile(far: FarEnd, rung: Rung) -> dict[str, object]:
    asked = ANSWERS if rung == "single" else TAKEN
    taken = [kind for kind in asked if _takes(far, kind)] if rung != "document" else []
    said: dict[str, object] = {
        "kind": "clinic",
        "id": "far",
        "title": far.name,
        "purpose": "care",
        "ladder": [rung, "task"] if rung == "totals" else [rung],
        "accepts": taken or list(TAKEN) if rung in {"transaction", "single"} else [],
        "patient": {"find_by": "ihi"},
    }
    if rung == "totals":
        total = {"system": ROWS, "code": "ders-total", "display": "DERS-18"}
        said["codes"] = {"ders-18": {"total": total}}
        if far.name == "vitals-only":
            said["totals"] = {"category": "vital-signs", "only_final": True}
    if rung == "hl7v2":
        way = "mllp" if far.name == "v2-mllp" else "folder"
        said["hl7v2"] = {"transport": way, "receiver": ["PRACTICE", "NORTHSIDE"]}
    return said


def _takes(far: FarEnd, kind: str) -> bool:
    return far.capability is not None and far.capability.offers(kind, "create", "update")


@contextmanager
def _adapter(far: FarEnd, rung: Rung, place: Path) -> Iterator[Service]:
    """The adapter, set up for one record system and one rung."""
    (place / "clinic.yaml").write_text(yaml.safe_dump(_profile(far, rung)), "utf-8")
    (place / "key").write_text("synthetic people need no secret, but 32 bytes", "utf-8")
    config = place / "adapter.toml"
    config.write_text(CONFIG.format(root=ROOT, settings=far.settings), "utf-8")
    with open_service(config) as service:
        yield service


def _sync(service: Service, far: FarEnd) -> None:
    """Reads the source as it is, sends, lets people there act, and reads back."""
    ingest_all(service)
    service.crosswalk.link("far", RECORD, PATIENT, service.now())
    push_all(service)
    far.act()
    verify_all(service, everything=False)


CONFIG = """\
study = "{root}/mappings/studies/idbt-pain.yaml"
instruments = "{root}/mappings/instruments"
ledger = "ledger.sqlite"
crosswalk = "crosswalk.sqlite"
key_file = "key"
crosswalk_key_file = "key"
[[sources]]
kind = "redcap"
dictionary = "{root}/fixtures/idbt-pain/dictionary.csv"
records = "records.csv"
as_of = 2024-08-30T17:05:00+10:00
missing_limit = 5
[[clinics]]
profile = "clinic.yaml"
tasks = "tasks"
{settings}
"""


def _states(service: Service, outcome: Outcome) -> tuple[str, ...]:
    """What the ledger knows of an outcome's deliveries: each state with its reason, once."""
    rows = service.database.read().execute(
        "SELECT state, rule, reason FROM delivery WHERE form = ? AND participant = ? "
        "AND state <> 'superseded'",
        (outcome.form, RECORD),
    )
    told = {": ".join(filter(None, (row["state"], row["rule"] or row["reason"]))) for row in rows}
    return tuple(sorted(told))


def _cells(
    charts: dict[Stage, dict[Outcome, tuple[Shown, ...]]],
    states: dict[Stage, dict[Outcome, tuple[str, ...]]],
    outcome: Outcome,
) -> tuple[str, ...]:
    first, corrected, gone = (charts[stage][outcome] for stage in STAGES)
    known = [", ".join(states[stage][outcome]) or "nothing" for stage in charts]
    ids = {each.id for each in first}
    place = "" if {each.id for each in corrected} <= ids or not corrected else "; a new one"
    return (
        _chart(first),
        f"ledger: {known[0]}",
        f"{_chart(corrected)}{place}; ledger: {known[1]}",
        f"{_chart(gone)}; ledger: {known[2]}",
    )


def _chart(shown: tuple[Shown, ...]) -> str:
    return (
        ", ".join(
            f"{each.kind} {each.said} ({each.status})".replace(" ()", "").replace("  ", " ")
            for each in shown
        )
        or "the chart shows nothing"
    )


def _line(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |\n"


if __name__ == "__main__":
    with start_record_system() as server, tempfile.TemporaryDirectory() as folder:
        tried = try_all(server, Path(folder))
    PAGE.write_text(build_page(tried), "utf-8")
    sys.stderr.write(f"{PAGE.name}: {len(tried)} rows\n")
