"""What delivering costs beside what the other side needs: ratios, each within one run.

- To HAPI FHIR, started here: of every bundle a twin with other ids goes to the same server from a
  loop that does nothing else, before it or after it by turns, so that both meet the same server in
  the same state. What it takes for one is now more and now less than for the other, by far more
  than what we add: so that of both together is taken for the server's, and what we do besides
  (requests without a twin, too) is laid upon it.
- To the ledger: claiming and settling on SQLite and on PostgreSQL, by turns. The PostgreSQL is
  that of the tests, which does not wait for the disk; SQLite does.
- Planning: the peak memory of asking what is owed, where everything has arrived, from 10³ to 10⁶
  resources (`--most`), each in a process of its own.

Exits with 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import orjson

from adapter.store import claiming, settling
from adapter.store.database import Database
from adapter.store.deliveries import Settlement
from adapter.store.identities import Crosswalk
from adapter.sync.client import FhirClient
from adapter.sync.plan import plan
from adapter.sync.push import push
from tests.keys import CROSSWALK_KEYS
from tests.live.cohort import IDBT_PAIN, take_in
from tests.live.nursery import Job, clinic_of, now
from tests.live.servers import start_record_system
from tests.postgresql import PostgreSql

CPU_SHARE, RATE, MEMORY = 0.10, 0.95, 1.5
ROUNDS, EACH = 7, 1_000
WARM, BUNDLES = 20, 60
_ID = re.compile(rb"(?<!Device/)(?<!ResearchStudy/)\b[0-9a-f]([0-9a-f]{31})\b")
_NOBODYS = frozenset({"CodeSystem", "ValueSet", "Questionnaire", "ResearchStudy", "Device"})
"""A server takes one alone of a canonical, and others refer to the rest by their ids."""
FILL = (
    (
        "INSERT INTO version (type, id, version, unit, participant, form, is_retracted, hash, text,"
        " created) {numbers} SELECT 'Observation', 'o-' || n, 1, 'u-' || n, '' || n % 500, 'phq-9',"
        " 0, '00', '{{}}', '2024-01-01' FROM numbers"
    ),
    (
        "INSERT INTO delivery (seq, clinic, type, id, version, action, unit, participant, form,"
        " state, created, updated) {numbers} SELECT n, 'survivor', 'Observation', 'o-' || n, 1,"
        " 'put', 'u-' || n, '' || n % 500, 'phq-9', 'queued', '2024-01-01', '2024-01-01'"
        " FROM numbers"
    ),
    "UPDATE delivery SET state = 'claimed'",
    "UPDATE delivery SET state = 'accepted'",
    (
        "INSERT INTO holding (clinic, type, id, version, action, unit, participant, remote_version)"
        " SELECT clinic, type, id, version, action, unit, participant, '1' FROM delivery"
    ),
)
NUMBERS = (
    "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {most})"
)


def main() -> int:
    """Prints the tables; 1 when a bar is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--most", type=int, default=1_000_000)
    parser.add_argument("--plan", type=Path, help="measure one plan in this process")
    said = parser.parse_args()
    if said.plan is not None:
        print(_plan(said.plan))
        return 0
    share, rate, alike = _beside_hapi()
    print("| what | reference | ratio | bar |\n|---|---|---|---|")
    print(f"| our CPU time, delivering to HAPI | the wall time | {share:.2f} | ≤ {CPU_SHARE} |")
    print(f"| our rate | that of a bare loop of the same bundles | {rate:.2f} | ≥ {RATE} |")
    print(f"| the server's time for our bundles | for their twins | {alike:.2f} | none |")
    print(f"| claims settled on PostgreSQL | on SQLite | {_of_ledgers():.1f} | none |", flush=True)
    sizes = [size for size in (1_000, 10_000, 100_000, 1_000_000) if size <= said.most]
    peaks = {size: _planned(size) for size in sizes}
    print("\n| resources | peak memory of a plan over that of 1,000 |\n|---|---|")
    for size, peak in peaks.items():
        print(f"| {size:,} | {peak / peaks[sizes[0]]:.2f} |")
    is_flat = peaks[sizes[-1]] <= MEMORY * peaks[sizes[0]]
    return int(share > CPU_SHARE or rate < RATE or not is_flat)


class EnoughError(Exception):
    """So many bundles tell enough."""


@dataclass
class Spent:
    """Seconds: by the clock, and of our processor."""

    wall: float = 0.0
    cpu: float = 0.0

    def begin(self) -> None:
        """Starts to count."""
        self.wall -= time.perf_counter()
        self.cpu -= time.process_time()

    def end(self) -> None:
        """Stops."""
        self.wall += time.perf_counter()
        self.cpu += time.process_time()


