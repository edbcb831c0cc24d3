"""Simulated record systems to deliver to, and what is asked of them in the end."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from adapter.simulate import FaultLayer, RecordSystem, record_system_app
from adapter.simulate.chance import Chance
from adapter.simulate.serve import serving
from adapter.simulate.versions import Resource
from adapter.store.database import Database
from adapter.store.identities import Crosswalk
from adapter.sync.clinic import Clinic
from tests.keys import CROSSWALK_KEYS
from tests.live.nursery import Job, clinic_of, now
from tests.live.survival import Owed

SEED = 20261122


@dataclass(frozen=True)
class Simulated:
    """A simulated record system: where things go wrong on the way to it, and where nothing does."""

    url: str
    clean: str
    layer: FaultLayer
    system: RecordSystem

    def versions_of(self, names: Iterable[str]) -> int:
        """How many versions it has of these (`Type/id`), all together."""
        return sum(len(self.system.resources.versions(*name.split("/"))) for name in names)


@contextmanager
def simulated(
    rates: dict[str, float] | None = None, check: Callable[[Resource], None] | None = None
) -> Iterator[Simulated]:
    """The full simulator, and what goes wrong on the way to it; it refuses what `check` does."""
    system = RecordSystem(clock=now, ids=map(str, itertools.count(1)), check=check)
    app = record_system_app(system)
    layer = FaultLayer(app, Chance(rates or {}, SEED), now, retry_after_seconds=1)
    with serving(layer) as port, serving(app) as clean:
        faulty, plain = (f"http://127.0.0.1:{each}/fhir/" for each in (port, clean))
        yield Simulated(faulty, plain, layer, system)


def checked(owed: Owed, url: str) -> dict[str, object]:
    """What became of it, asked where nothing goes wrong."""
    with httpx.Client(base_url=url, timeout=60) as ask:
        return {**owed.check(ask)}


@contextmanager
def remembering(journal: Path) -> Iterator[str]:
    """The full simulator, which remembers in a file."""
    system = RecordSystem(clock=now, ids=map(str, itertools.count(1)), check=None, journal=journal)
    with serving(record_system_app(system)) as port:
        yield f"http://127.0.0.1:{port}/fhir/"


@contextmanager
def opened_clinic(job: Job) -> Iterator[Clinic]:
    """The clinic of a job, worked at in this process."""
    database, crosswalk = Database(job.where), Crosswalk(Path(job.crosswalk), CROSSWALK_KEYS)
    with httpx.Client(base_url=job.url, timeout=10, trust_env=False) as http:
        yield clinic_of(job, database, crosswalk, http)
    crosswalk.close()
    database.close()
