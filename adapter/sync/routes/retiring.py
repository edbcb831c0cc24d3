"""What was replaced at a clinic is taken out of use there: by us, or by a person who is asked to.

Nobody may keep a wrong number in the chart because a record system lets us write and not correct.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from adapter.fhir.check import write
from adapter.fhir.succession import as_replaced, is_retired
from adapter.fhir.text import read_text
from adapter.store.deliveries import Delivery
from adapter.store.places import Cause, Place
from adapter.sync.answer import Answer, stop_if_no_entry
from adapter.sync.receipt import Unknown, Unreachable
from adapter.sync.routes.fhir_rest import is_gone
from adapter.sync.routes.singly import Singly, Standing, holds, read, told, version_there

_GONE_FOR_GOOD = 410
_ASKED: dict[Cause, str] = {
    "replaced": "mark {there} as entered in error, it was replaced",
    "retracted": "mark {there} as entered in error, it was taken back",
    "corrected": "correct {there} as the task says",
}


def retire_due(there: Singly, delivery: Delivery) -> Unreachable | Unknown | None:
    """Retires what is due, or leaves it to a person; None when nothing is due any more."""
    known = there.places.of(delivery)
    for number, place in enumerate(known):
        if place.standing == "due":
            trouble = _retire(there, delivery, Standing(place, tuple(known[:number])))
            if trouble is not None:
                return trouble
    return None


def leave(there: Singly, delivery: Delivery, place: Place, cause: Cause) -> Unreachable | None:
    """Asks a person there by a task; None when it lies there for them."""
    task = there.places.ask(delivery, place, cause)
    if isinstance(task, Unreachable):
        return task
    there.places.keep(delivery, replace(place, standing="left", cause=cause, task=task))
    return None


def look_again(there: Singly, delivery: Delivery) -> Unreachable | Unknown | None:
    """Looks at what was retired or left: what a person did by now, and what came back."""
    for place in there.places.of(delivery):
        is_left = place.standing == "left" and place.cause != "corrected"
        if not is_left and place.standing != "retired":
            continue
        answer = read(there, delivery, place)
        if not isinstance(answer, Answer):
            return answer
        is_out = is_gone(answer) or is_retired(answer.body)
        if is_out and is_left:
            there.places.keep(delivery, replace(place, standing="retired"))
        elif not is_out and not is_left:  # an older backup brought it back
            there.places.keep(delivery, replace(place, standing="due"))
    return None


def asked_of_a_person(kind: str, places: Sequence[Place]) -> str:
    """What somebody there has to do yet, each with its task; '' for nothing."""
    return "; ".join(
        f"{place.task}: {_ASKED[place.cause].format(there=f'{kind}/{place.remote_id}')}"
        for place in places
        if place.standing == "left"
    )


def _retire(there: Singly, delivery: Delivery, stands: Standing) -> Unreachable | Unknown | None:
    answer = read(there, delivery, stands.place)
    if not isinstance(answer, Answer):
        return answer
    if answer.status == _GONE_FOR_GOOD or is_retired(answer.body):
        there.places.keep(delivery, replace(stands.place, standing="retired"))
        return None
    said = there.places.text_of(delivery, stands.place.version)
    is_ours = is_gone(answer) or holds(there, answer, said, stands)
    replaced = None if said is None else as_replaced(read_text(told(delivery.type, said, stands)))
    is_tried = replaced is None or there.may(delivery.type, "update")
    if is_ours and said is not None and is_tried:
        content = None if replaced is None else write(replaced)
        is_done = _write(there, delivery, stands.place, content, version_there(answer))
        if not isinstance(is_done, bool):
            return is_done
        if is_done:
            there.places.keep(delivery, replace(stands.place, standing="retired"))
            return None
    return leave(there, delivery, stands.place, stands.place.cause)


def _write(
    there: Singly, delivery: Delivery, place: Place, content: bytes | None, version: str
) -> bool | Unreachable | Unknown:
    """Whether it was let."""
    headers = {"If-Match": f'W/"{version}"'} if version else {}
    method = "DELETE" if content is None else "PUT"
    name = f"{delivery.type}/{place.remote_id}"
    answer = there.client.exchange(method, name, content, headers)
    if not isinstance(answer, Answer):
        return answer
    if answer.is_success or is_gone(answer):
        return True
    stop_if_no_entry(answer)
    return False
