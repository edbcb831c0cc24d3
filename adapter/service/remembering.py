"""Withdrawals that were recorded here and that a new or restored ledger does not know.

The audit log outlives the ledger: it lies apart, and each `adapter withdraw` is a line of it. The
ledger notes up to which line it knows them, so that each ingest reads what was added since, and a
ledger that was lost or set back reads what it lost.
"""

from __future__ import annotations

from collections.abc import Sequence

from adapter.errors import Origin, Problem
from adapter.ingest.participation import Withdrawal, withdraw_again
from adapter.service.running import Service
from adapter.store import deliveries, runs
from adapter.store.audit import Act, newest_first
from adapter.store.cursors import Cursor, cursor, keep_cursor

_NAME = "the audit log"  # no source is called so: a source is a file, or a project on a machine


def record_again(service: Service, doubted: Sequence[str]) -> list[Problem]:
    """Records what the audit log says was withdrawn and the ledger does not know; tells of each.

    `doubted` are the clinics that may hold more than the ledger knows: what they were owed is taken
    back as if it were there. Whoever dies in the midst begins anew.
    """
    noted, reached = _noted(service), 0
    lost: list[Act] = []
    for line in newest_first(service.audit.path):
        if not reached:
            reached = line.number
            noted = noted if noted <= reached else 0  # another log than the one that was read
        if line.number <= noted:
            break
        if line.act.action == "withdraw":
            lost.append(line.act)
    told = [problem for act in reversed(lost) for problem in _record(service, act, doubted)]
    if reached > noted:
        with service.database.write() as tx:
            keep_cursor(tx, Cursor(_NAME, str(reached), "", service.now()))
    return told


def _noted(service: Service) -> int:
    known = cursor(service.database.read(), _NAME)
    return 0 if known is None else int(known.position)


def _record(service: Service, act: Act, doubted: Sequence[str]) -> list[Problem]:
    trial, now = service.trial, service.now()
    with service.database.write() as tx:
        for clinic in doubted:
            deliveries.doubt(tx, clinic, now)
        if not withdraw_again(tx, trial, Withdrawal(act.record, act.what, act.at), now):
            return []
        problem = Problem(
            Origin(service.audit.path.name, record=act.record),
            act.what,
            "a ledger that knows of each withdrawal in the audit log",
            f"one that did not know of that of {act.at}",
            "It is recorded again. The ledger was lost or set back: see docs/operator.md, Restore.",
            severity="warning",
        )
        run = runs.last_run(tx)
        if run is not None:
            runs.reject(tx, problem, "participant", run)
    return [problem]
