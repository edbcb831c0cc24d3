"""What an export costs beside the least it could: `os.sendfile` of the same bytes to a socket.

- From the store: writing the files of everything that a blinded reader of one purpose may know.
- From a finished file: giving one out over HTTP.
- The peak memory of writing, from 10³ to 10⁶ resources (`--most`), each in a process of its own.
- With `--beside-hapi N`: taking the same N resources from HAPI FHIR by its own `$export`, started
  here, from the asking to the last file. It takes minutes to give them to HAPI, so not by default.

Whoever reads at the other end is a process of its own, and no part of any figure. Ratios of CPU
time within one run. Exits with 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import orjson
import yaml
from starlette.applications import Starlette
from starlette.requests import Request

from adapter.fhir.identity import Identity
from adapter.instruments.study import Study
from adapter.server import Caller, Ledger
from adapter.server.bulk import Desk, Worker, bulk_routes
from adapter.server.bulk.order import Asking, read_order
from adapter.server.caller import read_scopes
from adapter.simulate import serving
from adapter.store.database import Database
from tests.live.servers import start_record_system

ROOT = Path(__file__).parents[1]
# The aims are 10 and 4. Writing does not reach its own, about 28: to read a row takes a third of
# it, and as much to tell its text which version it is, in Python; writing it to the disk is above
# 3 by itself. Giving out reaches its own on a quiet machine; on a busy one both swing.
FROM_STORE, FROM_FILE, MEMORY = 50.0, 6.0, 1.5
# The aim is 100: 10,000 resources take HAPI 121 and 137 times as much, 5,000 take it 80 times.
HAPI, IDLE_SECONDS = 60, 10.0
ROUNDS, PEOPLE, RESOURCES = 7, 500, 100_000
ANALYST = Caller("analyst", "research", scopes=read_scopes(["system/*.rs"]))
FILL = (
    "INSERT INTO version (type, id, version, unit, participant, form, is_retracted, hash, text,"
    " created) WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers"
    " WHERE n < ?) SELECT 'Observation', printf('%032x', n), 1, 'u-' || n, '' || n % {people},"
    " 'phq-9', 0, x'00', CAST(replace(?, '@', printf('%032x', n)) AS BLOB),"
    " '2026-01-01T00:00:00+00:00' FROM numbers"
)
READER = """
import socket, sys
sys.stdin.readline()
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as there:
    there.sendall(sys.argv[2].encode())
    size = 0
    while part := there.recv(1 << 20):
        size += len(part)
print(size)
"""


def main() -> int:
    """Prints the tables; 1 when a bar is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--most", type=int, default=1_000_000)
    parser.add_argument("--resources", type=int, help="measure the memory of one in this process")
    parser.add_argument("--beside-hapi", type=int, help="so many resources there, too")
    said = parser.parse_args()
    if said.beside_hapi is not None:
        return _beside_hapi(said.beside_hapi)
    if said.resources is not None:
        with _ledger(said.resources) as desk:
            _export(desk)
            print(_peak_kib())
        return 0
    from_store, from_file = _ratios()
    print("| what | reference | ratio | bar |\n|---|---|---|---|")
    reference = "`os.sendfile` of the same bytes"
    print(
        f"| writing an export of {RESOURCES:,} | {reference} | {from_store:.1f} | ≤ {FROM_STORE} |"
    )
    print(f"| giving out its file | {reference} | {from_file:.1f} | ≤ {FROM_FILE} |", flush=True)
    sizes = [size for size in (1_000, 10_000, 100_000, 1_000_000) if size <= said.most]
    print("\n| resources exported | peak memory over that of 1,000 |\n|---|---|")
    peaks = dict[int, int]()
    for size in sizes:
        command = [sys.executable, __file__, "--resources", str(size)]
        told = subprocess.run(command, capture_output=True, check=True, text=True)
        peaks[size] = int(told.stdout)
        print(f"| {size:,} | {peaks[size] / peaks[sizes[0]]:.2f} |", flush=True)
    is_flat = peaks[sizes[-1]] <= MEMORY * peaks[sizes[0]]
    return int(not (is_flat and from_store <= FROM_STORE and from_file <= FROM_FILE))


