"""What is there of what goes one by one: in its place, beside another, or with a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from adapter.fhir.succession import REPLACEABLE
from adapter.fhir.text import read_text
from adapter.sync.answer import Answer
from adapter.sync.found import Found
from adapter.sync.outgoing import Outgoing
from adapter.sync.receipt import Refused, Unknown, Unreachable
from adapter.sync.routes.fhir_rest import is_gone
from adapter.sync.routes.retiring import asked_of_a_person, look_again
from adapter.sync.routes.singly import (
    UNSIGNED,
    Singly,
    Standing,
    holds,
    next_standing,
    read,
    search,
    stand,
    standing,
    told,
    version_there,
)

_NOT_FOUND = 404


def look_up(there: Singly, items: Sequence[Outgoing]) -> list[Found] | Unreachable | Unknown:
    """What is there of each, read one by one, in order."""
    found: list[Found] = []
    for item in items:
        each = _look_up(there, item)
        if isinstance(each, Unreachable | Unknown):
            return each
        found.append(each)
    return found


def _look_up(there: Singly, item: Outgoing) -> Found | Unreachable | Unknown:
    trouble = look_again(there, item.delivery)
    if trouble is not None:
        return trouble
    stands = standing(there, item.delivery)
    if stands is None:
        return _look_for(there, item)
    if stands.place.cause == "corrected":
        is_asked = stands.place.version == item.delivery.version
        return _unless_asked(there, item, Found("there" if is_asked else "gone"))
    answer = read(there, item.delivery, stands.place)
    return _told_by(there, item, stands, answer) if isinstance(answer, Answer) else answer


def _told_by(
    there: Singly, item: Outgoing, stands: Standing, answer: Answer
) -> Found | Unreachable | Unknown:
    version = version_there(answer)
    if holds(there, answer, item.text, stands):
        return _unless_asked(there, item, Found("there", version))
    beside = _found_beside(there, item)
    if beside is not None:
        return beside
    if not is_gone(answer):
        return Found("changed", version)
    is_unseen = item.delivery.state == "awaiting" and answer.status == _NOT_FOUND
    return Found("awaiting", reason=UNSIGNED) if is_unseen else Found("gone")


def _unless_asked(there: Singly, item: Outgoing, found: Found) -> Found:
    """What was found, unless something beside it is due yet, or a person was asked for it."""
    known = there.places.of(item.delivery)
    if found.word == "gone" or any(each.standing == "due" for each in known):
        return Found("gone")
    asked = asked_of_a_person(item.delivery.type, known)
    return replace(found, word="awaiting", reason=asked) if asked else found


def _found_beside(there: Singly, item: Outgoing) -> Found | Unreachable | Unknown | None:
    """Whether a correction that nobody settled was created beside what it corrects."""
    kind, how = item.delivery.type, there.how(item.delivery.type)
    is_possible = kind in REPLACEABLE and how in {"new", "either"}
    if item.delivery.state != "uncertain" or not is_possible or item.text is None:
        return None
    stands = next_standing(there, item.delivery)
    found = search(there, read_text(told(kind, item.text, stands)))
    if isinstance(found, Unreachable | Unknown):
        return found
    if isinstance(found, list) and len(found) == 1:
        stand(there, item, stands, found[0])
        return Found("gone")  # it is not done yet: it is sent again, and found
    return None


def _look_for(there: Singly, item: Outgoing) -> Found | Unreachable | Unknown:
    """Looks for what has no place that we know of."""
    known = there.places.of(item.delivery)
    if item.text is None or (known and item.delivery.action == "retract"):
        return _unless_asked(there, item, Found("there"))
    stands = next_standing(there, item.delivery)
    found = search(there, read_text(told(item.delivery.type, item.text, stands)))
    if isinstance(found, Refused):
        return Found("changed", reason=found.reason)
    if not isinstance(found, list):
        return found
    if len(found) == 1:
        stand(there, item, stands, found[0])
        return _look_up(there, item)
    is_unseen = item.delivery.state == "awaiting"
    return Found("awaiting", reason=UNSIGNED) if is_unseen else Found("gone")
