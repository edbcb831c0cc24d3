"""What was taken in from a clinic's Patient, once a person says that somebody is another one there.

The program takes it back and asks nobody. That person's word was all that made those answers the
participant's, and they have taken it back; while a question about it waited, somebody else's
answers would be scored, exported, and told to the right Patient's clinicians. To take back too much
does no harm: what is about the right Patient is read there anew, and is taken in again. The trial's
own row, where one waited beside such an answer, stands; one that a person overruled by it comes
back with the next reading of the whole source. Nothing is erased but what standard care gave: the
ledger keeps what was said as entered in error, and the inbox keeps the row and why it was left.

Which Patient was read is noted as a keyed hash: who is who belongs to the crosswalk. A Patient whom
the clinic itself merged into another one was no wrong one: `follow_merge`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from adapter.errors import AnswerError
from adapter.ingest.care import drop_care
from adapter.ingest.decide import accept_row
from adapter.ingest.judge import OF_ANOTHER, RESPONSE, take_back
from adapter.ingest.trial import Trial
from adapter.store import inbox
from adapter.store.cursors import Cursor, cursor, forget_cursor, keep_cursor
from adapter.store.database import Transaction
from adapter.store.inbox import Received


@dataclass(frozen=True, slots=True)
class Whose:
    """Who somebody is at a clinic: `patient` is the id there now.

    `before` is who they were, for what an adapter took in that noted nothing of it; '' if nobody.
    """

    clinic: str
    participant: str
    patient: str
    before: str = ""


def reading_of(clinic: str, resource_type: str, participant: str) -> str:
    """The name under which it is kept how far a person was read at a clinic."""
    return f"pull {clinic} {resource_type} {participant}"


def count_of_another(tx: Transaction, trial: Trial, whose: Whose) -> int:
    """How much stands as somebody's that came from another Patient than they are now."""
    if not _is_another(tx, trial, whose):
        return 0
    rows = inbox.of_both(tx, whose.clinic, whose.participant)
    return sum(row.stands == "held" for row in rows)


def follow_link(tx: Transaction, trial: Trial, whose: Whose, now: str) -> Counter[str]:
    """Takes back what came from another Patient than somebody is now; how much of it, by type.

    What is read of them next is read whole. Done twice, it finds nothing.
    """
    became: Counter[str] = Counter()
    if _is_another(tx, trial, whose):
        rows = inbox.of_both(tx, whose.clinic, whose.participant)
        for row in rows:
            became[row.type] += _drop(tx, trial, row, now)
        _read_whole(tx, trial, whose, rows)
    follow_merge(tx, trial, whose, now)
    return +became


def follow_merge(tx: Transaction, trial: Trial, whose: Whose, now: str) -> None:
    """Notes which Patient somebody is by now, and lets what was taken in stand."""
    if not is_followed(tx, trial, whose):
        token = _token(trial, whose, whose.patient)
        keep_cursor(tx, Cursor(_name(whose), "", token, now))


def is_followed(tx: Transaction, trial: Trial, whose: Whose) -> bool:
    """Whether it is noted already that somebody is this Patient."""
    known = cursor(tx, _name(whose))
    return known is not None and known.basis == _token(trial, whose, whose.patient)


# Private functions


def _is_another(tx: Transaction, trial: Trial, whose: Whose) -> bool:
    known = cursor(tx, _name(whose))
    if known is not None:
        return known.basis != _token(trial, whose, whose.patient)
    return whose.before not in {"", whose.patient}


def _drop(tx: Transaction, trial: Trial, row: Received, now: str) -> bool:
    """Whether there was something to be taken back."""
    if row.type != RESPONSE:
        return row.stands == "held" and drop_care(tx, trial, row, OF_ANOTHER, now) == "retracted"
    is_taken_back = take_back(tx, trial, row, OF_ANOTHER, now) == "retracted"
    if row.trial_row:
        # Its form changed since, and the next ingest says what is wrong, or it is asked no more.
        with suppress(AnswerError):
            accept_row(tx, trial, row, now)
    return is_taken_back


def _read_whole(tx: Transaction, trial: Trial, whose: Whose, rows: Iterable[Received]) -> None:
    types = {RESPONSE, *(rule.type for rule in trial.study.from_care), *(row.type for row in rows)}
    for each in sorted(types):
        forget_cursor(tx, reading_of(whose.clinic, each, whose.participant))


def _name(whose: Whose) -> str:
    return f"whose {whose.clinic} {whose.participant}"


def _token(trial: Trial, whose: Whose, patient: str) -> str:
    return trial.identity.token("whose", whose.clinic, patient)
