"""What is no longer in the source: told as renamed, retracted, or not believed to be gone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import orjson

from adapter.errors import Problem
from adapter.ingest import findings
from adapter.ingest.accept import retract_response
from adapter.ingest.judge import retract_held
from adapter.ingest.participation import retract_participant
from adapter.ingest.work import RECORDS_A_COMMIT, Ingest, batches, reject
from adapter.store import inbox, instances, missed
from adapter.store.database import Transaction
from adapter.store.instances import Instance


def retract_missing(work: Ingest) -> bool:
    """Retracts what an earlier run met and this one did not, if that is believable.

    One person after the other, each as a whole; who dies between two goes on with the next run.
    False where something is missing, and is not believed to be gone: not where a row of the same
    form could not be placed, nor in a source without a row.
    """
    run, limit, scope = work.report.run, work.snapshot.missing_limit, work.snapshot.scope
    if limit is None:
        return True
    with work.database.write() as tx:
        missing = missed.count(tx, run, scope)
        if missing and not work.report.is_whole:
            reject(tx, work, "", (findings.perhaps_missing(missing),), counts=False)
            return False
        if missing > limit:
            reject(tx, work, "", (findings.too_many_missing(missing, limit),), counts=False)
            return False
        if missing and scope is None and not work.report.counts:
            reject(tx, work, "", (findings.without_rows(work.snapshot.source.name),), counts=False)
            return False
        if not missing:
            return True
        reject(tx, work, "participant", _renamed(tx, work), counts=False)

    def take_back(tx: Transaction, name: str) -> None:
        _take_back(tx, work, name)

    gone = missed.names(work.database.read(), run, scope)
    for batch in batches(gone, RECORDS_A_COMMIT):
        work.database.write_each(batch, take_back)
    return missed.count(work.database.read(), run, scope) == 0


def _take_back(tx: Transaction, work: Ingest, name: str) -> None:
    """Retracts what is missing of a person; all of them where they are missing themselves."""
    run, study = work.report.run, work.trial.study

    def is_baseline(gone: Instance) -> bool:
        point = study.timepoint_of(orjson.loads(gone.place)[1])
        return point is not None and point.id == study.baseline

    # The baseline last: what goes with it needs not be told of first as what it leaves behind.
    for instance in sorted(missed.unseen(tx, run, name), key=is_baseline):
        if _is_perhaps_elsewhere(tx, work, instance):
            continue
        retract_response(tx, work.trial, instance, work.now)
        instances.keep_instance(tx, replace(instance, status="entered-in-error", run=run))
        work.report.add(instance.form, "retracted")
    if missed.is_missed(tx, run, name):
        for held in inbox.held_of(tx, name):  # of nobody, it could not stay either
            retract_held(tx, work.trial, held, work.now)
        work.crosswalk.forget(name)  # who comes back under this name may be somebody else
        retract_participant(tx, work.trial, name, work.now)
        work.report.add("participant", "retracted")


def _is_perhaps_elsewhere(tx: Transaction, work: Ingest, instance: Instance) -> bool:
    """Whether a row of the same record and form was rejected because nobody knows where it belongs.

    It may be this one, under an event that was renamed or misspelt.
    """
    study = work.trial.study
    whose = work.report.run, instance.participant, instance.form
    points = [study.timepoint_of(event) for event in missed.rejected_events(tx, *whose)]
    at = {name for placed in study.forms if placed.form == instance.form for name in placed.at}
    return any(point is None or point.id not in at for point in points)


def _renamed(tx: Transaction, work: Ingest) -> Iterator[Problem]:
    """Those whose forms somebody new holds, all of them and no others: the same record renamed."""
    run, scope = work.report.run, work.snapshot.scope
    new = {_content(tx, name): name for name in sorted(work.report.newcomers)}
    for old in missed.names(tx, run, scope):
        content = _content(tx, old) if missed.is_missed(tx, run, old) else b""
        if content and content in new:
            yield findings.renamed(work.snapshot.source.name, old, new[content], work.trial.study)


def _content(tx: Transaction, name: str) -> bytes:
    """A digest of what a record holds, whatever it is called; empty where it holds nothing.

    That is each form and place, with a hash of its cells.
    """
    held = sorted(
        (each.form, orjson.dumps(orjson.loads(each.place)[1:]).decode(), each.source_hash)
        for each in instances.of_participant(tx, name)
    )
    return hashlib.blake2b(orjson.dumps(held), digest_size=16).digest() if held else b""
