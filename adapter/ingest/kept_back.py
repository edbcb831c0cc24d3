"""Safety signals of what is kept back: watched as far as it can be read, and said where it cannot.

A row that does not fit gives no response, no score and no resource. Yet an answer that a person has
to look at may stand in it, so each watched item whose own cell can be read is held against its
signals. What fires is kept beside the ledger's versions, stands until the row is taken in or gone,
and is sent to nobody: it is for the trial's own staff, who have to look in the source.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import orjson

from adapter.errors import Problem
from adapter.ingest.accept import next_status
from adapter.ingest.change import Place, value_at_baseline
from adapter.ingest.completion import completion
from adapter.ingest.earlier import as_hashed_now, is_current
from adapter.ingest.several import is_of_two
from adapter.ingest.trial import Trial
from adapter.ingest.work import Ingest
from adapter.instruments.glimpse import Glimpse, glimpse
from adapter.instruments.response import SCORED, Record
from adapter.instruments.safety import Safety
from adapter.scoring import score_response
from adapter.scoring.signals import Watched, signals_in
from adapter.store import instances, kept_back
from adapter.store.database import Transaction
from adapter.store.inbox import Received
from adapter.store.kept_back import KeptBack, Kind

NOTHING: frozenset[str] = frozenset()


def watch_row(
    tx: Transaction,
    work: Ingest,
    record: Record,
    kind: Kind = "row",
    changed: frozenset[str] = NOTHING,
) -> None:
    """Watches a row that is not taken in; `changed` are fields that nobody may read now.

    A form that is blank is watched only where the study asks for it: else nothing was due.
    """
    trial, form = work.trial, work.trial.form_of(record.form)
    safety = trial.study.safety
    if safety is None or not safety.watches(form.id):
        return
    is_unknown = f"{record.form}_complete" in changed
    person = instances.participant(tx, record.participant)
    status = "in-progress" if is_unknown else completion(work, record, person)
    seen = glimpse(record, form, trial.study, status, changed)
    if kind == "blank" and not seen.response.timepoint:
        return
    found = _signals(tx, trial, seen, safety)
    # What the ledger holds by these very cells gave its signals there.
    fired = () if _stands(tx, work, record, seen) else names_of(found)
    # Of two people with one number, each stands for itself: neither is hidden by the other.
    whose = work.snapshot.key if is_of_two(tx, work, record.participant) else ""
    place = place_of(record, whose)
    before = kept_back.find(tx, place)
    said = KeptBack(
        place=place,
        kind=kind,
        record=record.participant,
        event=record.event,
        form=form.id,
        file=record.origin.file,
        line=record.origin.line or 0,
        fired=fired,
        is_seen=not found.unjudged and not is_unknown,
        run=work.report.run,
    )
    if before is not None and before.run == said.run:  # the row stands twice
        fired = tuple(dict.fromkeys((*before.fired, *said.fired)))
        said = replace(said, fired=fired, is_seen=before.is_seen and said.is_seen)
    if said.fired or not said.is_seen:
        kept_back.keep(tx, said)
    elif before is not None:
        kept_back.drop(tx, place)


def watch_unreadable(tx: Transaction, work: Ingest, problem: Problem) -> None:
    """Notes a row of which not even the form is known: whatever it holds was not looked at."""
    safety = work.trial.study.safety
    if safety is None or not safety.signals:
        return
    at, snapshot = problem.origin, work.snapshot
    where = ["unreadable", snapshot.source.name, at.file, at.line, at.record, at.event]
    kept_back.keep(
        tx,
        KeptBack(
            place=orjson.dumps([*where, snapshot.key]).decode(),
            kind="unreadable",
            record=at.record,
            event=at.event,
            form="",
            file=at.file,
            line=at.line or 0,
            is_seen=False,
            run=work.report.run,
        ),
    )


def watch_written(
    tx: Transaction, trial: Trial, said: Received, form: str, seen: Glimpse | None
) -> None:
    """Watches a response that waits in the inbox; `seen` None: nobody can read it."""
    safety = trial.study.safety
    if safety is None or not safety.watches(form):
        return
    found = None if seen is None else _signals(tx, trial, seen, safety)
    kept = KeptBack(
        place=kept_back.written_place(said.number),
        kind="written",
        record=said.participant,
        event=said.timepoint,
        form=form,
        file=said.clinic,
        line=said.number,
        fired=() if found is None else names_of(found),
        is_seen=found is not None and not found.unjudged,
    )
    if kept.fired or not kept.is_seen:
        kept_back.keep(tx, kept)
    else:
        kept_back.drop(tx, kept.place)


def release(tx: Transaction, work: Ingest, record: Record) -> None:
    """After a row was taken in, or a person has chosen: it is kept back no more.

    Where it stands twice, the other one may be kept back by the same ingest, and stays.
    """
    place = place_of(record)
    if place in work.watched:
        before = kept_back.find(tx, place)
        if before is not None and before.run != work.report.run:
            kept_back.drop(tx, place)


def forget_gone(tx: Transaction, work: Ingest, forms: frozenset[str], *, is_believed: bool) -> None:
    """Drops what is not there any more; `forms` of the source were gone through, row by row.

    `is_believed`: what this ingest did not meet is gone. Else a row is where its record was met and
    every row could be read, so that it is none of those that could not.
    """
    run, scope, study = work.report.run, work.snapshot.scope, work.trial.study
    read = {placed.form for placed in study.forms if placed.source_form in forms}
    is_legible = "unreadable row" not in work.report.counts
    for each in kept_back.unmet(tx, run):
        if scope is not None and each.record not in scope:
            continue
        if each.kind == "unreadable":
            name, *rest = orjson.loads(each.place)[1:]
            is_own = work.snapshot.others.isdisjoint(rest[4:])  # two sources may have one name
            is_gone = is_own and name == work.snapshot.source.name
        elif is_believed:
            is_gone = True
        elif each.run == 0:  # noted by the migration, under no place of its own
            is_gone = each.form in read
        else:
            is_met = scope is not None or instances.participant_run(tx, each.record) == run
            is_gone = is_met and is_legible and each.form in read
            # Another source met somebody of the same number.
            is_gone = is_gone and not is_of_two(tx, work, each.record)
        if is_gone:
            kept_back.drop(tx, each.place)


def place_of(record: Record, whose: str = "") -> str:
    """The place of a row among what is kept back; `whose` is its source, where two may hold it."""
    place = [record.participant, record.event, record.form, record.repeat]
    return orjson.dumps([*place, whose] if whose else place).decode()


def names_of(found: Watched) -> tuple[tuple[str, str, str], ...]:
    """Signal, level and reason of all that fired: what is kept of them."""
    return tuple((each.signal.id, each.signal.level, each.reason) for each in found.fired)


# Private functions


def _signals(tx: Transaction, trial: Trial, seen: Glimpse, safety: Safety) -> Watched:
    response = seen.response
    scores = score_response(response) if response.status in SCORED else ()
    return signals_in(seen, scores, _baseline(tx, trial, seen, safety), safety)


def _baseline(tx: Transaction, trial: Trial, seen: Glimpse, safety: Safety) -> dict[str, Decimal]:
    """The scales' values at baseline, as far as a signal is about their change."""
    response = seen.response
    if response.repeat is not None or not response.timepoint:
        return {}
    place = Place(response.participant, response.form, response.timepoint)
    watched = {each.scale for each in safety.signals if each.is_change}
    found = {
        scale.id: value_at_baseline(tx, trial, place, scale)
        for scale in response.form.scales
        if scale.id in watched
    }
    return {scale: value for scale, value in found.items() if value is not None}


def _stands(tx: Transaction, work: Ingest, record: Record, seen: Glimpse) -> bool:
    """Whether the ledger holds a response that was made of these very cells."""
    trial, response = work.trial, seen.response
    unit = trial.identity.unit(
        response.participant, response.form.id, response.timepoint, response.repeat
    )
    before = instances.instance(tx, unit)
    if before is None or before.status == "entered-in-error":
        return False
    source_hash = trial.identity.source_hash(trial.as_read(record))
    before = as_hashed_now(tx, trial, before, record, source_hash)
    status = next_status(response.status, before, source_hash)
    is_same = before.is_of(source_hash, status)
    return is_same and is_current(tx, trial, response.form, before)
