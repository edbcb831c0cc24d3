"""One ingest: people first, then every form instance, then what is no longer there.

Records stream; a transaction holds some hundreds of them, because a commit costs a disk sync, or as
many as a fraction of a second allows, because others want to write. What does not fit is kept with
its reason and the rest goes through. A process that dies anywhere runs again and comes to the same
ledger.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from adapter.errors import AnswerError, Problem
from adapter.ingest import findings
from adapter.ingest.accept import accept, next_status, stands_already
from adapter.ingest.completion import STATES, completion
from adapter.ingest.days import days_to_come, last_day, tells_no_day
from adapter.ingest.decide import Row, is_contradicted
from adapter.ingest.earlier import as_hashed_now, is_current, see_unchanged
from adapter.ingest.keep import Acceptance
from adapter.ingest.kept_back import (
    NOTHING,
    forget_gone,
    release,
    watch_row,
    watch_unreadable,
)
from adapter.ingest.lasting import note_ids, stop_if_ids_are_gone
from adapter.ingest.meaning import hold_to_versions
from adapter.ingest.missing import retract_missing
from adapter.ingest.newcomers import meet_newcomers
from adapter.ingest.overdue import note_owed, owe_overdue
from adapter.ingest.participation import accept_study, check_withdrawals
from adapter.ingest.people import take_people
from adapter.ingest.readable import Readable, find_readable
from adapter.ingest.several import is_of_two
from adapter.ingest.trial import Trial
from adapter.ingest.work import (
    RECORDS_A_COMMIT,
    Ingest,
    Ledger,
    Outcome,
    Report,
    Snapshot,
    batches,
    reject,
)
from adapter.instruments.response import Record, Response, ResponseStatus, parse_response
from adapter.store import inbox, instances, kept_back, runs
from adapter.store.cursors import keep_cursor
from adapter.store.database import Transaction
from adapter.store.kept_back import Kind
from adapter.store.said import forget_sources, note_heard, unheard


def ingest(
    ledger: Ledger,
    trial: Trial,
    snapshot: Snapshot,
    now: str,
    step: Callable[[int], None] = lambda _: None,
) -> Report:
    """Reads a snapshot of a source into the ledger.

    `now` is an instant in UTC; `step` is told of rows done.

    Raises:
        ConflictError: another ingest is at work.
        DeclarationError: the study file lacks ids of what was read before, or a consent of which a
            withdrawal was recorded.
        SourceError: the source cannot be read on.
    """
    database = ledger.database
    check_withdrawals(database.read(), trial.study)
    with database.sole_writer("ingest"):
        stop_if_ids_are_gone(database.read(), trial)
        with database.write() as tx:
            report = Report(runs.start_run(tx, snapshot.source.name, now))
            forget_sources(tx, {snapshot.key, *snapshot.others})
            kept, unread = kept_back.places(tx), unheard(tx, snapshot.others)
        meet_newcomers(database, trial, now)
        owe_overdue(database, trial, now)
        with database.write() as tx:
            trial = hold_to_versions(tx, trial)
            accept_study(tx, trial, now)
        last = last_day(snapshot.as_of, now, trial.study)
        work = Ingest(
            database, ledger.crosswalk, trial, snapshot, report, now, step, kept, last, unread
        )
        readable = find_readable(work)
        take_people(work, readable)
        _take_forms(work, readable)
        is_settled = retract_missing(work)
        is_believed = is_settled and report.is_whole and snapshot.missing_limit is not None
        with database.write() as tx:
            forget_gone(tx, work, readable.rows, is_believed=is_believed)
            if snapshot.scope is not None:
                runs.carry_rejections(tx, report.run, snapshot.scope)
            if snapshot.cursor is not None and report.is_whole and is_settled:
                keep_cursor(tx, snapshot.cursor)
            if snapshot.scope is None:
                note_heard(tx, snapshot.key, now)
            note_owed(tx, trial)
            note_ids(tx, trial, now)
            runs.end_run(tx, report.run, now)
            report.problems = runs.count_rejections(tx, report.run)
    return report


def _take_forms(work: Ingest, readable: Readable) -> None:
    def take(tx: Transaction, record: Record | Problem) -> None:
        if isinstance(record, Problem):
            work.report.is_whole = False
            reject(tx, work, "", (record,))
            watch_unreadable(tx, work, record)
        elif not record.values or record.form in readable.waiting:
            kind: Kind = "row" if record.values else "blank"
            watch_row(tx, work, record, kind, readable.waiting.get(record.form, NOTHING))
        else:
            _take_record(tx, work, record)

    records = work.snapshot.source.records(readable.rows)
    for batch in batches(records, RECORDS_A_COMMIT):
        work.database.write_each(batch, take)
        work.step(len(batch))


def _take_record(tx: Transaction, work: Ingest, record: Record) -> None:
    trial = work.trial
    form = trial.form_of(record.form)
    whole, record = record, trial.as_read(record)
    source_hash = trial.identity.source_hash(record)
    point = trial.study.timepoint_of(record.event)
    unit = trial.identity.unit(
        record.participant, form.id, point.id if point else "", record.repeat
    )
    held = instances.instance(tx, unit)
    before = None if held is None else as_hashed_now(tx, trial, held, whole, source_hash)
    try:
        word = _status_word(tx, work, record, before)
        status = next_status(word, before, source_hash)
        is_same = before is not None and before.is_of(source_hash, status)
        if held and before and is_same and is_current(tx, trial, form, before):
            see_unchanged(tx, trial, held, replace(before, run=work.report.run), whole)
            _count(tx, work, record, "unchanged")
            return
        response = _response(tx, work, record, status)
    except AnswerError as wrong:
        if before is not None:
            instances.see_again(tx, unit, work.report.run)
        reject(tx, work, form.id, wrong.problems)
        watch_row(tx, work, record)
        return
    if response is None:
        work.report.add(form.id, "empty")
        watch_row(tx, work, record, "blank")
        return
    theirs = None if before is None else inbox.standing(tx, unit)
    if theirs is not None:
        instances.see_again(tx, unit, work.report.run)
        if _was_whole(trial, theirs.row_hash, whole, source_hash):
            theirs = replace(theirs, row_hash=source_hash)
            inbox.keep(tx, theirs)
        if is_contradicted(tx, trial, theirs, Row(record, response, source_hash)):
            reject(tx, work, form.id, (findings.contradicted(record, theirs.number),))
            watch_row(tx, work, record)
        else:
            _count(tx, work, record, "unchanged")
        return
    if before is not None and (before.status, word) == ("completed", "completed"):
        as_before = replace(response, status="completed")
        if stands_already(tx, trial, as_before):
            response, before = as_before, replace(before, source_hash=source_hash)
    said = Acceptance(record, work.report.run, work.now, before, source_hash)
    _count(tx, work, record, accept(tx, trial, response, said))


def _count(tx: Transaction, work: Ingest, record: Record, outcome: Outcome) -> None:
    """Counts what was taken in, or stands, and tells what is odd about its days."""
    form, study = work.trial.form_of(record.form), work.trial.study
    work.report.add(form.id, outcome)
    work.report.undated[form.id] += tells_no_day(record, form, study)
    reject(tx, work, form.id, days_to_come(record, form, study, work.last_day), counts=False)
    release(tx, work, record)


def _was_whole(trial: Trial, kept: str, whole: Record, source_hash: str) -> bool:
    """Whether a hash that was kept is that of all cells, of which not all are read."""
    return kept != source_hash and kept == trial.identity.source_hash(whole)


def _status_word(
    tx: Transaction, work: Ingest, record: Record, before: instances.Instance | None
) -> ResponseStatus:
    """What the source says of the form's completion, and the clock of its window.

    Raises:
        AnswerError: the record stands twice, says no known word, or nobody of this name takes part.
    """
    if before is not None and before.run == work.report.run:
        action = "Remove one of the rows; the first one was taken."
        raise AnswerError("The row stands twice.", (findings.duplicate(record, action),))
    person = instances.participant(tx, record.participant)
    if person is None:
        raise AnswerError("Nobody of this name takes part.", _why_unknown(work, record))
    if record.complete not in STATES:
        raise AnswerError("The form is in no known state.", (findings.unknown_state(record),))
    return completion(work, record, person)


def _response(
    tx: Transaction, work: Ingest, record: Record, status: ResponseStatus
) -> Response | None:
    """What a row says, None where it is blank.

    Of whom two sources may mean two people by, nothing is taken in but what stands already: once
    the two are told apart, nothing would take back what is somebody else's.

    Raises:
        AnswerError: the row does not fit its form, or two sources hold the same form of this
            participant, which is told once of each.
    """
    report, name, trial = work.report, record.participant, work.trial
    response = parse_response(record, trial.form_of(record.form), trial.study, status)
    if response is None or not is_of_two(tx, work, name):
        return response
    report.is_whole = False  # or a reading of what changed would pass it by
    found = () if name in report.explained else (findings.of_two(record, trial.study),)
    report.explained.add(name)
    raise AnswerError("It may be of two people.", found)


def _why_unknown(work: Ingest, record: Record) -> tuple[Problem, ...]:
    """Why somebody's form is not taken in; once for each person whose own row was kept back."""
    report, study = work.report, work.trial.study
    if report.are_people_read and record.participant not in report.kept_back:
        return (findings.unknown_participant(record, study),)
    if record.participant in report.explained:
        return ()
    report.explained.add(record.participant)
    return (findings.kept_back(record, study),)
