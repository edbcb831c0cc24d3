"""A clinic that is owed something, workers that deliver it, and what became of it in the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx
import orjson

from adapter.release import PARTICIPATION
from adapter.store import deliveries, instances, standing, versions
from adapter.store.database import Database
from adapter.store.versions import Belonging
from tests.live.nursery import UNDER_WAY, Configured, Job, identity, now, person

ROOT = Path(__file__).parents[2]
IS_FULL = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
PATIENCE_SECONDS = 40.0
OUTCOMES = ROOT / ".cache" / "survival.json"
FORMS = ("long", "short")


class Nursery:
    """Workers that begin at once."""

    def __init__(self) -> None:
        self._warm = subprocess.Popen(
            [sys.executable, "-m", "tests.live.nursery"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.pids: list[int] = []
        assert self._heard() == "READY"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pid in self.pids:
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)
        assert self._warm.stdin is not None
        self._warm.stdin.close()
        self._warm.wait(10)
        assert self._warm.stdout is not None
        self._warm.stdout.close()

    def start(self, job: Job | Configured) -> int:
        """The process id of a worker that has begun."""
        assert self._warm.stdin is not None
        self._warm.stdin.write(job.line())
        self._warm.stdin.flush()
        pid = int(self._heard())
        self.pids.append(pid)
        return pid

    def finish(self, job: Job | Configured, seconds: float = PATIENCE_SECONDS) -> None:
        """Lets a worker deliver everything that is owed."""
        pid = self.start(job)
        wait_for(lambda: not is_alive(pid), seconds)

    def _heard(self) -> str:
        assert self._warm.stdout is not None
        return self._warm.stdout.readline().decode().strip()


def is_alive(pid: int) -> bool:
    """Whether a worker goes on; a frozen one does."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_for(what: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Waits until something is so."""
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.005)


@dataclass
class Owed:
    """A ledger that owes people's answers to a clinic; `texts` are the newest of each by name."""

    job: Job
    database: Database
    texts: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    order: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Each person's resources, in the order they were owed in."""

    @classmethod
    @contextmanager
    def opened(cls, where: Path | str, folder: Path, url: str, **how: Any) -> Iterator[Self]:  # noqa: ANN401
        """An empty ledger."""
        job = Job(str(where), str(folder / "crosswalk.sqlite"), url, **how)
        database = Database(where)
        yield cls(job, database)
        database.close()

    def fill(self, people: int, turns: int, each: int = 2) -> None:
        """Owes the people, then their answers, in `turns` units of `each` resources."""
        with self.database.write() as tx:
            for number in range(people):
                instances.keep_participant(tx, person(str(number)), 1)
        for number in range(people):
            name = identity().patient(str(number))
            self.owe(str(number), "Patient", name, {"active": True}, f"p{number}")
        for turn in range(turns):
            for number in range(people):
                for place in range(each):
                    self.answer(str(number), f"{turn}-{place}", turn, f"{number}-{turn}")

    def answer(self, participant: str, name: str, value: int, unit: str) -> None:
        """Owes somebody's answer, or what it says now."""
        said = {
            "status": "final",
            "code": {"text": "an answer"},
            "subject": {"reference": f"Patient/{identity().patient(participant)}"},
            "valueInteger": value,
        }
        self.owe(participant, "Observation", f"o-{participant}-{name}", said, unit)

    def owe(self, participant: str, kind: str, name: str, said: dict[str, Any], unit: str) -> None:
        """Owes a new version of a resource."""
        text = orjson.dumps({"resourceType": kind, "id": name, **said})
        form = PARTICIPATION if kind == "Patient" else "phq-9"
        moment = now().isoformat(timespec="seconds")
        with self.database.write() as tx:
            belonging = Belonging(unit, participant, form)
            version = versions.put(tx, (kind, name), text, belonging, moment)
            assert version is not None
            deliveries.enqueue(tx, self.job.clinic, version, "put", moment)
        full = f"{kind}/{name}"
        if full not in self.texts:
            self.order[participant].append(full)
        self.texts[full].append(text)

    def amend(self, participant: str, turn: int, value: int) -> None:
        """Owes another answer in place of one."""
        self.answer(participant, f"{turn}-0", value, f"{participant}-{turn}")

    # How far it is

    def counted(self) -> dict[str, int]:
        """How many deliveries are in each state."""
        return dict(standing.count_states(self.database.read(), self.job.clinic))  # type: ignore[arg-type]

    def left(self) -> int:
        """How many deliveries are under way, or wait to be."""
        counted = self.counted()
        return sum(counted[state] for state in UNDER_WAY)

    def claims(self) -> int:
        """How many claims there were."""
        query = "SELECT coalesce(sum(attempts), 0) FROM delivery"
        return int(self.database.read().execute(query).fetchone()[0])

    def token(self) -> int:
        """The token of the lease."""
        row = self.database.read().execute("SELECT token FROM lease").fetchone()
        return 0 if row is None else int(row["token"])

    def holder(self) -> int:
        """The process id of who holds the lease, 0 for nobody."""
        row = self.database.read().execute("SELECT holder FROM lease").fetchone()
        return int(row["holder"].split("/")[-2]) if row is not None and row["holder"] else 0

    # What became of it

    def check(self, ask: httpx.Client) -> dict[str, int]:
        """Nothing is lost, nothing is doubled, nothing went back, each person's order was kept."""
        came: dict[str, str] = {}
        for name, texts in self.texts.items():
            history = _history(ask, name)
            assert history, f"{name} is lost"
            said = [_bare(each) for each in history]
            ours = [orjson.loads(text) for text in texts]
            assert said[-1] == ours[-1], f"{name} is not what it should be"
            places = [ours.index(each) for each in said]
            assert places == sorted(set(places)), f"{name} went back, or came twice"
            came[name] = history[0]["meta"]["lastUpdated"]
        for names in self.order.values():
            moments = [came[name] for name in names]
            assert moments == sorted(moments), "somebody's answers came out of turn"
        counted = self.counted()
        assert {state for state, count in counted.items() if count} <= {"accepted", "superseded"}
        return {"resources": len(self.texts), "lost": 0, "doubled": 0}


def _history(ask: httpx.Client, name: str) -> list[dict[str, Any]]:
    """Every version that a record system has of a resource, the oldest first."""
    found = ask.get(f"{name}/_history", params={"_count": "500"})
    if found.status_code != httpx.codes.OK:
        return []
    entries = found.json().get("entry", [])
    resources = [entry["resource"] for entry in entries if "resource" in entry]
    return sorted(resources, key=lambda each: int(each["meta"]["versionId"]))


def _bare(resource: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in resource.items() if key not in {"meta", "text"}}


def note(test: str, figures: dict[str, object]) -> None:
    """Keeps what a test measured, for the table in the docs; each form has its own figures."""
    OUTCOMES.parent.mkdir(exist_ok=True)
    known: dict[str, dict[str, object]] = {}
    with suppress(OSError, json.JSONDecodeError):
        known = json.loads(OUTCOMES.read_text("utf-8"))
    form = "long" if IS_FULL else "short"
    kept = {each: known.get(each, {}) for each in FORMS}
    kept[form] = {**kept[form], test: figures}
    OUTCOMES.write_text(json.dumps(kept, indent=1), "utf-8")