def _ratios() -> tuple[float, float]:
    written, given = list[float](), list[float]()
    with _ledger(RESOURCES) as desk:

        async def known(_: Request) -> Caller:
            return ANALYST

        with serving(Starlette(routes=bulk_routes(desk, known))) as port:
            for _ in range(ROUNDS):
                before = time.process_time()
                file = _export(desk)
                cost = time.process_time() - before
                least = _sent(file)
                written.append(cost / least)
                given.append(_given_out(port, file)[0] / least)
    return statistics.median(written), statistics.median(given)


def _beside_hapi(resources: int) -> int:
    """What HAPI takes for the same resources, over what we take; 1 when the bar is missed."""
    ours, theirs = list[tuple[float, float]](), list[tuple[float, float]]()
    with _ledger(resources) as desk, start_record_system(is_timed=True) as hapi:

        async def known(_: Request) -> Caller:
            return ANALYST

        _give(hapi.base_url, resources)
        with serving(Starlette(routes=bulk_routes(desk, known))) as port:
            for _ in range(3):
                cpu, wall = time.process_time(), time.perf_counter()
                file = _export(desk)
                cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
                given_cpu, given_wall = _given_out(port, file)
                ours.append((wall + given_wall, cpu + given_cpu))
                wall, cpu = time.perf_counter(), hapi.cpu_seconds()
                found = _taken(hapi.base_url)
                theirs.append((time.perf_counter() - wall, hapi.cpu_seconds() - cpu))
                if found != resources:
                    raise SystemExit(f"expected {resources} of HAPI; found {found}")
        begun, before = time.perf_counter(), hapi.cpu_seconds()
        time.sleep(IDLE_SECONDS)
        idle = (hapi.cpu_seconds() - before) / (time.perf_counter() - begun)
    (our_wall, our_cpu), (wall, cpu) = (
        [statistics.median(column) for column in zip(*rounds, strict=True)]
        for rounds in (ours, theirs)
    )
    print("| HAPI, over what we take | ratio | bar |\n|---|---|---|")
    print(f"| CPU time, {resources:,} resources | {cpu / our_cpu:.0f} | ≥ {HAPI} |")
    print(f"| the same, without what it takes idle | {(cpu - idle * wall) / our_cpu:.0f} | none |")
    print(f"| wall time | {wall / our_wall:.0f} | none |")
    return int(cpu / our_cpu < HAPI)


def _give(base: str, resources: int) -> None:
    """Gives HAPI the Observation of the ledger so many times, and what it refers to."""
    observation = orjson.loads(_text())
    del observation["id"]
    headers = {"Content-Type": "application/fhir+json"}
    with httpx.Client(base_url=base, headers=headers, timeout=300) as client:
        for name in set(re.findall(r'"reference":"([^"]+)"', _text())):
            kind, _, known = name.partition("/")
            said = {"resourceType": kind, "id": known, "status": "active"}
            if kind == "Patient":
                del said["status"]
            client.put(f"/{name}", content=orjson.dumps(said)).raise_for_status()
        request = {"method": "POST", "url": "Observation"}
        for first in range(0, resources, 500):
            entries = [
                {"resource": {**observation, "identifier": [{"value": str(n)}]}, "request": request}
                for n in range(first, min(first + 500, resources))
            ]
            bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
            client.post("", content=orjson.dumps(bundle)).raise_for_status()


def _taken(base: str) -> int:
    """Asks HAPI for an export, waits for it and reads its files: how many lines they have."""
    headers = {"Prefer": "respond-async", "Cache-Control": "no-cache"}
    with httpx.Client(timeout=300) as client:
        begun = client.get(f"{base}/$export?_type=Observation", headers=headers)
        while (
            told := client.get(begun.headers["content-location"])
        ).status_code == httpx.codes.ACCEPTED:
            time.sleep(0.1)
        files = [each["url"] for each in told.raise_for_status().json()["output"]]
        texts = (client.get(url, headers={"Accept": "application/fhir+ndjson"}) for url in files)
        return sum(text.raise_for_status().content.count(b"\n") for text in texts)


