"""An operator's verbs: try again, filed, withdrawn."""

from __future__ import annotations

import argparse

from adapter.cli import show
from adapter.cli.opening import clinic_of, opened
from adapter.errors import (
    NotFoundError,
)
from adapter.ingest.participation import withdraw
from adapter.store import begun, deliveries, settling
from adapter.store.audit import Act


def run_retry(said: argparse.Namespace) -> int:
    """Queues again what a clinic refused; forgets what was learned of it, where that is said."""
    with opened(said) as service:
        clinic = clinic_of(service, said.clinic)
        # A line is on the disk before its act takes effect.
        service.audit.add([Act(service.now(), "retry", clinic.name)])
        if said.forget:
            service.audit.add([Act(service.now(), "forget", clinic.name, what="finding")])
        with service.database.write() as tx:
            count = deliveries.retry(tx, clinic.name, service.now())
            forgot = {"forgotten": begun.forget(tx, clinic.name)} if said.forget else {}
        show.done({"clinic": clinic.name, "queued": count, **forgot}, as_json=said.json)
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
    with opened(said) as service:
        with service.database.write() as tx:
            withdraw(tx, service.trial, said.record, said.consent, service.now())
        service.audit.add([Act(service.now(), "withdraw", record=said.record, what=said.consent)])
        show.done({"consent": said.consent, "withdrawn": 1}, as_json=said.json)
    return 0
