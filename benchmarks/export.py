"""What an export costs beside the least it could: `os.sendfile` of the same bytes to a socket.

- From the store: writing the files of everything that a blinded reader of one purpose may know.
- From a finished file: giving one out over HTTP.
- The peak memory of writing, from 10³ to 10⁶ resources (`--most`), each in a process of its own.

Whoever reads at the other end is a process of its own, and no part of any figure. Ratios of CPU
time within one run. Exits with 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import orjson
import yaml
from starlette.applications import Starlette
from starlette.requests import Request

from adapter.instruments.study import Study
from adapter.server import Caller, Ledger
from adapter.server.bulk import Desk, Worker, bulk_routes
from adapter.server.bulk.order import Asking, read_order
from adapter.server.caller import read_scopes
from adapter.simulate import serving
from adapter.store.database import Database

ROOT = Path(__file__).parents[1]
# The aims are 10 and 4. Writing does not reach its own: each line passes the release gate and is
# told which version it is, in Python. Giving out does on a quiet machine; on a busy one it swings.
FROM_STORE, FROM_FILE, MEMORY = 100.0, 6.0, 1.5
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
    said = parser.parse_args()
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
    written, given, least = list[float](), list[float](), list[float]()
    with _ledger(RESOURCES) as desk:

        async def known(_: Request) -> Caller:
            return ANALYST

        with serving(Starlette(routes=bulk_routes(desk, known))) as port:
            for _ in range(ROUNDS):
                before = time.process_time()
                file = _export(desk)
                written.append(time.process_time() - before)
                least.append(_sent(file))
                given.append(_given_out(port, file))
    return min(written) / min(least), min(given) / min(least)


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


def _given_out(port: int, file: Path) -> float:
    """What giving a file out over HTTP takes, likewise."""
    path = f"/bulk/{file.parent.name}/{file.name}"
    asked = f"GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"
    with _reader(port, asked, file.stat().st_size):
        before = time.process_time()
    return time.process_time() - before


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
        ledger = Ledger(database, study, {}, lambda: datetime.now(UTC), lambda _, __: False)  # noqa: TID251
        names = (f"{number:032}" for number in range(1_000))
        yield Desk(ledger, "", Path(name) / "out", "", "", str, lambda: next(names))
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
