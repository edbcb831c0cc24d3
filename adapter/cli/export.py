"""`adapter export`: NDJSON of what may be known."""

from __future__ import annotations

import argparse

from adapter.cli import show
from adapter.cli.opening import opened
from adapter.export.ndjson import export_ndjson
from adapter.release import Reader, Subject, decide
from adapter.store import instances
from adapter.store.audit import Act
from adapter.store.versions import Version


def run_export(said: argparse.Namespace) -> int:
    """NDJSON of everything that a receiver of this purpose may know."""
    with opened(said) as service:
        tx, study = service.database.read(), service.trial.study
        today = service.clock().astimezone(study.zone).date().isoformat()

        def released(version: Version) -> bytes | None:
            subject = Subject(version.participant, version.form)
            person = instances.participant(tx, version.participant)
            decision = decide(subject, study, Reader(said.purpose), person, today)
            return service.published(version) if decision.is_released else None

        service.audit.add([Act(service.now(), "export", rule=said.purpose)])
        files = export_ndjson(service.database, said.out, released, service.now())
        show.exported(files, as_json=said.json)
    return 0
