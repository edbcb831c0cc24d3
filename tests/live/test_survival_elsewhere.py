"""Workers are killed on the way to record systems that take less than a whole transaction.

To every simulated one, in its short form less often.
"""

from __future__ import annotations

import csv
import itertools
import os
import random
import re
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from adapter.cli.ingest import ingest_all
from adapter.service import open_service
from adapter.simulate import PERSONALITIES, RecordSystem, Site, record_system_app, serving
from adapter.simulate.desk import sign
from adapter.simulate.hl7v2 import Folders, Practice, mllp_serving, watching
from adapter.sync.verify import verify
from tests.live.ladder.outcome import IHI, TRIAL
from tests.live.ladder.systems import ROWS
from tests.live.ladder.trial import CONFIG
from tests.live.nursery import Configured, now
from tests.live.simulated import SEED
from tests.live.survival import IS_FULL, Nursery, is_alive, note, wait_for
from tests.live.test_single import PROFILE, TOTALS, single

KILLS = 30 if IS_FULL else 3
TOTAL = ("vitals-only", "unsigned-queue", "create-only")
"""They take two numbers of each person: too few people would be done before anybody is killed."""
PEOPLE = {"v2-folder": 6, "v2-mllp": 6} if IS_FULL else dict.fromkeys(TOTAL, 8)
MOST, FEW = 16, 2


def hl7v2(transport: str) -> dict[str, object]:
    said = {"transport": transport, "receiver": ["PRACTICE", "NORTHSIDE"]}
    return {"ladder": ["hl7v2"], "hl7v2": said}


LADDERS = {
    "racing": single("QuestionnaireResponse", "Observation"),
    "questionnaire-only": single("QuestionnaireResponse"),
    "vitals-only": TOTALS,
    "unsigned-queue": TOTALS,
    "create-only": TOTALS,
    "v2-folder": hl7v2("folder"),
    "v2-mllp": hl7v2("mllp"),
}
LIMITS = {"bundle": {"entries": 4}, "timeout_seconds": 5}
UNASKABLE = frozenset({"vitals-only", "create-only", "unsigned-queue"})
"""They overlook our identifier, or hide what is unsigned: what was under way cannot be looked for.

So what was under way when somebody died is left to a person, and never sent twice.
"""
Owed = dict[str, str]


@dataclass(frozen=True)
class There:
    """A record system that runs: its lines in adapter.toml, and what it holds.

    `held` gives the name of everything in the order in which it came, each as often as it is
    there; `act` is what people there do; `said` is what each resource there says, without its id.
    """

    settings: str
    held: Callable[[], list[str]]
    act: Callable[[], object] = lambda: None
    said: Callable[[], list[str]] = list


def numbers(people: int) -> dict[str, str]:
    """The first people of the trial, and the number that each is known by."""
    with (TRIAL / "records.csv").open(encoding="utf-8", newline="") as file:
        known = {row["record_id"]: row["ihi"] for row in csv.DictReader(file) if row["ihi"]}
    return dict(itertools.islice(known.items(), people))


@contextmanager
def fhir(kind: str, people: dict[str, str]) -> Iterator[There]:
    """A simulated record system that knows these people, each under the number of its record."""
    site = Site(frozenset({f"{ROWS}|ders-total"})) if kind == "vitals-only" else Site()
    made = PERSONALITIES[kind](site)
    system = RecordSystem(clock=now, ids=map(str, itertools.count(1)), personality=made)
    system.seed(
        {
            "resourceType": "Patient",
            "id": f"p{record}",
            "identifier": [{"system": IHI, "value": number}],
        }
        for record, number in people.items()
    )

    def held() -> list[str]:
        there = [
            (system.resources.versions(type_, name)[0].last_updated, type_, name)
            for type_ in ("QuestionnaireResponse", "Observation")
            for name in system.resources.live(type_)
        ]
        return [f"{type_}/{name}" for _, type_, name in sorted(there)]

    def said() -> list[str]:
        texts = (
            (system.resources.versions(type_, name)[0].body or b"").decode()
            for type_ in ("QuestionnaireResponse", "Observation")
            for name in system.resources.live(type_)
        )
        return [re.sub(r'"(id|versionId|lastUpdated)":"[^"]*"', "", text) for text in texts]

    with serving(record_system_app(system)) as port:
        act = (lambda: sign(system)) if system.personality.queued else (lambda: None)
        yield There(f'url = "http://127.0.0.1:{port}/fhir"', held, act, said)


