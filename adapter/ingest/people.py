"""Who takes part: read first, because nothing else may leave without it."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

from adapter.errors import AnswerError
from adapter.ingest import findings
from adapter.ingest.participation import accept_participant
from adapter.ingest.work import RECORDS_A_COMMIT, Ingest, batches, reject
from adapter.instruments.participant import parse_participant, participant_forms
from adapter.instruments.response import Record
from adapter.store import instances
from adapter.store.database import Transaction


def take_people(work: Ingest) -> None:
    """Takes in everybody who takes part, before any form: who they are, consent, participation."""
    forms = participant_forms(work.trial.study)
    rows = work.snapshot.source.records(forms)
    # A row that cannot be read is met again, and reported, when the forms are read.
    records = (row for row in rows if isinstance(row, Record))
    groups = (list(group) for _, group in groupby(records, key=lambda record: record.participant))

    def take(tx: Transaction, group: list[Record]) -> None:
        _take_person(tx, work, group)

    for batch in batches(groups, RECORDS_A_COMMIT):
        work.database.write_each(batch, take)


def _take_person(tx: Transaction, work: Ingest, group: list[Record]) -> None:
    form, name, run = "participant", group[0].participant, work.report.run
    met = instances.participant_run(tx, name)
    try:
        _check_rows(group, is_met=met == run)
        person = parse_participant(group, work.trial.study)
    except AnswerError as wrong:
        instances.see_participant_again(tx, name, run)
        reject(tx, work, form, wrong.problems)
        return
    if met is None:
        work.report.newcomers.add(name)
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