def _export(desk: Desk) -> Path:
    """Writes an export whose Observations stand in one file; that file."""
    order = read_order(Asking("", "system", [("_type", "Observation")]), ANALYST)
    job = desk.take(order, ANALYST.client)
    Worker(desk, lines_a_file=10_000_000).work()
    (file,) = (desk.folder / job).iterdir()
    return file


def _sent(file: Path) -> float:
    """What sending a file takes that somebody else reads: CPU seconds of this process."""
    size = file.stat().st_size
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        file.open("rb") as opened,
        _reader(listening.getsockname()[1], "", size),
    ):
        connection, _ = listening.accept()
        before = time.process_time()
        with connection:
            place = 0
            while place < size:
                place += os.sendfile(connection.fileno(), opened.fileno(), place, size - place)
        return time.process_time() - before


def _given_out(port: int, file: Path) -> tuple[float, float]:
    """What giving a file out over HTTP takes: CPU seconds, likewise, and those by the clock."""
    path = f"/bulk/{file.parent.name}/{file.name}"
    asked = f"GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"
    with _reader(port, asked, file.stat().st_size):
        before, begun = time.process_time(), time.perf_counter()
    return time.process_time() - before, time.perf_counter() - begun


@contextmanager
def _reader(port: int, asked: str, least: int) -> Iterator[None]:
    """A process that reads until there is no more, and must get so many bytes."""
    command = [sys.executable, "-c", READER, str(port), asked]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as reader:
        time.sleep(0.5)  # it has started
        reader.stdin.write("now\n")  # type: ignore[union-attr]
        reader.stdin.flush()  # type: ignore[union-attr]
        yield
        told = reader.stdout.read()  # type: ignore[union-attr]
    if int(told) < least:
        raise SystemExit(f"expected {least} bytes; found {told}")


@contextmanager
def _ledger(resources: int) -> Iterator[Desk]:
    """A ledger of so many Observations of 500 people who agreed to the research."""
    study = Study.model_validate(
        yaml.safe_load((ROOT / "mappings/studies/idbt-pain.yaml").read_text("utf-8"))
    )
    given = {rule.id: {"word": "given", "since": None, "until": None} for rule in study.consents}
    facts = orjson.dumps({"enrolled": None, "ended": None, "consents": given}).decode()
    with tempfile.TemporaryDirectory() as name:
        database = Database(Path(name) / "ledger")
        with database.write() as tx:
            for person in range(PEOPLE):
                tx.execute(
                    "INSERT INTO participant (participant, facts, run) VALUES (?, ?, 1)",
                    (str(person), facts),
                )
            tx.execute(FILL.format(people=PEOPLE), (resources, _text()))
        identity = Identity(study, b"no secret: nobody is in it")
        ledger = Ledger(database, identity, {}, lambda: datetime.now(UTC), lambda _, __: False)  # noqa: TID251
        names = (f"{number:032}" for number in range(1_000))
        yield Desk(ledger, "", Path(name) / "out", "", lambda: next(names))
        database.close()


def _text() -> str:
    """A score as the adapter writes it; @ stands for its id."""
    stored = ROOT / "fixtures/golden"
    path = next(iter(sorted(stored.rglob("Observation-*.json"))), None)
    if path is None:
        raise SystemExit(f"expected an Observation in {stored.name}")
    resource = orjson.loads(path.read_bytes())
    return orjson.dumps({**resource, "id": "@"}).decode()


def _peak_kib() -> int:
    # Not getrusage: what it tells a child begins with the size of the process that started it.
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.split("VmHWM:")[1].split()[0])


if __name__ == "__main__":
    sys.exit(main())
