"""One worker that delivers very much in one push, and tells what that took of memory and time.

Run as a program it reads a job, pushes, and prints what it measured as one line of JSON.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
import time
from array import array
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import orjson

from adapter.store import instances
from adapter.store.audit import AuditLog
from adapter.store.database import Database, Transaction
from adapter.store.identities import Crosswalk
from adapter.sync.push import push
from tests.keys import CROSSWALK_KEYS
from tests.live.nursery import Job, clinic_of, identity, person

PEOPLE = 500
A_UNIT = 4
"""So many messages make an outcome, which is never divided."""
PAGE_KIB = 4
_NUMBERS = (
    "WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers"
    " WHERE n + 1 < {most}), outcomes AS (SELECT n, n / {unit} AS u, n / {unit} % {people} AS p"
    " FROM numbers)"
)
_FILL = (
    (
        "INSERT INTO version (type, id, version, unit, participant, form, is_retracted, hash, text,"
        " created) {numbers} SELECT 'Observation', 'o-' || n, 1, 'u-' || u, '' || p, 'phq-9', 0,"
        ' \'00\', CAST(\'{{"resourceType":"Observation","id":"o-\' || n || \'","status":"final",'
        '"code":{{"text":"an answer"}},"subject":{{"reference":"Patient/p-\' || p || \'"}},'
        "\"valueInteger\":' || (n % 27) || '}}' AS BLOB), '2024-01-01' FROM outcomes"
    ),
    (
        "INSERT INTO delivery (seq, clinic, type, id, version, action, unit, participant, form,"
        " state, created, updated) {numbers} SELECT n + 1, '{clinic}', 'Observation', 'o-' || n, 1,"
        " 'put', 'u-' || u, '' || p, 'phq-9', 'queued', '2024-01-01', '2024-01-01' FROM outcomes"
    ),
)


def owe(job: Job, messages: int) -> None:
    """A ledger that owes so many messages, the outcomes of some hundred people by turns."""
    numbers = _NUMBERS.format(most=messages, unit=A_UNIT, people=PEOPLE)
    database = Database(job.where)
    with database.write() as tx:
        for name in range(PEOPLE):
            instances.keep_participant(tx, person(str(name)), 1)
        for statement in _FILL:
            tx.execute(statement.format(numbers=numbers, clinic=job.clinic))
        tx.execute("UPDATE place SET last = ?", (messages,))
    database.close()


@dataclass
class Sink:
    """A record system that takes every transaction at once, and counts what came."""

    came: bytearray
    newest: array[int] = field(default_factory=lambda: array("q", [-1] * PEOPLE))
    out_of_turn: int = 0

    def take(self, bundle: dict[str, Any]) -> bytes:
        """The transaction-response."""
        entries = []
        for entry in bundle["entry"]:
            number = int(re.fullmatch(r"Observation/o-(\d+)", entry["request"]["url"])[1])  # type: ignore[index]
            whose = number // A_UNIT % PEOPLE
            self.came[number] += 1
            self.out_of_turn += number <= self.newest[whose]
            self.newest[whose] = number
            entries.append({"response": {"status": "201", "etag": 'W/"1"'}})
        told = {"resourceType": "Bundle", "type": "transaction-response", "entry": entries}
        return orjson.dumps(told)

    async def __call__(self, _: MutableMapping[str, Any], receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's own
        """One request."""
        parts, more = [], True
        while more:
            message = await receive()
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
        body = self.take(orjson.loads(b"".join(parts)))
        length = str(len(body)).encode()
        headers = [(b"content-type", b"application/fhir+json"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class Timed(Database):
    """A ledger that counts the seconds for which it is written to: what claims and settles."""

    spent = 0.0

    @contextmanager
    def write(self, lane: str = "") -> Iterator[Transaction]:
        """A transaction, timed from asking for it until it is on disk."""
        begun = time.perf_counter()
        try:
            with super().write(lane) as tx:
                yield tx
        finally:
            self.spent += time.perf_counter() - begun


@dataclass
class Watch:
    """What is noted behind every bundle: seconds in the ledger, memory, the size of the WAL."""

    database: Timed
    wal: Path
    steady_from: int
    done: int = 0
    seconds: array[float] = field(default_factory=lambda: array("d"))
    steady_kib: int = 0
    most_kib: int = 0
    most_wal: int = 0

    def step(self, count: int) -> None:
        """A bundle is settled."""
        self.done += count
        self.seconds.append(self.database.spent)
        self.database.spent = 0.0
        resident = resident_kib()
        if self.done <= self.steady_from:
            self.steady_kib = max(self.steady_kib, resident)
        self.most_kib = max(self.most_kib, resident)
        self.most_wal = max(self.most_wal, self.wal.stat().st_size)

    def told(self) -> dict[str, float]:
        """All of it: growth as a share of what there was, times in milliseconds."""
        cuts = statistics.quantiles(self.seconds, n=100)
        return {
            "growth": self.most_kib / self.steady_kib - 1,
            "wal_mib": self.most_wal / 2**20,
            "median_ms": cuts[49] * 1000,
            "p99_ms": cuts[98] * 1000,
        }


def resident_kib() -> int:
    """The memory that this process has."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * PAGE_KIB


def main() -> None:
    """Pushes once."""
    said = json.loads(sys.stdin.readline())
    steady_from = said.pop("steady_from")
    job = Job(**said)
    database, ledger = Timed(job.where), Path(job.ledger)
    watch = Watch(database, ledger.with_name(f"{ledger.name}-wal"), steady_from)
    audit = AuditLog(
        ledger.with_name("audit.ndjson"), lambda *told: identity().token("audit", *told)
    )
    begun = time.perf_counter()
    with httpx.Client(base_url=job.url, timeout=60, trust_env=False) as http:
        crosswalk = Crosswalk(Path(job.crosswalk), CROSSWALK_KEYS)
        push(replace(clinic_of(job, database, crosswalk, http), audit=audit), watch.step)
    seconds = time.perf_counter() - begun
    told = {"sent": watch.done, "seconds": seconds, **watch.told()}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
