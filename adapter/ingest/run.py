"""One ingest: people first, then every form instance, then what is no longer there.

Records stream; a transaction holds some hundreds of them, because a commit costs a disk sync. What
does not fit is kept with its reason and the rest goes through. A process that dies anywhere runs
again and comes to the same ledger.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby, islice
from typing import Literal, TypeVar

from adapter.errors import AnswerError, Problem
from adapter.ingest import findings
from adapter.ingest.accept import Acceptance, accept, next_status, retract_unit
from adapter.ingest.owe import owe_newcomers
from adapter.ingest.participation import accept_participant, accept_study, retract_participant
from adapter.ingest.trial import Trial
from adapter.instruments.fields import fields_of
from adapter.instruments.participant import parse_participant, participant_forms
from adapter.instruments.response import Record, ResponseStatus, parse_response
from adapter.instruments.time import end_of_window
from adapter.sources.redcap import RecordsFile
from adapter.store import instances
from adapter.store.database import Database, Transaction
from adapter.store.identities import Crosswalk

Outcome = Literal["created", "changed", "unchanged", "rejected", "empty", "retracted"]
RECORDS_A_COMMIT = 256
_COMPLETE_WORDS = frozenset({"", "0", "1", "2"})
Batched = TypeVar("Batched")


@dataclass(slots=True)
class Report:
    """What an ingest did: outcomes per form, and how many problems it kept.

    `is_whole`: every row and every form could be read; only then is what is missing gone.
    """

    run: int
    counts: dict[str, Counter[Outcome]] = field(default_factory=dict)
    problems: int = 0
    is_whole: bool = True

    def add(self, form: str, outcome: Outcome) -> None:
        """Counts one form instance."""
        self.counts.setdefault(form, Counter())[outcome] += 1


@dataclass(frozen=True, slots=True)
class Source:
    """A records file to read, when it was exported, and how many vanished records are believed.

    `missing_limit` None: the file is not the whole project, so nothing missing is retracted.
    """

    records: RecordsFile
    forms: tuple[str, ...]
    as_of: datetime
    missing_limit: int | None


@dataclass(frozen=True, slots=True)
class Ledger:
    """Where what was read is kept: the data, and apart from it who is who."""

    database: Database
    crosswalk: Crosswalk


@dataclass(frozen=True, slots=True)
class Ingest:
    """One run over one source."""

    database: Database
    crosswalk: Crosswalk
    trial: Trial
    source: Source
    report: Report
    now: str
    step: Callable[[int], None]


def ingest(
    ledger: Ledger,
    trial: Trial,
    source: Source,
    now: str,
    step: Callable[[int], None] = lambda _: None,
) -> Report:
    """Reads a source into the ledger. `now` is an instant in UTC; `step` is told of rows done.

    Raises:
        ConflictError: another ingest is at work.
        SourceError: the source cannot be read on.
    """
    database = ledger.database
    with database.sole_writer("ingest"):
        with database.write() as tx:
            report = Report(instances.start_run(tx, "redcap", now))
            owe_newcomers(tx, trial, now)
            accept_study(tx, trial, now)
        work = Ingest(database, ledger.crosswalk, trial, source, report, now, step)
        _take_people(work)
        _take_forms(work)
        _retract_missing(work)
        with database.write() as tx:
            instances.end_run(tx, report.run, now)
            report.problems = instances.count_rejections(tx, report.run)
    return report


def _take_people(work: Ingest) -> None:
    missing = work.source.records.missing_facts()
    if missing:  # a consent that is not read must not be taken for one that was not withdrawn
        with work.database.write() as tx:
            _reject(tx, work, "participant", missing, counts=False)
        work.report.is_whole = False
        return
    forms = participant_forms(work.trial.study)
    rows = work.source.records.records(forms)
    # A row that cannot be read is met again, and reported, when the forms are read.
    records = (row for row in rows if isinstance(row, Record))
    groups = (list(group) for _, group in groupby(records, key=lambda record: record.participant))
    for batch in _batches(groups, RECORDS_A_COMMIT):
        with work.database.write() as tx:
            for group in batch:
                _take_person(tx, work, group)


def _take_person(tx: Transaction, work: Ingest, group: list[Record]) -> None:
    form, name, run = "participant", group[0].participant, work.report.run
    met = instances.participant_run(tx, name)
    try:
        _check_rows(group, is_met=met == run)
        person = parse_participant(group, work.trial.study)
    except AnswerError as wrong:
        instances.see_participant_again(tx, name, run)
        _reject(tx, work, form, wrong.problems)
        return
    work.crosswalk.keep(person)
    is_changed = accept_participant(tx, work.trial, person, run, work.now)
    work.report.add(form, "created" if met is None else "changed" if is_changed else "unchanged")


def _check_rows(group: list[Record], *, is_met: bool) -> None:
    """Whether this is all of a person, and once.

    Raises:
        AnswerError: it is not.
    """
    places = Counter((record.form, record.event) for record in group)
    twice = [record for record in group if places[record.form, record.event] > 1]
    if twice:
        action = "Remove one of the rows; nothing of this participant is taken in until then."
        raise AnswerError("The participant stands twice.", (findings.duplicate(twice[-1], action),))
    if is_met:
        raise AnswerError("The participant stands apart.", (findings.apart(group[0]),))


def _take_forms(work: Ingest) -> None:
    wanted = _readable_forms(work)
    records = work.source.records.records(frozenset(wanted))
    for batch in _batches(records, RECORDS_A_COMMIT):
        with work.database.write() as tx:
            for record in batch:
                if isinstance(record, Problem):
                    work.report.is_whole = False
                    _reject(tx, work, "", (record,))
                else:
                    _take_record(tx, work, record)
        work.step(len(batch))


def _readable_forms(work: Ingest) -> list[str]:
    """The source forms that are mapped and whose columns are all there; the others are problems."""
    study, known = work.trial.study, participant_forms(work.trial.study)
    readable: list[str] = []
    with work.database.write() as tx:
        for name in work.source.forms:
            placement = study.placement_of(name)
            if placement is None:
                if name not in known and name not in study.not_mapped:
                    _reject(tx, work, name, (findings.not_mapped(name),), counts=False)
                continue
            fields = fields_of(work.trial.forms[placement.form], placement, study)
            missing = work.source.records.missing_columns(name, fields)
            if missing:
                work.report.is_whole = False
                _reject(tx, work, name, missing, counts=False)
            else:
                readable.append(name)
        for problem in findings.not_in_source(study, work.source.forms):
            work.report.is_whole = False
            if work.source.missing_limit is not None:  # it says that it is the whole project
                _reject(tx, work, problem.field, (problem,), counts=False)
    return readable


def _take_record(tx: Transaction, work: Ingest, record: Record) -> None:
    trial = work.trial
    form = trial.form_of(record.form)
    source_hash = trial.identity.source_hash(record)
    point = trial.study.timepoint_of(record.event)
    unit = trial.identity.unit(
        record.participant, form.id, point.id if point else "", record.repeat
    )
    before = instances.instance(tx, unit)
    try:
        word = _status_word(tx, work, record, before)
        status = next_status(word, before, source_hash)
        if before is not None and _is_same(before, source_hash, trial.mapping_of(form), status):
            instances.see_again(tx, unit, work.report.run)
            work.report.add(form.id, "unchanged")
            return
        response = parse_response(record, form, trial.study, status)
    except AnswerError as wrong:
        if before is not None:
            instances.see_again(tx, unit, work.report.run)
        _reject(tx, work, form.id, wrong.problems)
        return
    if response is None:
        work.report.add(form.id, "empty")
        return
    said = Acceptance(work.report.run, work.now, before, source_hash)
    work.report.add(form.id, accept(tx, trial, record, response, said))


def _is_same(before: instances.Instance, source_hash: str, mapping: str, status: str) -> bool:
    return (before.source_hash, before.mapping, before.status) == (source_hash, mapping, status)


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
        raise AnswerError(
            "Nobody of this name takes part.",
            (findings.unknown_participant(record, work.trial.study),),
        )
    if record.complete not in _COMPLETE_WORDS:
        raise AnswerError("The form is in no known state.", (findings.unknown_state(record),))
    if record.complete != "0":
        return "completed"
    point = work.trial.study.timepoint_of(record.event)
    if point is None or point.week is None or point.closes_days is None or not person.enrolled:
        return "in-progress"
    zone = work.trial.study.timezone
    enrolled = datetime.fromisoformat(person.enrolled).date()
    closes = end_of_window(enrolled, point.week, point.closes_days, zone)
    return "in-progress" if work.source.as_of < closes else "stopped"


def _retract_missing(work: Ingest) -> None:
    """Retracts what an earlier run met and this one did not, if that is believable."""
    run, limit = work.report.run, work.source.missing_limit
    if limit is None:
        return
    with work.database.write() as tx:
        missing = instances.count_missing(tx, run)
        if missing and not work.report.is_whole:
            _reject(tx, work, "", (findings.perhaps_missing(missing),), counts=False)
            return
        if missing > limit:
            _reject(tx, work, "", (findings.too_many_missing(missing, limit),), counts=False)
            return
        people = instances.participants_unseen(tx, run)
        for instance in list(instances.unseen(tx, run)):
            retract_unit(tx, work.trial, instance.unit, work.now)
            instances.keep_instance(tx, _retracted(instance, run))
            work.report.add(instance.form, "retracted")
        for name in people:
            retract_participant(tx, work.trial, name, work.now)
            work.report.add("participant", "retracted")


def _retracted(instance: instances.Instance, run: int) -> instances.Instance:
    return instances.Instance(
        instance.unit,
        instance.participant,
        instance.form,
        instance.source_hash,
        instance.mapping,
        "entered-in-error",
        instance.place,
        run,
    )


def _reject(
    tx: Transaction,
    work: Ingest,
    form: str,
    problems: Iterable[Problem],
    *,
    counts: bool = True,
) -> None:
    for problem in problems:
        instances.reject(tx, problem, form, work.report.run)
    if counts:
        work.report.add(form or "unreadable row", "rejected")


def _batches(items: Iterable[Batched], size: int) -> Iterator[list[Batched]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
