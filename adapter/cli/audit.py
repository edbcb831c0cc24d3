"""`adapter audit` and `adapter unblind`: what was decided and done, and one act that is both."""

from __future__ import annotations

import argparse
from dataclasses import asdict, astuple
from pathlib import Path
from typing import Any

from adapter.cli import show
from adapter.cli.opening import clinic_of, opened
from adapter.cli.terminal import document, lines, table
from adapter.errors import NotFoundError, Problem
from adapter.fhir.audit_event import build_audit_event, build_unblinding, event_id
from adapter.fhir.identity import Identity
from adapter.ingest.owe import owe_unblinded
from adapter.service import Service
from adapter.store import access_log, instances
from adapter.store.audit import Act, Line, read_lines, verify
from adapter.store.chain import holds

BROKEN = 14


def run_audit(said: argparse.Namespace) -> int:
    """Shows the log, as lines or as FHIR, or verifies its chain; 14 when a line was changed."""
    with opened(said) as service:
        if said.what == "verify":
            problems = _verify(service, said.last, as_json=said.json)
            return BROKEN if problems else 0
        if said.what == "accesses":
            _show_accesses(service.audit.path, as_json=said.json)
            return 0
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
    name = event_id(0, line.number, line.hash)
    told = [build_audit_event(identity, name, act, identity.patient(line.act.record))]
    return [*told, build_unblinding(identity, act)] if line.act.action == "unblind" else told


def _bundle(resources: list[dict[str, Any]]) -> dict[str, Any]:
    entries = [{"resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _verify(service: Service, kept: str, *, as_json: bool) -> list[Problem]:
    """Tells whether every log is as it was written; the hash that was kept may be of any."""
    path, seal = service.audit.path, service.seal
    files = access_log.access_files(path)
    is_of_access = bool(kept) and any(holds(file, kept) for file in files)
    count, last, problems = verify(path, seal, "" if is_of_access else kept)
    found = {file.name: told for file, told in access_log.verify_all(path, seal).items()}
    problems += [problem for _, _, wrong in found.values() for problem in wrong]
    if as_json:
        accesses = [
            {"file": name, "lines": lines_there, "last": hash_there}
            for name, (lines_there, hash_there, _) in found.items()
        ]
        findings = [show.finding(problem) for problem in problems]
        document({"lines": count, "last": last, "accesses": accesses, "findings": findings})
        return problems
    print(f"lines: {count}, last hash: {last or 'none'}")
    for name, (lines_there, hash_there, _) in found.items():
        print(f"{name}: lines: {lines_there}, last hash: {hash_there or 'none'}")
    lines(problems)
    return problems


def _show_accesses(audit: Path, *, as_json: bool) -> None:
    """Who read or wrote what over HTTP, each process's file after the other."""
    files = access_log.access_files(audit)
    log = [each for path in files for _, each in access_log.read_accesses(path)]
    if as_json:
        document({"accesses": [asdict(each) for each in log]})
        return
    words = tuple(access_log.Access.__slots__)
    rows = [tuple(_word(getattr(each, name)) for name in words) for each in log]
    table("accesses", words, rows)


def _word(value: object) -> str:
    return " ".join(value) if isinstance(value, tuple) else str(value)


def _show_lines(log: list[Line], *, as_json: bool) -> None:
    """The audit log."""
    if as_json:
        document({"audit": [{"line": each.number, **asdict(each.act)} for each in log]})
        return
    words = ("at", "action", "clinic", "record", "what", "rule")
    table("audit log", ("line", *words), [(each.number, *astuple(each.act)) for each in log])
