"""What every command begins with: the adapter opened, its clinics, what was rejected."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from adapter.cli.terminal import progress, warn
from adapter.errors import (
    AdapterError,
    ConflictError,
    DeclarationError,
    EhrError,
    NotFoundError,
    Problem,
)
from adapter.service import Service, now, open_service
from adapter.service.logs import write_logs
from adapter.service.sources import file_of
from adapter.store import runs, standing
from adapter.store.differences import differences
from adapter.store.states import State
from adapter.sync.clinic import Clinic

if TYPE_CHECKING:
    from adapter.ingest.standing import KeptBackCount

Told = TypeVar("Told")


@contextmanager
def opened(
    said: argparse.Namespace, *, asks: bool = False, answers: bool = False
) -> Iterator[Service]:
    """The running adapter of a command line; what it did on opening is told on stderr."""
    clock = said.clock or now
    with open_service(said.config, asks=asks, answers=answers, clock=clock) as service:
        write_logs(service.settings.logs)
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


def rejections(service: Service) -> Iterator[Problem]:
    """What the last ingest of each source could not take in; and totals that are not ours."""
    tx, every = service.database.read(), service.settings.sources
    files = [path.name for path in map(file_of, every) if path is not None]
    newest = runs.last_runs(tx, files, len(every) - len(files))
    rejected = (runs.rejections(tx, run) for run in newest)
    return chain(chain.from_iterable(rejected), differences(tx))


def kept_back(service: Service) -> KeptBackCount:
    """What is kept back of the forms that are watched for safety signals."""
    # Only who tells of signals pays for reading them.
    from adapter.ingest.standing import count_kept_back  # noqa: PLC0415

    return count_kept_back(service.database.read(), service.trial.study)
