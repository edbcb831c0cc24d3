"""What is no longer in the source: told as renamed, retracted, or not believed to be gone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import orjson

from adapter.errors import Problem
from adapter.ingest import findings
from adapter.ingest.accept import retract_response
from adapter.ingest.judge import retract_held
from adapter.ingest.participation import retract_participant
from adapter.ingest.work import Ingest, reject
from adapter.store import inbox, instances
from adapter.store.database import Transaction

Content = frozenset[tuple[str, str, str]]


def retract_missing(work: Ingest) -> bool:
    """Retracts what an earlier run met and this one did not, if that is believable.

    False where something is missing, and is not believed to be gone.
    """
    run, limit, scope = work.report.run, work.snapshot.missing_limit, work.snapshot.scope
    if limit is None:
        return True
    with work.database.write() as tx:
        missing = instances.count_missing(tx, run, scope)
        if missing and not work.report.is_whole:
            reject(tx, work, "", (findings.perhaps_missing(missing),), counts=False)
            return False
        if missing > limit:
            reject(tx, work, "", (findings.too_many_missing(missing, limit),), counts=False)
            return False
        people = instances.participants_unseen(tx, run, scope)
        reject(tx, work, "participant", list(_renamed(tx, work, people)), counts=False)
        for instance in list(instances.unseen(tx, run, scope)):
            retract_response(tx, work.trial, instance, work.now)
            instances.keep_instance(tx, replace(instance, status="entered-in-error", run=run))
            work.report.add(instance.form, "retracted")
        for name in people:
            for held in inbox.held_of(tx, name):  # of nobody, it could not stay either
                retract_held(tx, work.trial, held, work.now)
            retract_participant(tx, work.trial, name, work.now)
            work.report.add("participant", "retracted")
    return True


def _renamed(tx: Transaction, work: Ingest, gone: list[str]) -> Iterator[Problem]:
    """Those whose forms somebody new holds, all of them and no others: the same record renamed."""
    new = {_content(tx, name): name for name in sorted(work.report.newcomers)} if gone else {}
    for old in gone:
        content = _content(tx, old)
        if content and content in new:
            yield findings.renamed(work.snapshot.source.name, old, new[content], work.trial.study)


def _content(tx: Transaction, name: str) -> Content:
    """What a record holds, whatever it is called: each form and place, with a hash of its cells."""
    return frozenset(
        (each.form, orjson.dumps(orjson.loads(each.place)[1:]).decode(), each.source_hash)
        for each in instances.of_participant(tx, name)
    )
