"""An operator's verbs: try again, filed, withdrawn."""

from __future__ import annotations

import argparse
from typing import Any

from adapter.cli import show
from adapter.cli.opening import clinic_of, opened
from adapter.service.operating import note_filed, note_withdrawal, retry_all
from adapter.store import begun
from adapter.store.audit import Act


def run_retry(said: argparse.Namespace) -> int:
    """Queues again what a clinic refused; forgets what was learned of it, where that is said."""
    with opened(said) as service:
        clinic = clinic_of(service, said.clinic)
        told: dict[str, Any] = {"clinic": clinic.name, "queued": retry_all(service, clinic)}
        if said.forget:
            service.audit.add([Act(service.now(), "forget", clinic.name, what="finding")])
            with service.database.write() as tx:
                told["forgotten"] = begun.forget(tx, clinic.name)
        show.done(told, as_json=said.json)
    return 0


def run_filed(said: argparse.Namespace) -> int:
    """Notes that a person has filed a task."""
    with opened(said) as service:
        clinic = clinic_of(service, said.clinic)
        note_filed(service, clinic, said.task)
        show.done({"clinic": clinic.name, "filed": said.task}, as_json=said.json)
    return 0


def run_withdraw(said: argparse.Namespace) -> int:
    """Records a withdrawal; `plan` then shows what it retracts."""
    with opened(said) as service:
        note_withdrawal(service, said.record, said.consent)
        show.done({"consent": said.consent, "withdrawn": 1}, as_json=said.json)
    return 0
