"""What a person decides on what was written at a clinic, at the terminal and on the page alike."""

from __future__ import annotations

from typing import Literal

from adapter.ingest.decide import leave, take
from adapter.ingest.judge import Became
from adapter.service.running import Service
from adapter.store import inbox
from adapter.store.audit import Act
from adapter.store.inbox import Received


def take_written(service: Service, number: int, timepoint: str = "", by: str = "") -> Became:
    """What a clinic wrote stands, by a person's word; `timepoint` says where it belongs.

    Raises:
        NotFoundError: nothing of this number waits, or it cannot be taken.
    """
    with service.database.write() as tx:
        found = inbox.numbered(tx, number)
        became = take(tx, service.trial, number, service.now(), timepoint)
        _note_decision(service, "take", found, by)
    return became


def leave_written(service: Service, number: int, by: str = "") -> None:
    """What the trial holds stands, by a person's word, until the clinic writes something else.

    Raises:
        NotFoundError: nothing of this number waits.
        AnswerError: the trial's row fits its form no more.
    """
    with service.database.write() as tx:
        found = inbox.numbered(tx, number)
        leave(tx, service.trial, number, service.now())
        _note_decision(service, "leave", found, by)


def _note_decision(
    service: Service, action: Literal["take", "leave"], found: Received | None, by: str
) -> None:
    """The line of a decision: on the disk before the ledger has it for good."""
    assert found is not None  # noqa: S101 - it was decided on
    what = f"inbox/{found.number}"
    act = Act(service.now(), action, found.clinic, found.participant, what, by)
    service.audit.add([act])
