"""Two worlds that differ in nothing but the arm: the same trial, by every road, seen by everybody.

In one world some people have attendance, and their adverse events are put down to the therapy,
under a category that only the therapy can have; in the other nobody has any of it. Then answers are
corrected in both; what tells the arm is corrected in one alone.
"""

from __future__ import annotations

import csv
import io
import itertools
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from adapter.cli import main
from adapter.simulate import record_system_app, serving
from adapter.simulate.full import RecordSystem
from adapter.simulate.hl7v2 import Folders, Practice, import_files, mllp_serving
from tests.keys import CROSSWALK_KEY

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

ROOT = Path(__file__).parents[2]
TRIAL, MAPPINGS = ROOT / "fixtures" / "idbt-pain", ROOT / "mappings"
NOW = datetime(2024, 9, 20, 1, tzinfo=UTC)
PEOPLE = 3
Row = dict[str, str]

_KINDS = "QuestionnaireResponse, Observation, AdverseEvent, Provenance"
_OWN = "patient: {listed: true}"
_V2 = 'hl7v2: {version: "VERSION", transport: TRANSPORT, receiver: [P, N]}'
_CODE = "{system: 'http://site.example.org/rows', code: ders-total}"
LADDERS = {
    "by-transaction": f"ladder: [transaction]\naccepts: [{_KINDS}, Flag, Task]\n{_OWN}",
    "one-by-one": f"ladder: [single]\naccepts: [{_KINDS}]\n{_OWN}",
    "totals": f"ladder: [totals, task]\n{_OWN}\ncodes: {{ders-18: {{total: {_CODE}}}}}\n"
    "totals: {category: vital-signs}\nonly_final: true",
    "pages": f"ladder: [document]\n{_OWN}",
    "by-folder": f"ladder: [hl7v2]\n{_OWN}\n"
    + _V2.replace("VERSION", "2.4").replace("TRANSPORT", "folder"),
    "by-mllp": f"ladder: [hl7v2]\n{_OWN}\n"
    + _V2.replace("VERSION", "2.5.1").replace("TRANSPORT", "mllp"),
    "by-hand": f"ladder: [task]\n{_OWN}",
}
FHIR = ("research-repository", "by-transaction", "one-by-one", "totals", "pages")
FIRST: tuple[tuple[str, ...], ...] = (("plan", "--json"), ("push",), ("verify",), ("status",))
PAGES: tuple[tuple[str, ...], ...] = (
    ("plan", "--explain", "--json"),
    ("plan",),
    ("push", "--json"),
    ("verify", "--json"),
    ("status", "--json"),
    ("status",),
    ("audit", "show", "--json"),
    ("audit", "fhir"),
    ("audit", "verify"),
    ("inbox", "list", "--json"),
    ("candidates", "--json"),
    ("signals",),
)


@dataclass
class Recorder:
    """Everything that a record system is sent, in order."""

    app: ASGIApp
    heard: list[tuple[str, str, bytes]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        said = b""

        async def listen() -> Message:
            nonlocal said
            message = await receive()
            said += message.get("body", b"")
            if not message.get("more_body"):
                address = scope["path"] + "?" + scope["query_string"].decode()
                self.heard.append((scope["method"], address, said))
            return message

        await self.app(scope, listen, send)


class Listening(Practice):
    """A practice that keeps every message as it came."""

    def __init__(self) -> None:
        super().__init__(lambda: NOW)
        self.heard: list[bytes] = []

    def receive(self, content: bytes) -> bytes:
        self.heard.append(content)
        return super().receive(content)


@dataclass
class World:
    """What can be seen of a world: by each receiver, on each page, in each file (by its name)."""

    folder: Path
    recorders: dict[str, Recorder] = field(default_factory=dict)
    practices: dict[str, Listening] = field(default_factory=dict)
    printed: list[tuple[tuple[str, ...], int, str, str]] = field(default_factory=list)

    @property
    def heard(self) -> dict[str, list[object]]:
        """What each receiver was sent, in order."""
        by_http = {name: list[object](each.heard) for name, each in self.recorders.items()}
        return by_http | {name: list[object](each.heard) for name, each in self.practices.items()}

    @property
    def files(self) -> dict[str, bytes]:
        """Every file that others may see: exports, tasks, messages, the audit log."""
        seen = ("out-1", "out-2", "tasks", "incoming", "acks", "audit.ndjson")
        paths = [path for name in seen for path in _within(self.folder / name)]
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in paths}

    def run(self, capture: pytest.CaptureFixture[str], *words: str) -> None:
        """One command; what it prints is kept."""
        capture.readouterr()
        code = main([*words, "--config", str(self.folder / "adapter.toml")], clock=lambda: NOW)
        streams = capture.readouterr()
        self.printed.append((words, code, streams.out, streams.err))


def read_trial() -> list[Row]:
    """The rows of some people of the synthetic trial: those who fell ill first."""
    trial = list(csv.DictReader(io.StringIO((TRIAL / "records.csv").read_text("utf-8"))))
    fell_ill = [row["record_id"] for row in trial if row["ae_term"]]
    attended = [row["record_id"] for row in trial if row["session_1"]]
    people = set(list(dict.fromkeys([*fell_ill[:2], *attended, *fell_ill]))[:PEOPLE])
    return [row for row in trial if row["record_id"] in people]


