"""Each outcome to each record system by each rung: what became of it, as the page docs/ladder.md.

Run as a program it writes the page; the test computes it again and compares.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import httpx

from adapter.service import Service, open_service
from adapter.store import settling, versions
from adapter.sync.ladder import choose
from adapter.sync.profile import ClinicProfile, Rung
from tests.forms import FORMS
from tests.live.ladder.outcome import OUTCOMES, RECORD, ROOT, Outcome, Stage
from tests.live.ladder.systems import (
    IN_VISITS,
    PATIENT,
    ROWS,
    FarEnd,
    Shown,
    by_hand,
    far_end_at,
    number_of,
    patient,
    practice,
    simulated,
    visit,
)
from tests.live.ladder.trial import go_round, set_up
from tests.live.servers import RecordSystem, start_record_system

PAGE = ROOT / "docs" / "ladder.md"
FHIR = (
    *("full", "racing", "questionnaire-only", "vitals-only", IN_VISITS),
    *("unsigned-queue", "create-only"),
)
PRACTICES = ("v2-folder", "v2-mllp")
REAL = "HAPI FHIR JPA"
BY_HAND = "by-hand"
SYSTEMS = (*FHIR, REAL, *PRACTICES, BY_HAND)
NOT_OFFERED = "not offered by this system, because"
ANYWHERE = "as `by-hand`: it asks nothing of the record system"
STAGES: tuple[Stage, ...] = ("first", "corrected", "gone")
STEPS = ("create", "confirm", "correct", "retract")
TAKEN = (
    *("Device", "ResearchStudy", "Questionnaire", "QuestionnaireResponse", "Observation"),
    *("AdverseEvent", "Provenance"),
)
_NAMED = re.compile(r"task-\w+: |(?<=mark Observation)/\w+|(?<=mark DocumentReference)/\w+")
FINAL_ONLY = frozenset({"vitals-only", IN_VISITS, "create-only"})


@dataclass(frozen=True, slots=True)
class Way:
    """A rung as a row of the page names it; a document in these formats."""

    name: str
    rung: Rung
    formats: tuple[str, ...] = ()


WAYS = (
    Way("transaction", "transaction"),
    Way("single", "single"),
    Way("totals", "totals"),
    Way("document, PDF and text", "document", ("pdf", "text")),
    Way("document, text alone", "document", ("text",)),
    Way("hl7v2", "hl7v2"),
    Way("task", "task"),
)


@dataclass(frozen=True, slots=True)
class Told:
    """What the chart shows and the ledger knows of an outcome at one time."""

    chart: tuple[Shown, ...] = ()
    states: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one outcome at one record system by one way: a cell for each step.

    `ends` is how it stood at the end of each stage, `asked` how it stood when people were asked to
    do something by hand, None where nobody was.
    """

    outcome: Outcome
    system: str
    way: str
    cells: tuple[str, ...]
    ends: tuple[Told, ...] = ()
    asked: tuple[Told | None, ...] = ()


def try_all(real: RecordSystem, folder: Path) -> list[Row]:
    """Every outcome at every record system by every way; `real` is emptied for each of them."""
    rows: list[Row] = []
    for name in SYSTEMS:
        for number, way in enumerate(WAYS):
            place = folder / name.replace(" ", "-") / str(number)
            place.mkdir(parents=True)
            with _started(name, real, place) as far:
                rows.extend(_try(far, way, place))
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
        parts += [_line(f"`{row.system}`", row.way, *row.cells) for row in mine]
    return "".join(parts)


INTRODUCTION = """\
# What becomes of an outcome, by record system and rung

Written by `make ladder`, and compared by the tests: each outcome is sent to each record system by
each rung of the ladder, read back, corrected, and taken back when its record is deleted. A cell
says what the chart of the record system shows then, in brackets how it is marked there, and what
our ledger knows of it. Where a rung is passed over, the cells say why. In `unsigned-queue` somebody
signs what waits before it is read back. Where a person there was asked by a task, the cell says how
it stood then, and behind that how it stands when they did it and `adapter filed` said so.
`vitals-only, in visits` is `--needs-encounter`: it files a result in a visit of its own alone.
`by-hand` is no record system: pages lie in a folder, and people file them.
"""


@contextmanager
def _started(name: str, real: RecordSystem, place: Path) -> Iterator[FarEnd]:
    starting: AbstractContextManager[FarEnd]
    if name == REAL:
        starting = nullcontext(_emptied(real))
    elif name == BY_HAND:
        starting = by_hand(place)
    elif name in PRACTICES:
        starting = practice(name, place)
    else:
        starting = simulated(name, number_of(RECORD), visits=[visit()])
    with starting as far:
        yield far


def _emptied(real: RecordSystem) -> FarEnd:
    real.erase()
    known = patient(number_of(RECORD))
    url = f"{real.base_url}/Patient/{PATIENT}"
    httpx.put(url, json=known, timeout=60, trust_env=False).raise_for_status()
    return far_end_at(REAL, real.base_url)


