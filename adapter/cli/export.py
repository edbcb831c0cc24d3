"""`adapter export`: NDJSON of what may be known, by the work that answers `$export` over HTTP."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from adapter.cli import show
from adapter.cli.opening import opened
from adapter.errors import DeclarationError, Origin, Problem
from adapter.export.ndjson import ExportedFile, export_ndjson
from adapter.export.parts import Block
from adapter.fhir.operation_outcome import RefusalError
from adapter.server.bulk.contents import contents_of
from adapter.server.bulk.order import Asking, read_order
from adapter.server.caller import Caller, read_scopes
from adapter.service import Service
from adapter.service.exporting import desk_of, ledger_of
from adapter.store import exports
from adapter.store.audit import Act

CLIENT = "adapter export"  # as the ledger names who asked; no registered client is called so

_OPTIONS = {
    "_since": (
        "--since",
        "an instant with its zone, such as 2026-03-01T09:30:00Z or an earlier `transactionTime`",
    ),
    "_type": ("--type", "types that are served, with commas between them: Patient,Observation"),
    "includeAssociatedData": (
        "--include-associated-data",
        "LatestProvenanceResources or RelevantProvenanceResources",
    ),
}
"""By the parameter of `$export`: the option here, and what is expected of it."""
_NAMES = [option for option, _ in _OPTIONS.values()]


def run_export(said: argparse.Namespace) -> int:
    """NDJSON of everything that a blinded receiver of this purpose may know."""
    with opened(said) as service:
        service.audit.add([Act(service.now(), "export", rule=said.purpose)])
        try:
            files = _export(service, said)
        except RefusalError as refused:
            raise _as_trouble(refused) from refused
        show.exported(files, as_json=said.json)
    return 0


def _export(service: Service, said: argparse.Namespace) -> list[ExportedFile]:
    words = {
        "_type": said.type,
        "_since": said.since,
        "includeAssociatedData": said.include_associated_data,
    }
    pairs = [(name, value) for name, value in words.items() if value]
    caller = Caller(CLIENT, said.purpose, scopes=read_scopes(["system/*.rs"]))
    order = read_order(Asking("", "system", pairs), caller)
    desk = desk_of(service, ledger_of(service), said.out)
    name = desk.take(order, CLIENT, is_aside=True)
    try:
        job = exports.find(service.database.read(), name)
        assert job is not None  # noqa: S101 - it was begun above
        contents = contents_of(job, order, desk.ledger)

        def blocks(resource_type: str) -> Iterator[Block]:
            if resource_type != "Bundle":
                return contents.lines(resource_type, 0)
            return (block for each in order.types for block in contents.deletions(each, 0))

        types = (*order.types, *(["Bundle"] if order.since else []))
        return export_ndjson(said.out, types, blocks, job.moment)
    finally:
        desk.forget(name)


def _as_trouble(refused: RefusalError) -> DeclarationError:
    """What `$export` says of a parameter, said of the option that it came by."""
    told = refused.issues[0].text
    option, expected = _OPTIONS.get(told.partition(" ")[0], (", ".join(_NAMES), told))
    problem = Problem(Origin("command line"), option, expected, "something else", "Correct it.")
    return DeclarationError("The export cannot be made.", (problem,))
