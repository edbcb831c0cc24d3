"""The sources taken into the ledger: all of them, or some records of one that told of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager

from adapter.ingest import Ledger, Report, Snapshot
from adapter.ingest.run import ingest
from adapter.service.access import Access
from adapter.service.noting import told_of
from adapter.service.remembering import record_again
from adapter.service.running import Service
from adapter.service.sources import told_apart
from adapter.settings import RedcapApiSettings
from adapter.sync.set_back import read_again

Step = Callable[[int], None]


def take_in_all(
    service: Service,
    shown: Callable[[], AbstractContextManager[Step]],
    *,
    is_full: bool = False,
    is_restored: bool = False,
) -> list[Report]:
    """Every configured source, in order; `is_full`: all of each, not only what has changed.

    `shown` shows how far a source has been read. `is_restored`: ledger and crosswalk come from an
    older copy, so that neither tells of it.

    Raises:
        ConflictError: another ingest is at work.
        SourceError: a source cannot be read.
    """
    reports = list[Report]()
    names = [clinic.name for clinic in service.clinics]
    where = service.database, service.crosswalk, names, service.now()
    with told_of("ingest") as told, read_again(*where, always=is_restored) as doubted:
        for source in service.sources(is_full=is_full):
            with shown() as step:
                reports.append(_take_in(service, source, step))
        again = record_again(service, doubted)
        if reports:
            reports[-1].problems += len(again)
        told.update({**_totals(reports), "withdrawals_recorded_again": len(again)})
    return reports


@contextmanager
def records_of(
    service: Service,
    settings: RedcapApiSettings,
    names: Sequence[str],
    sleep: Callable[[float], object],
) -> Iterator[Snapshot]:
    """Some records of one project, to be taken in; `sleep` waits before it is asked again.

    Raises:
        SourceError: the project cannot be read.
    """
    # Only who is told of records pays for an HTTP client.
    from adapter.service.redcap_api import open_records  # noqa: PLC0415

    with ExitStack() as closing:
        access = Access(service.clock(), service.environment, closing, sleep=sleep)
        snapshot = open_records(settings, service.trial.study, access, tuple(names))
        yield told_apart(snapshot, settings, service.settings.sources)


def take_in(service: Service, snapshot: Snapshot, step: Step) -> Report:
    """One source, as far as its snapshot tells of it.

    Raises:
        ConflictError: another ingest is at work.
        SourceError: the source cannot be read on.
    """
    with told_of("ingest") as told:
        report = _take_in(service, snapshot, step)
        told.update(_totals([report]))
    return report


def _take_in(service: Service, snapshot: Snapshot, step: Step) -> Report:
    ledger = Ledger(service.database, service.crosswalk)
    return ingest(ledger, service.trial, snapshot, service.now(), step)


def _totals(reports: Sequence[Report]) -> dict[str, int]:
    told = Counter[str]()
    for report in reports:
        for counts in report.counts.values():
            told.update({str(outcome): count for outcome, count in counts.items()})
    return {**told, "problems": sum(report.problems for report in reports)}
