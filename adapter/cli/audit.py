"""`adapter audit` and `adapter unblind`: what was decided and done, and one act that is both."""

from __future__ import annotations

import argparse
from dataclasses import asdict, astuple
from typing import Any

from adapter.cli import show
from adapter.cli.opening import clinic_of, opened
from adapter.cli.terminal import document, lines, table
from adapter.errors import NotFoundError, Problem
from adapter.fhir.audit_event import build_audit_event, build_unblinding
from adapter.fhir.identity import Identity
from adapter.ingest.owe import owe_unblinded
from adapter.store import instances
from adapter.store.audit import Act, Line, read_lines, verify

BROKEN = 14


def run_audit(said: argparse.Namespace) -> int:
    """Shows the log, as lines or as FHIR, or verifies its chain; 14 when a line was changed."""
    with opened(said) as service:
        if said.what == "verify":
            count, last, problems = verify(service.audit.path, service.seal, said.last)
            _show_verified(count, last, problems, as_json=said.json)
            return BROKEN if problems else 0
        log = list(read_lines(service.audit.path))
        if said.what == "fhir":
            identity = service.trial.identity
            document(_bundle([each for line in log for each in _resources(identity, line)]))
            return 0
        _show_lines(log, as_json=said.json)
    return 0


def run_unblind(said: argparse.Namespace) -> int:
    """Makes one person's arm known to one clinic; `plan` then shows what it gets."""
    with opened(said) as service:
        clinic = clinic_of(service, said.clinic)
        if instances.participant(service.database.read(), said.record) is None:
            raise NotFoundError("Expected a record that takes part; found none of this name.")
        act = Act(service.now(), "unblind", clinic.name, said.record, rule=said.reason)
        service.audit.add([act])
        receiver = next(each for each in service.trial.receivers if each.name == clinic.name)
        with service.database.write() as tx:
            owe_unblinded(tx, service.trial, receiver, said.record, service.now())
        show.done({"clinic": clinic.name, "unblinded": 1}, as_json=said.json)
    return 0


def _resources(identity: Identity, line: Line) -> list[dict[str, Any]]:
    act = asdict(line.act)
    told = [build_audit_event(identity, line.hash, act, identity.patient(line.act.record))]
    return [*told, build_unblinding(identity, act)] if line.act.action == "unblind" else told


def _bundle(resources: list[dict[str, Any]]) -> dict[str, Any]:
    entries = [{"resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _show_verified(count: int, last: str, problems: list[Problem], *, as_json: bool) -> None:
    """Whether the audit log is as it was written."""
    if as_json:
        findings = [show.finding(problem) for problem in problems]
        document({"lines": count, "last": last, "findings": findings})
        return
    print(f"lines: {count}, last hash: {last or 'none'}")
    lines(problems)


def _show_lines(log: list[Line], *, as_json: bool) -> None:
    """The audit log."""
    if as_json:
        document({"audit": [{"line": each.number, **asdict(each.act)} for each in log]})
        return
    words = ("at", "action", "clinic", "record", "what", "rule")
    table("audit log", ("line", *words), [(each.number, *astuple(each.act)) for each in log])
