"""Workers that push a clinic's deliveries, begun in no time: they are forked from one that is warm.

Reads a line of JSON for each worker and answers with its process id; ends with its standard input.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx

from adapter.errors import ConflictError, EhrError, LedgerError
from adapter.fhir.identity import Identity
from adapter.instruments.participant import ConsentState, Participant
from adapter.service import open_service
from adapter.store import standing
from adapter.store.database import Database
from adapter.store.identities import Crosswalk
from adapter.store.states import State
from adapter.sync.client import FhirClient
from adapter.sync.clinic import Clinic
from adapter.sync.profile import BundleLimits, ClinicProfile, PatientRule
from adapter.sync.push import push
from tests.forms import STUDY_TEXT, study_of
from tests.keys import CROSSWALK_KEYS
from tests.live import failpoints

STUDY = study_of(
    STUDY_TEXT
    + """
consents:
  - id: research
    purpose: research
    form: consent
    given: {field: research, equals: "1"}
    on_withdrawal: keep
forms:
  - {form: phq-9, source_form: phq9, at: [week-0]}
"""
)
CONSENT = {"research": ConsentState("given")}
UNDER_WAY: tuple[State, ...] = ("queued", "claimed", "uncertain")


@dataclass(frozen=True)
class Job:
    """What a worker does: a clinic's name, its ledger, its record system, how it is asked.

    Waits are `hurry` times as long as they should be.
    """

    ledger: str
    crosswalk: str
    url: str
    clinic: str = "survivor"
    entries: int = 8
    timeout_seconds: float = 5.0
    lease_seconds: float = 2.0
    hurry: float = 0.05
    requests_per_second: float | None = None
    burst: int = 1
    dies: str = ""
    """Where it is killed, a name of `failpoints`; nowhere without one."""

    def line(self) -> bytes:
        """As a worker is asked for."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @property
    def where(self) -> Path | str:
        """Where the ledger is."""
        return self.ledger if "://" in self.ledger else Path(self.ledger)

    @property
    def profile(self) -> ClinicProfile:
        """A research repository."""
        return ClinicProfile(
            kind="clinic",
            id=self.clinic,
            title="A repository that survives",
            purpose="research",
            ladder=("transaction",),
            accepts=("Patient", "Observation"),
            patient=PatientRule(create=True),
            bundle=BundleLimits(entries=self.entries),
            timeout_seconds=self.timeout_seconds,
            requests_per_second=self.requests_per_second,
            burst=self.burst,
        )


@dataclass(frozen=True)
class Configured:
    """Another job: what an `adapter.toml` names, its only clinic."""

    config: str
    hurry: float = 0.05

    def line(self) -> bytes:
        """As a worker is asked for."""
        return json.dumps(asdict(self)).encode() + b"\n"


def identity() -> Identity:
    """Whose ids they are."""
    return Identity(STUDY, b"a key for tests only")


def person(name: str) -> Participant:
    """Somebody who agreed."""
    return Participant(name, consents=CONSENT)


def now() -> datetime:
    """The present moment."""
    return datetime.fromtimestamp(time.time(), UTC)


def clinic_of(job: Job, database: Database, crosswalk: Crosswalk, http: httpx.Client) -> Clinic:
    """The clinic of a job, at work."""
    return Clinic(
        job.profile,
        FhirClient(http, now),
        database,
        crosswalk,
        STUDY,
        identity(),
        now,
        lambda seconds: time.sleep(seconds * job.hurry),
    )


def work(job: Job) -> None:
    """Pushes until nothing is left; a clinic that is taken, or in trouble, is tried again."""
    database = failpoints.database(job.where, job.lease_seconds, job.dies)
    crosswalk = Crosswalk(Path(job.crosswalk), CROSSWALK_KEYS)
    with httpx.Client(
        base_url=job.url.rstrip("/") + "/",
        timeout=job.timeout_seconds,
        trust_env=False,
        transport=failpoints.transport(job.dies),
    ) as http:
        push_until_nothing_is_left(clinic_of(job, database, crosswalk, http))


def work_as_configured(job: Configured) -> None:
    """The same, as a site's own configuration says."""
    with open_service(Path(job.config)) as service:
        (clinic,) = service.clinics
        push_until_nothing_is_left(
            replace(clinic, sleep=lambda seconds: time.sleep(seconds * job.hurry))
        )


def push_until_nothing_is_left(clinic: Clinic) -> None:
    """Tries again whatever trouble there is."""
    while True:
        try:
            push(clinic)
        except (ConflictError, EhrError, LedgerError):
            time.sleep(0.02)
        else:
            counted = standing.count_states(clinic.database.read(), clinic.name)
            if not any(counted[state] for state in UNDER_WAY):
                return


def say(line: str) -> None:
    """Tells who started it."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Forks a worker for every line."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them: they are gone at once
    say("READY")
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                said = json.loads(line)
                if "config" in said:
                    work_as_configured(Configured(**said))
                else:
                    work(Job(**said))
            except BaseException:  # noqa: BLE001 - nothing may go on in a second copy of this
                traceback.print_exc()  # what ends a worker is our mistake, and shown
                os._exit(1)
            os._exit(0)
        say(str(pid))


if __name__ == "__main__":
    main()