class Twinned(httpx.BaseTransport):
    """A way to a server on which, beside each bundle, a loop by itself sends its twin."""

    def __init__(self) -> None:
        """Nothing is counted before `WARM` bundles have met the server."""
        self.whole, self.bare, self.served = Spent(), Spent(), Spent()
        self.bundles = 0
        self._way = httpx.HTTPTransport()
        self._loop = httpx.Client(timeout=60, trust_env=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One request; before or after it, by turns, the twin of what it brings."""
        is_counted = self.bundles > WARM
        if is_counted:
            self.whole.end()  # to make the twin is no work of either
        twin = _twin(request.content)
        if is_counted:
            self.whole.begin()
        if twin is None:
            return self._way.handle_request(request)
        if self.bundles == WARM:
            self.bare, self.served = Spent(), Spent()
            self.whole.begin()
        self.bundles += 1
        is_first = is_counted and self.bundles % 2  # the first ones bring what the twins refer to
        if is_first:
            self._send(request, twin)
        self.served.begin()
        answer = self._way.handle_request(request)
        answer.read()
        self.served.end()
        if not is_first:
            self._send(request, twin)
        return answer

    def _send(self, request: httpx.Request, twin: bytes) -> None:
        headers = {name: request.headers[name] for name in ("content-type", "accept")}
        self.bare.begin()
        answer = self._loop.post(str(request.url), content=twin, headers=headers)
        self.bare.end()
        answer.raise_for_status()

    def stop_at_the_end(self, _: int) -> None:
        """After a claim: stops the push when enough was measured."""
        if self.bundles >= WARM + BUNDLES:
            raise EnoughError

    def close(self) -> None:
        """Shuts both ways."""
        self._way.close()
        self._loop.close()


def _twin(content: bytes) -> bytes | None:
    """What a bundle says of people, under other ids; None where it says nothing of them."""
    bundle = orjson.loads(content) if content else {}
    entries = [each for each in bundle.get("entry", []) if "resource" in each]
    theirs = [each for each in entries if each["resource"]["resourceType"] not in _NOBODYS]
    if not theirs:
        return None
    return _ID.sub(rb"x\1", orjson.dumps({**bundle, "entry": theirs}))


def _beside_hapi() -> tuple[float, float, float]:
    """Our share of processor time, our rate over that of the bare loop, the server's times' ratio.

    The last is that of its time for our bundles over that for their twins: chance alone.
    """
    with (
        tempfile.TemporaryDirectory() as name,
        start_record_system() as hapi,
        take_in(Path(name), IDBT_PAIN, 1, hapi.base_url) as service,
    ):
        (clinic,) = service.clinics
        way = Twinned()
        with httpx.Client(base_url=f"{hapi.base_url}/", timeout=60, transport=way) as http:
            with suppress(EnoughError):
                push(replace(clinic, client=FhirClient(http, now)), way.stop_at_the_end)
            way.whole.end()
    ours = Spent(way.whole.wall - way.bare.wall, way.whole.cpu - way.bare.cpu)
    server = (way.served.wall + way.bare.wall) / 2
    besides = ours.wall - way.served.wall
    return ours.cpu / ours.wall, server / (server + besides), way.served.wall / way.bare.wall


def _of_ledgers() -> float:
    """The rate of claiming and settling on PostgreSQL over that on SQLite."""
    server = PostgreSql.start()
    try:
        ratios = []
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory() as name:
                spent = _settled_seconds(Path(name) / "ledger.sqlite")
            ratios.append(spent / _settled_seconds(server.new()))
    finally:
        server.stop()
    return statistics.median(ratios)


def _settled_seconds(where: Path | str) -> float:
    """How long a thousand deliveries take from queued to accepted, 50 a claim."""
    database = Database(where)
    with database.write() as tx:
        for statement in FILL[:2]:
            tx.execute(statement.format(numbers=NUMBERS.format(most=EACH)))
    begun = time.perf_counter()
    while True:
        with database.write("survivor") as tx:
            claimed = claiming.claim(tx, "survivor", claiming.Room(50), "2024-01-01")
        if not claimed:
            break
        with database.write("survivor") as tx:
            said = [Settlement(each.seq, "accepted", remote_version="1") for each in claimed]
            settling.settle(tx, said, "2024-01-01")
    spent = time.perf_counter() - begun
    database.close()
    return spent


def _planned(resources: int) -> int:
    """The peak memory of planning where so many resources have arrived, in KiB."""
    with tempfile.TemporaryDirectory() as name:
        ledger = Path(name) / "ledger.sqlite"
        database = Database(ledger)
        with database.write() as tx:
            for statement in FILL:
                tx.execute(statement.format(numbers=NUMBERS.format(most=resources)))
        database.close()
        told = subprocess.run(
            [sys.executable, __file__, "--plan", ledger], capture_output=True, check=True, text=True
        )
    found, peak = map(int, told.stdout.split())
    if found != resources:
        raise SystemExit(f"expected {resources} unchanged; found {found}")
    return peak


def _plan(ledger: Path) -> str:
    """Plans in this process: how many resources are unchanged, and its peak memory in KiB."""
    job = Job(str(ledger), str(ledger.with_name("crosswalk.sqlite")), "http://127.0.0.1:1/")
    with httpx.Client(base_url=job.url) as http:
        crosswalk = Crosswalk(Path(job.crosswalk), CROSSWALK_KEYS)
        found = plan(clinic_of(job, Database(ledger), crosswalk, http)).unchanged
    status = Path("/proc/self/status").read_text("utf-8")
    return f"{found} {int(status.split('VmHWM:')[1].split()[0])}"


if __name__ == "__main__":
    sys.exit(main())
