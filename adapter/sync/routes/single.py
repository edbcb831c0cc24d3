"""Resources one by one, for a record system without transactions, or one that gives its own ids.

Where a client may choose the id it is a PUT. Else it is a create: looked for before (`sought` says
how), conditional on it, and looked for again behind, because a conditional create alone is known to
race. The id that the record system gave is kept in the ledger at once, and corrections go there
with If-Match.

Where what is there cannot be written over, a correction is created beside it, and says so; what it
corrects is marked there, or left to a person. Each step is noted before the next, so that whoever
goes on after a crash does nothing twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from adapter.fhir.check import write
from adapter.fhir.succession import REPLACEABLE
from adapter.fhir.text import read_text
from adapter.store.places import Place
from adapter.sync.answer import Answer, reason_of, stop_if_no_entry, version_of
from adapter.sync.outgoing import Outgoing
from adapter.sync.receipt import Accepted, Receipt, Refused, Unknown, Unreachable
from adapter.sync.routes.fhir_rest import is_gone
from adapter.sync.routes.retiring import asked_of_a_person, leave, retire_due
from adapter.sync.routes.singly import (
    UNSIGNED,
    Singly,
    Standing,
    before_of,
    holds,
    next_standing,
    read,
    search,
    stand,
    standing,
    told,
    version_there,
)
from adapter.sync.routes.sought import sought

_CONFLICT = frozenset({409, 412})
_CLOSED = frozenset({405, 409})
_NOT_FOUND = 404
_MAYBE = (
    "it may be there already: who sent it stopped before it was told, and this record system does "
    "not find what it took; look there, take it out if it is there, then run `adapter retry`"
)
_CHANGED = "it was changed at the clinic since we wrote it"


@dataclass(frozen=True, slots=True)
class Closed:
    """The place holds what we wrote, and is not written over."""

    reason: str


def deliver(there: Singly, items: Sequence[Outgoing]) -> list[Receipt]:
    """Writes each, in order; after the first trouble nothing more is sent.

    Raises:
        EhrError: the address does not speak FHIR, or does not let us in.
    """
    receipts: list[Receipt] = []
    for item in items:
        is_in_trouble = any(isinstance(each, Unreachable | Unknown) for each in receipts)
        receipts.append(Unreachable("not sent") if is_in_trouble else _deliver(there, item))
    return receipts


def _deliver(there: Singly, item: Outgoing) -> Receipt:
    """Finishes what was begun, writes, and retires what that replaced."""
    trouble = retire_due(there, item.delivery)
    receipt = trouble or _write(there, item)
    if not isinstance(receipt, Accepted):
        return receipt
    trouble = retire_due(there, item.delivery)
    if trouble is not None:
        return Unknown(f"written, and what it replaces is not retired yet: {trouble.reason}")
    asked = asked_of_a_person(item.delivery.type, there.places.of(item.delivery))
    if not asked:
        return receipt
    reason = "; ".join(filter(None, (receipt.reason, asked)))
    return replace(receipt, is_awaiting=True, reason=reason)


def _write(there: Singly, item: Outgoing) -> Receipt:
    stands = standing(there, item.delivery)
    if item.delivery.action == "retract":
        return Accepted() if stands is None else _take_back(there, item, stands)
    if stands is None:
        return _create(there, item)
    if item.before is None and not there.puts(item.delivery.type):
        return _go_on(there, item, stands)
    if stands.place.number and stands.place.version == item.delivery.version:
        answer = read(there, item.delivery, stands.place)
        if not isinstance(answer, Answer):
            return answer
        if holds(there, answer, item.text, stands):  # it was created, and not settled
            return Accepted(version_there(answer))
    return _correct(there, item, stands)


def _go_on(there: Singly, item: Outgoing, stands: Standing) -> Receipt:
    """Something is there that nobody settled, or was, before the record system lost it."""
    answer = read(there, item.delivery, stands.place)
    if not isinstance(answer, Answer):
        return answer
    if holds(there, answer, item.text, stands):
        return Accepted(version_there(answer))
    version = version_there(answer)
    if item.if_match and version and version != item.if_match:
        return Refused(_CHANGED, version)  # a person said to write over another one
    receipt: Receipt | Closed = Closed("")
    if there.how(item.delivery.type) in {"update", "either"}:
        receipt = _put(there, replace(item, if_match=version), stands, is_seen=True)
    if isinstance(receipt, Closed | Refused) and is_gone(answer):
        there.places.forget(item.delivery, stands.place)
        return _create(there, item)
    return Refused(receipt.reason or _CHANGED) if isinstance(receipt, Closed) else receipt


def _correct(there: Singly, item: Outgoing, stands: Standing) -> Receipt:
    how = there.how(item.delivery.type)
    said: Receipt | Closed = Closed("a correction of it is nothing that this record system takes")
    if how in {"update", "either"}:
        said = _put(there, item, stands)
    if not isinstance(said, Closed):
        return said
    if how == "update" or item.delivery.type not in REPLACEABLE:
        return Refused(said.reason)
    if how == "task":
        place = replace(stands.place, version=item.delivery.version)
        return leave(there, item.delivery, place, "corrected") or Accepted(item.if_match)
    return _create(there, item) if how == "either" else _create_beside(there, item, stands)


def _create_beside(there: Singly, item: Outgoing, stands: Standing) -> Receipt:
    """Creates it beside what stands, unless somebody changed that."""
    answer = read(there, item.delivery, stands.place)
    if not isinstance(answer, Answer):
        return answer
    before, version = before_of(there, item, stands), version_there(answer)
    is_ours = before is not None and holds(there, answer, before, stands)
    if is_ours or is_gone(answer) or version == item.if_match:
        return _create(there, item)
    return Refused(_CHANGED, version)


def _take_back(there: Singly, item: Outgoing, stands: Standing) -> Receipt:
    """Marks it where it stands; else says so in a new document, or asks a person."""
    kind, how = item.delivery.type, there.how(item.delivery.type)
    if stands.place.cause == "corrected":  # a person wrote what is there
        return leave(there, item.delivery, stands.place, "retracted") or Accepted()
    if _is_notice(item, stands):
        return Accepted()
    said: Receipt | Closed = Closed("")
    if item.text is None:
        said = _delete(there, item, stands.place)
    elif there.may(kind, "update"):
        said = _put(there, item, stands)
    if not isinstance(said, Closed):
        return said
    if kind not in REPLACEABLE or (how == "update" and said.reason):
        return Refused(said.reason or "it cannot be taken back there")
    if kind == "DocumentReference" and how != "task":
        return _create(there, item)
    return leave(there, item.delivery, stands.place, "retracted") or Accepted()


def _is_notice(item: Outgoing, stands: Standing) -> bool:
    """Whether what stands there is the new document that says it is taken back."""
    is_new = bool(stands.earlier) and stands.earlier[-1].cause == "retracted"
    return is_new and stands.place.version == item.delivery.version and item.before is not None


def _put(
    there: Singly, item: Outgoing, stands: Standing, *, is_seen: bool = False
) -> Receipt | Closed:
    """Writes over what stands there, with If-Match; `is_seen`: it was just read."""
    is_sure = is_seen or there.places.held(item.delivery) == stands.place.version
    version = item.if_match if is_sure else ""
    headers = {"If-Match": f'W/"{version}"'} if version else {}
    name = f"{item.delivery.type}/{stands.place.remote_id}"
    content = told(item.delivery.type, item.text or b"{}", stands)
    answer = there.client.exchange("PUT", name, content, headers)
    receipt = _judged(there, item, answer, stands)
    if isinstance(receipt, Accepted) and stands.place.number:
        now = replace(stands.place, version=item.delivery.version)
        there.places.keep(item.delivery, now)
    return receipt


def _judged(
    there: Singly, item: Outgoing, answer: Answer | Unreachable | Unknown, stands: Standing
) -> Receipt | Closed:
    if not isinstance(answer, Answer):
        return answer
    if answer.is_success:
        return Accepted(version_of(answer.etag))
    if answer.status in _CONFLICT | _CLOSED:
        return _after_conflict(there, item, answer, stands)
    stop_if_no_entry(answer)
    return Refused(reason_of(answer.body))


def _after_conflict(
    there: Singly, item: Outgoing, conflict: Answer, stands: Standing
) -> Receipt | Closed:
    """Ours already, ours from before under another version, somebody's work, or closed.

    Signing makes a version of its own that says what we wrote: over that we write once more. What a
    person changed is left for a person.
    """
    found = read(there, item.delivery, stands.place)
    if not isinstance(found, Answer):
        return found
    version = version_there(found)
    if holds(there, found, item.text, stands):
        return Accepted(version)
    reason = reason_of(conflict.body)
    if not found.is_success:
        return Refused(reason)
    before = before_of(there, item, stands)
    if before is None or not holds(there, found, before, stands):
        return Refused(_CHANGED, version)
    if conflict.status not in _CONFLICT or not version or version == item.if_match:
        # The version is not what it minds.
        return Closed(reason) if conflict.status in _CLOSED else Refused(reason, version)
    return _put(there, replace(item, if_match=version), stands)


def _create(there: Singly, item: Outgoing) -> Receipt:
    """Creates it, in its first place or beside what stands; looks before, and behind."""
    stands = next_standing(there, item.delivery)
    kind, text = item.delivery.type, item.text or b"{}"
    resource = read_text(told(kind, text, stands))
    before = search(there, resource)
    if not isinstance(before, list):
        return before
    if len(before) > 1:
        return Refused(f"{len(before)} of this identifier are there already")
    if before:  # an earlier create arrived after all
        stand(there, item, stands, before[0])
        return _write(there, item)
    if there.places.may_be_there(item.delivery):
        return Refused(_MAYBE)
    return _post(there, item, resource, stands)


def _post(there: Singly, item: Outgoing, resource: dict[str, Any], stands: Standing) -> Receipt:
    """Creates it; that it is about to is noted first, for whoever goes on after a crash."""
    body = {name: value for name, value in resource.items() if name != "id"}
    headers = {"Prefer": "return=representation"}
    what = sought(resource)
    if what is not None and what.condition:
        headers["If-None-Exist"] = what.condition
    there.places.begin(item.delivery)
    answer = there.client.exchange("POST", item.delivery.type, write(body), headers)
    if isinstance(answer, Answer) and answer.is_success:
        return _after_create(there, item, resource, answer, stands)
    if not isinstance(answer, Unknown):
        there.places.end(item.delivery)
    if not isinstance(answer, Answer):
        return answer
    stop_if_no_entry(answer)
    return Refused(reason_of(answer.body))


def _after_create(
    there: Singly, item: Outgoing, resource: dict[str, Any], created: Answer, stands: Standing
) -> Receipt:
    """Whether there is just one now: two at once may both have been created."""
    after = search(there, resource)
    if not isinstance(after, list):
        return Unknown("created, and not found again yet")
    if len(after) > 1:
        return Refused(f"{len(after)} of this identifier are there after creating one")
    given = str(created.body.get("id") or next(iter(after), ""))
    if not given:
        return Refused("it was created, and the record system told no id of it")
    stand(there, item, stands, given, is_found=bool(after))
    seen = there.client.exchange("GET", f"{item.delivery.type}/{given}")
    is_unseen = isinstance(seen, Answer) and seen.status == _NOT_FOUND
    reason = UNSIGNED if is_unseen else ""
    return Accepted(version_of(created.etag), is_awaiting=is_unseen, reason=reason)


def _delete(there: Singly, item: Outgoing, place: Place) -> Receipt | Closed:
    answer = there.client.exchange("DELETE", f"{item.delivery.type}/{place.remote_id}")
    if not isinstance(answer, Answer):
        return answer
    if is_gone(answer) or answer.is_success:
        return Accepted(version_of(answer.etag))
    stop_if_no_entry(answer)
    reason = reason_of(answer.body)
    return Closed(reason) if answer.status in _CLOSED else Refused(reason)
