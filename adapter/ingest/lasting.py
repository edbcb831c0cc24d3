"""Ids of the study file that the ids of answers are derived from: they last as long as the answers.

Under another id of its timepoint every answer would be a new one beside the old, and a consent
under another id would be one that nobody withdrew. So the ledger notes the ids that it was read by,
and an id that is gone while something of it is held stops an ingest before anything is taken.
"""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from adapter.errors import DeclarationError, Origin, Problem
from adapter.ingest.trial import Trial
from adapter.store import lasting
from adapter.store.cursors import Cursor, cursor, keep_cursor
from adapter.store.database import Transaction

_NAME = "the study file"  # no source is called so: a source is a file, or a project on a machine
_STAYS = (
    "Put it back: under another id everything would be made a second time, beside what clinics "
    "hold. What is asked no more stays in the study file"
)


def stop_if_ids_are_gone(tx: Transaction, trial: Trial) -> None:
    """Lets pass a study file that knows every timepoint and consent of which anything is held.

    Raises:
        DeclarationError: it lacks some, with a finding for each.
    """
    known = cursor(tx, _NAME)
    problems = () if known is None else tuple(_gone(tx, trial, **orjson.loads(known.position)))
    if problems:
        raise DeclarationError("The study file lacks ids that the ledger was read by.", problems)


def note_ids(tx: Transaction, trial: Trial, now: str) -> None:
    """Notes, at the end of an ingest, which ids the study file has."""
    said = {
        "timepoints": {point.id: list(point.events) for point in trial.study.timepoints},
        "consents": [rule.id for rule in trial.study.consents],
    }
    keep_cursor(tx, Cursor(_NAME, orjson.dumps(said).decode(), "", now))


def _gone(
    tx: Transaction, trial: Trial, timepoints: dict[str, list[str]], consents: list[str]
) -> Iterator[Problem]:
    points = {point.id for point in trial.study.timepoints}
    for name, events in timepoints.items():
        if name not in points and lasting.holds_of_events(tx, events):
            yield Problem(
                Origin("study file"),
                "timepoints",
                f"`{name}`, of which the ledger holds answers",
                "no timepoint of this id",
                f"{_STAYS}; a timepoint may go once nothing of it is in the source any more.",
            )
    rules = {rule.id for rule in trial.study.consents}
    for name in consents:
        if name not in rules and lasting.knows_consent(tx, name):
            yield Problem(
                Origin("study file"),
                "consents",
                f"`{name}`, to which people said yes or no",
                "no consent of this id",
                f"{_STAYS}.",
            )