def _try(far: FarEnd, way: Way, place: Path) -> list[Row]:
    obstacles = {outcome: _obstacle(far, way, outcome) for outcome in OUTCOMES}
    ends: dict[Outcome, list[Told]] = {outcome: [] for outcome in OUTCOMES}
    asked: dict[Outcome, list[Told | None]] = {outcome: [] for outcome in OUTCOMES}
    if not all(obstacles.values()):
        config = set_up(place, far, _profile(far, way))
        with open_service(config, asks=True) as service:
            for stage in STAGES:
                go_round(service, place, far, stage)
                before = {outcome: _told(service, far, outcome) for outcome in OUTCOMES}
                tasks = _do_tasks(service, far)
                for outcome in OUTCOMES:
                    is_mine = outcome.form in tasks
                    asked[outcome].append(before[outcome] if is_mine else None)
                    ends[outcome].append(_told(service, far, outcome))
    return [
        Row(outcome, far.name, way.name, (why,) * len(STEPS))
        if why
        else Row(
            outcome,
            far.name,
            way.name,
            _cells(ends[outcome], asked[outcome]),
            tuple(ends[outcome]),
            tuple(asked[outcome]),
        )
        for outcome, why in obstacles.items()
    ]


def _obstacle(far: FarEnd, way: Way, outcome: Outcome) -> str:
    """Why an outcome does not go this way, '' where it does."""
    if way.rung == "task":
        return "" if far.name == BY_HAND else ANYWHERE
    if far.name == BY_HAND:
        return f"{NOT_OFFERED} it is a person, and no record system"
    if (way.rung == "hl7v2") is (far.capability is not None):
        said = "it takes HL7 v2 and no FHIR" if far.capability is None else "it takes no HL7 v2"
        return f"{NOT_OFFERED} {said}"
    profile = ClinicProfile.model_validate(_profile(far, way))
    choice = choose(profile, far.capability, FORMS[outcome.form])
    if choice.rung == way.rung and "all the same" not in choice.reason:
        return ""
    reason = choice.reason.split("; ")[0].removeprefix(f"not {way.rung}: ")
    return f"{NOT_OFFERED} {reason}"


def _profile(far: FarEnd, way: Way) -> dict[str, object]:
    rung = way.rung
    taken = [kind for kind in TAKEN if _takes(far, kind)] if rung != "document" else []
    said: dict[str, object] = {
        "kind": "clinic",
        "id": "far",
        "title": far.name,
        "purpose": "care",
        "ladder": [rung, "task"] if rung == "totals" else [rung],
        "accepts": taken or list(TAKEN) if rung in {"transaction", "single"} else [],
        "patient": {"find_by": "ihi"},
        "only_final": far.name in FINAL_ONLY,
    }
    if way.formats:
        said["document"] = {"formats": list(way.formats)}
    if rung == "totals":
        total = {"system": ROWS, "code": "ders-total", "display": "DERS-18"}
        said["codes"] = {"ders-18": {"total": total}}
        if far.name in {"vitals-only", IN_VISITS}:
            said["totals"] = {"category": "vital-signs"}
        if far.name == IN_VISITS:
            said["encounter"] = {"within_days": 14}
    if rung == "hl7v2":
        transport = "mllp" if far.name == "v2-mllp" else "folder"
        said["hl7v2"] = {"transport": transport, "receiver": ["PRACTICE", "NORTHSIDE"]}
    return said


def _takes(far: FarEnd, kind: str) -> bool:
    return far.capability is not None and far.capability.offers(kind, "create", "update")


def _do_tasks(service: Service, far: FarEnd) -> set[str]:
    """People do what they were asked, and tell; gives the forms that they were asked about."""
    tx = service.database.read()
    marks = tx.execute("SELECT type, id, remote_id, task FROM stood WHERE standing = 'left'")
    asked = [(row["task"], row["type"], row["id"], row["remote_id"]) for row in marks.fetchall()]
    pages = tx.execute(
        "SELECT type, id, remote_version FROM delivery WHERE state IN ('accepted', 'awaiting')"
        " AND remote_version LIKE 'task-%'"
    ).fetchall()
    asked += [(row["remote_version"], row["type"], row["id"], "") for row in pages]
    forms = set()
    for task, kind, id_, there in asked:
        if there:
            far.mark(f"{kind}/{there}")
        with service.database.write() as done:
            assert settling.file(done, "far", task, service.now())
        version = versions.latest(tx, kind, id_)
        assert version is not None
        forms.add(version.form)
    return forms


def _told(service: Service, far: FarEnd, outcome: Outcome) -> Told:
    """What the chart shows now, and the ledger: each state with its reason, once."""
    rows = service.database.read().execute(
        "SELECT state, rule, reason FROM delivery WHERE form = ? AND participant = ? "
        "AND state <> 'superseded'",
        (outcome.form, RECORD),
    )
    states = {": ".join(filter(None, (row["state"], row["rule"] or row["reason"]))) for row in rows}
    known = {_NAMED.sub("", each) for each in states}
    return Told(tuple(far.shown(outcome)), tuple(sorted(known)))


def _cells(ends: list[Told], asked: list[Told | None]) -> tuple[str, ...]:
    ids = {each.id for each in ends[0].chart}
    first, *later = (_in_words(end, before, ids) for end, before in zip(ends, asked, strict=True))
    chart, _, known = first.partition("; ")
    return (chart, known, *later)


def _in_words(end: Told, asked: Told | None, ids: set[str]) -> str:
    if asked is None:
        return _once(end, ids)
    return f"{_once(asked, ids)}; when somebody did the task: {_once(end, ids)}"


def _once(told: Told, ids: set[str]) -> str:
    is_elsewhere = bool(told.chart) and not {each.id for each in told.chart} <= ids
    place = ", a new one" if is_elsewhere else ""
    return f"{_chart(told.chart)}{place}; ledger: {', '.join(told.states) or 'nothing'}"


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