@contextmanager
def practice(kind: str, folder: Path) -> Iterator[There]:
    """A practice that takes HL7 v2 of anybody."""
    filing = Practice(now)

    def held() -> list[str]:
        return [
            report.control_id for report in filing.reports.values() for _ in range(report.count)
        ]

    if kind == "v2-mllp":
        with mllp_serving(filing) as port:
            yield There(f'mllp = "127.0.0.1:{port}"\nmllp_tls = false', held)
        return
    folders = Folders(folder / "messages", folder / "acknowledgements")
    folders.incoming.mkdir()
    folders.acknowledgements.mkdir()
    settings = f'folder = "{folders.incoming}"\nacknowledgements = "{folders.acknowledgements}"'
    with watching(filing, folders, 0.02):
        is_empty = lambda: not any(folders.incoming.glob("*.hl7"))  # noqa: E731
        yield There(settings, held, lambda: wait_for(is_empty))


@contextmanager
def started(kind: str, folder: Path, people: dict[str, str]) -> Iterator[There]:
    """A record system of a kind, and the trial's side, which owes it these people's outcomes."""
    with practice(kind, folder) if kind.startswith("v2") else fhir(kind, people) as there:
        profile = yaml.safe_dump({**PROFILE, **LADDERS[kind], **LIMITS})
        (folder / "clinic.yaml").write_text(profile, "utf-8")
        (folder / "key").write_text("synthetic people need no secret, but 32 bytes", "utf-8")
        (folder / "adapter.toml").write_text(CONFIG + there.settings, "utf-8")
        lines = (TRIAL / "records.csv").read_text("utf-8").split("\n")
        mine = [line for line in lines[1:] if line.split(",")[0] in people]
        (folder / "records.csv").write_text("\n".join([lines[0], *mine, ""]), "utf-8")
        with open_service(folder / "adapter.toml", asks=True) as service:
            ingest_all(service)
            for record in people:
                service.crosswalk.link("far", record, f"p{record}", service.now())
        yield there


def owed(ledger: Path) -> list[tuple[str, str, str]]:
    """What left, by person and in the order it was owed in, and the state of each.

    What waits for a person of the trial's own, as a task, is left out.
    """
    query = (
        "SELECT participant, CASE WHEN d.type = 'DocumentReference' THEN remote_version ELSE"
        " d.type || '/' || coalesce(remote_id, d.id) END, state FROM delivery AS d LEFT JOIN remote"
        " USING (clinic, type, id) WHERE state NOT IN ('held', 'superseded')"
        " AND remote_version NOT LIKE 'task-%' ORDER BY seq"
    )
    with closing(sqlite3.connect(ledger)) as connection:
        return connection.execute(query).fetchall()


def claims(ledger: Path) -> int:
    """How many claims there were."""
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=30)) as connection:
        row = connection.execute("SELECT coalesce(sum(attempts), 0) FROM delivery").fetchone()
    return int(row[0])


@pytest.mark.parametrize("kind", LADDERS)
def test_workers_killed_on_any_way_lose_nothing_and_double_nothing(
    kind: str, nursery: Nursery, tmp_path: Path
) -> None:
    chance = random.Random(SEED)  # noqa: S311 - when to kill
    ledger, kills = tmp_path / "ledger.sqlite", 0
    with started(kind, tmp_path, numbers(PEOPLE.get(kind, MOST if IS_FULL else FEW))) as there:
        job = Configured(str(tmp_path / "adapter.toml"))
        while kills < KILLS and {state for *_, state in owed(ledger)} & {"queued", "uncertain"}:
            before = claims(ledger)
            pid = nursery.start(job)
            wait_for(lambda: claims(ledger) > before or not is_alive(pid))  # noqa: B023 - at once
            time.sleep(chance.uniform(0, 0.06))
            with suppress(ProcessLookupError):  # it was done before: no kill
                os.kill(pid, signal.SIGKILL)
                kills += 1
            wait_for(lambda: not is_alive(pid))  # noqa: B023
        nursery.finish(job, 300)  # pages for people, too
        there.act()
        with open_service(tmp_path / "adapter.toml") as service:
            verify(service.clinics[0])
        held, left, said = there.held(), owed(ledger), there.said()

    asked = sum(state == "refused" for *_, state in left)
    left = [each for each in left if each[2] != "refused"]
    names = [name for _, name, _ in left]
    # What a person is asked about may be there, or not; nothing says the same as another.
    doubled = max(len(held) - len(set(held) & set(names)) - asked, len(said) - len(set(said)))
    doubled = max(0, doubled)
    assert {state for *_, state in left} == {"confirmed"}
    assert set(names) <= set(held), "something is lost"
    assert asked <= (kills if kind in UNASKABLE else 0)
    assert kills == KILLS
    by_person = itertools.groupby(sorted(left, key=lambda each: each[0]), lambda each: each[0])
    for _, mine in by_person:
        places = [held.index(name) for _, name, _ in mine]
        assert places == sorted(places), "somebody's outcomes came out of turn"
    figures: dict[str, object] = {
        "kills": kills,
        "resources": len(names),
        "lost": 0,
        "doubled": doubled,
    }
    if kind in UNASKABLE:
        figures["left to a person"] = asked
    note(f"killed: sqlite-{kind}", figures)
    assert doubled == 0
