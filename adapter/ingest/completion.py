"""Whether a form of the source was sent: by what the source says of it, and by its window."""

from __future__ import annotations

from datetime import datetime

from adapter.ingest.work import Ingest
from adapter.instruments.participant import Participant
from adapter.instruments.response import Record, ResponseStatus
from adapter.instruments.time import end_of_window

STATES = frozenset({"", "0", "1", "2"})
"""REDCap's words for how far a form is; '' where the source says nothing of it."""


def completion(work: Ingest, record: Record, person: Participant | None) -> ResponseStatus:
    """The status of a response; one that was not sent is stopped when its window is over."""
    if record.complete != "0":
        return "completed"
    point = work.trial.study.timepoint_of(record.event)
    if person is None or not person.enrolled:
        return "in-progress"
    if point is None or point.week is None or point.closes_days is None:
        return "in-progress"
    zone = work.trial.study.timezone
    enrolled = datetime.fromisoformat(person.enrolled).date()
    closes = end_of_window(enrolled, point.week, point.closes_days, zone)
    return "in-progress" if work.snapshot.as_of < closes else "stopped"
