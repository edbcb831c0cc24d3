"""Two worlds that differ only in who got the therapy look the same to whoever is blinded.

The people and their answers are the same; attendance, which one arm alone has, belongs to others,
and adverse events are put down to the therapy otherwise, under categories that only the therapy can
have in one of the worlds.
"""

from __future__ import annotations

import csv
import hashlib
import itertools
import re
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest

from adapter.cli import main
from adapter.simulate import record_system_app, serving
from adapter.simulate.full import RecordSystem
from tests.keys import CROSSWALK_KEY

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

ROOT = Path(__file__).parents[2]
TRIAL, MAPPINGS = ROOT / "fixtures" / "idbt-pain", ROOT / "mappings"
RECEIVERS = ("research-repository", "northside-clinic")
ATTENDANCE = slice("session_1", "session_attendance_complete")
OTHERWISE = {"1": "4", "2": "4", "3": "1", "4": "1"}
# Told to everybody as the first one; only the therapy can have the second one.
CATEGORIES = ("other", "distress-in-session")
PEOPLE = 10
# The clock goes on between the worlds, and every server has a port of its own.
CLOCK = re.compile(rb"20[2-9]\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)")
PORT = re.compile(rb"127\.0\.0\.1:\d+")


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


@dataclass(frozen=True)
class World:
    """What could be seen of a world: by the record systems, in files, and on the terminal."""

    heard: dict[str, list[tuple[str, str, bytes]]]
    printed: list[tuple[str, str]]
    files: dict[str, bytes]


def rows_of(trial: list[dict[str, str]], *, is_other: bool) -> list[dict[str, str]]:
    """The same people; in the other world, who attended did not, and the other way round."""
    if not is_other:
        return trial
    columns = list(trial[0])
    first, last = (columns.index(name) for name in (ATTENDANCE.start, ATTENDANCE.stop))
    attendance = columns[first : last + 1]
    weeks = [row for row in trial if row["redcap_event_name"] == "week_9_arm_1"]
    with_it = [row for row in weeks if any(row[name] for name in attendance[:-1])]
    without = [row for row in weeks if row not in with_it]
    pairs = list(zip(with_it, without, strict=False))
    assert len(pairs) > 1
    given = {id(one): other for pair in pairs for one, other in (pair, pair[::-1])}
    return [
        {
            **row,
            **{name: given.get(id(row), row)[name] for name in attendance},
            "ae_related": OTHERWISE.get(row["ae_related"], row["ae_related"]),
        }
        for row in trial
    ]


def build(folder: Path, capture: pytest.CaptureFixture[str], *, is_other: bool) -> World:
    """Ingests, plans, delivers, reads back and exports one world."""
    folder.mkdir()
    with (TRIAL / "records.csv").open(encoding="utf-8", newline="") as file:
        trial = list(csv.DictReader(file))
    fell_ill = [row["record_id"] for row in trial if row["ae_term"]]
    everybody = dict.fromkeys([*fell_ill, *(row["record_id"] for row in trial)])
    people = set(itertools.islice(everybody, PEOPLE))
    trial = [
        {**row, "ae_category": row["ae_category"] and CATEGORIES[is_other]}
        for row in trial
        if row["record_id"] in people
    ]
    with (folder / "records.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(trial[0]))
        writer.writeheader()
        writer.writerows(rows_of(trial, is_other=is_other))
    (folder / "study.key").write_text("synthetic people only: this key is no secret")
    (folder / "who.key").write_text(CROSSWALK_KEY)
    recorders = {}
    with ExitStack() as stack:
        clinics = ""
        for name in RECEIVERS:
            system = RecordSystem(
                clock=lambda: datetime(2026, 1, 1, tzinfo=UTC), ids=map(str, itertools.count(1))
            )
            recorders[name] = Recorder(record_system_app(system))
            system.seed({"resourceType": "Patient", "id": f"p-{each}"} for each in sorted(people))
            port = stack.enter_context(serving(recorders[name]))
            profile = MAPPINGS / "clinics" / f"{name}.yaml"
            url = f"http://127.0.0.1:{port}/fhir"
            clinics += f'[[clinics]]\nprofile = "{profile}"\nurl = "{url}"\n'
        (folder / "adapter.toml").write_text(
            f"""\
study = "{MAPPINGS / "studies" / "idbt-pain.yaml"}"
instruments = "{MAPPINGS / "instruments"}"
ledger = "ledger.sqlite"
crosswalk = "crosswalk.sqlite"
crosswalk_key_file = "who.key"
key_file = "study.key"
[[sources]]
kind = "redcap"
dictionary = "{TRIAL / "dictionary.csv"}"
records = "records.csv"
as_of = 2024-08-30T17:05:00+10:00
{clinics}""",
            "utf-8",
        )
        rows = "".join(f"northside-clinic,{each},p-{each}\n" for each in sorted(people))
        (folder / "links.csv").write_text(f"clinic,record,patient\n{rows}")
        capture.readouterr()
        printed = []
        for words in (
            ("check",),
            ("ingest",),
            ("link", "--list", str(folder / "links.csv")),
            ("plan", "--json"),
            ("push", "--json"),
            ("verify", "--json"),
            ("status", "--json"),
            ("status",),
            ("signals",),
            ("export", "--out", str(folder / "out")),
            ("audit", "show", "--json"),
        ):
            main([*words, "--config", str(folder / "adapter.toml")])
            streams = capture.readouterr()
            printed.append((words[0], _still((streams.out + streams.err).encode()).decode()))
    return World(
        {
            name: [(method, path, _still(said)) for method, path, said in recorder.heard]
            for name, recorder in recorders.items()
        },
        printed,
        exported(folder / "out"),
    )


def exported(out: Path) -> dict[str, bytes]:
    """Every file of an export with the clock stopped; the manifest has the digests of those."""
    found = {path.name: path.read_bytes() for path in sorted(out.iterdir())}
    still = {name: _still(said) for name, said in found.items()}
    for name in found.keys() - {"manifest.json"}:
        real, stopped = (hashlib.sha256(files[name]).hexdigest() for files in (found, still))
        assert real.encode() in found["manifest.json"]
        still["manifest.json"] = still["manifest.json"].replace(real.encode(), stopped.encode())
    return still


def _still(said: bytes) -> bytes:
    """The same bytes with the clock stopped, and one port for all."""
    return PORT.sub(b"HERE", CLOCK.sub(b"NOW", said))


def told(heard: list[tuple[str, str, bytes]]) -> list[str]:
    """The name of every resource that was sent."""
    bundles = [orjson.loads(said) for _, _, said in heard if said.startswith(b"{")]
    entries = [entry for bundle in bundles for entry in bundle.get("entry", ())]
    return [entry["request"]["url"] for entry in entries if "resource" in entry]


def test_what_the_blinded_are_told_is_the_same_in_two_worlds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = build(tmp_path / "one", capsys, is_other=False)
    other = build(tmp_path / "other", capsys, is_other=True)

    assert (tmp_path / "one" / "records.csv").read_bytes() != (
        tmp_path / "other" / "records.csv"
    ).read_bytes()
    for name in RECEIVERS:
        names = told(one.heard[name])
        assert len(names) > 500
        assert {name.partition("/")[0] for name in names} >= {"AdverseEvent", "Provenance"}
        assert one.heard[name] == other.heard[name], name
    for mine, theirs in zip(one.printed, other.printed, strict=True):
        assert mine == theirs
    assert one.files.keys() == other.files.keys() > {"Provenance.ndjson", "manifest.json"}
    for name in one.files:
        assert one.files[name] == other.files[name], name
