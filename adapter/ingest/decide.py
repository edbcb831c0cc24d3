"""Two sides that say something else: the trial's source and a clinic. A person chooses.

Whatever stands goes on standing until then. What a person overruled stays overruled, until it
changes.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import orjson

from adapter.errors import AnswerError, NotFoundError, Origin
from adapter.ingest import findings
from adapter.ingest.accept import accept, next_status
from adapter.ingest.judge import CONFLICT, Became, held_answers, judge, refuse_changed
from adapter.ingest.keep import Acceptance
from adapter.ingest.kept_back import place_of
from adapter.ingest.reconcile import said
from adapter.ingest.trial import Trial
from adapter.instruments.form import Form
from adapter.instruments.response import Record, Response, ResponseStatus, parse_response
from adapter.store import inbox, instances, kept_back, runs
from adapter.store.database import Transaction
from adapter.store.inbox import Received

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the trial's source, what it says, and a keyed hash of its cells."""

    record: Record
    response: Response
    source_hash: str


def is_contradicted(tx: Transaction, trial: Trial, theirs: Received, row: Row) -> bool:
    """Whether a row of the source says otherwise than what a clinic wrote, which stands.

    It then waits for a person with it, unless a person overruled this very row. Where both agree,
    what waited for that no longer does.
    """
    answers = held_answers(tx, trial, theirs.unit)
    if answers is not None and said(answers) == said(row.response.answers):
        if theirs.trial_row:
            settled = replace(theirs, state="taken", why="it agrees with what stands", trial_row="")
            inbox.keep(tx, settled)
        return False
    if not theirs.trial_row and theirs.row_hash == row.source_hash:
        return False
    told = orjson.dumps(asdict(row.record)).decode()
    inbox.keep(
        tx,
        replace(theirs, state="waiting", why=CONFLICT, trial_row=told, row_hash=row.source_hash),
    )
    return True


def take(tx: Transaction, trial: Trial, number: int, now: str, timepoint: str = "") -> Became:
    """What the clinic wrote stands, by a person's word; `timepoint` says where it belongs.

    Raises:
        NotFoundError: nothing of this number waits, or the form is not asked at that timepoint.
    """
    found = _waiting(tx, number)
    _release(tx, found)
    if timepoint:
        _check(trial, timepoint)
        found = replace(found, timepoint=timepoint)
    became = judge(tx, trial, replace(found, trial_row=""), now, is_chosen=True)
    if became == "waiting":
        still = inbox.numbered(tx, number)
        raise NotFoundError(
            "Expected a response that can be taken; found that it cannot: "
            f"{still.why if still else 'it is gone'}. Say `--at` with a timepoint, or leave it."
        )
    return became


def leave(tx: Transaction, trial: Trial, number: int, now: str) -> None:
    """What the trial holds stands, by a person's word, until the clinic writes something else.

    Raises:
        NotFoundError: nothing of this number waits.
        AnswerError: the trial's row fits its form no more, or the study does not ask that any more.
    """
    found = _waiting(tx, number)
    left = replace(found, state="left", why="a person left it", trial_row="")
    if not found.trial_row:
        inbox.keep(tx, left)
        return
    inbox.keep(tx, replace(left, stands="apart"))
    accept_row(tx, trial, found, now)


def accept_row(tx: Transaction, trial: Trial, found: Received, now: str) -> None:
    """The trial's own row stands that contradicted a response; it is not kept back any more.

    Raises:
        AnswerError: the row fits its form no more, or the study does not ask that any more.
    """
    record = trial.as_read(record_of(found.trial_row))
    form, source_hash = asked_form(trial, record), trial.identity.source_hash(record)
    refuse_changed(trial, form.id)
    before = instances.instance(tx, found.unit)
    word: ResponseStatus = "in-progress" if record.complete == "0" else "completed"
    status = next_status(word, before, source_hash)
    response = parse_response(record, form, trial.study, status)
    if response is not None:
        run = runs.last_run(tx) or 0
        accept(tx, trial, response, Acceptance(record, run, now, before, source_hash))
    _release(tx, found)


def judge_again(tx: Transaction, trial: Trial, clinic: str, now: str, after: int = 0) -> int:
    """Asks anew about what waits: a form, a day of enrolment or the trial's row may have changed.

    It is about some hundred of them, behind a number; gives how far it came, 0 at the end. What R4
    refused stays until it is written anew: what was kept of it may fit, and yet not be it.
    """
    some = inbox.waiting(tx, clinic, after, _AT_ONCE)
    for found in some:
        if not found.why.startswith("This is not what R4 says"):
            judge(tx, trial, found, now)
    return some[-1].number if len(some) == _AT_ONCE else 0


def record_of(told: str) -> Record:
    """The trial's row as it was kept."""
    words = orjson.loads(told)
    return Record(**{**words, "origin": Origin(**words["origin"])})


def asked_form(trial: Trial, record: Record) -> Form:
    """The form of a row that waited until a person chose.

    Raises:
        AnswerError: the study file has stopped to ask it.
    """
    if trial.study.placement_of(record.form) is None:
        raise AnswerError("The form is asked no more.", (findings.not_asked(record),))
    return trial.form_of(record.form)


def _waiting(tx: Transaction, number: int) -> Received:
    found = inbox.numbered(tx, number)
    if found is None or found.state != "waiting":
        raise NotFoundError(
            "Expected the number of something that waits; found another. See `adapter inbox`."
        )
    return found


def _release(tx: Transaction, found: Received) -> None:
    """A person has looked at both sides: the trial's row is not kept back any more."""
    if found.trial_row:
        kept_back.drop(tx, place_of(record_of(found.trial_row)))


def _check(trial: Trial, timepoint: str) -> None:
    known = [point.id for point in trial.study.timepoints]
    if timepoint not in known:
        raise NotFoundError(f"Expected one of the timepoints {', '.join(known)}; found another.")
