"""What must not be known yet: held until a day, or until a moment of each person's own time.

Time is an argument, so that the same question has the same answer.
"""

from __future__ import annotations

from datetime import date, timedelta

from adapter.instruments.participant import Participant, has_left
from adapter.instruments.study import Embargo, Purpose, Study


def is_embargoed(  # noqa: PLR0913, PLR0917 - what an embargo may depend on
    study: Study, form: str, purpose: Purpose, clinic: str, person: Participant | None, today: str
) -> bool:
    """Whether a person's data of a form must not leave for a receiver on a local day, `today`.

    What is not known of a person's time is not over; who withdrew on a day nobody knows has left.
    """
    return any(
        embargo.concerns(form, purpose, clinic) and not _is_over(embargo, study, person, today)
        for embargo in study.embargoes
    )


def _is_over(embargo: Embargo, study: Study, person: Participant | None, today: str) -> bool:
    if embargo.until is not None:
        return today >= embargo.until
    if person is None:
        return False
    if embargo.after == "off-study":
        return has_left(person, study) and (person.ended or today) <= today
    (point,) = (each for each in study.timepoints if each.id == embargo.after)
    if person.enrolled is None or point.week is None:
        return False
    planned = date.fromisoformat(person.enrolled) + timedelta(weeks=point.week)
    return (planned + timedelta(days=point.closes_days or 0)).isoformat() < today