def told(row: Row, *, has_therapy: bool, related: str) -> Row:
    """The same row in the one world or the other."""
    columns = list(row)
    first, last = (columns.index(name) for name in ("session_1", "session_attendance_complete"))
    attendance = {} if has_therapy else dict.fromkeys(columns[first : last + 1], "")
    if not row["ae_term"]:
        return {**row, **attendance}
    category = "distress-in-session" if has_therapy else "other"
    return {**row, **attendance, "ae_category": category, "ae_related": related}


def corrected(rows: list[Row]) -> list[Row]:
    """The same rows with one answer, and the term of one event, told otherwise."""
    one = next(row for row in rows if row["ders18_1"])
    event = next(row for row in rows if row["ae_term"])
    answer = {"ders18_1": str(int(one["ders18_1"]) % 5 + 1)}
    term = {"ae_term": f"{event['ae_term']} (told again)"}
    return [
        {**row, **(answer if row is one else {}), **(term if row is event else {})} for row in rows
    ]


def build(folder: Path, capture: pytest.CaptureFixture[str], *, has_therapy: bool) -> World:
    """Reads, plans, sends, reads back and exports one world, before and after a correction."""
    folder.mkdir()
    trial = read_trial()
    people = sorted({row["record_id"] for row in trial})
    with _systems(World(folder), people) as world:
        write_rows(
            folder,
            [
                told(row, has_therapy=has_therapy, related="4" if has_therapy else "1")
                for row in trial
            ],
        )
        world.run(capture, "check")
        world.run(capture, "ingest")
        world.printed.pop()  # what the source holds is for who may read it
        world.run(capture, "link", "--list", str(folder / "links.csv"))
        _see(world, capture, FIRST)
        world.run(capture, "export", "--out", str(folder / "out-1"))
        related = "2" if has_therapy else "1"
        again = [told(row, has_therapy=has_therapy, related=related) for row in corrected(trial)]
        write_rows(folder, again)
        world.run(capture, "ingest")
        world.printed.pop()
        _see(world, capture, PAGES)
        world.run(capture, "export", "--out", str(folder / "out-2"))
    return world


def _see(
    world: World, capture: pytest.CaptureFixture[str], pages: Sequence[tuple[str, ...]]
) -> None:
    for words in pages:
        world.run(capture, *words)
        folders = Folders(world.folder / "incoming", world.folder / "acks")
        import_files(world.practices["by-folder"], folders)


@contextmanager
def _systems(world: World, people: Sequence[str]) -> Iterator[World]:
    """Every receiver of a world, running, and the configuration that names them."""
    folder = world.folder
    for name in ("incoming", "acks"):
        (folder / name).mkdir()
    with ExitStack() as stack:
        settings = {}
        for name in FHIR:
            system = RecordSystem(clock=lambda: NOW, ids=map(str, itertools.count(1)))
            world.recorders[name] = Recorder(record_system_app(system))
            system.seed({"resourceType": "Patient", "id": f"p-{each}"} for each in people)
            port = stack.enter_context(serving(world.recorders[name]))
            settings[name] = f'url = "http://127.0.0.1:{port}/fhir"'
        world.practices = {name: Listening() for name in ("by-folder", "by-mllp")}
        port = stack.enter_context(mllp_serving(world.practices["by-mllp"]))
        settings["by-mllp"] = f'mllp = "127.0.0.1:{port}"\nmllp_tls = false'
        settings["by-folder"] = 'folder = "incoming"\nacknowledgements = "acks"'
        settings["by-hand"] = 'tasks = "tasks/by-hand"'
        settings["totals"] += '\ntasks = "tasks/totals"'
        _configure(folder, settings, people)
        yield world


def _configure(folder: Path, settings: dict[str, str], people: Sequence[str]) -> None:
    clinics = ""
    for name, lines in settings.items():
        profile = MAPPINGS / "clinics" / f"{name}.yaml"
        if name in LADDERS:
            profile = folder / f"{name}.yaml"
            said = f"kind: clinic\nid: {name}\ntitle: {name}\npurpose: care\n{LADDERS[name]}\n"
            profile.write_text(said, "utf-8")
        clinics += f'[[clinics]]\nprofile = "{profile}"\n{lines}\n'
    rows = "".join(f"{name},{each},p-{each}\n" for name in LADDERS for each in people)
    (folder / "links.csv").write_text(f"clinic,record,patient\n{rows}", "utf-8")
    (folder / "study.key").write_text("synthetic people only: this key is no secret", "utf-8")
    (folder / "who.key").write_text(CROSSWALK_KEY, "utf-8")
    (folder / "instruments").mkdir()
    asked = yaml.safe_load((MAPPINGS / "studies" / "idbt-pain.yaml").read_text("utf-8"))["forms"]
    for form in {each["form"] for each in asked}:
        shutil.copy(MAPPINGS / "instruments" / f"{form}.yaml", folder / "instruments")
    (folder / "adapter.toml").write_text(
        f"""\
study = "{MAPPINGS / "studies" / "idbt-pain.yaml"}"
instruments = "instruments"
ledger = "ledger.sqlite"
crosswalk = "crosswalk.sqlite"
crosswalk_key_file = "who.key"
key_file = "study.key"
[[sources]]
kind = "redcap"
dictionary = "{TRIAL / "dictionary.csv"}"
records = "records.csv"
as_of = 2024-08-30T17:05:00+10:00
missing_limit = 5
{clinics}""",
        "utf-8",
    )


def write_rows(folder: Path, rows: list[Row]) -> None:
    """The trial's export, with these rows."""
    with (folder / "records.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _within(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
