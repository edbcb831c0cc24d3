"""What each command does: opens the service, does it, shows it."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

from adapter.cli import show
from adapter.cli.terminal import progress, warn
from adapter.errors import (
    AdapterError,
    ConflictError,
    DeclarationError,
    EhrError,
    NotFoundError,
    Problem,
)
from adapter.export.ndjson import export_ndjson
from adapter.ingest import Ledger, Report
from adapter.release import Reader, Subject, decide
from adapter.service import Service, now, open_service, read_declarations
from adapter.settings import read_settings
from adapter.store import deliveries, inbox, instances, parking, settling, standing
from adapter.store.audit import Act
from adapter.store.differences import differences
from adapter.store.states import State
from adapter.store.versions import Version
from adapter.sync.clinic import Clinic
from adapter.sync.plan import plan
from adapter.sync.push import push
from adapter.sync.run import PushReport
from adapter.sync.verify import VerifyReport, verify

REJECTED = 12
Told = TypeVar("Told")


def run_check(said: argparse.Namespace) -> int:
    """All findings about mappings, configuration and dictionaries; 10 when there is an error."""
    from adapter.service.capabilities import check_clinics  # noqa: PLC0415
    from adapter.service.checking import check_sources  # noqa: PLC0415 - only who checks pays

    try:
        settings = read_settings(said.config)
    except DeclarationError as wrong:
        problems = [*wrong.problems]
    else:
        declared = read_declarations(settings)
        problems = [*declared.problems, *check_sources(settings, declared, now())]
        if said.online:
            problems += check_clinics(declared)
    show.findings(problems, as_json=said.json)
    has_error = any(problem.severity == "error" for problem in problems)
    return DeclarationError.exit_code if has_error else 0


def run_ingest(said: argparse.Namespace) -> int:
    """Sources into the ledger; 12 when rows were rejected."""
    with opened(said) as service:
        reports = ingest_all(service, is_full=said.full)
        show.ingested(reports, rejections(service), as_json=said.json)
        return REJECTED if any(report.problems for report in reports) else 0


def run_plan(said: argparse.Namespace) -> int:
    """What a push would do."""
    with opened(said) as service:
        plans = [plan(clinic) for clinic in service.clinics]
        show.planned(plans, explains=said.explain, as_json=said.json)
    return 0


def run_push(said: argparse.Namespace) -> int:
    """Delivers; what is refused is listed by `status`."""
    with opened(said, asks=True) as service:
        show.pushed(push_all(service), as_json=said.json)
    return 0


def run_verify(said: argparse.Namespace) -> int:
    """Reads everything back."""
    with opened(said) as service:
        show.verified(verify_all(service, everything=True), as_json=said.json)
    return 0


def run_status(said: argparse.Namespace) -> int:
    """Deliveries per clinic and state, and what needs a person."""
    from adapter.ingest.signals import standing_signals  # noqa: PLC0415 - only who looks pays

    with opened(said) as service:
        states = [_state(service, clinic) for clinic in service.clinics]
        levels = Counter(each.level for each in standing_signals(service.database.read()))
        show.state(states, levels, rejections(service), as_json=said.json)
    return 0


def run_signals(said: argparse.Namespace) -> int:
    """Every safety signal that stands, the most urgent first."""
    from adapter.ingest.signals import standing_signals, urgency  # noqa: PLC0415 - as above

    with opened(said) as service:
        signals = sorted(standing_signals(service.database.read()), key=urgency)
        show.signals(signals, as_json=said.json)
    return 0


def run_retry(said: argparse.Namespace) -> int:
    """Queues again what a clinic refused."""
    with opened(said) as service:
        clinic = clinic_of(service, said.clinic)
        with service.database.write() as tx:
            count = deliveries.retry(tx, clinic.name, service.now())
        service.audit.add([Act(service.now(), "retry", clinic.name)])
        show.done({"clinic": clinic.name, "queued": count}, as_json=said.json)
    return 0


def run_filed(said: argparse.Namespace) -> int:
    """Notes that a person has filed a task."""
    with opened(said) as service:
        clinic = clinic_of(service, said.clinic)
        with service.database.write() as tx:
            if not settling.file(tx, clinic.name, said.task, service.now()):
                raise NotFoundError("Expected a task that waits to be filed; found none so named.")
        show.done({"clinic": clinic.name, "filed": said.task}, as_json=said.json)
    return 0


def run_withdraw(said: argparse.Namespace) -> int:
    """Records a withdrawal; `plan` then shows what it retracts."""
    from adapter.ingest.participation import withdraw  # noqa: PLC0415 - only who withdraws pays

    with opened(said) as service:
        with service.database.write() as tx:
            withdraw(tx, service.trial, said.record, said.consent, service.now())
        service.audit.add([Act(service.now(), "withdraw", record=said.record, what=said.consent)])
        show.done({"consent": said.consent, "withdrawn": 1}, as_json=said.json)
    return 0


def run_export(said: argparse.Namespace) -> int:
    """NDJSON of everything that a receiver of this purpose may know."""
    with opened(said) as service:
        tx, study = service.database.read(), service.trial.study
        today = now().astimezone(study.zone).date().isoformat()

        def released(version: Version) -> bytes | None:
            subject = Subject(version.participant, version.form)
            person = instances.participant(tx, version.participant)
            decision = decide(subject, study, Reader(said.purpose), person, today)
            return service.published(version) if decision.is_released else None

        service.audit.add([Act(service.now(), "export", rule=said.purpose)])
        files = export_ndjson(service.database, said.out, released, service.now())
        show.exported(files, as_json=said.json)
    return 0


def ingest_all(service: Service, *, is_full: bool = False) -> list[Report]:
    """Every configured source, in order; `is_full`: all of each, not only what has changed."""
    from adapter.ingest.run import ingest  # noqa: PLC0415 - only who reads pays for the builders

    reports = []
    for source in service.sources(is_full=is_full):
        with progress("reading") as step:
            reports.append(
                ingest(
                    Ledger(service.database, service.crosswalk),
                    service.trial,
                    source,
                    service.now(),
                    step,
                )
            )
    return reports


def push_all(service: Service) -> list[tuple[str, PushReport]]:
    """Every clinic, in order."""
    return each_clinic(service, "delivering to", ("queued", "held", "claimed", "uncertain"), push)


def verify_all(service: Service, *, everything: bool) -> list[tuple[str, VerifyReport]]:
    """Every clinic, in order."""

    def read_back(clinic: Clinic, step: Callable[[int], None]) -> VerifyReport:
        return verify(clinic, step, everything=everything)

    states: tuple[State, ...] = ("accepted", "confirmed") if everything else ("accepted",)
    return each_clinic(service, "reading back from", states, read_back)


def each_clinic(
    service: Service,
    doing: str,
    states: tuple[State, ...],
    work: Callable[[Clinic, Callable[[int], None]], Told],
) -> list[tuple[str, Told]]:
    """Does the work for every clinic; `states` are those whose deliveries it will go through.

    A clinic that another process is at work with is passed over, and said so.

    Raises:
        ConflictError: another process is at work with every clinic.
        EhrError: one of them could not be reached; the others were served.
        DeclarationError: there is no secret for one of them; likewise.
    """
    told, wrong = list[tuple[str, Told]](), list[AdapterError]()
    for clinic in service.clinics:
        counted = standing.count_states(service.database.read(), clinic.name)
        total = sum(counted[state] for state in states)
        try:
            with progress(f"{doing} {clinic.name}", total) as step:
                told.append((clinic.name, work(clinic, step)))
        except (ConflictError, DeclarationError, EhrError) as trouble:
            wrong.append(trouble)
    failed = [each for each in wrong if not isinstance(each, ConflictError)]
    stops = failed or ([] if told else wrong)
    for each in wrong:
        if each not in stops[:1]:
            warn(str(each))
    if stops:
        raise stops[0]
    return told


@contextmanager
def opened(said: argparse.Namespace, *, asks: bool = False) -> Iterator[Service]:
    """The running adapter of a command line; what it did on opening is told on stderr."""
    with open_service(said.config, asks=asks) as service:
        if service.crosswalk.was_plain:
            print("The crosswalk was not encrypted; now it is.", file=sys.stderr)
        if service.crosswalk.was_older:
            print(
                "The crosswalk is encrypted with the newest key now; no older one is needed.",
                file=sys.stderr,
            )
        yield service


def clinic_of(service: Service, name: str) -> Clinic:
    """One of the configured clinics.

    Raises:
        NotFoundError: there is none of this name.
    """
    for clinic in service.clinics:
        if clinic.name == name:
            return clinic
    known = ", ".join(clinic.name for clinic in service.clinics)
    raise NotFoundError(f"Expected one of the clinics {known}; found `{name}`.")


def rejections(service: Service) -> list[Problem]:
    """What the last ingest could not take in, and where the source's totals are not ours."""
    tx = service.database.read()
    run = instances.last_run(tx)
    rejected = [] if run is None else instances.rejections(tx, run)
    return [*rejected, *differences(tx)]


def _state(service: Service, clinic: Clinic) -> dict[str, Any]:
    tx = service.database.read()
    oldest = standing.oldest_undelivered(tx, clinic.name)
    waited = (
        None
        if oldest is None
        else int(
            (datetime.fromisoformat(service.now()) - datetime.fromisoformat(oldest)).total_seconds()
        )
    )
    return {
        "name": clinic.name,
        **{str(word): count for word, count in standing.count_states(tx, clinic.name).items()},
        "oldest_undelivered_seconds": waited,
        "parked": len(parking.parked(tx, clinic.name)),
        "inbox_waiting": inbox.count_waiting(tx, clinic.name),
        "needs_a_person": [
            {
                "state": stuck.state,
                "type": stuck.type,
                "why": stuck.rule or stuck.reason,
                "count": stuck.count,
            }
            for stuck in standing.stuck(tx, clinic.name)
        ],
    }
